"""Bring a frame to the exact columns and types of a table, or say what does not fit."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from gem_assets.settings import Modality
from gem_assets.warehouse.contract import Table
from gem_assets.warehouse.errors import ContractError


def cast_to_contract(table: Table, frame: pa.Table | pd.DataFrame, modality: Modality) -> pa.Table:
    """Return the frame with the table's columns, in the table's order and types.

    Only casts that keep every value are made: whole numbers between number types, text to text,
    instants with a time zone to UTC, lists of these. A pandas index is not part of the frame; NaN
    in a pandas frame means missing, as it does in pandas.

    Raises
    ------
    ContractError
        Naming the missing, extra and repeated columns, or the columns whose values don't fit.
    """
    given = [str(name) for name in _column_names(frame)]
    _require_columns(table, given)
    arrays, misfits = [], []
    for field in table.arrow_schema(modality):
        try:
            arrays.append(_cast(_values(frame, field.name), field.type))
        except (pa.ArrowException, TypeError, OverflowError) as error:
            misfits.append((field, str(error).splitlines()[0]))
    if misfits:
        raise ContractError(
            table.name,
            "; ".join(f"{field.name} must be {field.type}: {why}" for field, why in misfits),
            _cases((f"is {field.type}", field.name, why) for field, why in misfits),
        )
    return pa.Table.from_arrays(arrays, schema=table.arrow_schema(modality))


def _require_columns(table: Table, given: list[str]) -> None:
    missing = [name for name in table.column_names if name not in given]
    extra = sorted(set(given) - set(table.column_names))
    repeated = sorted({name for name in given if given.count(name) > 1})
    faults = [("missing", missing), ("not in the table", extra), ("given twice", repeated)]
    sentences = [f"columns {what}: {', '.join(columns)}" for what, columns in faults if columns]
    if sentences:
        raise ContractError(
            table.name,
            "; ".join(sentences) + f" (its columns are {', '.join(table.column_names)})",
            _cases((f"column {what}", name, None) for what, columns in faults for name in columns),
        )


def _column_names(frame: pa.Table | pd.DataFrame) -> Iterable[object]:
    return frame.column_names if isinstance(frame, pa.Table) else frame.columns


def _values(frame: pa.Table | pd.DataFrame, name: str) -> pa.ChunkedArray:
    if isinstance(frame, pa.Table):
        return frame.column(name)
    array = pa.array(frame[name], from_pandas=True)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _cast(values: pa.ChunkedArray, to: pa.DataType) -> pa.ChunkedArray:
    if values.type.equals(to):
        return values
    if not _akin(values.type, to):
        raise TypeError(f"found {values.type}")
    return values.cast(to, safe=True)


def _akin(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Return whether a cast between the types keeps the meaning of a value."""
    types = pa.types
    if types.is_dictionary(found):
        found = found.value_type
    if types.is_null(found):
        return True
    if types.is_list(wanted):
        lists = types.is_list(found) or types.is_large_list(found)
        return (lists or types.is_fixed_size_list(found)) and _akin(
            found.value_type, wanted.value_type
        )
    if types.is_string(wanted):
        return any(
            is_text(found)
            for is_text in (types.is_string, types.is_large_string, types.is_string_view)
        )
    if types.is_timestamp(wanted):
        return bool(types.is_timestamp(found) and found.tz is not None)
    return bool(types.is_integer(found) or types.is_floating(found))


def _cases(faults: Iterable[tuple[str, str, str | None]]) -> pd.DataFrame:
    """Return faults of whole columns in the form of failure cases."""
    return failure_cases(
        {"check": f"{column} {check}", "column": column, "found": found}
        for check, column, found in faults
    )


CASE_COLUMNS = ("check", "column", "row", "dataset", "sample_id", "found")
"""Columns of :attr:`ContractError.failure_cases`."""


def failure_cases(cases: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Return the cases as the frame that a :class:`ContractError` carries."""
    frame = pd.DataFrame(list(cases), columns=list(CASE_COLUMNS), dtype=object)
    return frame.astype({"row": "Int64"})
