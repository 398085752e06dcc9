"""The verdicts of two runs side by side, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.qc.change_words import Cause, Change
from gem_assets.qc.reasons import Reason, Status

TEMPERS_TISSUE = ("cell_line", "sample_type")
"""Fields whose labels decide how a tissue is judged."""

_KEYS = ["sample_id", "field"]
_COMPARED = [
    "provided_text",
    "provided_id",
    "predicted_id",
    "predicted_label",
    "p_top",
    "status",
    "reason",
    "reviewed_by",
    "model_id",
    "model_version",
    "served_by",
]
_FLAGGED = [str(Status.WARN), str(Status.FAIL)]
_BY_STATUS = {
    str(Status.FAIL): Change.NEWLY_FAILING,
    str(Status.WARN): Change.NEWLY_WARNING,
    str(Status.UNCLEAR): Change.NEWLY_UNCLEAR,
    str(Status.PASS): Change.NEWLY_PASSING,
    str(Status.NOT_ASSESSED): Change.NO_LONGER_JUDGED,
}


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRun:
    """What is kept of a run, as far as another is compared with it.

    Attributes
    ----------
    run
        Its row of ``qc_history``.
    verdicts
        The ``qc_verdicts`` table as it left it.
    counts
        Columns sample_id, gene_order_hash and content_hash of the samples whose counts are known
        by a hash; None where there is no such table.
    """

    run: Mapping[str, object]
    verdicts: pd.DataFrame
    counts: pd.DataFrame | None = None


class VerdictPair:
    """The verdicts of two runs, row beside row.

    Attributes
    ----------
    was, now
        The verdicts before and at present, under the same labels; None is missing.
    labels
        Sample and field of each label: those of the present run, then those that are gone.
    """

    def __init__(self, before: JudgedRun, now: JudgedRun) -> None:
        self._runs = before.run, now.run
        self._recounted = _with_other_counts(before.counts, now.counts)
        old, new = (_by_label(run.verdicts) for run in (before, now))
        self.labels = new.index.append(old.index.difference(new.index, sort=False))
        self.was, self.now = (_with_none(table.reindex(self.labels)) for table in (old, new))
        self._was_there, self._is_there = self.was["status"].notna(), self.now["status"].notna()
        self._both = self._was_there & self._is_there
        self._samples, self._fields = (
            pd.Series(self.labels.get_level_values(name), index=self.labels, dtype=object)
            for name in _KEYS
        )
        self._label_changed = self._both & self._differ("provided_text")
        self._read_otherwise = self._both & ~self._label_changed & self._differ("provided_id")
        self._label_moved = ~self._both | self._label_changed | self._read_otherwise

    def changes(self) -> pd.Series:
        """Return the word of `Change` of each label, None where there is none."""
        was_flagged, flagged = (side["status"].isin(_FLAGGED) for side in (self.was, self.now))
        was_settled = was_flagged & self.was["reviewed_by"].notna()
        settled = flagged & self.now["reviewed_by"].notna()
        found = self.now["status"].map(_BY_STATUS).astype(object)
        found = found.where(self._differ("status"), None)
        found = found.mask(self._is_there & ~self._was_there & ~flagged, Change.ADDED)
        found = found.mask(was_settled & flagged & ~settled, Change.REOPENED)
        found = found.mask(settled, None).mask(settled & ~was_settled, Change.REVIEWED)
        return found.mask(~self._is_there, Change.REMOVED)

    def causes(self, changes: pd.Series) -> dict[Cause, NDArray[np.bool_]]:
        """Return for each cause, in order, whether it bears on each label."""
        one, other = self._runs
        rules = one["rules_version"] != other["rules_version"]
        # The hash of the thresholds is over the version of the rules as well.
        thresholds = not rules and one["settings_hash"] != other["settings_hash"]
        model = self._differ("model_id", "model_version", "served_by")
        counts = self._samples.isin(self._recounted)
        answer = self._differ("predicted_id", "predicted_label", "p_top") & ~model & ~counts
        judged_otherwise = {
            Cause.MODEL_CHANGED: model,
            Cause.RULES_CHANGED: self._both & rules,
            Cause.THRESHOLDS_CHANGED: self._both & thresholds,
            Cause.COUNTS_CHANGED: counts,
            Cause.PARTNER_CHANGED: self._partner_changed(),
            Cause.OTHER_LABEL_CHANGED: self._other_label_changed(),
            Cause.SAMPLES_CHANGED: self._samples_changed(),
            Cause.ANSWER_CHANGED: answer,
        }
        differs = self._both & self._differ("status")
        known_before, known = (
            self._samples.isin(self._samples[there]) for there in (self._was_there, self._is_there)
        )
        causes = {
            Cause.SAMPLE_ADDED: ~self._was_there & ~known_before,
            Cause.LABEL_ADDED: ~self._was_there & known_before,
            Cause.SAMPLE_REMOVED: ~self._is_there & ~known,
            Cause.LABEL_REMOVED: ~self._is_there & known,
            Cause.LABEL_CHANGED: self._label_changed,
            Cause.LABEL_READ_OTHERWISE: self._read_otherwise,
            Cause.REVIEWED: changes.eq(Change.REVIEWED),
            Cause.REVIEW_WITHDRAWN: changes.eq(Change.REOPENED),
            **{cause: differs & holds for cause, holds in judged_otherwise.items()},
        }
        bears = {cause: holds.to_numpy(dtype=np.bool_) for cause, holds in causes.items()}
        return bears | {Cause.UNEXPLAINED: ~np.logical_or.reduce(list(bears.values()))}

    def moved_samples(self) -> dict[str, list[str]]:
        """Return by field the samples that another may have gained or lost as a partner by."""
        with_partner = str(Reason.CONTRADICTS_WITH_PARTNER)
        failed, fails = (
            side["status"].eq(str(Status.FAIL)) & side["reason"].ne(with_partner)
            for side in (self.was, self.now)
        )
        moved = self._samples[self._label_moved | failed.ne(fails)]
        return {
            str(field): [str(name) for name in names]
            for field, names in moved.groupby(self._fields[moved.index], sort=False)
        }

    def _differ(self, *names: str) -> pd.Series:
        """Return where one of the columns differs; two missing values are alike."""
        differ = pd.Series(False, index=self.labels)
        for name in names:
            was, now = self.was[name], self.now[name]
            differ |= was.ne(now) & ~(was.isna() & now.isna())
        return differ

    def _for_reason(self, reason: Reason) -> pd.Series:
        """Return where a verdict has, or had, a reason."""
        return self.was["reason"].eq(str(reason)) | self.now["reason"].eq(str(reason))

    def _partner_changed(self) -> pd.Series:
        moved = self.moved_samples()
        supported = self._for_reason(Reason.CONTRADICTS_WITH_PARTNER)
        for sample, field in self.labels[supported]:
            supported[sample, field] = any(name != sample for name in moved.get(str(field), ()))
        return supported

    def _other_label_changed(self) -> pd.Series:
        tempering = self._label_moved & self._fields.isin(TEMPERS_TISSUE)
        return self._fields.eq("tissue") & self._samples.isin(self._samples[tempering])

    def _samples_changed(self) -> pd.Series:
        were, are = (set(self._samples[there]) for there in (self._was_there, self._is_there))
        changed = were != are or bool(self._recounted)
        return self._for_reason(Reason.PREDICTION_NOT_TRUSTWORTHY) & changed


def _by_label(verdicts: pd.DataFrame) -> pd.DataFrame:
    return verdicts.astype(dict.fromkeys(_KEYS, object)).set_index(_KEYS)[_COMPARED]


def _with_other_counts(was: pd.DataFrame | None, now: pd.DataFrame | None) -> frozenset[str]:
    if was is None or now is None:
        return frozenset()
    # A hash is over positions in a gene order, and tells nothing beside that of another.
    beside = now.merge(was, on=["sample_id", "gene_order_hash"], suffixes=("", "_was"))
    other = beside["content_hash"].ne(beside["content_hash_was"])
    return frozenset(str(sample) for sample in beside.loc[other, "sample_id"])


def rows_of(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _with_none(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose missing values are None, whatever they were."""
    return table.astype(object).where(table.notna(), None)
