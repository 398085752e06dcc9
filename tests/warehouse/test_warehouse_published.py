"""The copy to query: complete, consistent, and swapped under whoever reads it."""
# ruff: noqa: S608 - the texts hold names that we declare, and nothing else.

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_examples import NO_PATIENCE, SAMPLES, example, partition

from gem_assets.warehouse import (
    Warehouse,
    WarehouseError,
    WarehouseLockedError,
    WarehouseReader,
    WarehouseVersionError,
)
from gem_assets.warehouse.published import (
    PUBLISHED_TABLES,
    PUBLISHED_VIEWS,
    is_published,
    publish,
    published_path,
)
from gem_assets.warehouse.schemas import TABLES
from gem_assets.warehouse.views import VIEWS


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warehouse = Warehouse(tmp_path_factory.mktemp("written") / "warehouse.duckdb", "gem_bulk")
    warehouse.replace_partition(partition(), "study")
    warehouse.replace_partition(partition("other"), "other")
    warehouse.replace_partition({"gene_order": example("gene_order")}, None)
    warehouse.append_history(example("qc_history"))
    return warehouse.path


@pytest.fixture
def filled(warehouse: Warehouse, written: Path) -> Warehouse:
    warehouse.path.parent.mkdir()
    shutil.copyfile(written, warehouse.path)
    return warehouse


def copy_of(warehouse: Warehouse) -> WarehouseReader:
    return WarehouseReader(
        published_path(warehouse.path), warehouse.schema, modality=warehouse.modality
    )


def assert_up_to_date(warehouse: Warehouse) -> None:
    """Hold every value of the copy to the warehouse, in the same order within a dataset."""
    with (
        duckdb.connect(warehouse.path, read_only=True) as ours,
        duckdb.connect(published_path(warehouse.path), read_only=True) as theirs,
    ):
        for name, table in PUBLISHED_TABLES.items():
            columns = ", ".join(f'"{column}"' for column in table.column_names)
            query = f'SELECT {columns} FROM {warehouse.schema}."{name}" ORDER BY ' + (
                "dataset, rowid" if table.partitioned else "rowid"
            )
            expected = ours.sql(query).to_arrow_table()
            assert theirs.sql(query).to_arrow_table().equals(expected), name


def flagged(path: Path) -> int:
    with duckdb.connect(path, read_only=True) as connection:
        return len(connection.execute("FROM gem_bulk.qc_mismatches").fetchall())


# What is in it


def test_the_copy_has_every_table_and_view_but_the_counts(filled: Warehouse) -> None:
    publish(filled.path)
    assert_up_to_date(filled)
    assert set(TABLES) - set(PUBLISHED_TABLES) == {"raw_genes"}
    assert set(VIEWS) - set(PUBLISHED_VIEWS) == {"aligned_counts_long"}
    for table, lists in [("raw_counts", 2), ("aligned_counts", 2), ("decoded_counts", 2)]:
        assert len(TABLES[table].columns) - len(PUBLISHED_TABLES[table].columns) == lists
    copy = copy_of(filled)
    for view in PUBLISHED_VIEWS:
        assert copy.read(view).sort_by("sample_id").equals(filled.read(view).sort_by("sample_id"))


def test_a_plain_connection_opens_it_under_any_name(filled: Warehouse, tmp_path: Path) -> None:
    moved = publish(filled.path).rename(tmp_path / "what I took home.db")
    with duckdb.connect(moved, read_only=True) as connection:
        rows = connection.execute("SELECT sample_id, tissue FROM gem_bulk.annotations").fetchall()
        every = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'gem_bulk'"
        ).fetchall()
    assert sorted(rows) == sorted([(sample, "liver") for sample in SAMPLES] * 2)
    assert {*PUBLISHED_TABLES, *PUBLISHED_VIEWS} <= {name for (name,) in every}


def test_the_instances_of_one_warehouse_are_in_one_copy(filled: Warehouse) -> None:
    cells = Warehouse(filled.path, "gem_sc")
    cells.replace_partition({"raw_counts": example("raw_counts", "cells", "sc")}, "cells")
    archive = Warehouse(filled.path, "archive", modality="bulk")
    archive.replace_partition({"latents": example("latents", "old")}, "old")
    publish(filled.path)
    for one in (filled, cells, archive):
        assert_up_to_date(one)


def test_nobody_may_write_it_and_only_those_read_it_who_may_read_the_warehouse(
    filled: Warehouse,
) -> None:
    filled.path.chmod(0o640)
    assert publish(filled.path).stat().st_mode & 0o777 == 0o440


