"""Tissues found in a sample that no sample of the dataset is: told by references alone.

Levels of another laboratory and other donors say that a tissue's genes are there, and nothing of
how much of it: a share by them is wrong by a factor of two or more. So there is no share here and
no source, which :mod:`gem_assets.qc.mixtures` has where the tissue is in the dataset.

The threshold is that of mixtures within a dataset. On the training references, with the levels of
one source (HPA or GTEx, the genes that each knows by itself) and simulated libraries of the other
(donors vary by a factor of e^.6, 1 to 20 M reads), 3 of 400 clean libraries are called, each a
breast in which fat is found; of 600 with 10, 20 or 30 % of a second tissue, 25, 59 and 67 % are,
and 96 % of those by its name. Twice the threshold calls no clean one, and finds 5, 26 and 45 %.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gem_assets.labels.ontology import label_of
from gem_assets.qc.findings import Finding
from gem_assets.qc.mixtures import (
    CALL_QUANTILE,
    CALLED_FROM,
    LEAST_CPM,
    LEAST_RIVAL_MARKERS,
    MOST_RATIO,
    marker_ratios,
)
from gem_assets.qc.tissue_levels import Columns, Floats, MarkerCounts, TissueLevels

LEAST_FOREIGN_MARKERS = 20
"""Marker genes at least: with fewer, four in five are a handful of genes. Of a file of ten thousand
genes nine markers were there, and called most lymphoblastoid lines a mixture with pancreas."""

MARKERS = 80
"""Marker genes of a pair of tissues at most: 40, 80 and 160 find alike on the references."""

BLOOD = "UBERON:0000178"
"""Never called here: leukocytes are in every organ, and haemoglobin tells of blood
(:mod:`gem_assets.qc.contamination`)."""


@dataclass(frozen=True, slots=True)
class ForeignTissue:
    """A tissue in a sample that no sample of the dataset is.

    Attributes
    ----------
    sample_id
        The sample.
    tissue, foreign
        UBERON ids: what it is taken to be, and what is found in it.
    support
        The quantile that it was called by, the lowest over the rivals. No share of the reads.
    markers
        Number of marker genes that the sample's own tissue has not.
    """

    sample_id: str
    tissue: str
    foreign: str
    support: float
    markers: int


def find_foreign_tissues(
    counts: MarkerCounts,
    levels: TissueLevels,
    tissues: Mapping[str, str | None],
    samples: Collection[str] | None = None,
) -> tuple[ForeignTissue, ...]:
    """Return the samples in which a tissue is found that no sample of the dataset is.

    A tissue is called if of its markers against the sample's own tissue, and of its markers against
    that and any third one, at least four in five are there. What a third tissue has as well would
    not be evidence for this one, and none is called that can't be told from one of the dataset.

    Parameters
    ----------
    counts
        The dataset's reads on the levels' genes.
    levels
        Which gene marks which tissue.
    tissues
        Sample -> class of ``levels`` that it is taken to be (see
        :func:`gem_assets.qc.vote.taken_tissues`); samples without one are left alone.
    samples
        The samples to look at; None: all.

    Returns
    -------
    tuple of ForeignTissue
        At most one a sample, the best supported, in the order of the samples.
    """
    known = [tissues.get(sample) for sample in counts.sample_ids]
    search = _Search(counts, levels, frozenset(t for t in known if t is not None))
    best: dict[int, ForeignTissue] = {}
    for own in sorted(search.in_dataset):
        rows = [
            row
            for row, sample in enumerate(counts.sample_ids)
            if known[row] == own and (samples is None or sample in samples)
        ]
        for row, found in search.called(np.array(rows, dtype=np.int64), own):
            if row not in best or found.support > best[row].support:
                best[row] = found
    return tuple(best[row] for row in sorted(best))


def foreign_tissue_findings(found: Iterable[ForeignTissue]) -> tuple[Finding, ...]:
    """Return a finding each: kind ``mixture``, reason ``foreign_tissue``, without a score."""
    return tuple(
        Finding(
            kind="mixture",
            sample_ids=(one.sample_id,),
            reason="foreign_tissue",
            sentence=_sentence(one),
        )
        for one in found
    )


def _sentence(found: ForeignTissue) -> str:
    foreign, own = (label_of(term) or term for term in (found.foreign, found.tissue))
    return (
        f"{found.sample_id}, taken as {own}, holds marker genes of {foreign} or a tissue like it "
        f"({found.markers} marker genes compared), which no sample of the dataset is. "
        "Dissection or a neighbouring tissue is the plain reading. References can tell that it is "
        "there, not how much: check dissection and pooling."
    )


class _Search:
    """The search, with the marker genes of the tissues kept once looked up."""

    def __init__(
        self, counts: MarkerCounts, levels: TissueLevels, in_dataset: frozenset[str]
    ) -> None:
        self.counts = counts
        self.levels = levels
        self.in_dataset = in_dataset
        self.middle = levels.middle
        self.reads = counts.cpm[:, counts.present].sum(axis=1)
        self.known: dict[tuple[str, ...], Columns] = {}

    def called(self, rows: NDArray[np.int64], own: str) -> Iterator[tuple[int, ForeignTissue]]:
        """Yield (row, tissue) for each tissue that is called in samples of one tissue."""
        rows = rows[self.reads[rows] > 0]
        for foreign in self.levels.classes:
            columns = self._markers(foreign, own)
            elsewhere = foreign not in self.in_dataset and foreign != BLOOD
            if not elsewhere or len(columns) < LEAST_FOREIGN_MARKERS or not len(rows):
                continue
            # Nearly all samples leave here: rivals are asked of few.
            lower = self._lower_quantiles(rows, own, foreign, columns)
            for row, first in zip(rows.tolist(), lower.tolist(), strict=True):
                support = self._support(row, own, foreign, first)
                if support >= CALLED_FROM:
                    sample = self.counts.sample_ids[row]
                    yield row, ForeignTissue(sample, own, foreign, support, len(columns))

    def _support(self, row: int, own: str, foreign: str, support: float) -> float:
        """Return the lowest of the lower quantiles against all rivals, or one that is too low."""
        for rival in self.levels.classes:
            if support < CALLED_FROM:
                break
            if rival in (own, foreign):
                continue
            columns = self._markers(foreign, own, rival)
            if len(columns) >= LEAST_RIVAL_MARKERS:
                (lower,) = self._lower_quantiles(np.array([row]), own, foreign, columns)
                support = min(support, float(lower))
            elif rival in self.in_dataset:  # Its sample may be the source of all that is seen.
                support = 0.0
        return support

    def _lower_quantiles(
        self, rows: NDArray[np.int64], own: str, foreign: str, columns: Columns
    ) -> Floats:
        """Return a quantile a row, of the reads brought to the scale of the levels.

        Both are taken over the marker genes that the dataset has: one common gene set.
        """
        of_own = self.levels.row(own)
        expected = self.middle[of_own, self.counts.present].sum()
        cpm = self.counts.cpm[np.ix_(rows, columns)] * (expected / self.reads[rows, None])
        level = self.middle[self.levels.row(foreign), columns]
        ratios = marker_ratios(cpm, level, self.levels.low[of_own, columns])
        return np.asarray(np.quantile(ratios, CALL_QUANTILE, axis=1))

    def _markers(self, foreign: str, *absent_from: str) -> Columns:
        key = foreign, *absent_from
        if key not in self.known:
            self.known[key] = self.levels.markers(
                foreign,
                absent_from,
                least_cpm=LEAST_CPM,
                most_ratio=MOST_RATIO,
                most=MARKERS,
                present=self.counts.present,
            )
        return self.known[key]
