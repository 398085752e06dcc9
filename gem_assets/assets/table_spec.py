"""The declaration that every table asset shares: key, group, columns, and how to load it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from gem_assets.assets.column_lineage import made_of
from gem_assets.graph import AssetGraph

DESCRIPTIONS: Mapping[str, str] = {
    "gene_order": "The genes that the model takes, in its order.",
    "raw_counts": "The counts of the dataset as its file gives them, one row a sample.",
    "aligned_counts": "The counts in the model's gene order, with the record gene_alignment.",
    "predicted_metadata": "What the model says of each sample: value, probability, runner-up.",
    "classifier_probs": "The model's probabilities of all values, per sample and field.",
    "latents": "Where each sample lies in the model's latent spaces.",
    "decoded_counts": "The counts that the model expects of a sample it has understood.",
    "sample_labels": "The labels that the sample sheet states, resolved to ontology terms.",
    "qc_verdicts": "Whether the expression agrees with each stated label, and why.",
    "qc_samples": "One row a sample: status, reasons, and what to do next.",
    "qc_selftest": "How many errors, planted in the dataset's own data, the check finds.",
    "qc_findings": "What concerns several samples or the whole dataset.",
}


def table_spec(
    graph: AssetGraph, table: str, *, deps: Sequence[str], partitioned: bool = True
) -> dg.AssetSpec:
    """Declare the asset of one table.

    Parameters
    ----------
    graph
        The instance.
    table
        Name of table and asset.
    deps
        Names of the assets it is made from.
    partitioned
        Whether it has one partition a dataset.
    """
    from gem_assets.warehouse.tables import column_schema

    columns = [
        dg.TableColumn(
            name,
            kind,
            f"{description}{made_of(table, name)}",
            constraints=dg.TableColumnConstraints(nullable=nullable),
        )
        for name, kind, description, nullable in column_schema(table, graph.modality)
    ]
    metadata = {
        "dagster/table_name": f"{graph.key_prefix}.{table}",
        "dagster/column_schema": dg.TableSchema(columns=columns),
        # What the stock DuckDB IO managers need, to load the table in a user's own asset.
        **({"partition_expr": "dataset"} if partitioned else {}),
    }
    return dg.AssetSpec(
        graph.key(table),
        deps=graph.keys(*deps),
        description=DESCRIPTIONS[table],
        metadata=metadata,
        group_name=graph.key_prefix,
        kinds={"duckdb", "pandera"},
        partitions_def=graph.partitions if partitioned else None,
    )
