"""The copy of the warehouse that people and BI tools may keep open: no counts, swapped at once.

An open reader of the warehouse blocks its writer. So what people look at is a file of its own,
which is never written to: a new one takes its place, and whoever has the old one open goes on
reading that.

Publishing copies the last copy and brings it up to date: of the warehouse it reads the datasets
whose stamp (`gem_assets.warehouse.statements.STAMP_TABLE`) is another than in the copy. One process
publishes at a time, and each looks at the warehouse only when its turn has come, so that the copy
that comes last has the rows of every run that ended before.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from gem_assets.settings import Modality
from gem_assets.warehouse import statements
from gem_assets.warehouse.contract import Table
from gem_assets.warehouse.errors import WarehouseError
from gem_assets.warehouse.layout import lay_out, require_version
from gem_assets.warehouse.locking import LockPatience
from gem_assets.warehouse.reader import PARTITIONED, WarehouseReader
from gem_assets.warehouse.schema_names import CATALOG, PUBLISHED, SOURCE
from gem_assets.warehouse.sessions import reading_into
from gem_assets.warehouse.tables import TABLES
from gem_assets.warehouse.views import VIEWS

_OF_NO_DATASET = tuple(table.name for table in TABLES.values() if not table.partitioned)
_COUNTS = frozenset({"gene_index", "count"})
_LEFT_OUT = frozenset({"raw_genes"})  # says which gene is at which place of the counts
_VIEWS_OF_COUNTS = frozenset({"aligned_counts_long"})

PUBLISHED_TABLES: dict[str, Table] = {
    table.name: replace(
        table,
        columns=tuple(
            column
            for column in table.columns
            if not (column.name in _COUNTS and column.duckdb_type_in("bulk").endswith("[]"))
        ),
    )
    for table in TABLES.values()
    if table.name not in _LEFT_OUT
}
"""Tables of the copy by name, as it has them. A sample keeps its row in the tables of counts, with
its library size and all else that is said of it; only the counts themselves are left out."""

_PARTITIONED = tuple(name for name, table in PUBLISHED_TABLES.items() if table.partitioned)

PUBLISHED_VIEWS: tuple[str, ...] = tuple(view for view in VIEWS if view not in _VIEWS_OF_COUNTS)
"""Views of the copy."""


def published_path(warehouse: Path) -> Path:
    """Return where the copy of a warehouse lies."""
    return warehouse.with_name(PUBLISHED)


def publish(warehouse: str | Path, patience: LockPatience | None = None) -> Path:
    """Bring the copy up to date with the warehouse; nobody ever sees half of it.

    Parameters
    ----------
    warehouse
        The warehouse's file. Where there is none, there will be no copy either.
    patience
        How long to wait for a writer of the warehouse, and for another process that publishes.

    Returns
    -------
    Path
        The copy, which only those may read who may read the warehouse, and nobody may write.

    Raises
    ------
    WarehouseLockedError
        If a writer keeps the warehouse open for too long.
    WarehouseVersionError
        If another version of gem-assets has laid the warehouse out.
    WarehouseError
        If the copy can't be made. In every case the copy of before is kept.
    """
    path, waits = Path(warehouse), patience or LockPatience()
    copy = published_path(path)
    if not path.exists() and not copy.exists():
        return copy
    building = copy.with_name(f".{copy.name}.new")
    try:
        with FileLock(copy.with_name(f".{copy.name}.lock"), timeout=waits.timeout):
            if not path.exists():
                copy.unlink(missing_ok=True)
                return copy
            try:
                if _build(path, copy, building, waits):
                    building.chmod(path.stat().st_mode & 0o444)
                    building.replace(copy)
            finally:
                _remove(building)
    except Timeout:
        raise WarehouseError(
            f"The copy {copy} could not be brought up to date: another process has been making it "
            f"for {waits.timeout:g} s. The next run brings it up to date."
        ) from None
    except (duckdb.Error, OSError) as error:
        raise WarehouseError(
            f"The copy {copy} could not be brought up to date, and is as it was before: {error}"
        ) from error
    return copy


def is_published(warehouse: WarehouseReader, dataset: str) -> bool:
    """Return whether the copy has rows of a dataset of this schema.

    Raises
    ------
    WarehouseError
        If the copy can't be read.
    """
    copy = published_path(warehouse.path)
    reader = WarehouseReader(copy, warehouse.schema, modality=warehouse.modality)
    return any(dataset in reader.datasets(table) for table in _PARTITIONED)


@dataclass(frozen=True, slots=True)
class _Schema:
    """A schema of the warehouse, with the stamps of its datasets; None where one has none."""

    name: str
    modality: Modality
    stamps: dict[str, str | None]


def _build(path: Path, copy: Path, building: Path, patience: LockPatience) -> bool:
    """Write the new copy, from the old one where that can be; False if there is nothing new."""
    _remove(building)  # of a process that was killed
    with reading_into(path, building, patience) as connection:
        schemas = [_schema(connection, path, *found) for found in _laid_out(connection)]
        if copy.exists():
            # Damaged, written by hand, of another version, or with what is to be forgotten:
            # deleted rows would stay in the file's free blocks.
            with suppress(duckdb.Error, WarehouseError):
                shutil.copyfile(copy, building)
                return _bring_up_to_date(connection, building, schemas)
            _remove(building)
        _bring_up_to_date(connection, building, schemas)
        return True


def _laid_out(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, Modality]]:
    names = connection.execute(statements.FIND_LAID_OUT_SCHEMAS).fetchall()
    found: list[tuple[str, Modality]] = []
    for (name,) in names:
        [(_, modality)] = connection.execute(statements.select_version(name)).fetchall()
        found.append((name, modality))
    return found


def _schema(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, modality: Modality
) -> _Schema:
    require_version(connection, path, name, modality)
    held = _datasets(connection, name, PARTITIONED, _OF_NO_DATASET)
    return _Schema(name, modality, {**dict.fromkeys(held), **_stamps(connection, name)})


def _datasets(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    tables: Sequence[str],
    of_none: Sequence[str] = (),
) -> set[str]:
    """Return the datasets of which a table has rows; ``''`` for rows that belong to none."""
    query = statements.any_dataset(schema, tables, of_none)
    return {dataset for (dataset,) in connection.execute(query).fetchall()}


def _stamps(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, str]:
    """Return the stamps of the datasets; none of a file that was laid out before there were any."""
    if not connection.execute(statements.FIND_STAMP_TABLE, [schema]).fetchall():
        return {}
    query = statements.select(schema, statements.STAMP_TABLE, None, of_dataset=False)
    return {dataset: str(stamp) for dataset, stamp in connection.execute(query).fetchall()}


def _bring_up_to_date(
    connection: duckdb.DuckDBPyConnection, building: Path, schemas: list[_Schema]
) -> bool:
    """Copy what the file lacks; False if it lacks nothing.

    Raises
    ------
    WarehouseError
        If it has what the warehouse has not, or another layout.
    """
    connection.execute(statements.attach(building, CATALOG))
    try:
        connection.execute(statements.use(CATALOG))
        connection.begin()
        try:
            _require_nothing_else(connection, building, schemas)
            changed = [_bring_schema_up_to_date(connection, building, one) for one in schemas]
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        connection.execute(statements.CHECKPOINT)
    finally:
        connection.execute(statements.LEAVE_ALL)
        connection.execute(statements.detach(CATALOG))
    return any(changed)


def _require_nothing_else(
    connection: duckdb.DuckDBPyConnection, building: Path, schemas: list[_Schema]
) -> None:
    """Refuse a copy with schemas or datasets that the warehouse has not."""
    known = {one.name: one.stamps.keys() for one in schemas}
    for name, _ in _laid_out(connection):
        if name not in known or _datasets(connection, name, _PARTITIONED) - known[name]:
            raise WarehouseError(f"{building} has rows that the warehouse has not")


def _bring_schema_up_to_date(
    connection: duckdb.DuckDBPyConnection, building: Path, schema: _Schema
) -> bool:
    name = schema.name
    require_version(connection, building, name, schema.modality)
    tables = PUBLISHED_TABLES
    lay_out(connection, name, schema.modality, tuple(tables.values()), PUBLISHED_VIEWS)
    had = _stamps(connection, name)
    lacking = [d for d, stamp in schema.stamps.items() if stamp is None or stamp != had.get(d)]
    datasets = [dataset for dataset in lacking if dataset]
    for table in tables.values():
        if table.partitioned and datasets:
            _copy(connection, name, table.name, table.column_names, datasets)
        elif not table.partitioned and "" in lacking:
            _copy(connection, name, table.name, table.column_names, None)
    if any(schema.stamps[dataset] for dataset in lacking):
        _copy(connection, name, statements.STAMP_TABLE, ("dataset", "stamp"), lacking)
    return bool(lacking)


def _copy(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    columns: tuple[str, ...],
    datasets: list[str] | None,
) -> None:
    """Replace the rows of some datasets by those of the warehouse; None replaces all rows."""
    n = None if datasets is None else len(datasets)
    connection.execute(statements.delete_some(schema, table, n), datasets)
    connection.execute(statements.copy_some(SOURCE, schema, table, columns, n), datasets)


def _remove(building: Path) -> None:
    for path in (building, building.with_name(f"{building.name}.wal")):
        path.unlink(missing_ok=True)
