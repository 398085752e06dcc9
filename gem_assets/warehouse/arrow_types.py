"""Arrow's types for DuckDB's."""

from __future__ import annotations

import pyarrow as pa

_ARROW_TYPES: dict[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
}


def arrow_type(duckdb_type: str) -> pa.DataType:
    """Return the Arrow type of a column that DuckDB calls so, e.g. ``INTEGER[]``."""
    if duckdb_type.endswith("[]"):
        return pa.list_(arrow_type(duckdb_type.removesuffix("[]")))
    return _ARROW_TYPES[duckdb_type]
