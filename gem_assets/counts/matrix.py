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
        ``scipy.sparse.csr_array``, samples x genes, canonical (sorted indices, no duplicates, no
        stored zeros); any real dtype. Unit: reads or UMIs.
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
        self.counts.sum_duplicates()
        self.counts.eliminate_zeros()

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
