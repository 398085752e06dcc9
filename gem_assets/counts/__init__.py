"""Counts files: read them, and tell whether they hold raw counts. Pure: no Dagster, HTTP or SQL."""
