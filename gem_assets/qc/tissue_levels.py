"""What marker genes are worth in which tissue: a witness beside label and model.

The levels come from public references (the Human Protein Atlas), in steps of a factor of two;
no model's coefficient enters, so they can side with the label or with the prediction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.embedded.weights import ensembl_ids, load_arrays
from gem_assets.labels.hierarchy import broader, narrower, too_general

Floats = NDArray[np.float64]
Columns = NDArray[np.int64]

LEVELS = Path(__file__).parent / "data" / "tissue-levels.npz"


@dataclass(frozen=True, slots=True, eq=False)
class TissueLevels:
    """Lowest and highest level of marker genes in each tissue.

    Attributes
    ----------
    gene_ids
        Ensembl ids, shape (m,).
    classes
        UBERON ids, shape (k,).
    low, high
        Reads per million of nuclear coding genes, shape (k, m): the lowest and the highest over
        the references of a tissue, rounded to steps of a factor of two.
    """

    gene_ids: tuple[str, ...]
    classes: tuple[str, ...]
    low: Floats
    high: Floats

    @property
    def middle(self) -> Floats:
        """Geometric middle of `low` and `high`, shape (k, m)."""
        return np.asarray(np.sqrt((1 + self.low) * (1 + self.high)) - 1)

    def row(self, tissue: str) -> int:
        """Return the row of a class.

        Raises
        ------
        ValueError
            If it is none.
        """
        return self.classes.index(tissue)

    def class_of(self, term: str | None) -> str | None:
        """Return the class that stands for a tissue term: itself, above it, or the one below it.

        None where no class or several do, or where the term is too general to say what it holds.
        """
        if term is None or term in self.classes:
            return term
        above = [c for c in self.classes if c in broader(term)]
        below = [] if too_general(term) else [c for c in self.classes if c in narrower(term)]
        return next((found[0] for found in (above, below) if len(found) == 1), None)

    def markers(
        self,
        of: str,
        absent_from: Iterable[str],
        *,
        least_cpm: float,
        most_ratio: float,
        most: int,
        present: NDArray[np.bool_] | None = None,
    ) -> Columns:
        """Return the columns of genes that one tissue has and the others have not, best first.

        Parameters
        ----------
        of, absent_from
            Classes.
        least_cpm
            Least level in every reference of ``of``.
        most_ratio
            Most that any reference of ``absent_from`` has, as a share of that.
        most
            Number of genes at most: those of the highest ratio.
        present
            Which genes may be chosen, shape (m,); None: all.
        """
        own = self.low[self.row(of)]
        rows = [self.row(tissue) for tissue in absent_from]
        other = self.high[rows].max(axis=0) if rows else np.zeros_like(own)
        fits = (own >= least_cpm) & (other <= most_ratio * own)
        if present is not None:
            fits &= present
        # Half a read per million, so that absence below any count does not decide the order.
        columns = np.flatnonzero(fits)
        order = np.argsort(-(own / (other + 0.5))[columns], kind="stable")
        return np.asarray(columns[order][:most])


@dataclass(frozen=True, slots=True, eq=False)
class MarkerCounts:
    """A dataset's reads on the genes of `TissueLevels`.

    Attributes
    ----------
    sample_ids
        Samples, shape (n,).
    cpm
        Reads per million of all reads of the sample, over the dataset's own genes, shape (n, m).
        Two samples of a dataset have one gene set, so their ratio is a share of the reads.
    present
        Which of the genes the dataset has, shape (m,).
    """

    sample_ids: tuple[str, ...]
    cpm: Floats
    present: NDArray[np.bool_]


@cache
def load_tissue_levels() -> TissueLevels:
    """Return the levels that are shipped."""
    arrays = load_arrays(LEVELS)["levels"]
    low, high = (np.exp2(arrays[name].astype(np.float64)) - 1 for name in ("low", "high"))
    return TissueLevels(
        ensembl_ids(arrays["genes"]), tuple(str(c) for c in arrays["classes"]), low, high
    )


def _gene(name: str) -> str:
    return name.partition(".")[0]


def marker_counts(matrix: CountMatrix, levels: TissueLevels) -> MarkerCounts:
    """Return the reads per million on the levels' genes.

    Parameters
    ----------
    matrix
        Counts with Ensembl ids (versions are ignored), as read or aligned; several rows of a gene
        are summed.
    levels
        What they will be compared with.
    """
    column = {gene: i for i, gene in enumerate(levels.gene_ids)}
    found = [column.get(_gene(gene), -1) for gene in matrix.gene_ids]
    known = np.flatnonzero(np.array(found, dtype=np.int64) >= 0)
    target = np.array(found, dtype=np.int64)[known]
    chosen = sparse.csr_array(
        (np.ones(len(known)), (known, target)), shape=(len(matrix.gene_ids), len(column))
    )
    reads = (matrix.counts.astype(np.float64) @ chosen).toarray()
    total = matrix.total_counts[:, None]
    cpm = np.divide(reads * 1e6, total, out=np.zeros_like(reads), where=total > 0)
    present = np.zeros(len(column), dtype=bool)
    present[target] = True
    return MarkerCounts(matrix.sample_ids, cpm, present)
