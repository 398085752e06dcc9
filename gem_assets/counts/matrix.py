"""The one representation of counts: samples x genes, sparse, with its names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.problems import refuse

VALUES_A_CHUNK = 2**22
"""Stored values of a chunk, about: 50 MB as float64 with their indices."""


class Counts(Protocol):
    """Counts of a dataset, of which some rows at a time come into memory.

    A `CountMatrix` is one that is in memory already; a reader of large files gives one that reads
    the file each time it is gone through.
    """

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """Unique names of the samples, in the order of the rows."""
        ...

    @property
    def gene_ids(self) -> tuple[str, ...]:
        """Names of the genes, in the order of the columns; may repeat."""
        ...

    @property
    def gene_symbols(self) -> tuple[str, ...] | None:
        """A second name of each gene, None where there is none."""
        ...

    def chunks(self, values: int = VALUES_A_CHUNK) -> Iterator[CountMatrix]:
        """Yield all rows in their order, in runs of about so many stored values.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If the rows can't be read to the end.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CountMatrix:
    """Raw counts of a dataset, bulk or single cell.

    Attributes
    ----------
    sample_ids
        Unique names of the samples (cells in single-cell data), one a row.
    gene_ids
        Names of the genes as the file gives them, one a column; may repeat.
    counts
        ``scipy.sparse.csr_array``, samples x genes, any real dtype. Unit: reads or UMIs. Made
        canonical (sorted indices, no duplicates, no stored zeros); an array that isn't yet is
        copied first, never changed under its owner's hands.
    gene_symbols
        A second name of each gene where the file has one, else None.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If a sample name occurs twice.
    ValueError
        If names and matrix disagree in shape.
    """

    sample_ids: tuple[str, ...]
    gene_ids: tuple[str, ...]
    counts: sparse.csr_array
    gene_symbols: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        expected = (len(self.sample_ids), len(self.gene_ids))
        if self.counts.shape != expected:
            raise ValueError(
                f"counts have shape {self.counts.shape}, but there are {expected[0]} sample ids "
                f"and {expected[1]} gene ids"
            )
        if self.gene_symbols is not None and len(self.gene_symbols) != len(self.gene_ids):
            raise ValueError(
                f"{len(self.gene_symbols)} gene symbols for {len(self.gene_ids)} gene ids"
            )
        require_unique(self.sample_ids)
        if not self.counts.has_canonical_format or not np.all(self.counts.data):
            canonical = self.counts.copy()
            canonical.sum_duplicates()
            canonical.eliminate_zeros()
            object.__setattr__(self, "counts", canonical)

    @classmethod
    def of(cls, counts: Counts) -> CountMatrix:
        """Return all rows of counts in memory."""
        if isinstance(counts, cls):
            return counts
        chunks = [chunk.counts for chunk in counts.chunks()]
        shape = (len(counts.sample_ids), len(counts.gene_ids))
        whole = (
            sparse.vstack(chunks, format="csr") if chunks else sparse.csr_array(shape, dtype="i4")
        )
        return cls(counts.sample_ids, counts.gene_ids, sparse.csr_array(whole), counts.gene_symbols)

    def chunks(self, values: int = VALUES_A_CHUNK) -> Iterator[CountMatrix]:
        """Yield all rows in their order, as `Counts.chunks` does; no value is copied."""
        for rows in row_runs(self.counts.indptr, values):
            part = rows_of(self.counts, rows)
            yield CountMatrix(self.sample_ids[rows], self.gene_ids, part, self.gene_symbols)

    @property
    def n_samples(self) -> int:
        """Number of samples (rows)."""
        return len(self.sample_ids)

    @property
    def n_genes(self) -> int:
        """Number of genes (columns)."""
        return len(self.gene_ids)

    @property
    def total_counts(self) -> NDArray[np.float64]:
        """Library size of each sample: sum of its counts, shape (n_samples,); nan if inf - inf."""
        # Counts of which there is no sum are refused by their values.
        with np.errstate(invalid="ignore", over="ignore"):
            return np.asarray(self.counts.sum(axis=1, dtype=np.float64)).ravel()

    @property
    def detected_genes(self) -> NDArray[np.int64]:
        """Number of genes with a count above 0 in each sample, shape (n_samples,)."""
        return np.diff(self.counts.indptr).astype(np.int64)


def require_unique(sample_ids: Sequence[str]) -> None:
    """Refuse names that are not each a sample's own.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        Naming those that occur twice.
    """
    if len(set(sample_ids)) == len(sample_ids):
        return
    twice = tuple(name for name, n in Counter(sample_ids).items() if n > 1)
    raise refuse(
        "duplicate_sample_ids",
        f"{len(twice)} sample name(s) occur more than once, the first is {twice[0]!r}; "
        "every sample needs a name of its own.",
        "Rename or merge the repeated samples in the counts file.",
        twice[:100],
    )


def row_runs(indptr: NDArray[np.integer], values: int) -> Iterator[slice]:
    """Cut rows into runs of at most so many stored values, but at least a row each.

    Parameters
    ----------
    indptr
        Where each row begins among the stored values, and where the last ends: n + 1 numbers.
    values
        The most values of a run.
    """
    n_rows = len(indptr) - 1
    start = 0
    while start < n_rows:
        full = int(indptr[start]) + values
        stop = max(start + 1, int(np.searchsorted(indptr, full, side="right")) - 1)
        yield slice(start, min(stop, n_rows))
        start = stop


def rows_of(counts: sparse.csr_array, rows: slice) -> sparse.csr_array:
    """Return some rows without copying their values, as slicing would; ``rows`` has no step."""
    indptr = counts.indptr[rows.start : rows.stop + 1]
    values = slice(indptr[0], indptr[-1])
    # Offsets of another width than the indices would have scipy copy and widen these.
    offsets = (indptr - indptr[0]).astype(counts.indices.dtype, copy=False)
    return sparse.csr_array(
        (counts.data[values], counts.indices[values], offsets),
        shape=(rows.stop - rows.start, counts.shape[1]),
    )


def narrowest(counts: sparse.csr_array) -> sparse.csr_array:
    """Return the counts as int32 where every value is whole and fits, else int64, else float64.

    Raises
    ------
    ValueError
        If a value is NaN or infinite: a reader names its cell before it comes here.
    """
    data = counts.data
    if not np.all(np.isfinite(data)):
        raise ValueError("counts hold NaN or infinite values, which no integer can stand for")
    if data.dtype.kind not in "iu" and not np.array_equal(data, np.rint(data)):
        return counts.astype(np.float64, copy=False)
    largest = max(abs(float(data.max())), abs(float(data.min()))) if data.size else 0.0
    return counts.astype(np.int32 if largest < 2**31 else np.int64, copy=False)
