"""Tables of offenders, as Dagster shows them beside a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 100  # rows of a table in the UI; more make the event log heavy and nobody reads them


def frame_table(frame: pd.DataFrame) -> dg.TableMetadataValue:
    """Return the first rows of a frame as a table for the UI."""
    head = frame.head(_SHOWN)
    return records_table(
        [
            {str(column): _cell(value) for column, value in row.items()}
            for row in head.to_dict(orient="records")
        ],
        columns=[str(column) for column in frame.columns],
    )


def records_table(
    records: Sequence[Mapping[str, str | int | float | bool | None]],
    columns: Sequence[str] | None = None,
) -> dg.TableMetadataValue:
    """Return records as a table for the UI, the first 100 of them."""
    names = list(columns or (records[0] if records else ()))
    return dg.MetadataValue.table(
        records=[dg.TableRecord(record) for record in records[:_SHOWN]],
        schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in names]),
    )


def _cell(value: object) -> str | int | float | bool | None:
    """Return a value that Dagster can store in a table's cell."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else round(value, 4)
    return str(value)
