"""What comes out of the warehouse, and what is said where nothing is."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest
from warehouse_examples import SAMPLES, example, partition

from gem_assets.labels.fields import FIELDS, FieldKind
from gem_assets.warehouse import (
    TABLES,
    NotMaterialisedError,
    Warehouse,
    WarehouseError,
    WarehouseLockedError,
)
from gem_assets.warehouse.views import VIEWS


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    warehouse.replace_partition(partition(), "study")
    warehouse.replace_partition({"gene_order": example("gene_order")}, None)
    return warehouse


@pytest.mark.parametrize(
    ("table", "asset"),
    [("raw_genes", "raw_counts"), ("latents", "latents"), ("annotations", "predicted_metadata")],
)
def test_reading_what_nobody_wrote_names_the_asset_to_materialise(warehouse, table, asset):
    with pytest.raises(NotMaterialisedError) as missing:
        warehouse.read(table, "study")
    assert f"Materialise the asset gem_bulk/{asset} first" in str(missing.value)
    assert missing.value.asset_key == ("gem_bulk", asset)
    assert not warehouse.path.exists()


def test_a_file_without_our_schema_is_as_good_as_none(warehouse):
    warehouse.path.parent.mkdir()
    duckdb.connect(warehouse.path).close()
    with pytest.raises(NotMaterialisedError):
        warehouse.read("raw_counts")
    assert warehouse.row_count("raw_counts") == 0


def test_an_absent_warehouse_is_empty(warehouse):
    assert not warehouse.exists("raw_counts")
    assert warehouse.row_count("raw_counts", "study") == 0
    assert set(warehouse.row_counts("study").values()) == {0}
    assert warehouse.datasets("raw_counts") == []
    assert not warehouse.path.exists()


def test_all_tables_and_views_exist_after_the_first_write_of_anything(warehouse):
    warehouse.append_history(example("qc_history"))
    for table in [*TABLES, *VIEWS]:
        assert warehouse.read(table).num_rows == (1 if table == "qc_history" else 0)


def test_columns_are_read_in_the_order_asked_for(filled):
    found = filled.read("raw_counts", "study", ["total_count", "sample_id"])
    assert found.column_names == ["total_count", "sample_id"]
    assert found["sample_id"].to_pylist() == list(SAMPLES)


def test_unknown_names_are_refused(filled):
    with pytest.raises(KeyError, match=r"no such column in gem_bulk\.raw_counts"):
        filled.read("raw_counts", columns=['x" FROM (SELECT 1)'])
    with pytest.raises(KeyError, match="no table"):
        filled.read("raw_counts; DROP SCHEMA gem_bulk")
    with pytest.raises(ValueError, match="gene_order belongs to no dataset"):
        filled.read("gene_order", "study")
    with pytest.raises(ValueError, match="gene_order belongs to no dataset"):
        filled.datasets("gene_order")
    with pytest.raises(ValueError, match="gene_order belongs to no dataset"):
        filled.row_count("gene_order", "study")


def test_batches_hold_no_more_rows_than_asked_and_all_of_them(filled):
    with filled.read_batches("raw_genes", "study", 3) as reader:
        batches = list(reader)
    assert [batch.num_rows for batch in batches] == [3, 1]
    assert pa.Table.from_batches(batches).equals(example("raw_genes"))


def test_reading_goes_on_while_another_table_is_streamed(filled):
    with filled.read_batches("raw_counts", "study", 1) as reader:
        first = reader.read_next_batch()
        assert filled.read("raw_genes").num_rows == 4
    assert first.num_rows == 1
    filled.replace_partition({"raw_counts": example("raw_counts")}, "study")


def test_writing_into_what_the_same_process_streams_gives_up_with_a_reason(filled):
    with (
        filled.read_batches("raw_counts"),
        pytest.raises(WarehouseLockedError, match="another connection of this process") as locked,
    ):
        filled.replace_partition(partition(), "study")
    assert locked.value.pid is None


def test_a_connection_that_the_same_process_keeps_open_is_named_as_such(filled):
    with duckdb.connect(filled.path):
        for operation in (
            lambda: filled.read("raw_counts"),
            lambda: filled.replace_partition(partition(), "study"),
        ):
            with pytest.raises(WarehouseLockedError, match="another connection of this process"):
                operation()


def test_a_file_that_is_no_duckdb_file_is_named_at_once(warehouse):
    warehouse.path.parent.mkdir()
    warehouse.path.write_text("sample,tissue\n" * 1000)
    with pytest.raises(WarehouseError, match="not a valid DuckDB database file") as broken:
        warehouse.read("raw_counts")
    assert str(warehouse.path) in str(broken.value)
    assert not isinstance(broken.value, WarehouseLockedError)
    with pytest.raises(WarehouseError, match="not a valid DuckDB database file"):
        warehouse.replace_partition(partition(), "study")


@pytest.mark.parametrize(
    ("path", "schema", "why"),
    [
        ("gem_bulk.duckdb", "gem_bulk", "ambiguous"),
        ("GEM_bulk.db", "gem_bulk", "ambiguous"),
        ("warehouse.duckdb", "main", "ambiguous"),
        ("warehouse.duckdb", 'x"; DROP', "letters, digits and underscores"),
        ("warehouse.duckdb", "1st", "letters, digits and underscores"),
        ("warehouse.duckdb", "lab", "State the modality"),
    ],
)
def test_names_that_duckdb_could_take_for_another_are_refused(path, schema, why):
    with pytest.raises(ValueError, match=why):
        Warehouse(path, schema)


def test_a_warehouse_says_which_it_is():
    assert repr(Warehouse("w.duckdb", "gem_sc")) == "Warehouse('w.duckdb', 'gem_sc')"


def test_the_query_of_the_stock_io_manager_reads_a_partition(filled):
    with duckdb.connect(filled.path, read_only=True) as connection:
        query = "select * from gem_bulk.raw_counts where dataset = 'study'"
        frame = connection.execute(query).df()
        [(n_annotated,)] = connection.execute(
            "select count(*) from gem_bulk.annotations"
        ).fetchall()
    assert frame["sample_id"].tolist() == list(SAMPLES)
    assert frame["gene_index"][0].tolist() == [0, 1, 3]
    assert n_annotated == 3


def test_annotations_have_one_row_a_sample_and_a_column_for_each_field(filled):
    rows = filled.read("annotations", "study").to_pylist()
    assert [row["sample_id"] for row in rows] == list(SAMPLES)
    first = rows[0]
    assert (first["tissue"], first["tissue_ontology_id"], first["tissue_probability"]) == (
        "liver",
        "UBERON:0002107",
        0.9,
    )
    assert (first["sex"], first["sex_probability"], first["age"]) == ("male", 0.8, 43.1)
    assert first["disease"] is None
    assert first["model_version"] == "embedded-1"
    for field in FIELDS:
        assert field.name in first
        assert (f"{field.name}_ontology_id" in first) == (field.kind is FieldKind.ONTOLOGY)
        assert (f"{field.name}_probability" in first) == (field.kind is not FieldKind.NUMBER)


def test_mismatches_are_the_verdicts_that_somebody_should_look_at(filled):
    assert filled.read("qc_mismatches")["status"].to_pylist() == ["fail"]
    assert filled.read("qc_mismatches").column_names == list(TABLES["qc_verdicts"].column_names)


def test_long_counts_carry_the_names_of_their_genes(filled):
    rows = filled.read("aligned_counts_long", "study").to_pylist()
    assert [(row["sample_id"], row["gene_id"], row["count"]) for row in rows] == [
        ("liver_1", "ENSG00000000003", 5),
        ("liver_1", "ENSG00000000005", 7),
        ("brain_1", "ENSG00000229807", 12),
    ]


def test_long_counts_name_no_gene_by_an_order_they_were_not_aligned_to(filled):
    order = example("gene_order")
    newer = order.set_column(2, "gene_order_hash", pa.array(["sha256:ffffffffffffffff"] * 3))
    filled.replace_partition({"gene_order": newer}, None)
    found = filled.read("aligned_counts_long")
    assert found["gene_id"].null_count == found.num_rows == 3


def test_long_probabilities_have_a_row_for_each_value(filled):
    rows = filled.read("classifier_probs_long", columns=["field", "value", "probability"])
    assert rows.num_rows == 3 * (3 + 2)
    assert rows.slice(3, 2).to_pylist() == [
        {"field": "sex", "value": "male", "probability": 0.8},
        {"field": "sex", "value": "female", "probability": 0.2},
    ]


def test_views_follow_the_fields_without_a_new_version(filled):
    with duckdb.connect(filled.path) as by_hand:
        by_hand.execute("CREATE OR REPLACE VIEW gem_bulk.annotations AS SELECT 1 AS tissue")
    filled.append_history(example("qc_history"))
    assert filled.row_count("annotations", "study") == 3


def test_declaring_tables_imports_neither_pandera_nor_an_ontology():
    script = (
        "import sys, gem_assets.warehouse; "
        "sys.exit(bool({'pandera', 'cellxgene_ontology_guide'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own script


def test_a_tally_counts_the_values_of_a_column_by_dataset(filled: Warehouse) -> None:
    filled.replace_partition({"qc_samples": example("qc_samples", "other").slice(0, 2)}, "other")
    assert filled.tally("qc_samples", "status") == {
        "study": {"fail": 1, "not_assessed": 1, "pass": 1},
        "other": {"fail": 1, "pass": 1},
    }
    assert filled.values("qc_samples", "status")["other"] == {"fail", "pass"}
    with pytest.raises(ValueError, match="belongs to no dataset"):
        filled.tally("gene_order", "model_id")


def test_an_absent_warehouse_has_nothing_to_tally(warehouse: Warehouse) -> None:
    assert warehouse.tally("qc_samples", "status") == {}
