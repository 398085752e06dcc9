"""Where things are in a delimited text file: delimiter, header, name columns, sample columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from gem_assets.counts.gene_names import ENSEMBL_GENE
from gem_assets.counts.orientation import GENE_CORNERS, SAMPLE_CORNERS
from gem_assets.counts.readers.text_lines import (
    decode,
    not_utf8,
    read_lines,
    refuse_carriage_returns,
)
from gem_assets.problems import refuse

DELIMITERS = ("\t", ",", ";", "|", " ")
"""In order of trust; R's ``write.table`` separates by a space."""

DELIMITER_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "vertical bar", " ": "space"}

SECOND_NAMES = frozenset([
    "gene_name", "gene_names", "gene_symbol", "gene_symbols", "symbol", "symbols", "gene", "genes",
    "gene_id", "gene_ids", "genename", "hgnc_symbol", "external_gene_name", "ensembl_gene_id",
    "ensembl_id",
])  # fmt: skip
"""Headings of a second column that names the genes once more."""

ANNOTATIONS = frozenset([
    "chr", "chrom", "chromosome", "start", "end", "stop", "strand", "length", "effective_length",
    "gene_length", "gene_type", "gene_biotype", "biotype", "description", "entrez_id", "entrezid",
    "entrezgene", "transcript_id(s)", "transcript_id", "transcript_ids",
])  # fmt: skip
"""Headings of columns that describe genes; numbers though some are, they are no samples."""

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_SEPARATED = re.compile(r"[+-]?\d+(?:[.,' \u00a0\u202f]\d+)+")

MISSING = frozenset(["", "na", "nan", "-nan", "n/a", "null", "#n/a", "none", "-"])
"""Cells that say there is no value, in lower case."""

_PEEKED_ROWS = 20
_PEEKED_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class TextLayout:
    """Layout of a table with one header.

    Attributes
    ----------
    delimiter
        One of ``DELIMITERS``.
    header_lines
        How many lines to skip before the first row.
    corner
        Heading of the first column; empty if it has none.
    columns
        Headings of the other columns.
    second_name
        Position in ``columns`` of a column that names the genes once more, or None.
    ignored
        Positions in ``columns`` of annotations of genes.
    widest_line
        Length in bytes of the longest line looked at.
    short_header
        True if the header lacks the heading of the row names, as R writes it.
    """

    delimiter: str
    header_lines: int
    corner: str
    columns: tuple[str, ...]
    second_name: int | None
    ignored: tuple[int, ...]
    widest_line: int
    short_header: bool

    @property
    def value_columns(self) -> tuple[int, ...]:
        """Positions in ``columns`` of the columns that hold counts."""
        others = {*self.ignored, self.second_name}
        return tuple(i for i in range(len(self.columns)) if i not in others)


def split(lines: list[str], delimiter: str) -> list[list[str]]:
    """Split lines into cells, with double quotes around a cell taken off."""
    return [row for row in csv.reader(lines, delimiter=delimiter) if row]


def find_delimiter(lines: list[str]) -> tuple[str, bool] | None:
    """Return the delimiter and whether every line agrees on the number of columns.

    The header may be one shorter than the rows. None if there is no second column with any.
    """
    best: tuple[bool, int, str] | None = None
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in split(lines, delimiter)]
        except csv.Error:  # a cell beyond csv's limit of 131,072 characters: hardly divided at all
            continue
        if not widths or max(widths) < 2:
            continue
        agree = len(set(widths[1:])) <= 1 and widths[0] in {widths[-1], widths[-1] - 1}
        if best is None or (agree, min(widths)) > best[:2]:
            best = (agree, min(widths), delimiter)
    return (best[2], best[0]) if best else None


