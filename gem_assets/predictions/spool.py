"""Counts on disk: a dataset's rows, of which a chunk at a time comes into memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


class SpooledCounts:
    """Rows of counts in a temporary file; made by `spool_counts`.

    It is indexed as a matrix is, ``counts[rows]``. Unlike a read from the warehouse this locks
    nobody out of it for as long as the endpoint takes to answer.
    """

    def __init__(self, file: IO[bytes], n_genes: int) -> None:
        self._file = file
        self._n_genes = n_genes
        self._lengths: list[int] = []
        self._starts: NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows so far, and of genes."""
        return len(self._lengths), self._n_genes

    def append(self, counts: sparse.csr_array) -> None:
        """Add rows.

        Parameters
        ----------
        counts
            Samples x genes; kept as int32.

        Raises
        ------
        ValueError
            If they are of another number of genes.
        """
        if counts.shape[1] != self._n_genes:
            raise ValueError(f"rows of {counts.shape[1]} genes, expected {self._n_genes}")
        self._file.seek(0, 2)
        for start, end in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
            for part in (counts.indices, counts.data):
                self._file.write(np.ascontiguousarray(part[start:end], dtype=np.int32).data)
            self._lengths.append(int(end - start))
        self._starts = None

    def __getitem__(self, rows: Sequence[int] | NDArray[np.int64]) -> sparse.csr_array:
        """Return some rows, in the order given, int32."""
        if self._starts is None:
            ends = np.cumsum(np.array(self._lengths, dtype=np.int64))
            self._starts = 8 * np.concatenate([[0], ends])
            self._file.flush()
        indptr = np.cumsum([0, *(self._lengths[row] for row in rows)])
        indices, data = (np.empty(indptr[-1], dtype=np.int32) for _ in range(2))
        for i, row in enumerate(rows):
            self._file.seek(self._starts[row])
            for part in (indices, data):
                self._file.readinto(part[indptr[i] : indptr[i + 1]].data)  # type: ignore[attr-defined]
        return sparse.csr_array((data, indices, indptr), shape=(len(rows), self._n_genes))


CountRows: TypeAlias = sparse.csr_array | SpooledCounts
"""Counts, samples x genes, of which any rows can be taken: ``counts[rows]``."""


@contextmanager
def spool_counts(n_genes: int, folder: Path | str | None = None) -> Iterator[SpooledCounts]:
    """Yield room on disk for rows of counts: 8 bytes a count above 0, until the block ends.

    Parameters
    ----------
    n_genes
        Number of columns.
    folder
        Where the file lies, which no listing shows; None: where temporary files lie.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        yield SpooledCounts(file, n_genes)
