"""Which columns a table's columns are made of, as Dagster's ``dagster/column_lineage``.

Dagster reads it of materialisations, and draws it in Dagster+ alone. For its open-source UI the
same is said at the end of each column's description. Only tables of which it says something are
here: columns that come from files or from the endpoint alone have no column before them.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from gem_assets.graph import AssetGraph

_PROVENANCE = ("model_id", "model_version", "served_by", "predicted_at")
_COUNTS = ("raw_counts.count", "aligned_counts.count")
_ALIGNED = (
    "raw_counts.gene_index",
    "raw_counts.count",
    "gene_order.gene_index",
    "gene_order.gene_id",
)
_ASKED = ("aligned_counts.gene_index", "aligned_counts.count")
_PROBABILITIES = (
    "sample_labels.provided_id",
    "classifier_probs.value",
    "classifier_probs.probability",
)
_JUDGED = (
    *_PROBABILITIES,
    "predicted_metadata.predicted_id",
    "predicted_metadata.value_number",
    "sample_labels.resolution",
    # Marker genes are heard, and a sample that the model rebuilds poorly is not accused.
    "raw_counts.gene_index",
    "raw_counts.count",
    "decoded_counts.reconstruction_r",
)
_SUMMED_UP = ("qc_verdicts.field", "qc_verdicts.status", "qc_verdicts.reason")
_TOLD = (*_SUMMED_UP, "qc_verdicts.provided_label", "qc_verdicts.predicted_label")
_COMPARED = (
    "qc_verdicts.field",
    "qc_verdicts.status",
    *_PROBABILITIES,
    "raw_counts.gene_index",
    "raw_counts.count",
    *_ASKED,
    "aligned_counts.content_hash",
    "latents.vector",
)

Columns = Mapping[str, tuple[str, ...]]
"""Column to the columns that it is made of, each as ``table.column``."""


def _as_in(table: str, *columns: str) -> dict[str, tuple[str, ...]]:
    """Return columns that are those of another table."""
    return {column: (f"{table}.{column}",) for column in columns}


def _predicted(*columns: str) -> dict[str, tuple[str, ...]]:
    """Return columns that the model makes of a sample's aligned counts."""
    return {**_as_in("aligned_counts", "dataset", "sample_id"), **dict.fromkeys(columns, _ASKED)}


COLUMN_LINEAGE: Mapping[str, Columns] = {
    "aligned_counts": {
        **_as_in("raw_counts", "dataset", "sample_id"),
        **_as_in("gene_order", "gene_order_hash"),
        **dict.fromkeys(("gene_index", "count", "content_hash"), _ALIGNED),
        "total_count": ("raw_counts.count",),
        "matched_share": ("raw_counts.gene_index", "raw_counts.count", "gene_order.gene_id"),
    },
    "sample_labels": _as_in("raw_counts", "sample_id"),
    "predicted_metadata": _predicted(
        "predicted_id",
        "predicted_label",
        "value_number",
        "probability",
        "runner_up",
        "runner_up_probability",
        "entropy",
    ),
    "classifier_probs": _predicted("value", "probability"),
    "latents": _predicted("vector"),
    "decoded_counts": _predicted("gene_index", "count", "reconstruction_r"),
    "qc_verdicts": {
        **_as_in(
            "sample_labels",
            "dataset",
            "sample_id",
            "field",
            "provided_text",
            "provided_id",
            "provided_label",
        ),
        **_as_in("predicted_metadata", "predicted_id", "predicted_label", *_PROVENANCE),
        **dict.fromkeys(("status", "reason"), _JUDGED),
        "p_top": ("classifier_probs.probability",),
        **dict.fromkeys(("p_provided", "p_compatible", "ratio", "label_quality"), _PROBABILITIES),
    },
    "qc_samples": {
        **_as_in("aligned_counts", "dataset", "sample_id"),
        "status": ("qc_verdicts.status",),
        "reasons": _SUMMED_UP,
        **dict.fromkeys(("sentence", "suggestion"), _TOLD),
    },
    "qc_findings": {
        **_as_in("aligned_counts", "dataset"),
        "sample_ids": ("aligned_counts.sample_id", "qc_verdicts.sample_id"),
        **dict.fromkeys(("kind", "reason", "score", "sentence"), _COMPARED),
        **dict.fromkeys(("ci_low", "ci_high"), ("qc_verdicts.status", *_COUNTS)),
    },
}
"""By table. Both sides are columns of the tables' contracts."""


def column_lineage(graph: AssetGraph, table: str) -> dict[str, dg.TableColumnLineage]:
    """Return the metadata of a materialisation that says which columns a table is made of."""
    columns = COLUMN_LINEAGE.get(table)
    if columns is None:
        return {}
    deps = {
        column: [
            dg.TableColumnDep(graph.key(source), name)
            for source, _, name in (one.partition(".") for one in sources)
        ]
        for column, sources in columns.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def made_of(table: str, column: str) -> str:
    """Return the sentence that ends a column's description; empty where there is nothing to say."""
    sources = COLUMN_LINEAGE.get(table, {}).get(column)
    return f" From {', '.join(sources)}." if sources else ""
