"""Delimited text tables with a header, read strictly: every fault names its file and line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.labels.sheet_file import Row, SheetText, read_sheet_text
from gem_assets.problems import RefusedInputError, refuse

if TYPE_CHECKING:
    from upath import UPath


@dataclass(frozen=True, slots=True)
class DelimitedTable:
    """A table as text.

    Attributes
    ----------
    header
        Names, one a column; unique unless the format repeats some.
    rows
        As many cells a row as the header has, without surrounding white space.
    lines
        The line of the file that each row ends in, from 1.
    """

    header: tuple[str, ...]
    rows: list[list[str]]
    lines: tuple[int, ...]

    def frame(self) -> pd.DataFrame:
        """Return the cells as text under their names."""
        return pd.DataFrame(self.rows, columns=list(self.header), dtype=str)


def read_delimited(path: Path | UPath, source: str) -> DelimitedTable:
    """Read a CSV or TSV; ``source`` is its name in messages.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it is missing, no text, empty, ragged, or its header has gaps or repeats.
    """
    return delimited_table(read_sheet_text(path, source))


def delimited_table(
    text: SheetText,
    *,
    escape: str | None = None,
    unnamed_first: str | None = None,
    shifted: bool = False,
    repeats: bool = False,
) -> DelimitedTable:
    """Split a text into a table with a header.

    Parameters
    ----------
    text
        The file's text.
    escape
        See `SheetText.rows`.
    unnamed_first
        Name for a first column without one; None: refuse it.
    shifted
        Whether the header may lack the first column's cell altogether.
    repeats
        Whether columns may share a name (as ``Protocol REF`` in MAGE-TAB).

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it is empty, ragged, or its header has gaps or repeats.
    """
    rows = text.rows(escape)
    if not rows:
        raise refuse(
            "sample_sheet_empty",
            f"{text.source} is empty.",
            "Expected a header with sample_id and one row a sample.",
        )
    header, body = _header(rows, text.source, unnamed_first, shifted), rows[1:]
    if not repeats:
        _require_unique(header, text.source)
    if not body:
        raise refuse(
            "sample_sheet_empty",
            f"{text.source} has a header, but no samples.",
            "Expected one row a sample; delete the file if nothing is stated.",
        )
    width = len(header)
    for line, cells in body:
        if len(cells) < width or any(cells[width:]):
            raise _ragged(header, line, cells, text.source)
    return DelimitedTable(
        header, [cells[:width] for _, cells in body], tuple(line for line, _ in body)
    )


def _header(
    rows: list[Row], source: str, unnamed_first: str | None, shifted: bool
) -> tuple[str, ...]:
    """Return the names of the columns; empty cells at the end of the line are Excel's."""
    header = rows[0][1]
    while header and not header[-1]:
        header = header[:-1]
    if unnamed_first is not None and len(rows) > 1:
        if not header[0]:
            header = [unnamed_first, *header[1:]]
        elif shifted and all(len(cells) == len(header) + 1 for _, cells in rows[1:]):
            header = [unnamed_first, *header]
    if not all(header):
        raise refuse(
            "sample_sheet_unnamed_column",
            f"{source}: column {header.index('') + 1} of {len(header)} has no name (merged header "
            "cells are saved so).",
            "Name it in the first line, or delete it.",
        )
    return tuple(header)


def _require_unique(header: tuple[str, ...], source: str) -> None:
    repeated = [name for name, n in Counter(header).items() if n > 1]
    if repeated:
        where = [str(i + 1) for i, name in enumerate(header) if name == repeated[0]]
        raise refuse(
            "sample_sheet_repeated_column",
            f"{source}: the column {repeated[0]!r} occurs more than once (columns "
            f"{', '.join(where)}).",
            "Keep one column of each name.",
            tuple(repeated),
        )


def _ragged(header: tuple[str, ...], line: int, cells: list[str], source: str) -> RefusedInputError:
    filled = sum(map(bool, cells))
    if len(header) == 1 and filled > 1:
        return refuse(
            "sample_sheet_title",
            f"{source}: the first line holds only {header[0][:60]!r}, but line {line} has {filled} "
            "cells; expected the names of the columns first.",
            "Delete the lines above the header.",
        )
    return refuse(
        "sample_sheet_ragged",
        f"{source}, line {line}: {len(cells)} cells, but the header has {len(header)} columns.",
        "Put quotation marks around cells that hold the separator, or fill the row up.",
    )