def test_nothing_else_is_left_in_the_folder_and_no_path_is_in_the_file(filled: Warehouse) -> None:
    folder = filled.path.parent
    (folder / ".gem_results.duckdb.new").write_bytes(b"of a process that was killed")
    content = publish(filled.path).read_bytes()
    names = {path.name for path in folder.iterdir()}
    assert names == {"warehouse.duckdb", "gem_results.duckdb", ".gem_results.duckdb.lock"}
    assert str(folder).encode() not in content


# Bringing it up to date

DATASETS = ("a", "b", "c")
TABLES_A_STEP = ("qc_verdicts", "classifier_probs", "latents", "raw_counts", "raw_genes")


def rows_of(table: str, dataset: str, offset: int) -> pa.Table:
    rows = example(table, dataset)
    return rows if table == "raw_genes" else rows.slice(offset)


@settings(max_examples=5)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("write"),
                st.sampled_from(DATASETS),
                st.sets(st.sampled_from(TABLES_A_STEP), min_size=1),
                st.integers(0, 3),
            ),
            st.tuples(st.just("delete"), st.sampled_from(DATASETS)),
            st.tuples(st.just("history"), st.sampled_from(DATASETS)),
            st.tuples(st.just("order"), st.integers(0, 3)),
            st.just(("publish",)),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_was_written_the_copy_has_the_same_rows(steps: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "warehouse.duckdb", "gem_bulk")
        warehouse.replace_partition({"latents": example("latents", "a")}, "a")
        publish(warehouse.path)
        for step, *details in steps:
            if step == "write":
                dataset, tables, offset = details
                rows = {table: rows_of(table, dataset, offset) for table in tables}
                warehouse.replace_partition(rows, dataset)
            elif step == "delete":
                warehouse.delete_dataset(*details)
            elif step == "history":
                warehouse.append_history(example("qc_history", *details))
            elif step == "order":
                order = example("gene_order").slice(0, *details)
                warehouse.replace_partition({"gene_order": order}, None)
            else:
                publish(warehouse.path)
        publish(warehouse.path)
        assert_up_to_date(warehouse)


def test_only_datasets_that_changed_are_copied(filled: Warehouse) -> None:
    copy = publish(filled.path)
    before = copy.stat().st_ino
    with duckdb.connect(filled.path) as connection:  # behind the back of whoever publishes
        connection.execute("UPDATE gem_bulk.qc_samples SET sentence = 'By hand.'")
    assert publish(filled.path).stat().st_ino == before
    rows = example("qc_samples").slice(1)
    filled.replace_partition({"qc_samples": rows}, "study")
    publish(filled.path)
    assert copy_of(filled).read("qc_samples", "study").equals(rows)
    assert copy_of(filled).read("qc_samples", "other").equals(example("qc_samples", "other"))


def test_what_is_forgotten_is_not_in_a_free_corner_of_the_file_either(warehouse: Warehouse) -> None:
    for name in ("kept", "patient_of_dr_x"):
        samples = example("qc_samples", name)
        sentences = pa.array([f"A sentence on {name}, number {i}." for i in range(3)])
        at = samples.schema.get_field_index("sentence")
        samples = samples.set_column(at, samples.schema.field(at), sentences)
        warehouse.replace_partition({"qc_samples": samples}, name)
    assert b"patient_of_dr_x" in publish(warehouse.path).read_bytes()
    assert is_published(warehouse, "patient_of_dr_x")
    warehouse.delete_dataset("patient_of_dr_x")
    assert b"patient_of_dr_x" not in publish(warehouse.path).read_bytes()
    assert not is_published(warehouse, "patient_of_dr_x")
    assert_up_to_date(warehouse)


def test_rows_from_before_there_were_stamps_are_copied_too(filled: Warehouse) -> None:
    with duckdb.connect(filled.path) as connection:
        connection.execute("DROP TABLE gem_bulk.warehouse_stamps")
    for _ in range(2):  # and again, since nothing says whether they changed
        publish(filled.path)
        assert_up_to_date(filled)
    filled.replace_partition({"latents": example("latents").slice(2)}, "study")
    filled.delete_dataset("other")
    publish(filled.path)
    assert_up_to_date(filled)
    assert not is_published(filled, "other")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda copy: copy.write_bytes(copy.read_bytes()[:20_000]),
        lambda copy: copy.write_text("a note that somebody saved here"),
        lambda copy: duckdb.connect(copy).execute("DROP TABLE gem_bulk.latents").close(),
        lambda copy: (
            duckdb.connect(copy)
            .execute("UPDATE gem_bulk.warehouse_version SET version = 1")
            .close()
        ),
    ],
    ids=["cut", "other", "altered", "older"],
)
def test_a_copy_that_was_spoilt_is_made_anew(
    filled: Warehouse, spoil: Callable[[Path], None]
) -> None:
    copy = publish(filled.path)
    copy.chmod(0o644)
    spoil(copy)
    filled.replace_partition({"latents": example("latents").slice(1)}, "study")
    publish(filled.path)
    assert_up_to_date(filled)


