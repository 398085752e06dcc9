"""How a schema of the warehouse is laid out, and which version of the layout it has."""

from __future__ import annotations

from pathlib import Path

import duckdb

from gem_assets.settings import Modality
from gem_assets.warehouse import statements
from gem_assets.warehouse.errors import WarehouseError, WarehouseVersionError
from gem_assets.warehouse.schemas import TABLES
from gem_assets.warehouse.views import VIEWS

VERSION = 3
"""Version of the tables of a schema; raised with every change of the registry."""


def is_laid_out(connection: duckdb.DuckDBPyConnection, schema: str) -> bool:
    """Return whether the schema has its tables; they all come with the first write."""
    # fetchall, here and below: a result that is not read to its end blocks the next query.
    return bool(connection.execute(statements.FIND_VERSION_TABLE, [schema]).fetchall())


def lay_out(connection: duckdb.DuckDBPyConnection, schema: str, modality: Modality) -> None:
    """Make what is missing of the schema, within the caller's transaction.

    The views are renewed each time: their columns follow the fields, which may grow without a new
    version.
    """
    if not is_laid_out(connection, schema):
        for statement in statements.lay_out(schema, list(TABLES.values()), modality):
            connection.execute(statement)
        connection.execute(statements.insert_version(schema), [VERSION, modality])
    for view in VIEWS:
        connection.execute(statements.create_view(schema, view))


def require_version(
    connection: duckdb.DuckDBPyConnection, path: Path, schema: str, modality: Modality
) -> None:
    """Refuse a schema that another version, or another modality, has laid out.

    Raises
    ------
    WarehouseVersionError
        If the layout is newer or older than ours.
    WarehouseError
        If the schema holds the other modality.
    """
    if is_laid_out(connection, schema):
        require_readable(connection, path, schema, modality)


def require_readable(
    connection: duckdb.DuckDBPyConnection, path: Path, schema: str, modality: Modality
) -> bool:
    """Return whether a schema has its tables, and refuse those of another version or modality.

    For a connection that only reads. To ask for a table that is not there would spoil a
    transaction; to look it up, as `is_laid_out` does, takes 10 ms of every opening (measured).
    Raises what `require_version` does.
    """
    try:
        version = connection.execute(statements.select_version(schema))
    except duckdb.CatalogException:
        return False
    [(found, found_modality)] = version.fetchall()
    if found > VERSION:
        raise WarehouseVersionError(
            f"The schema {schema} of the warehouse {path} has layout version {found}; this "
            f"gem-assets knows versions up to {VERSION}. Update gem-assets."
        )
    if found < VERSION:
        raise WarehouseVersionError(
            f"The schema {schema} of the warehouse {path} has layout version {found}; this "
            f"gem-assets needs version {VERSION} and can't convert it. Move the file away and "
            "materialise the assets again: answers that were paid for are kept outside of it."
        )
    if found_modality != modality:
        raise WarehouseError(
            f"The schema {schema} of the warehouse {path} holds {found_modality} data, not "
            f"{modality}. Use another schema (key prefix) for {modality} data."
        )
    return True
