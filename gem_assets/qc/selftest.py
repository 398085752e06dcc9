"""A check of the check: errors planted in a dataset's own data, and how many of them are found.

Published error rates are those of other people's samples. Here labels of the user's own samples
are exchanged, their sheet slips, their counts are mixed; each time the dataset is judged as
always. What is planted is among samples that nothing accuses as the sheet stands: of others
nobody knows whether the planted label is the wrong one. A rate of false alarms is of such samples
too, and so of those that are judged most easily.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.labels.sheet_cells import sheet_of_cells
from gem_assets.qc.dataset import JudgedDataset, QcInput, judge_dataset
from gem_assets.qc.label_fit import label_fits
from gem_assets.qc.marker_reads import marker_reads
from gem_assets.qc.planted_mixtures import (
    MixedSamples,
    PlannedMixture,
    mixed_counts,
    plan_mixtures,
)
from gem_assets.qc.planting import (
    PLANTED_SHARE,
    SHIFT,
    SWAP,
    PlantedLabels,
    packed,
    plan_shifts,
    plan_swaps,
    relabelled,
)
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.tally import (
    MIXTURE,
    Bystanders,
    Tally,
    accused_samples,
    count_labels,
    count_mixtures,
    mixed_samples,
)
from gem_assets.qc.tissue_levels import (
    MarkerCounts,
    load_tissue_levels,
    marker_counts,
)
from gem_assets.qc.vote import taken_tissues

SWAPS = 200
"""Swaps that are planted unless said otherwise: enough to tell .95 from .99."""

LEAST_SAMPLES = 4
"""Fewer judged samples than this are not tested: one swap would touch most of them."""

Judge = Callable[[QcInput, QcSettings], JudgedDataset]
Progress = Callable[[int, int], object]


class SelfTest:
    """Errors of all kinds planted in one dataset, which is judged as it stands to begin with.

    Parameters
    ----------
    given
        What the dataset is judged by. Reviews are left out, since they are about the labels as
        they stand; and duplicates and batches, which no label can change. Where samples are to be
        mixed, its raw counts must be those of all genes.
    settings
        Thresholds.
    seed
        Where chance begins; the same errors are planted for the same seed.
    judge
        What judges.
    """

    def __init__(
        self,
        given: QcInput,
        settings: QcSettings,
        *,
        seed: int = 0,
        judge: Judge = judge_dataset,
    ) -> None:
        self._settings, self._judge, self._seed = settings, judge, seed
        self._raw = given.raw_counts
        self._levels = load_tissue_levels()
        self._given = self._to_be_judged_often(given)
        tables = self._given.tables
        self._fits = label_fits(
            tables["sample_labels"],
            tables["predicted_metadata"],
            tables["classifier_probs"],
            settings,
            answers=given.answers(),
        )
        self._as_it_stands = judge(self._given, settings)
        accused = accused_samples(self._as_it_stands)
        judged = self._judged()
        self._n_judged = len(judged)
        self.samples = judged - accused
        self._clean = self.samples - mixed_samples(self._as_it_stands).keys()

    @property
    def enough(self) -> bool:
        """Whether there are samples enough, judged and not accused as the sheet stands."""
        return len(self.samples) >= LEAST_SAMPLES

    def swaps(self, n: int = SWAPS, on_progress: Progress = lambda *_: None) -> Tally:
        """Exchange the rows of two samples, ``n`` times or of every pair that can be told.

        At most 5 % of the samples are exchanged at a time, and no pair twice.
        """
        if not self.enough:
            return self._none(SWAP)
        plan = plan_swaps(self._fits, self.samples, n, np.random.default_rng([self._seed, 1]))
        tally = self._tally(SWAP, plan.judgements, on_progress)
        return replace(tally, tellable=plan.tellable, possible=plan.pairs)

    def shifts(self, on_progress: Progress = lambda *_: None) -> Tally:
        """Let the sheet slip by one, two and three rows, up and down."""
        if not self.enough:
            return self._none(SHIFT)
        order = self._order()
        planted = plan_shifts(self._fits, self.samples, order)
        tally = self._tally(SHIFT, planted, on_progress)
        return replace(tally, tellable=len(planted), possible=2 * min(3, len(order) - 1))

    def plan_mixtures(self, n: int) -> tuple[PlannedMixture, ...]:
        """Choose what to mix: none where there are no raw counts, or one tissue only."""
        if not self.enough or self._given.raw_counts is None:
            return ()
        seen = marker_counts(self._given.raw_counts, self._levels)
        return plan_mixtures(
            seen,
            self._levels,
            self._tissues(seen),
            self._clean,
            n,
            np.random.default_rng([self._seed, 2]),
        )

    def mixed_counts(self, planned: Iterable[PlannedMixture]) -> CountMatrix:
        """Return the raw counts of mixtures, about which a model is to be asked."""
        if self._raw is None:
            raise ValueError("without raw counts nothing can be mixed")
        return mixed_counts(self._raw, tuple(planned), self._seed)

    def mixtures(
        self, mixed: MixedSamples | None, on_progress: Progress = lambda *_: None
    ) -> tuple[Tally, ...]:
        """Put mixtures into the places of their targets; one tally a share.

        Without any the tally says why there are none.
        """
        if mixed is None or not mixed.planned:
            return (self._none(MIXTURE),)
        raw = self._given.raw_counts
        if raw is None:
            raise ValueError("without raw counts no mixture is found")
        reads = marker_reads(mixed.counts, self._given.tables["gene_alignment"], self._levels)
        tissues = self._tissues(marker_counts(raw, self._levels))
        by_share: dict[float, list[PlannedMixture]] = {}
        for one in sorted(mixed.planned, key=lambda one: one.share):
            by_share.setdefault(one.share, []).append(one)
        rounds = [
            (share, group)
            for share, planned in by_share.items()
            for group in _apart(planned, max(1, int(PLANTED_SHARE * raw.n_samples)))
        ]
        tallies = {share: replace(self._none(MIXTURE), share=share, close=0) for share in by_share}
        beside = {share: Bystanders(self._clean) for share in by_share}
        for done, (share, group) in enumerate(rounds, 1):
            given = _with_mixtures(self._given, raw, group, mixed, reads)
            judged = self._judge(given, self._settings)
            tallies[share] = count_mixtures(tallies[share], group, judged, tissues, beside[share])
            on_progress(done, len(rounds))
        return tuple(tallies.values())

    def _none(self, kind: str) -> Tally:
        clean = self._clean if kind == MIXTURE else self.samples
        return Tally(kind, samples=len(clean), judged=self._n_judged)

    def _tally(self, kind: str, planted: tuple[PlantedLabels, ...], on_progress: Progress) -> Tally:
        tally, bystanders = self._none(kind), Bystanders(self.samples)
        for done, one in enumerate(planted, 1):
            tables = relabelled(self._given.tables, one.takes_from)
            judged = self._judge(replace(self._given, tables=tables), self._settings)
            tally = count_labels(tally, one, judged, bystanders)
            on_progress(done, len(planted))
        return tally

    def _to_be_judged_often(self, given: QcInput) -> QcInput:
        tables = {**given.tables, "latents": given.tables["latents"].iloc[:0]}
        raw = given.raw_counts
        if raw is not None:
            raw = marker_reads(raw, tables["gene_alignment"], self._levels)
        return replace(given, tables=tables, raw_counts=raw, aligned=None, others=(), reviews=None)

    def _judged(self) -> frozenset[str]:
        """Return the samples with a label that could be called wrong."""
        held = np.zeros(len(self._fits.samples), dtype=np.bool_)
        for fit in self._fits.accusing().values():
            held |= fit.code >= 0
        return frozenset(str(sample) for sample in self._fits.samples[held])

    def _order(self) -> list[str]:
        sheet = sheet_of_cells(self._given.tables["sample_sheet"])
        named = sheet["sample_id"] if len(sheet) else self._fits.samples
        return [str(sample) for sample in named]

    def _tissues(self, seen: MarkerCounts) -> dict[str, str | None]:
        """Return the tissue that each sample is taken to be, as where mixtures are looked for."""
        tables = self._given.tables
        stated = _by_sample(tables["sample_labels"], "provided_id")
        predicted = _by_sample(tables["predicted_metadata"], "predicted_id")
        return taken_tissues(seen, self._levels, stated, predicted)


def _by_sample(frame: pd.DataFrame, column: str) -> dict[str, str | None]:
    """Return the tissue of each sample for which one is known."""
    known = frame[frame["field"].eq("tissue") & frame[column].notna()]
    return dict(zip(known["sample_id"], known[column], strict=True))


def _apart(planned: list[PlannedMixture], at_once: int) -> Iterable[list[PlannedMixture]]:
    """Yield mixtures in groups of so many at most, in none of which a sample is twice."""
    names = dict.fromkeys(name for one in planned for name in (one.target, one.source))
    place = {name: i for i, name in enumerate(names)}
    by_pair = {(place[one.target], place[one.source]): one for one in planned}
    for group in packed(list(by_pair), at_once):
        yield [by_pair[pair] for pair in group]


def _with_mixtures(
    given: QcInput,
    raw: CountMatrix,
    planned: list[PlannedMixture],
    mixed: MixedSamples,
    reads: CountMatrix,
) -> QcInput:
    """Return the dataset with mixtures in the place of their targets."""
    target_of = {one.name: one.target for one in planned}
    place = {sample: i for i, sample in enumerate(raw.sample_ids)}
    row_of = {sample: i for i, sample in enumerate(reads.sample_ids)}
    rows = np.arange(raw.n_samples)
    for name, target in target_of.items():
        rows[place[target]] = raw.n_samples + row_of[name]
    both = sparse.vstack([raw.counts, reads.counts], format="csr")
    counts = CountMatrix(
        raw.sample_ids, raw.gene_ids, sparse.csr_array(both)[rows], raw.gene_symbols
    )
    tables = dict(given.tables)
    for name, frame in mixed.tables.items():
        tables[name] = _with_rows(tables[name], frame, target_of)
    return replace(given, tables=tables, raw_counts=counts)


def _with_rows(
    frame: pd.DataFrame, new: pd.DataFrame, target_of: Mapping[str, str]
) -> pd.DataFrame:
    kept = frame[~frame["sample_id"].isin(list(target_of.values()))]
    new = new[new["sample_id"].isin(list(target_of))]
    new = new.assign(sample_id=new["sample_id"].map(target_of))
    # Equal types: what pandas makes of a column without values is not left to it.
    new = new[list(frame.columns)].astype(frame.dtypes.to_dict())
    return pd.concat([kept, new], ignore_index=True)
