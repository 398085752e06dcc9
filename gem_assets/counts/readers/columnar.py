"""Counts in an Arrow table (parquet, feather): which columns name, describe, and count."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.readers.text_layout import ANNOTATIONS, SECOND_NAMES, heading
from gem_assets.counts.readers.wide_table import WideTable
from gem_assets.problems import RefusedInputError, refuse

_ENTREZ = frozenset(["geneid", "entrez_id", "entrezid", "entrez", "entrezgene"])
"""Headings of a first column of numbers that names genes."""

_UNNAMED_INDEX = "__index_level_"


@dataclass(frozen=True, slots=True)
class _Columns:
    """Positions of columns: of names (one or two), of annotations of genes, of counts."""

    names: list[int]
    ignored: list[int]
    counts: list[int]


def wide_table_of(table: pa.Table) -> WideTable:
    """Return the counts of an Arrow table.

    The rows are named by pandas's index, where the file says which columns that is, else by the
    first column if it holds text (or is headed as Entrez ids); another column of text may name
    them once more.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``no_rows, no_names, no_samples, unnamed_column, not_a_number, missing_value`` or
        ``infinite_value``.
    """
    if not table.num_rows:
        raise refuse("no_rows", "the table has no rows.", "Write the counts again.")
    columns = _columns(table)
    names = [_texts(table, i) for i in columns.names]
    headings = table.column_names
    corner = headings[columns.names[0]]
    values = [_values(table, i, names[0]) for i in columns.counts]
    return WideTable(
        row_names=names[0],
        second_names=names[1] if len(names) > 1 else None,
        second_heading=headings[columns.names[1]] if len(names) > 1 else None,
        columns=[headings[i] for i in columns.counts],
        ignored=tuple(headings[i] for i in columns.ignored),
        counts=_sparse(values, table.num_rows),
        corner="" if corner.startswith(_UNNAMED_INDEX) else corner,
    )


def _columns(table: pa.Table) -> _Columns:
    headings = table.column_names
    index = [headings.index(name) for name in _pandas_index(table) if name in headings]
    texts = [i for i in range(table.num_columns) if _is_text(table.schema.field(i).type)]
    first = next(iter(headings), "")
    if index:
        names = index
    elif 0 in texts or heading(first) in _ENTREZ:
        names = [0]
    elif texts:
        names = texts[:1]
    else:
        raise refuse(
            "no_names",
            "no column names the rows: there is no index, and no column of text.",
            "Write the table with its index, or with gene_id or sample_id as the first column.",
        )
    others = [i for i in range(table.num_columns) if i not in names]
    if len(names) == 1:
        second = next(
            (i for i in others if i in texts and heading(headings[i]) in SECOND_NAMES), None
        )
        unexplained = [i for i in others if i in texts and heading(headings[i]) not in ANNOTATIONS]
        if second is None and len(unexplained) == 1 and unexplained[0] == others[0]:
            second = unexplained[0]
        names = names if second is None else [*names, second]
    ignored = [i for i in others if i not in names and _annotates(table, i, others, names)]
    counts = [i for i in others if i not in names and i not in ignored]
    return _Columns(names[:2], ignored + names[2:], counts)


def _pandas_index(table: pa.Table) -> list[str]:
    """Return the columns that pandas wrote of an index; none of a range of numbers."""
    try:
        metadata = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        index = metadata.get("index_columns", [])
        return [name for name in index if isinstance(name, str)]
    except (ValueError, AttributeError):
        return []


def _annotates(table: pa.Table, column: int, others: list[int], names: list[int]) -> bool:
    """Tell a column that describes genes: of text anywhere, of numbers before the first sample."""
    if heading(table.column_names[column]) not in ANNOTATIONS:
        return False
    leading = all(
        i in names or heading(table.column_names[i]) in ANNOTATIONS for i in others if i < column
    )
    return leading or _is_text(table.schema.field(column).type)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _texts(table: pa.Table, column: int) -> list[str]:
    texts = table.column(column).to_pylist()
    heading_of = table.column_names[column]
    for row, text in enumerate(texts, start=1):
        if text is None and column == 0:
            raise refuse(
                "missing_value",
                f"row {row} has no name in the column {heading_of!r}.",
                "Name every row, or remove it.",
            )
    return ["" if text is None else str(text).strip() for text in texts]


def _values(table: pa.Table, column: int, row_names: list[str]) -> NDArray[np.number]:
    """Return the numbers of a column, shape (n_rows,), each of them finite."""
    name, kind = table.column_names[column], table.schema.field(column).type
    if not _is_number(kind):
        raise refuse(
            "not_a_number",
            f"the column {name!r} holds {kind}, not numbers.",
            "Every column after the names must hold counts: remove other columns (sample labels "
            "belong in samples.csv).",
        )
    values = table.column(column)
    if pa.types.is_decimal(kind):
        values = values.cast(pa.float64())
    if values.null_count:
        row = values.is_null().to_pylist().index(True)
        raise _bad("missing_value", row, row_names, name, "is empty: a count is missing")
    numbers = cast("NDArray[np.number]", values.to_numpy())
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(numbers)))
        if np.isnan(numbers[row]):
            raise _bad("missing_value", row, row_names, name, "is NaN: a count is missing")
        raise _bad("infinite_value", row, row_names, name, "is infinite, no count")
    return numbers


def _bad(code: str, row: int, row_names: list[str], column: str, said: str) -> RefusedInputError:
    return refuse(
        code,
        f"the cell in row {row + 1} ({row_names[row]!r}), column {column!r} {said}.",
        "Write 0 where no read was counted, and remove genes or samples not measured."
        if code == "missing_value"
        else "Export the raw counts again, before any division or logarithm.",
    )


def _sparse(columns: list[NDArray[np.number]], n_rows: int) -> sparse.csr_array:
    """Join columns into a matrix of columns x rows."""
    found = [np.flatnonzero(column).astype(np.int32) for column in columns]
    indptr = np.concatenate([[0], np.cumsum([len(rows) for rows in found])]).astype(np.int64)
    kinds = {column.dtype.kind for column in columns}
    data = np.empty(indptr[-1], np.float64 if "f" in kinds else np.int64)
    for (start, end), column, rows in zip(pairwise(indptr), columns, found, strict=True):
        data[start:end] = column[rows]
    indices = np.concatenate(found) if found else np.empty(0, np.int32)
    return sparse.csr_array((data, indices, indptr), shape=(len(columns), n_rows))