def find_layout(file: BinaryIO, skipped: int = 0) -> TextLayout:
    """Read the header and the first rows, and tell the layout.

    Parameters
    ----------
    file
        The file from its beginning.
    skipped
        How many lines stand before the header.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``not_utf8``, ``line_breaks``, ``long_line``, ``no_delimiter``, ``no_rows``, ``no_header``,
        ``merged_header`` or ``unnamed_column``.
    """
    lines = _first_lines(file, skipped)[skipped:]
    found = find_delimiter(lines)
    if found is None:
        raise refuse(
            "no_delimiter",
            "its lines are not divided into columns.",
            "Separate columns by tabs or commas.",
        )
    delimiter = found[0]
    rows = split(lines, delimiter)
    header, rows = [cell.strip() for cell in rows[0]], rows[1:]
    if not rows:
        raise refuse(
            "no_rows",
            f"there is a header of {len(header)} columns and no row below it.",
            "Write the counts again; the file is probably incomplete.",
        )
    short_header = len(header) == Counter(map(len, rows)).most_common(1)[0][0] - 1
    _refuse_missing_header(header, short=short_header)
    if short_header and (heading(header[0]) in GENE_CORNERS | SAMPLE_CORNERS):
        raise refuse(
            "header_too_short",
            f"the header has {len(header)} cells, the first of them {header[0]!r}, but the rows "
            f"have {len(header) + 1}.",
            "Write the file again with as many cells in each row as in the header; if commas stand "
            "for decimal points or between thousands, write plain numbers.",
        )
    corner, columns = ("", header) if short_header else (header[0], header[1:])
    _refuse_unnamed_columns(columns, 1 if short_header else 2)
    texts = [i for i in range(len(columns)) if _is_text(rows, i + 1)]
    second_name = next((i for i in texts if heading(columns[i]) in SECOND_NAMES), None)
    ignored = _annotations(columns, texts, second_name)
    unexplained = [i for i in texts if i != second_name and i not in ignored]
    if unexplained == [0]:
        # A single text column beside the row names: names the genes whatever its heading.
        second_name = 0
    return TextLayout(
        delimiter=delimiter,
        header_lines=skipped + _lines_until_header_ends(lines, delimiter),
        corner=corner,
        columns=tuple(columns),
        second_name=second_name,
        ignored=ignored,
        widest_line=max(len(line) for line in lines),
        short_header=short_header,
    )


def _first_lines(file: BinaryIO, skipped: int) -> list[str]:
    lines: list[str] = []
    size = 0
    for number, line in read_lines(file):
        if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise not_utf8("it begins with the mark of UTF-16")
        refuse_carriage_returns(line, number)
        lines.append(decode(line, number))
        size += len(line)
        # A header and a row are needed, however long they are.
        n_lines = len(lines) - skipped
        if n_lines > _PEEKED_ROWS or (size > _PEEKED_BYTES and n_lines > 1):
            break
    return lines


def _refuse_unnamed_columns(columns: list[str], first: int) -> None:
    unnamed = [i for i, column in enumerate(columns) if not column]
    if len(unnamed) > 1 and unnamed[0] > 0 and unnamed[-1] - unnamed[0] >= len(unnamed):
        raise refuse(
            "merged_header",
            f"{len(unnamed)} of {len(columns)} columns have no name in the header (the first is "
            f"column {unnamed[0] + first}), as when cells that a spreadsheet had merged are saved "
            "as text.",
            "Write a single header line with the name of a sample over each column.",
        )
    if unnamed:
        raise refuse(
            "unnamed_column",
            f"column {unnamed[0] + first} has no name in the header.",
            "Give every column a name, or remove the empty column.",
        )


def _refuse_missing_header(header: list[str], *, short: bool) -> None:
    """Refuse a first line that begins with a gene and is no header of genes, or is all numbers."""
    first = header[0]
    by_id = ENSEMBL_GENE.match(first) is not None
    gene_first = by_id or first.startswith(("N_", "__"))
    numbers = [bool(NUMBER.fullmatch(cell)) for cell in header]
    begun = gene_first and (any(numbers) or len(header) == 1)
    # A header that begins with a gene lacks the heading of the samples' names.
    if begun or (by_id and not short) or (short and all(numbers)):
        raise refuse(
            "no_header",
            f"the first line is already a row of counts ({', '.join(header[:2])}...), so the "
            "samples have no names.",
            "Add a first line with the names of the samples.",
        )


def _lines_until_header_ends(lines: list[str], delimiter: str) -> int:
    reader = csv.reader(lines, delimiter=delimiter)
    while not next(reader):
        pass  # an empty line before the header
    return reader.line_num


def _is_text(rows: list[list[str]], column: int) -> bool:
    """Tell whether a column's cells are words: some are there, and none is a number.

    Nor are they where numbers have separators: 1,5 or 1.234.567 is a count badly written.
    """
    cells = [row[column].strip() for row in rows if len(row) > column]
    stated = [cell for cell in cells if cell.lower() not in MISSING]
    return bool(stated) and not any(
        NUMBER.fullmatch(cell) or _SEPARATED.fullmatch(cell) for cell in stated
    )


def _annotations(columns: list[str], texts: list[int], second_name: int | None) -> tuple[int, ...]:
    """Find columns that describe genes: words anywhere, numbers only before the first sample.

    So a sample that happens to be called ``start`` stays one, unless it comes first.
    """
    found: list[int] = []
    leading = True
    for i, column in enumerate(columns):
        annotates = heading(column) in ANNOTATIONS and i != second_name
        leading = leading and (annotates or i == second_name)
        if annotates and (leading or i in texts):
            found.append(i)
    return tuple(found)


def heading(name: str) -> str:
    """Return a heading as it is written in ``SECOND_NAMES`` and ``ANNOTATIONS``."""
    return name.casefold().replace(" ", "_").replace(".", "_")
