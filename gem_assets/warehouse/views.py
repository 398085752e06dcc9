"""Views over the tables: what people ask for most, without a join of their own."""

# ruff: noqa: S608 - the texts hold names that we declare, and nothing else.

from __future__ import annotations

from gem_assets.labels.fields import FIELDS, Field, FieldKind
from gem_assets.warehouse.qc_tables import MISMATCHES
from gem_assets.warehouse.shared_columns import PROVENANCE

_PROVENANCE_COLUMNS = ", ".join(column.name for column in PROVENANCE)


def _annotation_columns(field: Field) -> list[tuple[str, str]]:
    """Return ``(view's column, column of predicted_metadata)`` of a field."""
    if field.kind is FieldKind.NUMBER:
        return [(field.name, "value_number")]
    columns = [(field.name, "predicted_label"), (f"{field.name}_probability", "probability")]
    if field.kind is FieldKind.ONTOLOGY:
        columns.insert(1, (f"{field.name}_ontology_id", "predicted_id"))
    return columns


def _annotations() -> str:
    # One aggregate a column, as DuckDB refuses a PIVOT over values in a view.
    picked = [
        f"  any_value({source}) FILTER (field = '{field.name}') AS {name}"
        for field in FIELDS
        for name, source in _annotation_columns(field)
    ]
    provenance = [f"  any_value({column.name}) AS {column.name}" for column in PROVENANCE]
    columns = ",\n".join(["  dataset", "  sample_id", *picked, *provenance])
    return f"""
SELECT
{columns}
FROM {{schema}}.predicted_metadata
GROUP BY dataset, sample_id
ORDER BY min(rowid)
"""


_QC_MISMATCHES = f"""
SELECT *
FROM {{schema}}.qc_verdicts
WHERE status IN ({", ".join(f"'{status}'" for status in MISMATCHES)})
"""

# Joined by the hash too: rows aligned to an order that has since been replaced show no gene rather
# than a wrong one.
_ALIGNED_COUNTS_LONG = """
SELECT counts.dataset, counts.sample_id, counts.gene_index, genes.gene_id, genes.gene_symbol,
       counts.count
FROM (
  SELECT dataset, sample_id, gene_order_hash, unnest(gene_index) AS gene_index,
         unnest("count") AS "count"
  FROM {schema}.aligned_counts
) AS counts
LEFT JOIN {schema}.gene_order AS genes USING (gene_order_hash, gene_index)
"""

_CLASSIFIER_PROBS_LONG = f"""
SELECT dataset, sample_id, field, unnest("value") AS "value", unnest(probability) AS probability,
       {_PROVENANCE_COLUMNS}
FROM {{schema}}.classifier_probs
"""

_QUERIES: dict[str, tuple[str, str]] = {
    "annotations": (_annotations(), "predicted_metadata"),
    "qc_mismatches": (_QC_MISMATCHES, "qc_verdicts"),
    "aligned_counts_long": (_ALIGNED_COUNTS_LONG, "aligned_counts"),
    "classifier_probs_long": (_CLASSIFIER_PROBS_LONG, "classifier_probs"),
}

VIEWS: dict[str, str] = {name: asset for name, (_, asset) in _QUERIES.items()}
"""Every view of a schema, and the asset that fills it.

``annotations``
    One row a sample: for each field its predicted label; for ontology fields ``*_ontology_id``; for
    all but numbers ``*_probability``; and provenance.
``qc_mismatches``
    The verdicts ``warn`` and ``fail``.
``aligned_counts_long``
    One row a sample and gene: ``dataset, sample_id, gene_index, gene_id, gene_symbol, count``.
``classifier_probs_long``
    One row a sample, field and value, with its probability.
"""


def view_query(view: str, schema: str) -> str:
    """Return the query of a view; ``schema`` is quoted for SQL already."""
    return _QUERIES[view][0].format(schema=schema)
