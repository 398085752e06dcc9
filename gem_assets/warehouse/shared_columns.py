"""Columns that several tables have in common, and the words that they may hold."""

from __future__ import annotations

from gem_assets.labels.fields import FIELDS
from gem_assets.warehouse.contract import Column
from gem_assets.warehouse.value_rules import (
    HAS_VALUES,
    IS_ASCENDING,
    IS_COUNT,
    IS_TEXT,
    between,
    each,
    matching,
    one_of,
)

TEXT = "VARCHAR"
INTEGER = "INTEGER"
BIGINT = "BIGINT"
NUMBER = "DOUBLE"
INSTANT = "TIMESTAMP WITH TIME ZONE"
INDICES = "INTEGER[]"
TEXTS = "VARCHAR[]"
NUMBERS = "DOUBLE[]"
VECTOR = "FLOAT[]"

FIELD_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS)
"""Values of every ``field`` column."""

IS_PROBABILITY = between(0.0, 1.0)

DATASET = Column(
    "dataset", TEXT, "Name of the dataset, which is also its partition.", rules=(IS_TEXT,)
)
SAMPLE_ID = Column(
    "sample_id",
    TEXT,
    "Name of the sample (a cell in single-cell data) in its counts file.",
    rules=(IS_TEXT,),
)
FIELD = Column(
    "field",
    TEXT,
    "Metadata field: tissue, cell_type, disease, sex...",
    rules=(one_of(FIELD_NAMES),),
)
PREDICTED_FIELD = Column(
    "field",
    TEXT,
    "Metadata field: tissue, cell_type, disease, sex...; one that we do not know has the "
    "endpoint's own name.",
    rules=(IS_TEXT,),
)
GENE_INDEX_LIST = Column(
    "gene_index",
    INDICES,
    "Positions (from 0, ascending) of the genes with a count.",
    rules=(IS_ASCENDING, each(between(0, 2**31 - 1))),
)
TOTAL_COUNT = Column(
    "total_count", NUMBER, "Library size: sum of all counts of the input file.", rules=(IS_COUNT,)
)
GENE_ORDER_HASH = Column(
    "gene_order_hash",
    TEXT,
    "Hash of the model's gene order: the first 16 hex digits of the sha256 of its gene ids.",
    rules=(matching("sha256:[0-9a-f]{16}", "has the form sha256: and 16 hex digits"),),
)
MODEL_ID = Column(
    "model_id",
    TEXT,
    "Id of the model at its endpoint, e.g. gem-1-bulk_predict-metadata.",
    rules=(IS_TEXT,),
)
MODEL_VERSION = Column(
    "model_version", TEXT, "Version that the model states of itself.", rules=(IS_TEXT,)
)
PROVENANCE: tuple[Column, ...] = (
    MODEL_ID,
    MODEL_VERSION,
    Column(
        "served_by",
        TEXT,
        "Who answered: embedded, or the endpoint that was asked.",
        rules=(IS_TEXT,),
    ),
    Column("predicted_at", INSTANT, "When the model's answer arrived (UTC)."),
)
"""Where a prediction comes from; the last columns of every table that holds one."""


def text(name: str, description: str, *, nullable: bool = False) -> Column:
    """Return a column of texts that are not empty."""
    return Column(name, TEXT, description, nullable, (IS_TEXT,))


def probability(name: str, description: str, *, nullable: bool = True) -> Column:
    """Return a column of numbers in [0, 1]."""
    return Column(name, NUMBER, description, nullable, (IS_PROBABILITY,))


def number_of(name: str, description: str, *, nullable: bool = False) -> Column:
    """Return a column of numbers of things."""
    return Column(name, BIGINT, description, nullable, (between(0, 2**53),))


def names(name: str, description: str, *, filled: bool = False) -> Column:
    """Return a column of lists of texts that are not empty; ``filled``: nor are the lists."""
    rules = (HAS_VALUES, each(IS_TEXT)) if filled else (each(IS_TEXT),)
    return Column(name, TEXTS, description, rules=rules)
