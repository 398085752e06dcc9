"""Fixtures of the warehouse's tests: a real DuckDB file, and no patience for locks."""

from __future__ import annotations

from pathlib import Path

import pytest
from warehouse_examples import NO_PATIENCE

from gem_assets.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Return the bulk schema of a warehouse that does not exist yet."""
    return Warehouse(tmp_path / "results" / "warehouse.duckdb", "gem_bulk", patience=NO_PATIENCE)
