"""The one representation of counts: samples x genes, sparse, with its names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.problems import refuse


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
        if len(set(self.sample_ids)) != len(self.sample_ids):
            twice = tuple(name for name, n in Counter(self.sample_ids).items() if n > 1)
            raise refuse(
                "duplicate_sample_ids",
                f"{len(twice)} sample name(s) occur more than once, the first is {twice[0]!r}; "
                "every sample needs a name of its own.",
                "Rename or merge the repeated samples in the counts file.",
                twice[:100],
            )
        if not self.counts.has_canonical_format or not np.all(self.counts.data):
            canonical = self.counts.copy()
            canonical.sum_duplicates()
            canonical.eliminate_zeros()
            object.__setattr__(self, "counts", canonical)

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
        """Library size of each sample: sum of its counts, shape (n_samples,)."""
        return np.asarray(self.counts.sum(axis=1, dtype=np.float64)).ravel()

    @property
    def detected_genes(self) -> NDArray[np.int64]:
        """Number of genes with a count above 0 in each sample, shape (n_samples,)."""
        return np.diff(self.counts.indptr).astype(np.int64)


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
