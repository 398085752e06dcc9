"""Delimited text tables with a header, read strictly: every fault names its file and line."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.problems import refuse

if TYPE_CHECKING:
    from upath import UPath


@dataclass(frozen=True, slots=True)
class DelimitedTable:
    """A table as text.

    Attributes
    ----------
    header
        Unique names, one a column.
    rows
        As many cells a row as the header has, without surrounding white space.
    lines
        The line of the file that each row ends in, from 1.
    """

    header: tuple[str, ...]
    rows: list[list[str]]
    lines: tuple[int, ...]


def read_delimited(path: Path | UPath, source: str) -> DelimitedTable:
    """Read a CSV or TSV; ``source`` is its name in messages.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it is missing, not UTF-8 text, empty, ragged, or its header has gaps or repeats.
    """
    return _with_header(_rows(_decode(path, source), source), source)


def _decode(path: Path | UPath, source: str) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise refuse(
            "sample_sheet_missing",
            f"There is no sample sheet at {source}.",
            "Give the path of a CSV or TSV file with one row a sample.",
        ) from error
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise refuse(
                "sample_sheet_unreadable",
                f"{source} is gzipped, but damaged or cut short ({error}).",
                "Copy or compress the file again.",
            ) from error
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") or b"\x00" in content:
        raise refuse(
            "sample_sheet_not_text",
            f"{source} is not UTF-8 text; it looks like an Excel workbook, UTF-16 or binary data.",
            "Save the sheet as CSV (UTF-8).",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse(
            "sample_sheet_not_utf8",
            f"{source}, line {line}: byte {content[error.start]:#04x} is not UTF-8.",
            "Save the sheet as CSV (UTF-8).",
        ) from error


def _rows(text: str, source: str) -> list[tuple[int, list[str]]]:
    """Return the rows that hold any text, each with its line number (from 1)."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max("\t,;", key=lambda d: (first.count(d), d == "\t"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append((reader.line_num, stripped))
    except csv.Error as error:
        raise refuse(
            "sample_sheet_malformed",
            f"{source}, line {reader.line_num}: {error}.",
            "Look for a quotation mark that is opened and not closed.",
        ) from error
    return rows


def _with_header(rows: list[tuple[int, list[str]]], source: str) -> DelimitedTable:
    if not rows:
        raise refuse(
            "sample_sheet_empty",
            f"{source} is empty.",
            "Expected a header with sample_id and one row a sample.",
        )
    (_, header), body = rows[0], rows[1:]
    while header and not header[-1]:  # Excel leaves empty columns at the end
        header = header[:-1]
    width = len(header)
    if not all(header):
        raise refuse(
            "sample_sheet_unnamed_column",
            f"{source}: column {header.index('') + 1} of {width} has no name.",
            "Name it in the first line, or delete it.",
        )
    repeated = [name for name, n in Counter(header).items() if n > 1]
    if repeated:
        raise refuse(
            "sample_sheet_repeated_column",
            f"{source}: the column {repeated[0]!r} occurs more than once.",
            "Keep one column of each name.",
            tuple(repeated),
        )
    if not body:
        raise refuse(
            "sample_sheet_empty",
            f"{source} has a header, but no samples.",
            "Expected one row a sample; delete the file if nothing is stated.",
        )
    for line, cells in body:
        if len(cells) < width or any(cells[width:]):
            raise refuse(
                "sample_sheet_ragged",
                f"{source}, line {line}: {len(cells)} cells, but the header has {width} columns.",
                "Put quotation marks around cells that hold the separator, or fill the row up.",
            )
    return DelimitedTable(
        tuple(header), [cells[:width] for _, cells in body], tuple(line for line, _ in body)
    )
