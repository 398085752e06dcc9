"""A dataset's rows are replaced together, by name, and never half."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from warehouse_examples import counts_of, example, partition

from gem_assets.counts.arrow import csr_to_lists, lists_to_csr
from gem_assets.warehouse import (
    TABLES,
    ContractError,
    NotMaterialisedError,
    Warehouse,
    WarehouseError,
    WarehouseVersionError,
    validate,
)
from gem_assets.warehouse.statements import ROW_GROUP_SIZE

HOSTILE_NAMES = [
    "it's",
    'say "hello"',
    "x'; DROP TABLE gem_bulk.raw_counts; --",
    "?",
    "$1",
    "a\nb",
    "ünïcödé 🧬",
    "%",
    " ",
]


@pytest.mark.parametrize("modality", ["bulk", "sc"])
@pytest.mark.parametrize("table", TABLES)
def test_every_table_comes_back_as_it_was_written(tmp_path, table, modality):
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", f"gem_{modality}")
    frame = example(table, modality=modality)
    if TABLES[table].history:
        warehouse.append_history(frame)
    elif TABLES[table].partitioned:
        assert warehouse.replace_partition({table: frame}, "study") == {table: frame.num_rows}
    else:
        warehouse.replace_partition({table: frame}, None)
    found = warehouse.read(table)
    assert found.equals(frame)
    assert found.schema.equals(frame.schema)


def test_replacing_a_dataset_leaves_the_others_alone(warehouse):
    for name in ("a", "b"):
        warehouse.replace_partition(counts_of(name), name)
    fewer = example("raw_counts", "a").slice(1)
    assert warehouse.replace_partition({"raw_counts": fewer}, "a") == {"raw_counts": 2}
    assert warehouse.read("raw_counts", "a").equals(fewer)
    assert warehouse.read("raw_counts", "b").equals(example("raw_counts", "b"))
    assert warehouse.row_count("raw_genes", "a") == 4
    assert warehouse.datasets("raw_counts") == ["a", "b"]


def test_columns_are_inserted_by_name_whatever_their_order(warehouse):
    frame = example("predicted_metadata")
    shuffled = frame.select(sorted(frame.column_names, reverse=True))
    warehouse.replace_partition({"predicted_metadata": shuffled}, "study")
    assert warehouse.read("predicted_metadata").equals(frame)


def test_a_pandas_frame_is_written_as_well(warehouse):
    warehouse.replace_partition({"raw_counts": example("raw_counts").to_pandas()}, "study")
    assert warehouse.read("raw_counts").equals(example("raw_counts"))


def test_an_empty_frame_clears_the_dataset(warehouse):
    for name in ("a", "b"):
        warehouse.replace_partition({"sample_labels": example("sample_labels", name)}, name)
    nothing = example("sample_labels").slice(0, 0)
    assert warehouse.replace_partition({"sample_labels": nothing}, "a") == {"sample_labels": 0}
    assert not warehouse.exists("sample_labels", "a")
    assert warehouse.exists("sample_labels", "b")
    assert warehouse.read("sample_labels", "a").num_rows == 0


def test_the_gene_order_is_replaced_whole(warehouse):
    order = example("gene_order")
    warehouse.replace_partition({"gene_order": order}, None)
    warehouse.replace_partition({"gene_order": order.slice(0, 2)}, None)
    assert warehouse.read("gene_order").equals(order.slice(0, 2))


def test_one_table_that_breaks_its_contract_keeps_all_from_being_written(warehouse):
    warehouse.replace_partition({"qc_samples": example("qc_samples")}, "study")
    rows = example("qc_verdicts").to_pylist()
    rows[0]["status"] = "wrong"
    frames = {"qc_samples": example("qc_samples").slice(1), "qc_verdicts": pd.DataFrame(rows)}
    with pytest.raises(ContractError, match="qc_verdicts"):
        warehouse.replace_partition(frames, "study")
    assert warehouse.read("qc_samples").equals(example("qc_samples"))


def test_rows_of_another_dataset_are_refused(warehouse):
    mixed = pa.concat_tables([example("raw_counts", "a"), example("raw_counts", "b")])
    with pytest.raises(ContractError) as refused:
        warehouse.replace_partition({"raw_counts": mixed}, "a")
    assert "3 rows break the rule 'dataset is 'a'', first row 3" in str(refused.value)
    assert refused.value.failure_cases["sample_id"].tolist() == ["liver_1", "brain_1", "brain_2"]
    assert not warehouse.path.exists()


def test_a_failing_insert_keeps_the_old_rows_of_every_table(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    with duckdb.connect(warehouse.path) as by_hand:
        by_hand.execute("ALTER TABLE gem_bulk.raw_counts DROP COLUMN detected_genes")
    frames = {"raw_genes": example("raw_genes").slice(0, 1), "raw_counts": example("raw_counts")}
    with pytest.raises(WarehouseError, match="what was there before is kept"):
        warehouse.replace_partition(frames, "study")
    assert warehouse.read("raw_genes").equals(example("raw_genes"))
    assert warehouse.row_count("raw_counts") == 3


def test_a_first_write_that_fails_leaves_no_half_made_schema(warehouse, monkeypatch):
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("gem_assets.warehouse.statements.insert_target", interrupted)
        with pytest.raises(KeyboardInterrupt):
            warehouse.replace_partition(counts_of("study"), "study")
    with pytest.raises(NotMaterialisedError):
        warehouse.read("raw_counts")
    warehouse.replace_partition(counts_of("study"), "study")
    assert warehouse.read("raw_counts").equals(example("raw_counts"))


KILLED_WRITER = """
import os, sys
from gem_assets.warehouse import Warehouse, statements
from warehouse_examples import example

