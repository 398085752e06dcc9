"""A writer waits for a reader in another process, and the other way round, but not for ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import stamina
from warehouse_examples import NO_PATIENCE, counts_of, example

from gem_assets.warehouse import LockPatience, Warehouse, WarehouseLockedError

HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reader")
connection.execute("SELECT 1").fetchall()
print("open", flush=True)
sys.stdin.readline()
connection.close()
print("closed", flush=True)
"""


class Holder:
    """Another process that has the file open until it is told to let go."""

    def __init__(self, path: Path, role: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", HOLDER, str(path), role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._expect("open")

    def let_go(self) -> None:
        """Return when the file is closed."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self._expect("closed")

    def _expect(self, word: str) -> None:
        assert self.process.stdout.readline().strip() == word


@contextmanager
def held_by_another_process(path: Path, role: str) -> Iterator[Holder]:
    holder = Holder(path, role)
    try:
        yield holder
    finally:
        holder.process.communicate()
    assert holder.process.returncode == 0


@contextmanager
def on_the_first_retry(
    act: Callable[[], None],
) -> Iterator[list[stamina.instrumentation.RetryDetails]]:
    retries: list[stamina.instrumentation.RetryDetails] = []

    def hook(details: stamina.instrumentation.RetryDetails) -> None:
        retries.append(details)
        if len(retries) == 1:
            act()

    stamina.instrumentation.set_on_retry_hooks([hook])
    try:
        yield retries
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_a_writer_waits_for_whoever_has_the_file_open(warehouse, role):
    warehouse.replace_partition(counts_of("study"), "study")
    with (
        held_by_another_process(warehouse.path, role) as holder,
        on_the_first_retry(holder.let_go) as retries,
    ):
        fewer = {"raw_counts": example("raw_counts").slice(1)}
        assert warehouse.replace_partition(fewer, "study") == {"raw_counts": 2}
    assert len(retries) == 1
    assert warehouse.row_count("raw_counts") == 2


def test_a_reader_waits_for_a_writer(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    with (
        held_by_another_process(warehouse.path, "writer") as holder,
        on_the_first_retry(holder.let_go) as retries,
    ):
        assert warehouse.read("raw_counts").equals(example("raw_counts"))
    assert len(retries) == 1


def test_readers_do_not_wait_for_each_other(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    with held_by_another_process(warehouse.path, "reader"):
        assert warehouse.read("raw_counts").num_rows == 3


def test_a_writer_that_waited_in_vain_says_who_has_the_file(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    with (
        held_by_another_process(warehouse.path, "reader") as holder,
        pytest.raises(WarehouseLockedError) as locked,
    ):
        warehouse.replace_partition(counts_of("study"), "study")
    assert locked.value.pid == holder.process.pid
    assert f"PID {holder.process.pid}" in str(locked.value)
    assert str(warehouse.path) in str(locked.value)
    assert "after 5 s or 2 attempts" in str(locked.value)
    assert "DuckDB shell" in str(locked.value)
    assert warehouse.read("raw_counts").equals(example("raw_counts"))


def test_a_reader_that_waited_in_vain_says_so(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    with (
        held_by_another_process(warehouse.path, "writer"),
        pytest.raises(WarehouseLockedError, match="could not be opened to read"),
    ):
        warehouse.read("raw_counts")


def test_waiting_ends_with_the_timeout_where_attempts_are_not_counted(warehouse):
    warehouse.replace_partition(counts_of("study"), "study")
    impatient = replace(NO_PATIENCE, timeout=0.01, attempts=None)
    with (
        held_by_another_process(warehouse.path, "reader"),
        pytest.raises(WarehouseLockedError, match=r"after 0\.01 s\."),
    ):
        Warehouse(warehouse.path, "gem_bulk", patience=impatient).delete_dataset("study")


def test_waiting_is_bounded_and_jittered_by_default():
    patience = LockPatience()
    assert 0 < patience.timeout < 600
    assert patience.wait_jitter > 0
