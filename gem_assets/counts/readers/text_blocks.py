"""Parse delimited text into names and a sparse matrix, block by block, some blocks at once.

By numpy, since Arrow and pandas make a column of text or floats first, zeros and all, of which a
sparse matrix is made by another pass or two (measured in ``benchmarks/reading.py``).
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv
from scipy import sparse

from gem_assets.counts.readers.text_layout import TextLayout
from gem_assets.counts.readers.text_lines import LONGEST_LINE
from gem_assets.counts.readers.text_numbers import LONGEST, read_numbers

_BLOCK_BYTES = 1 << 18
"""What is made of a block should fit into the processor's cache."""

LONGEST_NAME = 10_000
"""Characters of the longest name; what is longer is no name, but a damaged file."""

_THREADS = min(4, os.cpu_count() or 1)

_FIRST_ROOM = 2**20
"""Values that there is room for at first."""

_MARGIN = b"\0" * LONGEST
"""So much text stands before the first cell, for ``read_numbers`` to look back on."""

_NEWLINE, _ZERO = b"\n0"
_SPACE = re.compile(r"[^\S\n]")
_QUOTED = re.compile(r'"[^"]*"')
_UNIT_SEPARATOR = "\x1f"
_LINE_END = re.compile(rb"\r+\n")


class UnreadableBlockError(ValueError):
    """Some cell or row of a block can't be read; ``find_fault`` tells which."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """What a file holds.

    Attributes
    ----------
    row_names, second_names
        What the first column and that of second names say of each row.
    counts
        Rows x value columns, int32, int64 or float64, canonical.
    """

    row_names: list[str]
    second_names: list[str] | None
    counts: sparse.csr_array


@dataclass(frozen=True, slots=True)
class _Block:
    """The rows of a block; its values other than 0, row by row."""

    names: list[list[str]]
    values: NDArray[np.number]
    columns: NDArray[np.int32]
    values_a_row: NDArray[np.int64]


def read_table(file: BinaryIO, layout: TextLayout) -> TextTable:
    """Read a file of the layout from its beginning.

    Raises
    ------
    UnreadableBlockError
        If a row is ragged, or a cell missing, infinite or not a number.
    """
    names: list[list[str]] = [[], []]
    data, columns, values_a_row = _Growing(), _Growing(), _Growing()
    counted = np.zeros(len(layout.columns) + 1, np.bool_)
    counted[np.array(layout.value_columns, np.int64) + 1] = True
    for block in _parsed(_blocks(file, layout), layout, counted):
        for found, more in zip(names, block.names, strict=False):
            found.extend(more)
        data.append(block.values)
        columns.append(block.columns)
        values_a_row.append(block.values_a_row)
    indptr = np.concatenate([[0], values_a_row.array()]).astype(np.int64).cumsum()
    # With the wider type, scipy would copy all indices into it.
    indptr = indptr.astype(np.int32) if indptr[-1] < 2**31 else indptr
    shape = (len(names[0]), len(layout.value_columns))
    counts = sparse.csr_array((data.array(), columns.array(), indptr), shape=shape)
    return TextTable(names[0], names[1] if layout.second_name is not None else None, counts)


class _Growing:
    """An array that grows at its end: less than a list of parts and the array made of them."""

    def __init__(self) -> None:
        self._room = np.empty(_FIRST_ROOM, np.int32)
        self._length = 0

    def append(self, more: NDArray[np.number]) -> None:
        dtype = np.result_type(self._room, more)
        end = self._length + len(more)
        if end > len(self._room) or dtype != self._room.dtype:
            # Room that was never written to takes no memory yet.
            room = np.empty(max(2 * end, len(self._room)), dtype)
            room[: self._length] = self.array()
            self._room = room
        self._room[self._length : end] = more
        self._length = end

    def array(self) -> NDArray[np.number]:
        return self._room[: self._length]


def _blocks(file: BinaryIO, layout: TextLayout) -> Iterator[bytes]:
    """Yield some whole lines at a time, without the header; each ends with a line feed."""
    for _ in islice(file, layout.header_lines):
        pass
    begun = b""
    while read := file.read(_BLOCK_BYTES):
        cut = read.rfind(b"\n") + 1
        if cut:
            yield begun + read[:cut]
            begun = read[cut:]
        else:
            begun += read
            if len(begun) > LONGEST_LINE:
                raise UnreadableBlockError(f"a line is longer than {LONGEST_LINE >> 20} MB")
    if begun:
        yield begun + b"\n"


def _parsed(
    blocks: Iterator[bytes], layout: TextLayout, counted: NDArray[np.bool_]
) -> Iterator[_Block]:
    """Parse blocks in some threads (numpy lets others run), no more of them waiting than that."""
    waiting: deque[Future[_Block]] = deque()
    with ThreadPoolExecutor(_THREADS, "read-counts") as pool:
        for block in blocks:
            if len(waiting) > _THREADS:
                yield waiting.popleft().result()
            waiting.append(pool.submit(_parse, block, layout, counted))
        while waiting:
            yield waiting.popleft().result()


def _parse(block: bytes, layout: TextLayout, counted: NDArray[np.bool_]) -> _Block:
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
        if b"\r" in block and b"\r" in (block := _LINE_END.sub(b"\n", block)):
            raise UnreadableBlockError("a line holds a carriage return")
    parsed = _parse_regular(block, layout, counted, layout.delimiter, quotes=True)
    if parsed is None:
        # Delimiters within quotes, empty lines or ragged ones: let Python's csv look at it.
        block = _unquoted(block, layout)
        parsed = _parse_regular(block, layout, counted, _UNIT_SEPARATOR, quotes=False)
    if parsed is None:
        raise UnreadableBlockError("a cell holds a line break")
    return parsed


def _parse_regular(
    block: bytes,
    layout: TextLayout,
    counted: NDArray[np.bool_],
    delimiter: str,
    *,
    quotes: bool,
) -> _Block | None:
    """Parse a block whose lines all have as many delimiters as the header; else return None.

    Parameters
    ----------
    counted
        Which columns hold counts, with the first, shape (n_columns + 1,).
    quotes
        Whether a pair of quotes around a name is to be taken off; other quotes give None.
    """
    width = len(layout.columns) + 1
    text = np.frombuffer(_MARGIN + block, np.uint8)
    line_ends = text == _NEWLINE
    cell_ends = line_ends | (text == ord(delimiter))
    ends = np.flatnonzero(cell_ends).astype(np.int32)
    n_rows = int(np.count_nonzero(line_ends))
    if len(ends) != n_rows * width or not line_ends[ends[width - 1 :: width]].all():
        return None
    names = _names(block, ends.reshape(n_rows, width), layout, quotes=quotes)
    if names is None:
        return None

    # Most counts are 0: which, is told before any number is read.
    is_zero = np.zeros(len(text), np.bool_)
    np.logical_and(text[1:-1] == _ZERO, cell_ends[:-2], out=is_zero[2:])
    above_zero = ~is_zero[ends].reshape(n_rows, width)
    above_zero &= counted
    cells = np.flatnonzero(above_zero)
    last = ends[cells]
    lengths = last - ends[cells - 1] - 1
    values, strange = read_numbers(text, last, lengths)
    if strange is not None:
        firsts, lasts = (x[strange] - LONGEST for x in (last - lengths, last))
        values = values.astype(np.float64)
        values[strange] = _read_strange(
            [block[i:j] for i, j in zip(firsts.tolist(), lasts.tolist(), strict=True)], delimiter
        )
    if not values.all():  # zeros written otherwise, such as 0.000
        above_zero.ravel()[cells[values == 0]] = False
        cells, values = cells[values != 0], values[values != 0]
    column_of_cell = np.cumsum(counted, dtype=np.int32) - 1
    columns = column_of_cell[cells - cells // width * width]
    return _Block(names, _narrowest(values), columns, np.count_nonzero(above_zero, axis=1))


def _names(
    block: bytes, ends: NDArray[np.int32], layout: TextLayout, *, quotes: bool
) -> list[list[str]] | None:
    """Return the names of the rows, each column of them a list; None if quotes aren't in pairs."""
    columns = [0] if layout.second_name is None else [0, layout.second_name + 1]
    found = []
    for column in columns:
        # The first cell of a line begins behind the line before.
        firsts = ends[:, column - 1] + 1 if column else np.r_[LONGEST, ends[:-1, -1] + 1]
        cells = zip((firsts - LONGEST).tolist(), (ends[:, column] - LONGEST).tolist(), strict=True)
        try:
            text = b"\n".join([block[i:j] for i, j in cells]).decode()
        except UnicodeDecodeError as error:
            raise UnreadableBlockError(str(error)) from error
        names = text.split("\n")
        if _SPACE.search(text):
            names = [name.strip() for name in names]
        if len(text) > LONGEST_NAME and max(map(len, names)) > LONGEST_NAME:
            raise UnreadableBlockError(f"a name is longer than {LONGEST_NAME:,} characters")
        if quotes and '"' in text:
            if not all('"' not in name or _QUOTED.fullmatch(name) for name in names):
                return None
            names = [name.strip('"').strip() for name in names]
        found.append(names)
    return found


