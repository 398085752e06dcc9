"""Mixtures: a second tissue in a sample, its share of the reads, and the sample it came from.

The share is the median, over genes that the source's tissue has and the sample's own has not, of
the sample's level over the source's. A gene weighs by the square root of its level in the source:
high ones stand out of noise best, but none may decide alone. Both are samples of one dataset, so
laboratory, annotation and depth cancel. A softmax probability is no share, and regression on public
references misses it (measured: a share of 20 % within .05 in 22 to 36 % of cases).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gem_assets.labels.ontology import label_of
from gem_assets.qc.findings import Finding
from gem_assets.qc.tissue_levels import Columns, Floats, MarkerCounts, TissueLevels

LEAST_CPM = 10.0
"""Least level of a marker in its tissue's references; half of it in the source sample itself."""

MOST_RATIO = 0.1
"""Most that the references of the other tissue have of a marker. What they have is subtracted."""

MARKERS, LEAST_MARKERS, LEAST_RIVAL_MARKERS = 160, 8, 5
"""Markers of a pair of tissues at most, at least, and at least against a third tissue.

Number and weights are the best of 20, 40, 80 and 160 markers and five estimators on the training
references, with source and contaminant of different laboratories (HPA and GTEx, each as source, on
the genes that have no zero in GTEx; 1,491 pairs and shares of 10 to 30 % each): a mean error of
.095, against .143 of the unweighted median of 40. So the share is an order of magnitude where the
source is another donor, and exact where it is in the dataset."""

CALL_QUANTILE, CALLED_FROM = 0.2, 0.02
"""A source is called if this quantile of its marker ratios reaches this share: most markers must
agree, where a median is carried by half of them (measured: 1 of 24 clean samples against 7)."""

LOW_LEVEL = 0.05
"""Below this median share a mixture is a note: dissection carries a little of a neighbour."""

MOSTLY = 0.5
"""Above it, the second tissue is the sample: what it is labelled is then in question."""

