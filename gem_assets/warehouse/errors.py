"""What can go wrong with the warehouse, as a caller may tell it apart.

::

    WarehouseError
    ├── ContractError            rows that break their table's contract; nothing was written
    ├── NotMaterialisedError     nothing was written there yet
    ├── WarehouseLockedError     another process kept the file open for too long
    └── WarehouseVersionError    the file was laid out by another version of gem-assets
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class WarehouseError(Exception):
    """Base of every error of the warehouse."""


class ContractError(WarehouseError, ValueError):
    """Rows that break the contract of their table.

    Parameters
    ----------
    table
        Name of the table.
    sentence
        The failing checks, each with its first offenders.
    failure_cases
        One row an offender, at most 100 a check: ``check, column, row`` (position from 0, missing
        where the whole column is at fault), ``dataset, sample_id, found``.

    Attributes
    ----------
    table, failure_cases
        As given.
    """

    def __init__(self, table: str, sentence: str, failure_cases: pd.DataFrame) -> None:
        self.table = table
        self.failure_cases = failure_cases
        super().__init__(f"Table {table} breaks its contract: {sentence}")


class NotMaterialisedError(WarehouseError, LookupError):
    """A table that nobody has written yet.

    Parameters
    ----------
    path, schema, table
        What was asked for.
    asset
        Name of the asset that writes it.

    Attributes
    ----------
    asset_key : tuple of str
        Key of the asset to materialise, ``(schema, asset)``.
    """

    def __init__(self, path: Path, schema: str, table: str, asset: str) -> None:
        self.asset_key = (schema, asset)
        super().__init__(
            f"{schema}.{table} does not exist in the warehouse {path} yet. "
            f"Materialise the asset {schema}/{asset} first."
        )


class WarehouseLockedError(WarehouseError):
    """The file stayed locked for as long as we were told to wait.

    Parameters
    ----------
    path
        The warehouse.
    holder
        Who has it open, as far as DuckDB says.
    purpose
        ``"write"`` or ``"read"``.
    waited
        How long we tried.
    pid
        Process id of the holder, None where DuckDB does not name it.

    Attributes
    ----------
    path, pid
        As given.
    """

    def __init__(self, path: Path, holder: str, purpose: str, waited: str, pid: int | None) -> None:
        self.path = path
        self.pid = pid
        super().__init__(
            f"The warehouse {path} could not be opened to {purpose}: {holder} has it open, and "
            f"still had it {waited}. An open reader (a DuckDB shell, a notebook, a BI tool) blocks "
            "every writer, and a writer every reader. Close it and run this step again; nothing "
            "was changed."
        )


class WarehouseVersionError(WarehouseError):
    """The file was laid out by another version of gem-assets than this one."""
