"""Find what is wrong in a text file that the fast reader could not read, and where.

Slow (Python's ``csv``, a cell at a time) and thorough; run only to word a refusal.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gem_assets.counts.orientation import Orientation, orient
from gem_assets.counts.readers.text_layout import (
    MISSING,
    NUMBER,
    TextLayout,
)
from gem_assets.counts.readers.text_lines import decode, read_lines, refuse_carriage_returns
from gem_assets.counts.readers.wide_table import thousands_separators
from gem_assets.problems import RefusedInputError, refuse

_LISTED = 100

_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([,.' \u00a0\u202f])\d{3})(?:\1\d{3})*", re.ASCII)
"""Numbers such as 1,234 and 1.234.567, or with apostrophes or (narrow no-break) spaces."""

_DECIMAL = re.compile(r"[+-]?(?:\d*,(?!\d{3}$)\d+|0,\d+)", re.ASCII)
"""Numbers such as 0,5 and 12,25, whose comma can't set thousands apart."""

_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _BadCell:
    line: int
    row: str
    column: int
    text: str


def find_fault(file: BinaryIO, layout: TextLayout) -> RefusedInputError | None:
    """Return the refusal for the first thing wrong in the file, or None if nothing is found.

    Parameters
    ----------
    file
        The file from its beginning.
    layout
        What ``find_layout`` told of it.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If a line is not UTF-8, or holds carriage returns before its end.
    """
    row_names: list[str] = []
    bad: list[_BadCell] = []
    n_bad = 0
    width = len(layout.columns) + 1
    reader = csv.reader(_decoded(file), delimiter=layout.delimiter)
    try:
        for cells in reader:
            if not cells or reader.line_num <= layout.header_lines:
                continue
            if len(cells) != width:
                return _ragged(reader.line_num, cells, width)
            row_names.append(cells[0].strip())
            for column in layout.value_columns:
                text = cells[column + 1].strip()
                if not (NUMBER.fullmatch(text) and math.isfinite(float(text))):
                    n_bad += 1
                    if len(bad) < _LISTED:
                        bad.append(_BadCell(reader.line_num, row_names[-1], column, text))
    except csv.Error:
        return None  # a cell beyond csv's limit: this file is stranger than we can explain
    return _bad_cells(layout, row_names, bad, n_bad) if bad else None


def _decoded(file: BinaryIO) -> Iterator[str]:
    for number, line in read_lines(file):
        refuse_carriage_returns(line, number)
        yield decode(line, number)


def _ragged(line: int, cells: list[str], width: int) -> RefusedInputError:
    return refuse(
        "ragged_rows",
        f"row {line} (starting {cells[0]!r}) has {len(cells)} cells, but the header makes "
        f"{width} columns.",
        "Write the file again with the same number of columns in every row; if this is the last "
        "row, the file was cut off.",
    )


def _bad_cells(
    layout: TextLayout, row_names: list[str], bad: list[_BadCell], n_bad: int
) -> RefusedInputError:
    orientation = _orientation(layout, row_names)
    first = bad[0]
    place = _place(first, layout, orientation)
    if first.text.lower() in MISSING:
        said = "is empty" if not first.text else f"is {first.text!r}"
        code, sentence = "missing_value", f"the cell in {place} {said}: a count is missing"
        action = "Write 0 where no read was counted, and remove genes or samples not measured."
    elif _is_infinite(first.text):
        code, sentence = "infinite_value", f"the cell in {place} is {first.text!r}, no count"
        action = "Export the raw counts again, before any division or logarithm."
    elif _GROUPED.fullmatch(first.text) and not any(_DECIMAL.fullmatch(c.text) for c in bad):
        (problem,) = thousands_separators(f"the cell in {place} is {first.text!r}").problems
        code, sentence, action = problem.code, problem.sentence.removesuffix("."), problem.action
    elif _COMMA.fullmatch(first.text):
        code = "decimal_commas"
        sentence = f"the cell in {place} is {first.text!r}, with a comma for its decimal point"
        action = "Export the table again with decimal points: 0.5, not 0,5."
    else:
        code, sentence = "not_a_number", f"the cell in {place} is {first.text!r}, not a number"
        action = (
            "Every column after the names must hold counts: remove other columns "
            "(sample labels belong in samples.csv), or correct the cell."
        )
    others = f"; {n_bad - 1} more cells are bad" if n_bad > 1 else ""
    where = tuple(f"{_place(cell, layout, orientation)}: {cell.text!r}" for cell in bad)
    return refuse(code, f"{sentence}{others}.", action, where)


def _is_infinite(text: str) -> bool:
    """Tell whether the text says infinity, or a number beyond float64 such as 1e999."""
    try:
        return math.isinf(float(text))
    except ValueError:
        return False


def _orientation(layout: TextLayout, row_names: list[str]) -> Orientation | None:
    try:
        columns = [layout.columns[i] for i in layout.value_columns]
        return orient(row_names, columns, layout.corner).orientation
    except RefusedInputError:
        return None


def _place(cell: _BadCell, layout: TextLayout, orientation: Orientation | None) -> str:
    row, column = {
        "genes x samples": ("gene ", "sample "),
        "samples x genes": ("sample ", "gene "),
        None: ("", ""),
    }[orientation]
    return (
        f"row {cell.line} ({row}{cell.row!r}), column {cell.column + 2} "
        f"({column}{layout.columns[cell.column]!r})"
    )
