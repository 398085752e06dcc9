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
class _Column:
    """A column: Arrow looks names and types up anew each time they are asked of a table."""

    heading: str
    values: pa.ChunkedArray

    @property
    def is_text(self) -> bool:
        kind = self.values.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        return bool(
            pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
            or pa.types.is_string_view(kind)
        )

    @property
    def is_number(self) -> bool:
        kind = self.values.type
        return bool(
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        )

    @property
    def describes_genes(self) -> bool:
        return heading(self.heading) in ANNOTATIONS


def wide_table_of(table: pa.Table) -> WideTable:
    """Return the counts of an Arrow table.

    The rows are named by pandas's index, where the file says which columns that is, else by the
    first column if it holds text (or is headed as Entrez ids), else by the first that does; another
    column of text may name them once more.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``no_rows, no_names, no_samples, not_a_number, missing_value`` or ``infinite_value``.
    """
    if not table.num_rows or not table.num_columns:
        what = "rows" if table.num_columns else "columns"
        raise refuse("no_rows", f"the table has no {what}.", "Write the counts again.")
    columns = [_Column(*pair) for pair in zip(table.column_names, table.columns, strict=True)]
    names, others = _split_names(columns, _pandas_index(table))
    ignored = _annotations(others) + names[2:]
    counted = [column for column in others if not any(column is other for other in ignored)]
    row_names = _texts(names[0], required=True)
    corner = names[0].heading
    return WideTable(
        row_names=row_names,
        second_names=_texts(names[1]) if len(names) > 1 else None,
        second_heading=names[1].heading if len(names) > 1 else None,
        columns=[column.heading for column in counted],
        ignored=tuple(column.heading for column in ignored),
        counts=_sparse([_values(column, row_names) for column in counted], table.num_rows),
        corner="" if corner.startswith(_UNNAMED_INDEX) else corner,
    )


def _split_names(columns: list[_Column], index: list[str]) -> tuple[list[_Column], list[_Column]]:
    """Return the columns that name the rows, and the others."""
    names = [column for column in columns if column.heading in index]
    texts = [column for column in columns if column.is_text]
    if not names:
        first = columns[0]
        named = [first] if first.is_text or heading(first.heading) in _ENTREZ else texts
        if not named:
            raise refuse(
                "no_names",
                "no column names the rows: there is no index, and no column of text.",
                "Write the table with its index, or with gene_id or sample_id as its first column.",
            )
        names = named[:1]
    others = [column for column in columns if not any(column is name for name in names)]
    if len(names) == 1:
        words = [column for column in others if column.is_text and not column.describes_genes]
        second = [column for column in words if heading(column.heading) in SECOND_NAMES]
        if not second and len(words) == 1 and words[0] is others[0]:
            second = words
        names += second[:1]
        others = [column for column in others if column is not names[-1]]
    return names, others


def _annotations(columns: list[_Column]) -> list[_Column]:
    """Find columns that describe genes: of text anywhere, of numbers before the first sample."""
    n_leading = next((i for i, c in enumerate(columns) if not c.describes_genes), len(columns))
    return columns[:n_leading] + [
        column for column in columns[n_leading:] if column.describes_genes and column.is_text
    ]


def _pandas_index(table: pa.Table) -> list[str]:
    """Return the columns that pandas wrote of an index; none of a range of numbers."""
    try:
        metadata = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        index = metadata.get("index_columns", [])
        return [name for name in index if isinstance(name, str)]
    except (ValueError, AttributeError):
        return []


def _texts(column: _Column, *, required: bool = False) -> list[str]:
    texts = column.values.to_pylist()
    if required and None in texts:
        raise refuse(
            "missing_value",
            f"row {texts.index(None) + 1} has no name in the column {column.heading!r}.",
            "Name every row, or remove it.",
        )
    return ["" if text is None else str(text).strip() for text in texts]


def _values(column: _Column, row_names: list[str]) -> NDArray[np.number]:
    """Return the numbers of a column, shape (n_rows,), each of them finite."""
    name, values = column.heading, column.values
    if not column.is_number:
        raise refuse(
            "not_a_number",
            f"the column {name!r} holds {values.type}, not numbers.",
            "Every column after the names must hold counts: remove other columns (sample labels "
            "belong in samples.csv).",
        )
    if pa.types.is_decimal(values.type):
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


def _sparse(columns: list[NDArray[np.number]], n_rows: int) -> sparse.csc_array:
    """Join columns into a matrix of rows x columns."""
    found = [np.flatnonzero(column).astype(np.int32) for column in columns]
    indptr = np.concatenate([[0], np.cumsum([len(rows) for rows in found])]).astype(np.int64)
    # With the wider type, scipy would copy all indices into it.
    indptr = indptr.astype(np.int32) if indptr[-1] < 2**31 else indptr
    kinds = {column.dtype.kind for column in columns}
    data = np.empty(indptr[-1], np.float64 if "f" in kinds else np.int64)
    for (start, end), column, rows in zip(pairwise(indptr), columns, found, strict=True):
        data[start:end] = column[rows]
    indices = np.concatenate(found) if found else np.empty(0, np.int32)
    return sparse.csc_array((data, indices, indptr), shape=(n_rows, len(columns)))
