"""The DuckDB warehouse: tables, contracts and transactions; the only room that imports duckdb."""

from gem_assets.warehouse.connection import Warehouse
from gem_assets.warehouse.errors import (
    ContractError,
    NotMaterialisedError,
    WarehouseError,
    WarehouseLockedError,
    WarehouseVersionError,
)
from gem_assets.warehouse.locking import LockPatience
from gem_assets.warehouse.reader import WarehouseReader
from gem_assets.warehouse.schemas import TABLES, column_schema, validate

__all__ = [
    "TABLES",
    "ContractError",
    "LockPatience",
    "NotMaterialisedError",
    "Warehouse",
    "WarehouseError",
    "WarehouseLockedError",
    "WarehouseReader",
    "WarehouseVersionError",
    "column_schema",
    "validate",
]