insert = statements.insert_target

def die_at_the_second_table(schema, table):
    if table == "raw_counts":
        os._exit(9)
    return insert(schema, table)

statements.insert_target = die_at_the_second_table
frames = {name: example(name).slice(0, 0) for name in ("raw_genes", "raw_counts")}
Warehouse(sys.argv[1], "gem_bulk").replace_partition(frames, "study")
"""


def test_a_writer_killed_between_two_tables_leaves_the_old_rows(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    killed = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", KILLED_WRITER, str(warehouse.path)], env=environment, check=False
    )
    assert killed.returncode == 9
    assert warehouse.read("raw_genes").equals(example("raw_genes"))
    assert warehouse.read("raw_counts").equals(example("raw_counts"))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_only_names(warehouse, name):
    warehouse.replace_partition({"raw_counts": example("raw_counts")}, "study")
    rows = example("raw_counts", name).to_pylist()
    rows[0]["sample_id"] = name
    frame = pa.Table.from_pylist(rows, schema=example("raw_counts").schema)
    warehouse.replace_partition({"raw_counts": frame}, name)
    assert warehouse.read("raw_counts", name).equals(frame)
    assert warehouse.datasets("raw_counts") == sorted(["study", name])
    assert warehouse.delete_dataset(name)["raw_counts"] == 3
    assert warehouse.read("raw_counts").equals(example("raw_counts", "study"))


def test_a_path_with_quotes_and_spaces_is_only_a_path(tmp_path):
    warehouse = Warehouse(tmp_path / "O'Brien's \"lab\"" / "my file.duckdb", "gem_bulk")
    warehouse.replace_partition(counts_of("study"), "study")
    assert warehouse.row_count("raw_counts") == 3


def test_a_run_is_one_row_of_history_however_often_it_is_appended(warehouse):
    first = example("qc_history")
    assert warehouse.append_history(first) == 1
    second = first.set_column(1, "run_id", pa.array(["run-2"]))
    other = first.set_column(0, "dataset", pa.array(["other"]))
    for row in (second, other, first):
        warehouse.append_history(row)
    found = warehouse.read("qc_history", columns=["dataset", "run_id"]).to_pylist()
    assert sorted(tuple(row.values()) for row in found) == [
        ("other", "run-1"),
        ("study", "run-1"),
        ("study", "run-2"),
    ]


def test_forgetting_a_dataset_takes_its_rows_from_every_table(warehouse):
    for name in ("a", "b"):
        warehouse.replace_partition(partition(name), name)
        warehouse.append_history(example("qc_history", name))
    there = warehouse.row_counts("a")
    assert there == {name: example(name).num_rows for name in TABLES if TABLES[name].partitioned}
    assert warehouse.delete_dataset("a") == there
    assert set(warehouse.row_counts("a").values()) == {0}
    assert warehouse.row_counts("b") == there


def test_forgetting_makes_no_warehouse(warehouse):
    assert set(warehouse.delete_dataset("a").values()) == {0}
    assert not warehouse.path.exists()


@pytest.mark.parametrize(
    ("tables", "dataset", "why"),
    [
        (["gene_order"], "study", "gene_order belongs to no dataset"),
        (["raw_counts"], None, "raw_counts belong to a dataset"),
        (["qc_history"], "study", "append_history"),
    ],
)
def test_a_table_is_only_written_in_its_own_way(warehouse, tables, dataset, why):
    with pytest.raises(ValueError, match=why):
        warehouse.replace_partition({name: example(name) for name in tables}, dataset)


def test_a_newer_layout_is_refused_for_reading_and_writing(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    with duckdb.connect(warehouse.path) as by_hand:
        by_hand.execute("UPDATE gem_bulk.warehouse_version SET version = 99")
    for operation in (
        lambda: warehouse.read("raw_counts"),
        lambda: warehouse.replace_partition(counts_of("study"), "study"),
        lambda: warehouse.delete_dataset("study"),
    ):
        with pytest.raises(WarehouseVersionError, match=r"version 99; .* Update gem-assets"):
            operation()


def test_an_older_layout_is_refused_with_what_to_do(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    with duckdb.connect(warehouse.path) as by_hand:
        by_hand.execute("UPDATE gem_bulk.warehouse_version SET version = 0")
    with pytest.raises(WarehouseVersionError, match=r"version 0; .* Move the file away"):
        warehouse.read("raw_counts")


def test_a_schema_holds_one_modality(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    Warehouse(path, "lab", modality="bulk").replace_partition(counts_of("study"), "study")
    with pytest.raises(WarehouseError, match="holds bulk data, not sc"):
        Warehouse(path, "lab", modality="sc").read("raw_counts")


def test_both_modalities_share_a_file(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    bulk, cells = Warehouse(path, "gem_bulk"), Warehouse(path, "gem_sc")
    bulk.replace_partition(counts_of("study"), "study")
    assert cells.datasets("raw_counts") == []
    with pytest.raises(NotMaterialisedError):
        cells.read("raw_counts")
    cells.replace_partition(counts_of("study", "sc"), "study")
    assert cells.delete_dataset("study")["raw_counts"] == 3
    assert bulk.read("raw_counts").equals(example("raw_counts"))


def test_row_groups_are_small_because_rows_are_long(warehouse):
    n = ROW_GROUP_SIZE + 1
    genes = pa.table(
        {
            "dataset": ["study"] * n,
            "gene_index": pa.array(range(n), pa.int32()),
            "gene_id": [f"g{i}" for i in range(n)],
            "gene_symbol": pa.nulls(n, pa.string()),
        }
    )
    warehouse.replace_partition({"raw_genes": genes}, "study")
    with duckdb.connect(warehouse.path, read_only=True) as connection:
        [(groups,)] = connection.execute(
            "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('gem_bulk.raw_genes')"
        ).fetchall()
    assert groups == 2
    assert warehouse.read("raw_genes").equals(validate("raw_genes", genes))


def test_nothing_but_the_file_is_left_behind(warehouse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    warehouse.replace_partition(counts_of("study"), "study")
    warehouse.read("annotations")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["warehouse.duckdb"]


@pytest.fixture(scope="module")
def one_warehouse():
    with tempfile.TemporaryDirectory() as folder:
        yield Warehouse(Path(folder) / "warehouse.duckdb", "gem_bulk")


@settings(max_examples=15, deadline=None)
@given(
    dense=hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
        elements=st.one_of(st.just(0.0), st.floats(0, 1e12, allow_subnormal=False)),
    )
)
def test_any_counts_come_back_exactly(one_warehouse, dense):
    counts = sparse.csr_array(dense)
    counts.eliminate_zeros()
    gene_index, count = csr_to_lists(counts)
    frame = pa.table(
        {
            "dataset": ["study"] * counts.shape[0],
            "sample_id": [f"s{i}" for i in range(counts.shape[0])],
            "gene_index": gene_index,
            "count": count,
            "total_count": np.asarray(counts.sum(axis=1), dtype=float),
            "detected_genes": np.diff(counts.indptr).astype(np.int64),
        }
    )
    one_warehouse.replace_partition({"raw_counts": frame}, "study")
    found = one_warehouse.read("raw_counts", "study")
    back = lists_to_csr(found["gene_index"], found["count"], counts.shape[1])
    assert np.array_equal(back.toarray(), dense)
