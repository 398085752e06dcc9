"""The text of a sheet's file, whatever wrote it: compression, encoding, and what is no text."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.problems import RefusedInputError, refuse

if TYPE_CHECKING:
    from upath import UPath

MAX_SHEET_BYTES = 256 * 1024 * 1024
"""Largest sheet that is read, decompressed. A row of 200 columns and 2 kB for each of 100,000
samples is 200 MB; what is larger is no sheet, or a decompression bomb."""

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # .xls of Excel 97 to 2003
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}

Row = tuple[int, list[str]]
"""Number of the line that a row ends in, from 1, and its cells without surrounding white space."""


@dataclass(frozen=True)
class SheetText:
    """A sheet before it is known of which format it is.

    Attributes
    ----------
    text
        All of it, without a byte order mark.
    source
        Its name in messages.
    notes
        What was assumed of its encoding.
    """

    text: str
    source: str
    notes: tuple[str, ...] = ()

    @cached_property
    def delimiter(self) -> str:
        """Tab, comma or semicolon, whichever the first line that has any has most of."""
        lines = io.StringIO(self.text, newline=None)
        first = next((line for line in lines if any(d in line for d in "\t,;")), "")
        return max("\t,;", key=lambda d: (first.count(d), d == "\t"))

    @cached_property
    def header(self) -> tuple[str, ...]:
        """Cells of the first line, as far as they can be told; for recognising a format."""
        try:
            cells = next(csv.reader([self._first_line()], delimiter=self.delimiter), [])
        except csv.Error:
            cells = []
        return tuple(cell.strip() for cell in cells)

    def rows(self, escape: str | None = None) -> list[Row]:
        r"""Return the rows that hold any text.

        Parameters
        ----------
        escape
            Character that takes the meaning from a separator: ``\`` in NCBI's run tables.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If quotation marks are not closed.
        """
        reader = csv.reader(
            io.StringIO(self.text, newline=""),
            delimiter=self.delimiter,
            escapechar=escape,
            strict=True,
        )
        rows = []
        try:
            for cells in reader:
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    rows.append((reader.line_num, stripped))
        except csv.Error as error:
            raise refuse(
                "sample_sheet_malformed",
                f"{self.source}, line {reader.line_num}: {error}.",
                "Look for a quotation mark that is opened and not closed.",
            ) from error
        return rows

    def _first_line(self) -> str:
        lines = io.StringIO(self.text, newline=None)
        return next((line.rstrip("\n") for line in lines if line.strip()), "")


def read_sheet_text(path: Path | UPath, source: str) -> SheetText:
    """Read a text file, gzipped or not; ``source`` is its name in messages.

    UTF-8, or UTF-16 with its byte order mark (Excel's "Unicode Text"). Series matrix files of GEO
    that are not UTF-8 are read as Latin-1, for submitters' texts are in them as they came.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it is missing, damaged, an Excel workbook, binary, too large or of another encoding.
    """
    content = _content(path, source)
    if encoding := _UTF_16.get(content[:2]):
        return _utf_16(content[2:], encoding, source)
    if content[:4] in (_ZIP, _OLE):
        raise _workbook(content, source)
    if b"\x00" in content:
        raise refuse(
            "sample_sheet_not_text",
            f"{source} is not text: it holds zero bytes, as binary data and UTF-16 without a byte "
            "order mark do.",
            "Save the sheet as CSV (UTF-8).",
        )
    try:
        return SheetText(content.decode("utf-8-sig"), source)
    except UnicodeDecodeError as error:
        if content.startswith(b"!"):
            note = "The file is not UTF-8 and was read as Latin-1."
            return SheetText(content.decode("latin-1"), source, (note,))
        raise _not_utf_8(content, error, source) from error


def _content(path: Path | UPath, source: str) -> bytes:
    try:
        with path.open("rb") as file:
            content: bytes = file.read(MAX_SHEET_BYTES + 1)
    except FileNotFoundError as error:
        raise refuse(
            "sample_sheet_missing",
            f"There is no sample sheet at {source}.",
            "Give the path of a CSV or TSV file with one row a sample.",
        ) from error
    except (IsADirectoryError, PermissionError) as error:
        what = "a folder" if isinstance(error, IsADirectoryError) else "not readable by this user"
        raise refuse(
            "sample_sheet_unreadable",
            f"{source} is {what}.",
            "Give the path of a CSV or TSV file with one row a sample.",
        ) from error
    if content.startswith(_GZIP):
        try:
            with gzip.open(io.BytesIO(content)) as decompressed:
                content = decompressed.read(MAX_SHEET_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise refuse(
                "sample_sheet_unreadable",
                f"{source} is gzipped, but damaged or cut short ({error}).",
                "Copy or compress the file again.",
            ) from error
    if len(content) > MAX_SHEET_BYTES:
        raise refuse(
            "sample_sheet_too_large",
            f"{source} holds more than {MAX_SHEET_BYTES // 2**20} MiB of text; expected one row a "
            "sample.",
            "Check that this is the sample sheet, and not the counts.",
        )
    return content


def _utf_16(content: bytes, encoding: str, source: str) -> SheetText:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise refuse(
            "sample_sheet_not_text",
            f"{source} begins as UTF-16 text, but is damaged or cut short at byte {error.start}.",
            "Save the sheet as CSV (UTF-8).",
        ) from error
    return SheetText(text, source, ("The file is UTF-16 text, as Excel saves 'Unicode Text'.",))


def _workbook(content: bytes, source: str) -> RefusedInputError:
    if b"opendocument.spreadsheet" in content[:256]:
        what = "an OpenDocument workbook"
    elif content.startswith(_OLE) or b"xl/" in content[:65_536] or b"xl/" in content[-65_536:]:
        what = "an Excel workbook"
    else:
        what = "a zip archive, or looks like an Excel workbook"
    return refuse(
        "sample_sheet_workbook",
        f"{source} is {what}, not text.",
        "Open the sheet with the samples and save it with File > Save As > 'CSV UTF-8 (comma "
        "delimited) (*.csv)'.",
    )


def _not_utf_8(content: bytes, error: UnicodeDecodeError, source: str) -> RefusedInputError:
    line = content.count(b"\n", 0, error.start) + 1
    begin = content.rfind(b"\n", 0, error.start) + 1
    end = content.find(b"\n", error.start)
    shown = content[begin : end if end >= 0 else None].decode("cp1252", "replace").strip()[:80]
    return refuse(
        "sample_sheet_not_utf8",
        f"{source}, line {line}: byte {content[error.start]:#04x} is not UTF-8. Read as "
        f"Windows-1252 (Latin-1) the line is {shown!r}.",
        "Save the sheet as CSV (UTF-8).",
    )
