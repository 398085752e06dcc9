"""Read Matrix Market text, features x cells, as rows of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv
from scipy import sparse

from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_layout import NUMBER
from gem_assets.problems import RefusedInputError, refuse

MAGIC = b"%%MatrixMarket"

_BLOCK = 8 << 20
_SPOKEN = "row, column and count, separated by single spaces"


@dataclass(frozen=True, slots=True)
class MatrixMarketHeader:
    """What the lines before the entries say.

    Attributes
    ----------
    n_rows, n_columns, n_entries
        Features, cells, and values that are not 0.
    whole
        True if the values are integers.
    lines
        How many lines these are.
    """

    n_rows: int
    n_columns: int
    n_entries: int
    whole: bool
    lines: int


def read_header(source: CountsSource) -> MatrixMarketHeader:
    """Read the header of a Matrix Market file.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``mtx_malformed``.
    """
    lines = source.head.decode("utf-8", "replace").splitlines()
    kind = lines[0].split()[1:]
    if len(kind) < 4 or [word.lower() for word in kind[:2]] != ["matrix", "coordinate"]:
        raise _malformed(f"its first line is {lines[0][:80]!r}")
    if kind[2].lower() not in {"integer", "real"} or kind[3].lower() != "general":
        raise _malformed(f"its entries are {' '.join(kind[2:])!r}")
    for number, line in enumerate(lines[1:], 2):
        if line.startswith("%") or not line.strip():
            continue
        sizes = line.split()
        if len(sizes) != 3 or not all(size.isascii() and size.isdigit() for size in sizes):
            raise _malformed(f"line {number}, which gives its size, is {line[:80]!r}")
        n_rows, n_columns, n_entries = map(int, sizes)
        return MatrixMarketHeader(
            n_rows, n_columns, n_entries, kind[2].lower() == "integer", number
        )
    raise _malformed("no line gives its size")


def read_cells(source: CountsSource, header: MatrixMarketHeader) -> sparse.csr_array:
    """Read the entries, a block at a time.

    Returns
    -------
    Cells x features. 8 bytes a value, where entries lie by cells, as 10x writes them; three times
    as much for a moment where they don't.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``mtx_malformed`` with the line, ``mtx_incomplete``, or if its compression is damaged.
    """
    entries = _Entries(header)
    try:
        with source.arrow_stream() as stream:
            for batch in _batches(stream, header):
                rows, columns, values = (c.to_numpy(zero_copy_only=False) for c in batch.columns)
                if not entries.add(rows, columns, values):
                    raise _find_fault(source, header) or _malformed("an entry lies outside of it")
    except pa.ArrowInvalid as error:
        raise _find_fault(source, header) or _malformed(str(error).splitlines()[0]) from error
    if entries.n_entries != header.n_entries:
        raise refuse(
            "mtx_incomplete",
            f"its header announces {header.n_entries:,} entries, but there are "
            f"{entries.n_entries:,}.",
            "Copy or download the file again; it is probably cut off.",
        )
    return entries.cells()


class _Entries:
    """The entries so far, kept by cells as long as they come by cells."""

    def __init__(self, header: MatrixMarketHeader) -> None:
        self._shape: tuple[int, int] = (header.n_columns, header.n_rows)
        self._lengths = np.zeros(header.n_columns, dtype=np.int64)
        self._genes = [np.empty(0, dtype=np.int32)]
        self._values: list[NDArray[Any]] = [np.empty(0, dtype=np.int32)]
        self._cells: list[NDArray[np.int32]] | None = None
        self._last_cell = 0
        self.n_entries = 0

    def add(
        self,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        values: NDArray[np.int64] | NDArray[np.float64],
    ) -> bool:
        """Add entries, places counted from 1; False if one lies outside, or is not finite."""
        if not rows.size:
            return True
        n_cells, n_genes = self._shape
        first, last = int(columns.min()), int(columns.max())
        inside = first >= 1 and last <= n_cells and rows.min() >= 1 and rows.max() <= n_genes
        if not inside or not np.all(np.isfinite(values)):
            return False
        in_order = columns[0] >= self._last_cell and bool(np.all(columns[1:] >= columns[:-1]))
        if self._cells is None and not in_order:
            self._cells = [np.repeat(np.arange(n_cells, dtype=np.int32), self._lengths)]
        if self._cells is not None:
            self._cells.append((columns - 1).astype(np.int32))
        self._lengths[first - 1 : last] += np.bincount(columns - first)
        self._last_cell = int(columns[-1])
        self._genes.append((rows - 1).astype(np.int32))
        small = values.dtype.kind == "i" and np.abs(values).max() < 2**31
        self._values.append(values.astype(np.int32) if small else values)
        self.n_entries += len(rows)
        return True

    def cells(self) -> sparse.csr_array:
        """Return all entries; gives them up."""
        values, self._values = np.concatenate(self._values), []
        genes, self._genes = np.concatenate(self._genes), []
        if self._cells is not None:
            cells = np.concatenate(self._cells)
            triplets = sparse.coo_array((values, (cells, genes)), shape=self._shape)
            return sparse.csr_array(triplets)
        indptr = np.concatenate([[0], np.cumsum(self._lengths)])
        width = np.int32 if self.n_entries < 2**31 else np.int64
        return sparse.csr_array((values, genes, indptr.astype(width)), shape=self._shape)


def _batches(stream: pa.NativeFile, header: MatrixMarketHeader) -> csv.CSVStreamingReader:
    kinds = (pa.int64(), pa.int64(), pa.int64() if header.whole else pa.float64())
    names = ("row", "column", "value")
    return csv.open_csv(
        stream,
        read_options=csv.ReadOptions(
            use_threads=False,
            block_size=_BLOCK,
            skip_rows=header.lines,
            column_names=names,
        ),
        parse_options=csv.ParseOptions(delimiter=" ", quote_char=False),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, kinds, strict=True)), null_values=[]
        ),
    )


def _find_fault(source: CountsSource, header: MatrixMarketHeader) -> RefusedInputError | None:
    with source.bytes() as file:
        for number, line in enumerate(iter(lambda: file.readline(1 << 16), b""), 1):
            if number <= header.lines or not line.strip():
                continue
            shown = line.rstrip(b"\r\n").decode("utf-8", "replace")
            cells = shown.split(" ")
            if (
                len(cells) != 3
                or not all(cell.isascii() and cell.isdigit() for cell in cells[:2])
                or not NUMBER.fullmatch(cells[2])
                or (header.whole and not cells[2].lstrip("+-").isdigit())
            ):
                return _malformed(f"line {number} is {shown[:80]!r}")
            if not (1 <= int(cells[0]) <= header.n_rows and 1 <= int(cells[1]) <= header.n_columns):
                return _malformed(
                    f"line {number} ({shown[:80]}) lies outside of its {header.n_rows:,} x "
                    f"{header.n_columns:,} places"
                )
    return None


def _malformed(what: str) -> RefusedInputError:
    return refuse(
        "mtx_malformed",
        f"{what}, where a Matrix Market 'matrix coordinate integer general' has its size and then "
        f"lines of {_SPOKEN}, is expected.",
        "Write the matrix again, e.g. with CellRanger, or with scipy.io.mmwrite.",
    )
