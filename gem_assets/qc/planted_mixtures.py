"""Mixtures made of the user's own counts: what a check finds of shares that are known.

A share of a sample's reads is replaced by reads of a sample of another tissue; the depth stays.
Unlike a label that is exchanged, such a sample is a new one: a model must be asked about it.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.mixtures import LEAST_CPM, LEAST_MARKERS, MARKERS, MOST_RATIO
from gem_assets.qc.planting import draw_pairs
from gem_assets.qc.tissue_levels import MarkerCounts, TissueLevels

MIXED_SHARES: tuple[float, ...] = (0.1, 0.2, 0.3)
"""Shares of foreign reads: from what dissection may carry to what changes a conclusion."""


@dataclass(frozen=True, slots=True)
class PlannedMixture:
    """A sample to be made of two.

    Attributes
    ----------
    target
        The sample whose place in the dataset it takes.
    source
        The sample of another tissue whose reads are mixed in.
    share
        Their share of the reads.
    """

    target: str
    source: str
    share: float

    @property
    def name(self) -> str:
        """A name that no two mixtures of a dataset share."""
        return f"{self.target} with {self.share:.0%} of {self.source}"


@dataclass(frozen=True, slots=True, eq=False)
class MixedSamples:
    """Mixtures with all that a judgement reads of them.

    Attributes
    ----------
    planned
        What was mixed.
    counts
        Raw counts, a row a mixture, by the mixtures' names, in the genes of the dataset.
    tables
        Their rows of the tables that samples have beside their labels: ``predicted_metadata``,
        ``classifier_probs``, ``decoded_counts``, ``aligned_counts``; ``sample_id`` is the
        mixture's name.
    """

    planned: tuple[PlannedMixture, ...]
    counts: CountMatrix
    tables: Mapping[str, pd.DataFrame]


def plan_mixtures(
    counts: MarkerCounts,
    levels: TissueLevels,
    tissues: Mapping[str, str | None],
    samples: Collection[str],
    n: int,
    rng: np.random.Generator,
) -> tuple[PlannedMixture, ...]:
    """Choose at random which samples are mixed, `MIXED_SHARES` by turns.

    Parameters
    ----------
    counts, levels
        The dataset's reads on marker genes, and which gene marks which tissue. Two tissues that
        have not enough genes of the file between them are not mixed: nothing could tell.
    tissues
        Sample -> class of ``levels`` that it is taken to be; others are left alone.
    samples
        Samples to choose from.
    n
        How many. Fewer, where there are no more: each two samples are mixed once a share at most.
    rng
        Where chance comes from.
    """
    pool = [one for one in counts.sample_ids if one in frozenset(samples) and tissues.get(one)]
    classes, held = np.unique([str(tissues[one]) for one in pool], return_inverse=True)
    tellable = _tellable(classes.tolist(), counts, levels)
    pairs = draw_pairs(held.reshape(-1).astype(np.intp), tellable, n, rng)
    planned: list[PlannedMixture] = []
    for turn in range(len(MIXED_SHARES)):
        for i, (target, source) in enumerate(pairs):
            share = MIXED_SHARES[(i + turn) % len(MIXED_SHARES)]
            planned.append(PlannedMixture(pool[target], pool[source], share))
    return tuple(planned[:n])


def _tellable(
    classes: Sequence[str], counts: MarkerCounts, levels: TissueLevels
) -> NDArray[np.bool_]:
    """Return in which tissue (row) which other (column) could be found, by number of markers."""
    tellable = np.zeros((len(classes), len(classes)), dtype=np.bool_)
    for i, own in enumerate(classes):
        for j, source in enumerate(classes):
            if i != j:
                markers = levels.markers(
                    source,
                    [own],
                    least_cpm=LEAST_CPM,
                    most_ratio=MOST_RATIO,
                    most=MARKERS,
                    present=counts.present,
                )
                tellable[i, j] = len(markers) >= LEAST_MARKERS
    return tellable


def mixed_counts(matrix: CountMatrix, planned: Sequence[PlannedMixture], seed: int) -> CountMatrix:
    """Return the counts of the mixtures.

    Each read of the target is kept with probability 1 - share; the reads of the source are drawn
    without putting back, or with it where the source has too few. The expected number of reads is
    the target's. Fractions of reads are rounded half to even first.

    Parameters
    ----------
    matrix
        Raw counts of the dataset.
    planned
        What to mix.
    seed
        A mixture of a dataset and seed is always the same, whatever is mixed beside it: so it is
        asked about once only.

    Returns
    -------
    CountMatrix
        One row a mixture, whole numbers (int64), the genes of ``matrix``.
    """
    row = {sample: i for i, sample in enumerate(matrix.sample_ids)}
    rows = [
        _mixed(
            matrix.counts[[row[one.target]]],
            matrix.counts[[row[one.source]]],
            one.share,
            np.random.default_rng([seed, zlib.crc32(one.name.encode())]),
        )
        for one in planned
    ]
    empty = sparse.csr_array((0, matrix.n_genes), dtype=np.int64)
    return CountMatrix(
        tuple(one.name for one in planned),
        matrix.gene_ids,
        sparse.csr_array(sparse.vstack([empty, *rows], format="csr")),
        matrix.gene_symbols,
    )


def _mixed(
    target: sparse.csr_array, source: sparse.csr_array, share: float, rng: np.random.Generator
) -> sparse.csr_array:
    """Return one row of two."""
    own, other = _whole(target), _whole(source)
    wanted, there = share * own.sum(), other.sum()
    if not there:
        drawn = np.zeros_like(other)
    elif wanted <= there:
        drawn = rng.binomial(other, wanted / there)
    else:
        drawn = rng.multinomial(round(wanted), other / there)
    kept = rng.binomial(own, 1 - share)
    return sparse.csr_array(_with_values(target, kept) + _with_values(source, drawn))


def _whole(row: sparse.csr_array) -> NDArray[np.int64]:
    return np.asarray(np.rint(row.data), dtype=np.int64)


def _with_values(row: sparse.csr_array, values: NDArray[np.int64]) -> sparse.csr_array:
    return sparse.csr_array((values, row.indices, row.indptr), shape=row.shape)
