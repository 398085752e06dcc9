"""Which instances of the asset graph keep their tables in one DuckDB file."""

from __future__ import annotations

from pathlib import Path

from gem_assets.settings import Modality
from gem_assets.warehouse import statements
from gem_assets.warehouse.connection import Warehouse
from gem_assets.warehouse.locking import LockPatience
from gem_assets.warehouse.sessions import reading


def instances(path: str | Path, patience: LockPatience | None = None) -> list[Warehouse]:
    """Return a warehouse for every schema that was laid out in a file, by name; none without one.

    Raises
    ------
    WarehouseLockedError, WarehouseError
        If the file can't be read.
    """
    file, waits = Path(path), patience or LockPatience()
    if not file.exists():
        return []
    found: dict[str, Modality] = {}
    with reading(file, waits, "sc") as connection:  # the smaller limit: names only
        for (schema,) in connection.execute(statements.FIND_LAID_OUT_SCHEMAS).fetchall():
            [(_, modality)] = connection.execute(statements.select_version(schema)).fetchall()
            found[schema] = modality
    return [
        Warehouse(file, schema, modality=modality, patience=waits)
        for schema, modality in found.items()
    ]
