"""The SQL of the warehouse: every statement is made here, of names that we declare.

Names of tables, views and columns come from the registry, the name of the schema from the
configuration; all are quoted. Values (dataset, run) are always parameters and never part of a text.
"""
# ruff: noqa: S608 - the texts hold declared names only, see above.

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gem_assets.settings import Modality
from gem_assets.warehouse.contract import Table
from gem_assets.warehouse.views import view_query

ROW_GROUP_SIZE = 2048
"""Rows a row group, the fewest that DuckDB takes. They are counted in rows, and rows here are long;
a transaction holds a row group in memory until it is full. Measured, 2,560 bulk samples of 25,000
decoded counts: 1.2 GB resident and 8.3 s, against 2.7 GB and 11.6 s with 8,192 rows; 20,000 cells x
2,000 counts take the same 5 s, and 0.7 GB against 0.9 GB. DuckDB's default is 122,880."""

VERSION_TABLE = "warehouse_version"
"""Says how a schema is laid out; its presence says that all tables and views are there."""

INCOMING = "incoming_rows"
"""Name under which a connection sees an Arrow table."""


SCAN_IN_LITTLE_MEMORY = "SET memory_limit = '100MB'"
"""For going through a table of single cells once: DuckDB would keep all that it has read, up to its
limit, and none of it is looked at again (measured, 100,000 cells: 300 MB resident in place of
600, in the same time)."""


def quoted(name: str) -> str:
    """Return an identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def attach(path: Path, catalog: str) -> str:
    """Return the statement that opens the file for writing under a catalog name."""
    literal = "'" + str(path).replace("'", "''") + "'"
    return f"ATTACH {literal} AS {quoted(catalog)} (ROW_GROUP_SIZE {ROW_GROUP_SIZE})"


def lay_out(schema: str, tables: Sequence[Table], modality: Modality) -> list[str]:
    """Return the statements that make the schema, its version table and its tables."""
    version = f"{quoted(schema)}.{quoted(VERSION_TABLE)}"
    return [
        f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}",
        f"CREATE TABLE {version} (version INTEGER NOT NULL, modality VARCHAR NOT NULL)",
        *(_create_table(schema, table, modality) for table in tables),
    ]


def _create_table(schema: str, table: Table, modality: Modality) -> str:
    columns = ",\n".join(
        f"  {quoted(column.name)} {column.duckdb_type_in(modality)}"
        + ("" if column.nullable else " NOT NULL")
        for column in table.columns
    )
    return f"CREATE TABLE {quoted(schema)}.{quoted(table.name)} (\n{columns}\n)"


def create_view(schema: str, view: str) -> str:
    """Return the statement that makes or renews a view."""
    name = f"{quoted(schema)}.{quoted(view)}"
    return f"CREATE OR REPLACE VIEW {name} AS {view_query(view, quoted(schema))}"


def insert_version(schema: str) -> str:
    """Return the insert of ``(version, modality)``."""
    return f"INSERT INTO {quoted(schema)}.{quoted(VERSION_TABLE)} VALUES (?, ?)"


def select_version(schema: str) -> str:
    """Return the query for ``(version, modality)``."""
    return f"SELECT version, modality FROM {quoted(schema)}.{quoted(VERSION_TABLE)}"


FIND_VERSION_TABLE = f"""
SELECT 1 FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = ? AND table_name = '{VERSION_TABLE}'
"""

FIND_LAID_OUT_SCHEMAS = f"""
SELECT schema_name FROM duckdb_tables()
WHERE database_name = current_database() AND table_name = '{VERSION_TABLE}'
ORDER BY schema_name
"""


def delete(schema: str, table: str, *, of_dataset: bool) -> str:
    """Return the statement that deletes a table's rows: all, or a dataset's (one parameter)."""
    return f"DELETE FROM {quoted(schema)}.{quoted(table)}{_where(of_dataset)}"


def repeated(schema: str, table: str, key: Sequence[str]) -> str:
    """Return the query for a key that several rows of a dataset (one parameter) share, if any."""
    columns = ", ".join(map(quoted, key))
    return (
        f"SELECT {columns}, count(*) FROM {quoted(schema)}.{quoted(table)} WHERE dataset = ? "
        f"GROUP BY ALL HAVING count(*) > 1 ORDER BY {columns} LIMIT 1"
    )


def variants(schema: str, table: str, columns: Sequence[str]) -> str:
    """Return the query for the combinations of values in a dataset (one parameter)."""
    wanted = ", ".join(map(quoted, columns))
    return (
        f"SELECT {wanted}, count(*) FROM {quoted(schema)}.{quoted(table)} WHERE dataset = ? "
        "GROUP BY ALL ORDER BY ALL"
    )


def delete_incoming(schema: str, table: str, key: Sequence[str]) -> str:
    """Return the statement that deletes the rows whose key is among the incoming rows."""
    same = " AND ".join(f"old.{quoted(name)} = new.{quoted(name)}" for name in key)
    return (
        f"DELETE FROM {quoted(schema)}.{quoted(table)} AS old "
        f"WHERE EXISTS (SELECT 1 FROM {INCOMING} AS new WHERE {same})"
    )


def insert_target(schema: str, table: str) -> str:
    """Return the name of a table, for rows that are inserted through DuckDB's relations."""
    return f"{quoted(schema)}.{quoted(table)}"


def select(schema: str, relation: str, columns: Sequence[str] | None, *, of_dataset: bool) -> str:
    """Return the query for columns (None: all) of a table or view."""
    wanted = "*" if columns is None else ", ".join(map(quoted, columns))
    return f"SELECT {wanted} FROM {quoted(schema)}.{quoted(relation)}{_where(of_dataset)}"


def count(schema: str, relation: str, *, of_dataset: bool) -> str:
    """Return the query for the number of rows of a table or view."""
    return f"SELECT count(*) FROM {quoted(schema)}.{quoted(relation)}{_where(of_dataset)}"


def distinct_datasets(schema: str, table: str) -> str:
    """Return the query for the names of the datasets that a table holds, sorted."""
    return f"SELECT DISTINCT dataset FROM {quoted(schema)}.{quoted(table)} ORDER BY dataset"


def tally_of_datasets(schema: str, table: str, column: str) -> str:
    """Return the query for ``(dataset, value, rows)`` of a column, ordered by both."""
    return (
        f"SELECT dataset, {quoted(column)}, count(*) FROM {quoted(schema)}.{quoted(table)} "
        "GROUP BY ALL ORDER BY ALL"
    )


def _where(of_dataset: bool) -> str:
    return " WHERE dataset = ?" if of_dataset else ""