def test_without_a_warehouse_there_is_no_copy(filled: Warehouse, tmp_path: Path) -> None:
    publish(filled.path)
    filled.path.unlink()
    assert not publish(filled.path).exists()
    assert not publish(tmp_path / "nowhere" / "warehouse.duckdb").exists()
    assert not (tmp_path / "nowhere").exists()


# When it can't be


def test_what_can_t_be_replaced_is_named_and_the_warehouse_is_free_again(filled: Warehouse) -> None:
    published_path(filled.path).mkdir()
    with pytest.raises(WarehouseError, match=r"gem_results\.duckdb could not be brought up to"):
        publish(filled.path, NO_PATIENCE)
    filled.replace_partition({"latents": example("latents")}, "study")


def test_a_writer_that_stays_is_named_and_the_old_copy_is_kept(filled: Warehouse) -> None:
    before = publish(filled.path).read_bytes()
    with (
        duckdb.connect(filled.path),
        pytest.raises(WarehouseLockedError, match="another connection of this process"),
    ):
        publish(filled.path, NO_PATIENCE)
    assert published_path(filled.path).read_bytes() == before


def test_a_process_that_publishes_for_ever_is_told(filled: Warehouse) -> None:
    from filelock import FileLock

    impatient = replace(NO_PATIENCE, timeout=0.0)
    with (
        FileLock(filled.path.with_name(".gem_results.duckdb.lock")),
        pytest.raises(WarehouseError, match="another process has been making it"),
    ):
        publish(filled.path, impatient)


def test_a_warehouse_of_another_version_is_refused(filled: Warehouse) -> None:
    with duckdb.connect(filled.path) as connection:
        connection.execute("UPDATE gem_bulk.warehouse_version SET version = 999")
    with pytest.raises(WarehouseVersionError, match="Update gem-assets"):
        publish(filled.path)


def test_a_schema_that_is_called_like_the_copy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ambiguous to DuckDB"):
        Warehouse(tmp_path / "warehouse.duckdb", "gem_results", modality="bulk")


# Several processes

ANALYST = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(len(connection.execute("FROM gem_bulk.qc_mismatches").fetchall()), flush=True)
"""

RUN = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from warehouse_examples import example
from gem_assets.warehouse import Warehouse, WarehouseReader
from gem_assets.warehouse.published import publish
warehouse = Warehouse(sys.argv[1], "gem_bulk")
for i in range(3):
    rows = example("qc_samples", sys.argv[2]).slice(0, 3 - i)
    warehouse.replace_partition({"qc_samples": rows}, sys.argv[2])
    copy = WarehouseReader(publish(warehouse.path), "gem_bulk")
    assert copy.read("qc_samples", sys.argv[2]).equals(rows), (i, sys.argv[2])
"""


@contextmanager
def analyst(copy: Path) -> Iterator[Callable[[], int]]:
    """Yield what asks another process, which keeps the copy open, for the flagged labels."""
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", ANALYST, str(copy)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask() -> int:
            process.stdin.write("\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield ask
        process.stdin.close()
    assert process.returncode == 0


def test_whoever_reads_the_copy_blocks_nobody_and_keeps_reading_the_old_one(
    filled: Warehouse,
) -> None:
    patient = Warehouse(filled.path, "gem_bulk", patience=NO_PATIENCE)
    copy = publish(filled.path)
    with analyst(copy) as ask:
        assert ask() == 2
        patient.replace_partition({"qc_verdicts": example("qc_verdicts").slice(2)}, "study")
        publish(filled.path, NO_PATIENCE)
        assert ask() == 2
        assert flagged(copy) == 1
        assert ask() == 2


def test_runs_that_publish_at_once_all_find_their_rows_in_the_copy(filled: Warehouse) -> None:
    here = str(Path(__file__).parent)
    names = ("study", "third")
    runs = [
        subprocess.Popen([sys.executable, "-c", RUN, str(filled.path), name, here])  # noqa: S603
        for name in names
    ]
    assert [run.wait() for run in runs] == [0, 0]
    assert_up_to_date(filled)
    assert copy_of(filled).datasets("qc_samples") == ["other", "study", "third"]
