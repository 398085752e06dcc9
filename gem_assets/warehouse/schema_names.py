"""Names of the warehouse's files in DuckDB, and which names a schema in them can't have.

Light: a code location refuses a key prefix by it, and opens nothing.
"""

from __future__ import annotations

from pathlib import Path

PUBLISHED = "gem_results.duckdb"
"""Name of the copy for people and BI tools, beside the warehouse."""

CATALOG = "gem_assets_warehouse"
"""Name under which a writing connection attaches the file."""

SOURCE = "gem_assets_source"
"""Name under which a connection that writes another file reads the warehouse."""

RESERVED = frozenset(
    {
        # DuckDB names an opened file after its stem: `x.table` would then mean two things.
        "warehouse",
        Path(PUBLISHED).stem,
        CATALOG,
        SOURCE,
        # DuckDB's own catalogs and schemas, found by making a schema and a table of each name.
        "main",
        "memory",
        "temp",
        "system",
        "information_schema",
        "pg_catalog",
    }
)
"""Names that mean something else to DuckDB, in lower case."""
