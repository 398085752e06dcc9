"""What one pass over counts, chunk after chunk, tells of them: all that they are judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix, Counts

LOOKED_AT = 200
"""So many samples, evenly spread, are kept for what takes whole samples to see."""

LISTED = 100
"""So many offending cells are named."""


@dataclass(frozen=True, slots=True)
class ValueFacts:
    """What the stored values tell; ``mean`` and ``sd`` include the zeros, but not NaN.

    ``not_finite_in`` and ``negative_in`` name the first such cells.
    """

    n_stored: int
    n_not_finite: int
    n_negative: int
    n_fractional: int
    maximum: float
    mean: float
    sd: float
    not_finite_in: tuple[str, ...] = ()
    negative_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CountsFacts:
    """What is known of counts after all of them were seen.

    Attributes
    ----------
    sample_ids, gene_ids
        Names of rows and columns.
    total_counts
        Library size of each sample, shape (n_samples,), float64.
    detected_genes
        Number of genes with a count above 0 in each sample, shape (n_samples,), int64.
    values
        What the stored values tell.
    looked_at
        `LOOKED_AT` of the samples, evenly spread (all, if there are no more).
    """

    sample_ids: tuple[str, ...]
    gene_ids: tuple[str, ...]
    total_counts: NDArray[np.float64]
    detected_genes: NDArray[np.int64]
    values: ValueFacts
    looked_at: CountMatrix

    @classmethod
    def of(cls, counts: Counts) -> CountsFacts:
        """Go through counts once.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If they can't be read to the end.
        """
        survey = Survey(counts)
        for chunk in counts.chunks():
            survey.add(chunk)
        return survey.facts()

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.sample_ids)

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return len(self.gene_ids)


class Survey:
    """Takes in the chunks of counts as they pass by, and gives the facts at their end.

    Parameters
    ----------
    counts
        Whose chunks they will be; only its names are looked at.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        n = len(counts.sample_ids)
        self._total_counts = np.zeros(n)
        self._detected_genes = np.zeros(n, dtype=np.int64)
        self._seen = 0
        self._looked_at = np.unique(np.linspace(0, max(n - 1, 0), LOOKED_AT, dtype=np.int64))
        self._kept: list[sparse.csr_array] = []
        self._values = _ValueTally()

    def add(self, chunk: CountMatrix) -> None:
        """Take in the rows that follow those taken in before."""
        rows = slice(self._seen, self._seen + chunk.n_samples)
        self._total_counts[rows] = chunk.total_counts
        self._detected_genes[rows] = chunk.detected_genes
        wanted = self._looked_at[(self._looked_at >= rows.start) & (self._looked_at < rows.stop)]
        if len(wanted):
            self._kept.append(chunk.counts[wanted - rows.start])
        self._values.add(chunk)
        self._seen = rows.stop

    @property
    def are_possible(self) -> bool:
        """Whether every value so far is finite and at least 0."""
        return self._values.are_possible

    def facts(self) -> CountsFacts:
        """Return the facts of everything taken in.

        Raises
        ------
        ValueError
            If that were not all samples.
        """
        counts = self._counts
        n, n_genes = len(counts.sample_ids), len(counts.gene_ids)
        if self._seen != n:
            raise ValueError(f"{self._seen} of {n} samples were taken in")
        none = sparse.csr_array(np.zeros((0, n_genes), dtype=np.int32))
        kept = sparse.csr_array(sparse.vstack(self._kept or [none], format="csr"))
        names = tuple(counts.sample_ids[row] for row in self._looked_at) if n else ()
        return CountsFacts(
            counts.sample_ids,
            counts.gene_ids,
            self._total_counts,
            self._detected_genes,
            self._values.facts(n * n_genes),
            CountMatrix(names, counts.gene_ids, kept, counts.gene_symbols),
        )


class _ValueTally:
    """Sums over the stored values of the chunks that came by."""

    def __init__(self) -> None:
        self._stored = self._not_finite = self._negative = self._fractional = 0
        self._maximum = self._total = self._squares = 0.0
        self._not_finite_in: list[str] = []
        self._negative_in: list[str] = []

    def add(self, chunk: CountMatrix) -> None:
        data = chunk.counts.data
        self._stored += len(data)
        if data.dtype.kind not in "iub":
            finite = np.isfinite(data)
            if not finite.all():
                self._not_finite += len(data) - int(np.count_nonzero(finite))
                _name_cells(self._not_finite_in, chunk, ~finite)
                data = data[finite]
            self._fractional += int(np.count_nonzero(data != np.rint(data)))
        if data.min(initial=0) < 0:
            self._negative += int(np.count_nonzero(data < 0))
            _name_cells(self._negative_in, chunk, chunk.counts.data < 0)
        self._maximum = max(self._maximum, float(data.max(initial=0)))
        values = data.astype(np.float64, copy=False)
        self._total += float(values.sum())
        self._squares += float(np.dot(values, values))

    @property
    def are_possible(self) -> bool:
        return not (self._not_finite or self._negative)

    def facts(self, n_cells: int) -> ValueFacts:
        cells = max(n_cells, 1)
        mean = self._total / cells
        return ValueFacts(
            self._stored,
            self._not_finite,
            self._negative,
            self._fractional,
            self._maximum,
            mean,
            float(np.sqrt(max(self._squares / cells - mean**2, 0.0))),
            tuple(self._not_finite_in),
            tuple(self._negative_in),
        )


def _name_cells(names: list[str], chunk: CountMatrix, which: NDArray[np.bool_]) -> None:
    """Add the names of the first cells of which it is true, as long as there is room."""
    counts = chunk.counts
    for at in np.flatnonzero(which)[: LISTED - len(names)]:
        row = int(np.searchsorted(counts.indptr, at, side="right")) - 1
        names.append(
            f"sample {chunk.sample_ids[row]!r}, gene {chunk.gene_ids[counts.indices[at]]!r} "
            f"({counts.data[at]})"
        )
