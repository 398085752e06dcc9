"""Every table of the warehouse as it is declared: its columns, their types and what they mean.

Dagster shows them in its catalogue, and loads them in every process of a run. So nothing that is
declared imports what validates and stores it: no pandas, pandera or DuckDB.
"""

from __future__ import annotations

from gem_assets.settings import Modality
from gem_assets.warehouse.contract import Table
from gem_assets.warehouse.count_tables import COUNT_TABLES
from gem_assets.warehouse.prediction_tables import PREDICTION_TABLES
from gem_assets.warehouse.qc_tables import QC_TABLES
from gem_assets.warehouse.selftest_tables import QC_SELFTEST

TABLES: dict[str, Table] = {
    table.name: table for table in (*COUNT_TABLES, *PREDICTION_TABLES, *QC_TABLES, QC_SELFTEST)
}
"""Every table of a schema, by name."""


def table_named(name: str) -> Table:
    """Return the declaration of a table.

    Raises
    ------
    KeyError
        If there is no such table.
    """
    try:
        return TABLES[name]
    except KeyError:
        raise KeyError(f"no table {name!r}; the tables are {', '.join(TABLES)}") from None


def column_schema(table: str, modality: Modality = "bulk") -> list[tuple[str, str, str, bool]]:
    """Return ``(name, DuckDB type, description, nullable)`` of each column of a table."""
    return [
        (column.name, column.duckdb_type_in(modality), column.description, column.nullable)
        for column in table_named(table).columns
    ]
