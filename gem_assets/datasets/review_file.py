"""The file ``review.csv`` of a dataset: what people decided about its labels.

It is the one file of a dataset that is ever written, and only when a person says so: a row is
added at its end. What stands in it already stays as it is, byte by byte.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from upath import UPath

from gem_assets.datasets.places import found_path, reaching
from gem_assets.safe_csv import plain_cell, safe_cell

if TYPE_CHECKING:
    from gem_assets.labels.delimited import DelimitedTable
    from gem_assets.labels.sheet_file import SheetText

REVIEW_NAME = "review.csv"

_GZIP = b"\x1f\x8b"


def review_path(folder: UPath) -> UPath:
    """Return where a dataset has its reviews, whether there are any or not.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``path_leaves_folder`` if it is a link that leads out of the folder.
    """
    return found_path(folder, REVIEW_NAME)


def read_review_file(path: UPath) -> DelimitedTable:
    """Read the cells as text, as `safe_csv` wrote them; an empty file has neither header nor rows.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it is no text, ragged, or its header has gaps or repeats.
    """
    from gem_assets.labels.sheet_file import read_sheet_text

    with reaching(str(path)):
        return _table(read_sheet_text(path, str(path)))


def add_review_row(path: UPath, columns: Sequence[str], cells: Mapping[str, str]) -> None:
    """Add a row at the end of the file; where there is none, make it with these columns.

    The row has the file's own columns, in its spelling, delimiter, encoding and line ends; cells
    of columns that the file lacks are left out, those that are not given stay empty. On a local
    disk a reader sees the file with the row or without it, never half of it, and of two who add at
    once both are kept.

    Parameters
    ----------
    path
        What `review_path` returned.
    columns
        The header of a new file.
    cells
        Text by the name of its column.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `read_review_file`, of the file as it is or as it would become: nothing is written then.
    OSError
        If the file can't be written.
    """
    from gem_assets.counts.readers.folder import local_path

    local = local_path(path)
    if local is None:
        with reaching(str(path)):
            path.write_bytes(_with_row(path, columns, cells))
        return
    target = local.resolve()  # of a link, what it points to
    with _alone(target.parent):
        content = _with_row(path, columns, cells)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            read_review_file(UPath(temporary))
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def _table(text: SheetText) -> DelimitedTable:
    from gem_assets.labels.delimited import DelimitedTable, delimited_table

    rows = text.rows()
    if len(rows) < 2:
        header = [name for _, cells in rows for name in cells if name]
        return DelimitedTable(tuple(header), [], ())
    table = delimited_table(text)
    cells = [[plain_cell(cell) for cell in row] for row in table.rows]
    return DelimitedTable(table.header, cells, table.lines)


def _with_row(path: UPath, columns: Sequence[str], cells: Mapping[str, str]) -> bytes:
    """Return the content of the file with a row more."""
    from gem_assets.labels.sheet_file import SheetText, read_sheet_text

    content = path.read_bytes() if path.exists() else b""
    text = read_sheet_text(path, str(path)) if content else SheetText("", str(path))
    header = _table(text).header
    if content.startswith(_GZIP):
        content = gzip.decompress(content)
    line_end = "\r\n" if "\r\n" in text.text else "\n"
    added = io.StringIO()
    writer = csv.writer(added, delimiter=text.delimiter if header else ",", lineterminator=line_end)
    if text.text and not text.text.endswith(("\n", "\r")):
        added.write(line_end)
    if not header:
        writer.writerow(columns)
    writer.writerow(safe_cell(cells.get(name.casefold(), "")) for name in header or columns)
    return content + added.getvalue().encode(_encoding(content))


def _encoding(content: bytes) -> str:
    """Return the encoding of a file that `read_sheet_text` reads."""
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    return marks.get(content[:2], "utf-8")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let others who would add a review in this folder wait."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
