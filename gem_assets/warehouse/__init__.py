"""The DuckDB warehouse: tables, contracts and transactions; the only room that imports duckdb."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from gem_assets.warehouse.schemas import validate
    from gem_assets.warehouse.tables import TABLES, column_schema

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

_MODULES = {
    "Warehouse": "connection",
    "ContractError": "errors",
    "NotMaterialisedError": "errors",
    "WarehouseError": "errors",
    "WarehouseLockedError": "errors",
    "WarehouseVersionError": "errors",
    "LockPatience": "locking",
    "WarehouseReader": "reader",
    "validate": "schemas",
    "TABLES": "tables",
    "column_schema": "tables",
}


def __getattr__(name: str) -> object:
    # DuckDB and pandas are imported when tables are read or written: a code location that only
    # declares them loads without.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
