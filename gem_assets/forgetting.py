"""Forgetting a dataset: everything that was made of it. Its input files are never touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.problems import refuse
from gem_assets.settings import MODALITIES, Settings

if TYPE_CHECKING:
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.warehouse import Warehouse


@dataclass(frozen=True)
class Forgotten:
    """What was (or, in a dry run, would be) deleted of one dataset.

    Attributes
    ----------
    warehouse
        The instance's tables.
    name
        The dataset's.
    rows
        Number of rows of each table that has some.
    answers
        Number of answers in the store.
    shared
        Number of its samples whose answers are kept, because another dataset has the same counts.
    report
        Its report, if there is one; what lies beside it of the dataset goes with it.
    exports
        Folder of its exports, if there is one in the results.
    partition
        Whether Dagster knows it as a partition.
    published
        Whether it is in the copy of the warehouse that people query.
    """

    warehouse: Warehouse
    name: str
    rows: dict[str, int]
    answers: int
    shared: int
    report: Path | None
    exports: Path | None
    partition: bool
    published: bool = False

    @property
    def title(self) -> str:
        """How a person names the dataset: ``bulk/NAME``, or ``KEY_PREFIX/NAME``."""
        schema, modality = self.warehouse.schema, self.warehouse.modality
        return f"{modality if schema == f'gem_{modality}' else schema}/{self.name}"

    @property
    def anything(self) -> bool:
        """Whether there is anything to delete."""
        files = (self.report, self.exports)
        return any((self.rows, self.answers, *files, self.partition, self.published))


def forget_dataset(settings: Settings, dataset: str, *, really: bool = False) -> list[Forgotten]:
    """Delete rows, answers, report, exports and partition; only look, unless ``really``.

    Answers are found by the counts that are aligned at present; those to an alignment that was
    replaced before (another gene order, another counts file) stay in the store. The copy of the
    warehouse that people query is made anew without the dataset.

    Parameters
    ----------
    settings
        Locations.
    dataset
        ``NAME`` (in both modalities), ``bulk/NAME``, or ``KEY_PREFIX/NAME`` for an instance that
        was given a key prefix of its own.
    really
        Whether to delete.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If nothing was made of such a dataset.
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read or written.
    """
    prefix, _, name = dataset.rpartition("/")
    chosen = _instances(Path(settings.results), prefix)
    done = [found for one in chosen if (found := _forget(settings, one, name, really)).anything]
    if really:  # also where nothing is left: who was killed before this does it again
        _renew_index(Path(settings.results))
    if not done:
        raise refuse(
            "nothing_to_forget",
            f"Nothing is kept of a dataset {dataset!r} in {settings.results!r}.",
            "Check the spelling, and the folder of --results. A dataset of an instance with a key "
            "prefix of its own is KEY_PREFIX/NAME.",
        )
    return done


def _instances(results: Path, prefix: str) -> list[Warehouse]:
    """Return the instances that the word before a dataset's name means."""
    from gem_assets.warehouse import Warehouse
    from gem_assets.warehouse.instances import instances

    path = results / "warehouse.duckdb"
    usual = [Warehouse(path, f"gem_{m}") for m in MODALITIES if prefix in ("", m, f"gem_{m}")]
    return usual or [one for one in instances(path) if one.schema == prefix]


def _forget(settings: Settings, warehouse: Warehouse, name: str, really: bool) -> Forgotten:
    from gem_assets.predictions.forget import find_answers, forget_answers
    from gem_assets.predictions.store import Store
    from gem_assets.reporting import report_files
    from gem_assets.warehouse.published import is_published, publish

    results = Path(settings.results)
    files = report_files(results / "reports" / warehouse.schema, name)
    store = Store(results / "predictions")
    rows = {table: n for table, n in warehouse.row_counts(name).items() if n}
    published = is_published(warehouse, name)
    own, shared = _counts_hashes(warehouse, name)
    with _ledger(results) as ledger, _partition(warehouse, name, really) as known:
        answers = 0
        if ledger is not None and own:
            found = find_answers(own, ledger, store)
            answers = found.answers
            if really:
                forget_answers(found, ledger, store)
        report = files.report if files.report.exists() else None
        exports = _exports(settings, warehouse.schema, name)
        if really:
            # The rows last: they say which answers are the dataset's, should this be repeated.
            files.delete()
            if exports is not None:
                shutil.rmtree(exports)
            if rows:
                warehouse.delete_dataset(name)
            if published:
                publish(warehouse.path)
    return Forgotten(warehouse, name, rows, answers, len(shared), report, exports, known, published)


def _exports(settings: Settings, schema: str, name: str) -> Path | None:
    """Return the folder of a dataset's exports; a name like ``..`` has none of its own."""
    from gem_assets.datasets import DATASET_NAME

    folder = settings.exports(schema, name)
    return folder if DATASET_NAME.fullmatch(name) and folder.is_dir() else None


def _renew_index(results: Path) -> None:
    """Take the dataset off the page over all datasets, if there is one."""
    from gem_assets.report_index import index_page, write_index

    if index_page(results / "reports"):
        write_index(results / "reports", results / "warehouse.duckdb")


def _counts_hashes(warehouse: Warehouse, name: str) -> tuple[set[str], set[str]]:
    """Return the hashes of a dataset's counts: those that only it has, and those of others too."""
    from gem_assets.warehouse.instances import instances

    own: set[str] = set()
    others: set[str] = set()
    for one in instances(warehouse.path):
        for dataset, hashes in one.values("aligned_counts", "content_hash").items():
            is_it = one.schema == warehouse.schema and dataset == name
            (own if is_it else others).update(hashes)
    return own - others, own & others


@contextmanager
def _ledger(results: Path) -> Iterator[Ledger | None]:
    from gem_assets.predictions.ledger import Ledger

    file = results / "ledger.sqlite"
    if not file.exists():
        yield None
        return
    with Ledger(f"sqlite:///{file}") as ledger:
        yield ledger


@contextmanager
def _partition(warehouse: Warehouse, name: str, really: bool) -> Iterator[bool]:
    """Yield whether Dagster's history has the partition, and drop it if the block ends well."""
    if not os.environ.get("DAGSTER_HOME"):
        yield False
        return
    import dagster as dg

    from gem_assets.graph import AssetGraph

    partitions = AssetGraph(warehouse.modality, warehouse.schema).partitions.name or ""
    with dg.DagsterInstance.get() as instance:
        known = instance.has_dynamic_partition(partitions, name)
        yield known
        if known and really:
            instance.delete_dynamic_partition(partitions, name)
