"""A partition that is written in pieces is the partition that is written whole, or none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse_examples import example

from gem_assets.warehouse import ContractError, Warehouse, WarehouseError

PREDICTIONS = ("predicted_metadata", "classifier_probs", "latents", "decoded_counts")


def whole() -> dict[str, pa.Table]:
    return {name: example(name) for name in PREDICTIONS}


def with_value(table: pa.Table, column: str, value: object) -> pa.Table:
    at = table.column_names.index(column)
    field = table.schema.field(column)
    return table.set_column(at, field, pa.array([value] * len(table), field.type))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(st.lists(st.integers(0, 9), max_size=4))
def test_pieces_of_any_size_make_the_same_tables(warehouse: Warehouse, cuts: list[int]) -> None:
    def pieces() -> Iterator[dict[str, pa.Table]]:
        bounds = [0, *sorted(cuts), 1000]
        for start, end in pairwise(bounds):
            yield {name: table.slice(start, end - start) for name, table in whole().items()}

    written = warehouse.replace_partition_by_pieces(PREDICTIONS, pieces(), "study")
    assert written == {name: table.num_rows for name, table in whole().items()}
    for name, table in whole().items():
        assert warehouse.read(name, "study").equals(table)


def test_no_pieces_clear_the_dataset(warehouse: Warehouse) -> None:
    warehouse.replace_partition(whole(), "study")
    assert warehouse.replace_partition_by_pieces(PREDICTIONS, [], "study") == dict.fromkeys(
        PREDICTIONS, 0
    )
    assert not warehouse.exists("latents", "study")


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (example("latents"), r"occurs once', with dataset 'study', sample_id"),
        (
            with_value(
                with_value(example("latents").slice(0, 1), "space", "encoded"), "model_version", "3"
            ),
            r"is the same in all rows of a dataset', with model_id",
        ),
        (with_value(example("latents"), "space", ""), "space is not empty"),
        (with_value(example("latents"), "dataset", "other"), "dataset is 'study'"),
    ],
)
def test_what_two_pieces_break_between_them_keeps_the_old_rows(
    warehouse: Warehouse, second: pa.Table, sentence: str
) -> None:
    warehouse.replace_partition(whole(), "study")
    pieces = [{"latents": example("latents")}, {"latents": second}]
    with pytest.raises(ContractError, match=sentence) as raised:
        warehouse.replace_partition_by_pieces(["latents", "decoded_counts"], pieces, "study")
    assert raised.value.table == "latents"
    assert len(raised.value.failure_cases)
    for name, table in whole().items():
        assert warehouse.read(name, "study").equals(table)


def test_a_source_that_fails_keeps_the_old_rows(warehouse: Warehouse) -> None:
    def pieces() -> Iterator[dict[str, pa.Table]]:
        yield {"latents": example("latents").slice(0, 1)}
        raise OSError("an answer vanished")

    warehouse.replace_partition(whole(), "study")
    with pytest.raises(OSError, match="vanished"):
        warehouse.replace_partition_by_pieces(PREDICTIONS, pieces(), "study")
    assert warehouse.read("latents", "study").equals(example("latents"))


def test_rows_of_a_table_that_is_not_replaced_are_refused(warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match="latents, which is not replaced"):
        warehouse.replace_partition_by_pieces(
            ["decoded_counts"], [{"latents": example("latents")}], "study"
        )


def test_a_table_whose_rows_are_counted_through_comes_in_one_piece(warehouse: Warehouse) -> None:
    genes = example("raw_genes")
    assert warehouse.replace_partition_by_pieces(["raw_genes"], [{"raw_genes": genes}], "study")
    assert warehouse.read("raw_genes", "study").equals(genes)
    halves = [{"raw_genes": genes.slice(0, 1)}, {"raw_genes": genes.slice(1)}]
    with pytest.raises(ValueError, match="raw_genes comes in one piece"):
        warehouse.replace_partition_by_pieces(["raw_genes"], halves, "study")


def test_the_warehouse_is_free_until_the_last_piece_is_there(warehouse: Warehouse) -> None:
    warehouse.replace_partition(whole(), "study")
    seen: list[int] = []

    def pieces() -> Iterator[dict[str, pa.Table]]:
        for row in range(2):
            yield {"latents": example("latents").slice(row, 1)}
            # Another connection, with other settings, can't be opened beside a writing one.
            seen.append(warehouse.row_count("latents", "study"))
            with duckdb.connect(warehouse.path) as other:
                other.execute("CREATE OR REPLACE TABLE main.elsewhere AS SELECT 1")

    before = len(example("latents"))
    warehouse.replace_partition_by_pieces(["latents"], pieces(), "study")
    assert seen == [before, before]
    assert warehouse.row_count("latents", "study") == 2
    assert [path.name for path in warehouse.path.parent.iterdir()] == [warehouse.path.name]


def test_a_table_altered_by_hand_is_told(warehouse: Warehouse) -> None:
    warehouse.replace_partition(whole(), "study")
    with duckdb.connect(warehouse.path) as by_hand:
        by_hand.execute("ALTER TABLE gem_bulk.latents ADD COLUMN note VARCHAR")
    with pytest.raises(WarehouseError, match=r"altered by hand: it has the columns .*note"):
        warehouse.replace_partition_by_pieces(PREDICTIONS, [whole()], "study")
