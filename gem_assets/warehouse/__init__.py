"""The DuckDB warehouse: tables, contracts and transactions; the only room that imports duckdb."""
