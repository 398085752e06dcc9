"""Open the warehouse's file late and close it early, for writing or for reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from gem_assets.settings import Modality
from gem_assets.warehouse import statements
from gem_assets.warehouse.locking import LockPatience, open_patiently
from gem_assets.warehouse.schema_names import CATALOG, SOURCE

SC_MEMORY = "400MB"
"""What DuckDB may hold of single-cell tables; their row groups are small (33 MB for 2,000 counts a
cell). Measured, 100,000 cells: 3.6 GB resident without a limit, 1.6 GB with 600 MB. Bulk rows are
ten times as long, and a transaction needs a row group of them in memory."""

Config = dict[str, str | bool | int | float | list[str]]


@contextmanager
def writing(
    path: Path, patience: LockPatience, modality: Modality
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection in a transaction, which is committed if the block ends well.

    The file and its folder are made where they are missing.

    Raises
    ------
    WarehouseLockedError, WarehouseError
        If the file can't be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _closing(path, "write", patience, lambda: _connect_to_write(path, modality)) as connection:
        connection.begin()
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


@contextmanager
def reading(
    path: Path, patience: LockPatience, modality: Modality
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection that only reads; readers do not block each other, but every writer.

    Raises
    ------
    WarehouseLockedError, WarehouseError
        If the file can't be opened.
    """
    with _closing(path, "read", patience, lambda: _connect_to_read(path, modality)) as connection:
        yield connection


@contextmanager
def reading_into(
    path: Path, other: Path, patience: LockPatience
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection that reads the file under the name `SOURCE`, to write what it reads.

    Parameters
    ----------
    path
        The warehouse.
    other
        The file that will be attached and written; what memory has no room for goes beside it.
    patience
        How long to wait for a writer of the warehouse.

    Raises
    ------
    WarehouseLockedError, WarehouseError
        If the file can't be opened.
    """

    def connect() -> duckdb.DuckDBPyConnection:
        return _attached(statements.attach_to_read(path, SOURCE), SOURCE, _config(other, "sc"))

    with _closing(path, "read", patience, connect) as connection:
        yield connection


@contextmanager
def _closing(
    path: Path,
    purpose: str,
    patience: LockPatience,
    connect: Callable[[], duckdb.DuckDBPyConnection],
) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_patiently(path, purpose, patience, connect)
    try:
        yield connection
    finally:
        connection.close()


def _connect_to_write(path: Path, modality: Modality) -> duckdb.DuckDBPyConnection:
    # The size of row groups can only be set where a file is attached.
    return _attached(statements.attach(path, CATALOG), CATALOG, _config(path, modality))


def _attached(attach: str, catalog: str, config: Config) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config=config)
    try:
        connection.execute(attach)
        connection.execute(statements.use(catalog))
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path, modality: Modality) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True, config=_config(path, modality))


def _config(path: Path, modality: Modality) -> Config:
    return {
        "TimeZone": "UTC",
        "preserve_insertion_order": True,
        # Never ask the network for an extension, nor take a Python variable for a table.
        "autoinstall_known_extensions": False,
        "python_enable_replacements": False,
        # Beside the file: the default of a connection that attaches is the working directory.
        "temp_directory": f"{path}.tmp",
        **({"memory_limit": SC_MEMORY} if modality == "sc" else {}),
    }
