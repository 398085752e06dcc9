"""The rules by which one stated term is judged against the probabilities of many samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gem_assets.qc.reasons import STATUS_ORDER, Reason, Status
from gem_assets.qc.settings import QcSettings

REASONS: tuple[str, ...] = tuple(str(reason) for reason in Reason)
"""Reasons by their code in `TermVerdicts`."""

_BEST_FIRST = (
    Status.PASS,
    Status.UNCLEAR,
    Status.NOT_ASSESSED,
    Status.WARN,
    Status.FAIL,
)
PREFERENCE: NDArray[np.intp] = np.array(
    [_BEST_FIRST.index(Status(status)) for status in STATUS_ORDER], dtype=np.intp
)
"""Which of several stated values counts, by status code: the best-matching one. A value that
can't be judged comes before those that are doubted: it may be the right one."""


@dataclass(frozen=True, slots=True, eq=False)
class TermMasks:
    """A stated term's relation to each class of the model's vocabulary, shape (classes,), bool.

    Attributes
    ----------
    same
        The class is the term.
    below
        The class is the term or lies below it.
    above
        The class lies above the term (never the term itself).
    too_general
        The class lies above the term, and so far that it says nothing for it.
    same_bucket
        The class belongs to the term's organ or cell family.
    term_too_general
        Whether the term itself is too general to be judged.
    """

    same: NDArray[np.bool_]
    below: NDArray[np.bool_]
    above: NDArray[np.bool_]
    too_general: NDArray[np.bool_]
    same_bucket: NDArray[np.bool_]
    term_too_general: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TermVerdicts:
    """Verdicts on one field's labels, an entry a row; statuses and reasons as codes.

    Attributes
    ----------
    status
        Index into `STATUS_ORDER`.
    reason
        Index into `REASONS`.
    p_provided, p_compatible, ratio
        NaN where the label was not assessed or the model gave no probabilities.
    """

    status: NDArray[np.intp]
    reason: NDArray[np.intp]
    p_provided: NDArray[np.float64]
    p_compatible: NDArray[np.float64]
    ratio: NDArray[np.float64]

    @classmethod
    def none(cls, n: int) -> TermVerdicts:
        """Return n entries that hold no verdict yet: not assessed, field not predicted."""
        nan = [np.full(n, np.nan) for _ in range(3)]
        status = np.full(n, _status(Status.NOT_ASSESSED))
        return cls(status, np.full(n, _reason(Reason.FIELD_NOT_PREDICTED)), *nan)

    def put_better(self, rows: NDArray[np.intp], other: TermVerdicts, *, first: bool) -> None:
        """Write the entries of ``other`` to ``rows``, where they match better or are the first.

        Of equal statuses, the one with more compatible mass is better.
        """
        old, new = PREFERENCE[self.status[rows]], PREFERENCE[other.status]
        more = np.nan_to_num(other.p_compatible) > np.nan_to_num(self.p_compatible[rows])
        better = np.full(len(rows), first) | (new < old) | ((new == old) & more)
        for name in ("status", "reason", "p_provided", "p_compatible", "ratio"):
            getattr(self, name)[rows[better]] = getattr(other, name)[better]


def judge_term(
    masks: TermMasks,
    probability: NDArray[np.float64],
    top: NDArray[np.intp],
    p_top: NDArray[np.float64],
    settings: QcSettings,
) -> TermVerdicts:
    """Judge one stated term in each of n samples.

    The first test that holds decides; a label that can't be judged is told before all others.
    Mass is scored rather than the top value, since mass is shared between a part and its whole:
    ``provided`` is that on the term and below, ``compatible`` also that on the terms above which
    are not too general.

    Parameters
    ----------
    masks
        The term's relation to the classes.
    probability
        float64, n x classes, rows of sum 1, or NaN where the model gave no probabilities: then
        only the relation between the two terms is judged.
    top
        Column of each sample's top prediction, shape (n,).
    p_top
        Its probability, shape (n,).
    settings
        Thresholds.
    """
    specific_above = masks.above & ~masks.too_general
    provided = np.clip(probability @ masks.below.astype(float), 0.0, 1.0)
    compatible = np.clip(provided + probability @ specific_above.astype(float), provided, 1.0)
    ratio = p_top / np.maximum(compatible, settings.probability_floor)

    unknown = not (masks.below | specific_above).any()
    label_unknown = not masks.below.any()
    general_pass = specific_above[top] if label_unknown else np.zeros(len(top), dtype=bool)
    every = np.ones(len(top), dtype=bool)
    tests: list[tuple[NDArray[np.bool_], Reason, Status]] = [
        (every & masks.term_too_general, Reason.LABEL_TOO_GENERAL, Status.NOT_ASSESSED),
        (every & unknown, Reason.LABEL_OUT_OF_VOCABULARY, Status.NOT_ASSESSED),
        (masks.same[top], Reason.SAME_TERM, Status.PASS),
        (masks.below[top], Reason.PREDICTION_MORE_SPECIFIC, Status.PASS),
        (masks.above[top] & general_pass, Reason.PREDICTION_MORE_GENERAL, Status.PASS),
        (masks.above[top], Reason.PREDICTION_MORE_GENERAL, Status.UNCLEAR),
        (compatible >= settings.mass_agrees, Reason.MASS_AGREES, Status.PASS),
        (
            masks.same_bucket[top] & (p_top >= settings.same_organ_p_top),
            Reason.SAME_ORGAN,
            Status.WARN,
        ),
        (masks.same_bucket[top], Reason.SAME_ORGAN, Status.UNCLEAR),
        (
            (compatible < settings.contradicts_compatible) & (ratio >= settings.contradicts_ratio),
            Reason.CONTRADICTS,
            Status.FAIL,
        ),
        (
            (p_top >= settings.doubtful_p_top) & (compatible < settings.doubtful_compatible),
            Reason.DOUBTFUL,
            Status.WARN,
        ),
        (every, Reason.WEAK_EVIDENCE, Status.UNCLEAR),
    ]
    conditions = [condition for condition, _, _ in tests]
    status = np.select(conditions, [_status(status) for _, _, status in tests])
    reason = np.select(conditions, [_reason(reason) for _, reason, _ in tests])
    unjudged = status == _status(Status.NOT_ASSESSED)
    for numbers in (provided, compatible, ratio):
        numbers[unjudged] = np.nan
    return TermVerdicts(status, reason, provided, compatible, ratio)


def _status(status: Status) -> int:
    return STATUS_ORDER.index(status)


def _reason(reason: Reason) -> int:
    return REASONS.index(reason)