def _narrowest(values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.number]:
    """Return whole numbers as int32 or int64, where they fit."""
    largest = max(values.max(initial=0), -values.min(initial=0))
    if values.dtype == np.float64:
        # Beyond 2**53 float64 has not every whole number.
        if largest > 2**53 or not np.array_equal(values, np.rint(values)):
            return values
        values = values.astype(np.int64)
    return values.astype(np.int32) if largest < 2**31 else values


def _unquoted(block: bytes, layout: TextLayout) -> bytes:
    """Write lines again, without empty lines and quotes, separated by ``_UNIT_SEPARATOR``."""
    try:
        lines = io.StringIO(block.decode(), newline="")
        rows = [row for row in csv.reader(lines, delimiter=layout.delimiter) if row]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableBlockError(str(error)) from error
    if any(len(row) != len(layout.columns) + 1 for row in rows):
        raise UnreadableBlockError("a line is longer or shorter than the header")
    return "".join(_UNIT_SEPARATOR.join(row) + "\n" for row in rows).encode()


def _read_strange(cells: list[bytes], delimiter: str) -> NDArray[np.float64]:
    """Read what is no plain number, such as 4e1, "40", or a number of 17 digits."""
    try:
        column = arrow_csv.read_csv(
            # With a newline at the end, so that an empty last cell is a line, too.
            pa.BufferReader(b"\n".join([*cells, b""])),
            arrow_csv.ReadOptions(column_names=["count"], use_threads=False),
            arrow_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            arrow_csv.ConvertOptions(column_types={"count": pa.float64()}),
        )["count"]
    except pa.ArrowInvalid as error:
        raise UnreadableBlockError(str(error)) from error
    if len(column) != len(cells):
        raise UnreadableBlockError("a cell holds a line break")
    numbers: NDArray[np.float64] = column.to_numpy()
    if not np.isfinite(numbers).all():
        raise UnreadableBlockError("a cell is empty, NaN or infinite")
    return numbers