HALF_INTERVAL = 1.96 / 2
"""Half of a 95 % interval of a median's rank, as a share of the ranks, times the root of n."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """A second tissue in a sample.

    Attributes
    ----------
    sample_id
        The mixed sample.
    source_id
        The sample of the dataset whose tissue is found in it, the likeliest of its tissue.
    tissue, source_tissue
        UBERON ids of the classes compared.
    share
        Weighted median of the marker ratios: the estimated share of the sample's reads.
    ci_low, ci_high
        95 % interval of that median over the marker genes. It holds neither
        the choice of the source nor what source and true contaminant differ in.
    lower_quintile
        The quantile that it was called by.
    markers
        Number of marker genes.
    """

    sample_id: str
    source_id: str
    tissue: str
    source_tissue: str
    share: float
    ci_low: float
    ci_high: float
    lower_quintile: float
    markers: int

    @property
    def low_level(self) -> bool:
        """Whether it is a note, not a finding."""
        return self.share < LOW_LEVEL


def find_mixtures(
    counts: MarkerCounts,
    levels: TissueLevels,
    tissues: Mapping[str, str | None],
    samples: Collection[str] | None = None,
) -> tuple[Mixture, ...]:
    """Return the samples in which a tissue of another sample of the dataset is found.

    Parameters
    ----------
    counts
        The dataset's reads on the levels' genes.
    levels
        Which gene marks which tissue.
    tissues
        Sample -> class of ``levels`` that it is taken to be (see
        :func:`gem_assets.qc.vote.taken_tissues`); samples without one are neither mixed nor
        sources.
    samples
        The samples to look at; None: all. Every sample may be a source.

    Returns
    -------
    tuple of Mixture
        At most one a sample, the best supported source, in the order of the samples. None where
        the source's share is above half: the sample is then that tissue.
    """
    search = _Search(counts, levels, tissues)
    rows = (
        row for row, sample in enumerate(counts.sample_ids) if samples is None or sample in samples
    )
    found = (search.mixture_of(row) for row in rows)
    return tuple(mixture for mixture in found if mixture is not None)


def estimate_share(ratios: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return the weighted median of marker ratios and the ends of its 95 % interval over the genes.

    The ends are the weighted quantiles that the median's rank would have by the normal
    approximation of the binomial, for the effective number of genes (Kish 1965: the squared sum of
    the weights over the sum of their squares).

    Parameters
    ----------
    ratios, weights
        One a marker gene, shape (m,), at least one; weights above 0.
    """
    order = np.argsort(ratios, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    effective = weights.sum() ** 2 / (weights**2).sum()
    half = HALF_INTERVAL / np.sqrt(effective)
    ranks = np.searchsorted(reached, np.clip([0.5, 0.5 - half, 0.5 + half], 0, 1))
    share, low, high = ratios[order][np.minimum(ranks, len(ratios) - 1)].tolist()
    return share, low, high


def marker_ratios(cpm: Floats, level: Floats, of_own: Floats) -> Floats:
    """Return a sample's share of another tissue's level at its markers, less its own tissue's.

    Parameters
    ----------
    cpm, level
        Reads per million at the markers, of the sample (shape (m,), or (n, m) for several) and of
        the other tissue (shape (m,)).
    of_own
        The least that references of the sample's own tissue have of them, shape (m,). More than
        half of ``level`` is not subtracted.
    """
    background = np.minimum(of_own / level, MOSTLY)
    return np.asarray(np.maximum((cpm / level - background) / (1 - background), 0))


def mixture_findings(mixtures: Iterable[Mixture]) -> tuple[Finding, ...]:
    """Return a finding a mixture: kind ``mixture``, reason ``second_tissue`` or ``low_level``.

    Its samples are the mixed one and the source; its score is the share.
    """
    return tuple(
        Finding(
            kind="mixture",
            sample_ids=(mixture.sample_id, mixture.source_id),
            reason="low_level" if mixture.low_level else "second_tissue",
            sentence=_sentence(mixture),
            score=mixture.share,
            ci_low=mixture.ci_low,
            ci_high=mixture.ci_high,
        )
        for mixture in mixtures
    )


def _sentence(mixture: Mixture) -> str:
    tissue = label_of(mixture.source_tissue) or mixture.source_tissue
    seen = (
        f"About {mixture.share:.0%} of the reads of {mixture.sample_id} look like {tissue}, as in "
        f"{mixture.source_id} ({mixture.ci_low:.0%} to {mixture.ci_high:.0%} over "
        f"{mixture.markers} marker genes, the source taken as certain)"
    )
    if mixture.low_level:
        return f"{seen}: a low level, as dissection may carry."
    return f"{seen}: check dissection, pooling and the wells next to it."


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A tissue that may be mixed in: the ratios of its markers in the sample."""

    tissue: str
    level: Floats
    columns: Columns
    ratios: Floats

    @property
    def weights(self) -> Floats:
        return np.sqrt(self.level[self.columns])

    @property
    def lower(self) -> float:
        return float(np.quantile(self.ratios, CALL_QUANTILE))


class _Search:
    """The search for a source, with the marker genes of the tissues kept once looked up."""

    def __init__(
        self, counts: MarkerCounts, levels: TissueLevels, tissues: Mapping[str, str | None]
    ) -> None:
        self.counts = counts
        self.levels = levels
        self.tissue_of = [tissues.get(sample) for sample in counts.sample_ids]
        self.members: dict[str, NDArray[np.int64]] = {}
        for tissue in sorted({t for t in self.tissue_of if t is not None}):
            rows = [i for i, t in enumerate(self.tissue_of) if t == tissue]
            self.members[tissue] = np.array(rows, dtype=np.int64)
        # A tissue's samples are screened by their median; only then which of them it was.
        self.typical = {t: np.median(counts.cpm[rows], axis=0) for t, rows in self.members.items()}
        self.known: dict[tuple[str, str, str | None], Columns] = {}

    def mixture_of(self, row: int) -> Mixture | None:
        own = self.tissue_of[row]
        if own is None:
            return None
        cpm = self.counts.cpm[row]
        candidates = [
            candidate
            for tissue, level in self.typical.items()
            if tissue != own
            and (candidate := self._candidate(cpm, own, tissue, level)) is not None
            and candidate.lower >= CALLED_FROM
        ]
        best: tuple[float, _Candidate] | None = None
        for candidate in candidates:
            rivals = [other.tissue for other in candidates if other is not candidate]
            support = min([candidate.lower, *self._against(cpm, own, candidate, rivals)])
            if support >= CALLED_FROM and (best is None or support > best[0]):
                best = support, candidate
        return None if best is None else self._settled(row, own, best[1])

    def _settled(self, row: int, own: str, found: _Candidate) -> Mixture | None:
        """Return the mixture with the sample of the tissue whose markers agree best."""
        cpm = self.counts.cpm[row]
        fitting: tuple[float, int, _Candidate] | None = None
        for source in self.members[found.tissue].tolist():
            candidate = self._candidate(cpm, own, found.tissue, self.counts.cpm[source])
            if candidate is None:
                continue
            log = np.log(candidate.ratios + CALLED_FROM)
            spread = float(np.median(np.abs(log - np.median(log))))
            if fitting is None or spread < fitting[0]:
                fitting = spread, source, candidate
        if fitting is None:
            return None
        _, source, candidate = fitting
        share, low, high = estimate_share(candidate.ratios, candidate.weights)
        if share > MOSTLY:
            return None
        return Mixture(
            sample_id=self.counts.sample_ids[row],
            source_id=self.counts.sample_ids[source],
            tissue=own,
            source_tissue=found.tissue,
            share=share,
            ci_low=low,
            ci_high=high,
            lower_quintile=candidate.lower,
            markers=len(candidate.ratios),
        )

    def _against(
        self, cpm: Floats, own: str, candidate: _Candidate, rivals: list[str]
    ) -> Iterable[float]:
        """Yield the lower quantile over the markers that each rival has not."""
        for rival in rivals:
            columns = self._markers(candidate.tissue, own, rival, candidate.level)
            if len(columns) >= LEAST_RIVAL_MARKERS:
                ratios = self._ratios(cpm, own, candidate.level, columns)
                yield float(np.quantile(ratios, CALL_QUANTILE))

    def _candidate(self, cpm: Floats, own: str, tissue: str, level: Floats) -> _Candidate | None:
        columns = self._markers(tissue, own, None, level)
        if len(columns) < LEAST_MARKERS:
            return None
        return _Candidate(tissue, level, columns, self._ratios(cpm, own, level, columns))

    def _markers(self, tissue: str, own: str, rival: str | None, level: Floats) -> Columns:
        key = tissue, own, rival
        if key not in self.known:
            self.known[key] = self.levels.markers(
                tissue,
                [own] if rival is None else [own, rival],
                least_cpm=LEAST_CPM,
                most_ratio=MOST_RATIO,
                most=MARKERS,
                present=self.counts.present,
            )
        columns = self.known[key]
        return columns[level[columns] >= LEAST_CPM / 2]

    def _ratios(self, cpm: Floats, own: str, level: Floats, columns: Columns) -> Floats:
        """Return the sample's share of the source at markers, less what its own tissue has."""
        return marker_ratios(
            cpm[columns], level[columns], self.levels.low[self.levels.row(own), columns]
        )
