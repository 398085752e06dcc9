"""What a frame may look like to become a table's rows."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from warehouse_examples import WHEN, example

from gem_assets.warehouse import TABLES, ContractError, validate


@pytest.mark.parametrize("table", TABLES)
def test_a_plain_pandas_frame_becomes_the_same_rows(table):
    frame = example(table).to_pandas()
    assert validate(table, frame).equals(example(table))


@pytest.mark.parametrize("table", TABLES)
def test_a_pandas_frame_of_arrow_types_becomes_the_same_rows(table):
    frame = example(table).to_pandas(types_mapper=pd.ArrowDtype)
    assert validate(table, frame).equals(example(table))


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_pandas_frame_without_types_is_an_empty_table(table):
    frame = pd.DataFrame(columns=list(TABLES[table].column_names), dtype=object)
    assert validate(table, frame).schema.equals(TABLES[table].arrow_schema("bulk"))


def test_columns_come_out_in_the_contracts_order():
    frame = example("raw_genes").select(["gene_id", "dataset", "gene_symbol", "gene_index"])
    assert validate("raw_genes", frame).equals(example("raw_genes"))


def test_missing_extra_and_repeated_columns_are_named():
    frame = example("raw_genes").drop_columns(["gene_symbol"])
    frame = frame.append_column("length", pa.array([1, 2, 3, 4]))
    frame = frame.append_column("gene_id", frame["gene_id"])
    with pytest.raises(ContractError) as refused:
        validate("raw_genes", frame)
    assert str(refused.value) == (
        "Table raw_genes breaks its contract: columns missing: gene_symbol; columns not in the "
        "table: length; columns given twice: gene_id (its columns are dataset, gene_index, "
        "gene_id, gene_symbol)"
    )
    assert refused.value.failure_cases["column"].tolist() == ["gene_symbol", "length", "gene_id"]
    assert refused.value.failure_cases["row"].isna().all()


def with_column(table: str, column: str, values: pa.Array) -> pa.Table:
    frame = example(table)
    return frame.set_column(frame.schema.get_field_index(column), column, values)


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("raw_genes", "gene_id", pa.array(["a", "b", "c", "d"]).dictionary_encode()),
        ("raw_genes", "gene_id", pa.array(["a", "b", "c", "d"], pa.large_string())),
        ("raw_genes", "gene_index", pa.array([0.0, 1.0, 2.0, 3.0])),
        ("raw_genes", "gene_symbol", pa.nulls(4)),
        ("qc_history", "samples", pa.array([3], pa.uint8())),
        ("qc_history", "at", pa.array([WHEN], pa.timestamp("ns", "Europe/Berlin"))),
        (
            "raw_counts",
            "gene_index",
            pa.array([[0, 1, 3], [2], []], pa.large_list(pa.int64())),
        ),
        ("latents", "vector", pa.array([[0.5, -1.25]] * 6, pa.list_(pa.float64(), 2))),
    ],
)
def test_types_that_keep_every_value_are_taken(table, column, values):
    rows = validate(table, with_column(table, column, values))
    assert rows.schema.equals(TABLES[table].arrow_schema("bulk"))


@pytest.mark.parametrize(
    ("table", "column", "values", "why"),
    [
        ("raw_genes", "gene_id", pa.array([1, 2, 3, 4]), "gene_id must be string: found int64"),
        ("raw_genes", "gene_index", pa.array([0.0, 1.5, 2.0, 3.0]), "was truncated"),
        ("raw_genes", "gene_index", pa.array(["0", "1", "2", "3"]), "found string"),
        ("raw_genes", "gene_index", pa.array([0, 1, 2, 2**31]), "not in range"),
        (
            "qc_history",
            "at",
            pa.array([datetime(2026, 3, 29, 2, 30)], pa.timestamp("us")),  # noqa: DTZ001 - the point
            r"at must be timestamp\[us, tz=UTC\]: found timestamp\[us\]",
        ),
        ("raw_counts", "gene_index", pa.array([[0.5], [1], []]), "was truncated"),
        ("raw_counts", "gene_index", pa.array([["a"], [], []]), "found list"),
        ("qc_samples", "reasons", pa.array(["a", "b", "c"]), "found string"),
        ("aligned_counts", "count", pa.array([[5, 2**31], [1], []]), "not in range"),
    ],
)
def test_types_that_would_change_a_value_are_refused(table, column, values, why):
    with pytest.raises(ContractError, match=why) as refused:
        validate(table, with_column(table, column, values))
    assert refused.value.failure_cases["column"].tolist() == [column]


def test_a_pandas_column_of_mixed_types_is_refused():
    frame = example("raw_genes").to_pandas().astype(object)
    frame["gene_id"] = ["a", 1, "b", 2.5]
    with pytest.raises(ContractError, match="gene_id must be string"):
        validate("raw_genes", frame)


def test_numpy_lists_of_a_pandas_column_are_taken():
    frame = example("raw_counts").to_pandas()
    frame["gene_index"] = [np.array([0, 1, 3]), np.array([2]), np.array([], dtype=int)]
    assert validate("raw_counts", frame).equals(example("raw_counts"))


def test_single_cell_counts_must_be_whole_numbers():
    halves = pa.array([[5.0, 7.5, 1.0], [12.0], []])
    with pytest.raises(ContractError, match="count must be list"):
        validate("raw_counts", with_column("raw_counts", "count", halves), modality="sc")
