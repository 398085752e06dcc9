"""Rows of a matrix in an HDF5 file, some at a time: dense, CSR, or CSC."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix, narrowest, row_runs
from gem_assets.problems import RefusedInputError, refuse

if TYPE_CHECKING:
    import h5py

_RECHUNKED = 4
"""A run of dense rows may grow to so many times its size, to end where a chunk of the file ends."""


def shape_of(node: h5py.Group | h5py.Dataset) -> tuple[int, ...]:
    """Return the shape that a stored matrix says it has; samples x genes."""
    import h5py

    if isinstance(node, h5py.Dataset):
        return tuple(int(n) for n in node.shape)
    if "shape" in node:  # 10x: features x cells, by columns, so the cells are rows
        n_features, n_cells = (int(n) for n in node["shape"][:])
        return (n_cells, n_features)
    # anndata before 0.7 had another name for it.
    shape = node.attrs["shape"] if "shape" in node.attrs else node.attrs["h5sparse_shape"]
    return tuple(int(n) for n in shape)


def stored_rows(node: h5py.Group | h5py.Dataset, values: int) -> Iterator[sparse.csr_array]:
    """Yield the rows of a stored matrix in their order, about so many stored values at a time.

    Of a CSC matrix, which lies by columns, a copy by rows is made in a temporary file first: it
    takes 4 bytes and twice those of an index for each stored value.

    Parameters
    ----------
    node
        A dataset of two dimensions, or a group ``data``, ``indices``, ``indptr``.
    values
        Stored values in memory at a time; of a dense matrix, its cells.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If its parts contradict each other (``damaged_matrix``).
    """
    import h5py

    if isinstance(node, h5py.Dataset):
        yield from (sparse.csr_array(node[rows]) for rows in dense_runs(node, values))
    elif _lies_by_columns(node):
        yield from _rows_of_columns(node, values)
    else:
        yield from _lines(node, values)


def named_chunks(
    rows: Iterator[sparse.csr_array],
    sample_ids: tuple[str, ...],
    gene_ids: tuple[str, ...],
    gene_symbols: tuple[str, ...] | None,
) -> Iterator[CountMatrix]:
    """Yield runs of rows with their names, in the narrowest type that holds them.

    Values that are not finite stay as they are: whoever judges the counts names them.
    """
    start = 0
    for part in rows:
        stop = start + part.shape[0]
        finite = part.dtype.kind != "f" or np.isfinite(part.data).all()
        counts = narrowest(part) if finite else part
        yield CountMatrix(sample_ids[start:stop], gene_ids, counts, gene_symbols)
        start = stop


def dense_runs(node: h5py.Dataset, values: int) -> list[slice]:
    """Cut the rows of a dense matrix into runs that end where the file's own chunks do."""
    if node.ndim == 0:
        return []
    width = max(1, int(np.prod(node.shape[1:])))
    step = max(1, values // width)
    if node.chunks is not None and node.chunks[0] * width <= _RECHUNKED * values:
        step = max(step // node.chunks[0], 1) * node.chunks[0]
    return [slice(start, start + step) for start in range(0, node.shape[0], step)]


def _lies_by_columns(node: h5py.Group) -> bool:
    encoding = node.attrs.get("encoding-type", node.attrs.get("h5sparse_format", "csr"))
    return (encoding.decode() if isinstance(encoding, bytes) else str(encoding)).startswith("csc")


def _lines(
    node: h5py.Group, values: int, *, by_columns: bool = False
) -> Iterator[sparse.csr_array]:
    """Yield the lines that a sparse matrix is stored by, rows or columns, as rows."""
    shape = shape_of(node)
    n_lines, length = reversed(shape) if by_columns else shape
    data, indices = node["data"], node["indices"]
    if node["indptr"].shape != (n_lines + 1,) or data.shape != indices.shape or data.ndim != 1:
        raise _damaged(
            f"it says that it is {shape[0]} x {shape[1]}, but has {node['indptr'].size} offsets, "
            f"{indices.size} indices and {data.size} values"
        )
    indptr = node["indptr"][:].astype(np.int64)
    if indptr[0] != 0 or indptr[-1] != data.shape[0] or np.any(indptr[1:] < indptr[:-1]):
        raise _damaged("its offsets don't ascend from 0 to the number of its values")
    width = np.int32 if length < 2**31 else np.int64
    for lines in row_runs(indptr, values):
        stored = slice(int(indptr[lines.start]), int(indptr[lines.stop]))
        found = indices[stored].astype(width, copy=False)
        if found.size and (found.min() < 0 or found.max() >= length):
            raise _damaged(
                f"it has an index of {found.max() if found.max() >= length else found.min()}, "
                f"expected 0 to {length - 1}"
            )
        offsets = (indptr[lines.start : lines.stop + 1] - stored.start).astype(width)
        yield sparse.csr_array(
            (data[stored], found, offsets), shape=(lines.stop - lines.start, length)
        )


def _rows_of_columns(node: h5py.Group, values: int) -> Iterator[sparse.csr_array]:
    """Sort a matrix that lies by columns into runs of rows, on disk, and yield the runs.

    The columns are gone through twice: once to count each row's values, which tells the runs and
    where each lies in the temporary file, and once to write every value where its run lies.
    """
    n_rows, n_columns = shape_of(node)
    lengths = np.zeros(n_rows, dtype=np.int64)
    for columns in _lines(node, values, by_columns=True):
        lengths += np.bincount(columns.indices, minlength=n_rows)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    runs = list(row_runs(indptr, values))
    bounds = np.array([run.start for run in runs] + [n_rows])
    dtype = node["data"].dtype
    with tempfile.TemporaryFile() as file:
        sorted_rows = _RowsOnDisk(file, indptr[bounds], dtype)
        first = 0
        for columns in _lines(node, values, by_columns=True):
            by_row = columns.T.tocsr()
            for number, (start, stop) in enumerate(pairwise(bounds)):
                part = by_row.indptr[start : stop + 1]
                stored = slice(part[0], part[-1])
                rows = np.repeat(np.arange(stop - start, dtype=np.int32), np.diff(part))
                genes = by_row.indices[stored].astype(np.int32) + np.int32(first)
                sorted_rows.append(number, rows, genes, by_row.data[stored])
            first += columns.shape[0]
        for number, (start, stop) in enumerate(pairwise(bounds)):
            rows, genes, data = sorted_rows.run(number)
            triplets = sparse.coo_array((data, (rows, genes)), shape=(stop - start, n_columns))
            yield triplets.tocsr()


class _RowsOnDisk:
    """Runs of rows in a file, each with room for its rows, columns and values."""

    def __init__(self, file: IO[bytes], ends: NDArray[np.int64], dtype: np.dtype[Any]):
        self._file = file
        self._dtypes = (np.dtype(np.int32), np.dtype(np.int32), dtype)
        self._lengths = np.diff(ends)
        self._starts = ends[:-1] * sum(d.itemsize for d in self._dtypes)
        self._written = np.zeros(len(self._lengths), dtype=np.int64)

    def append(self, run: int, *parts: NDArray[Any]) -> None:
        """Add rows, columns and values to a run."""
        for part, at, dtype in zip(parts, self._places(run), self._dtypes, strict=True):
            self._file.seek(at + int(self._written[run]) * dtype.itemsize)
            self._file.write(np.ascontiguousarray(part, dtype=dtype).data)
        self._written[run] += len(parts[0])

    def run(self, run: int) -> tuple[NDArray[Any], ...]:
        """Return rows, columns and values of a run, in the order they were added."""
        parts = []
        for at, dtype in zip(self._places(run), self._dtypes, strict=True):
            part = np.empty(int(self._lengths[run]), dtype=dtype)
            self._file.seek(at)
            self._file.readinto(part.view(np.uint8).data)  # type: ignore[attr-defined]
            parts.append(part)
        return tuple(parts)

    def _places(self, run: int) -> Iterator[int]:
        at = int(self._starts[run])
        for dtype in self._dtypes:
            yield at
            at += int(self._lengths[run]) * dtype.itemsize


def _damaged(what: str) -> RefusedInputError:
    return refuse(
        "damaged_matrix",
        f"the stored matrix contradicts itself: {what}.",
        "Write or download the file again.",
    )
