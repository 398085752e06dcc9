"""The three-way vote: what was stated, what was predicted, and what the marker genes say.

Label and prediction alone can't say which of them errs. The marker genes are the third voice: they
were chosen on public references, and no coefficient of a model enters.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gem_assets.labels.ontology import label_of
from gem_assets.qc.tissue_levels import Floats, MarkerCounts, TissueLevels

LEAST_CPM, MOST_RATIO, MARKERS, LEAST_MARKERS = 10.0, 0.1, 80, 8
"""Marker genes of a pair of tissues: least level in one's references, most of it in the other's,
and how many at most and at least."""

PRESENT, ABSENT = 0.2, 0.1
"""Median level of a tissue's markers, as a share of its references', from which it is present and
below which it is absent. Fixed on the training references (2,941 pairs of tissues, simulated
libraries of the Human Protein Atlas's counts with the levels of its consensus, and the other way
round; the consensus holds the Atlas's own data): the true tissue is present and the other absent in
96.8 %, both present in 0.1 %, the other way round in none."""


class Vote(StrEnum):
    """Whose error it is."""

    LABEL_ERROR = "label_error"
    MODEL_ERROR = "model_error"
    SAMPLE_ERROR = "sample_error"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class TissueVote:
    """What the marker genes say between a stated and a predicted tissue.

    Attributes
    ----------
    vote
        Whose error it is. A sample error is that of both tissues' markers in one sample.
    stated, predicted
        UBERON ids as they were asked about.
    stated_level, predicted_level
        Median level of each one's markers, as a share of its references'; None where there are
        too few genes to tell the two apart.
    sentence
        The vote in words.
    """

    vote: Vote
    stated: str
    predicted: str
    stated_level: float | None
    predicted_level: float | None
    sentence: str


def tissue_vote(
    cpm: Floats, counts: MarkerCounts, levels: TissueLevels, stated: str, predicted: str
) -> TissueVote:
    """Return the vote on one sample.

    Parameters
    ----------
    cpm
        The sample's row of ``counts.cpm``.
    counts
        The dataset's reads, for the genes that it has.
    levels
        Which gene marks which tissue.
    stated, predicted
        UBERON ids; those that stand for no class of ``levels``, or for the same, give no decision.
    """
    one, other = levels.class_of(stated), levels.class_of(predicted)
    if one is None or other is None or one == other:
        return _undecided(stated, predicted, "no marker genes tell the two apart")
    has_stated = marker_level(cpm, counts, levels, one, other)
    has_predicted = marker_level(cpm, counts, levels, other, one)
    if has_stated is None or has_predicted is None:
        return _undecided(stated, predicted, "too few marker genes tell the two apart")
    names = tuple(label_of(term) or term for term in (stated, predicted))
    vote, sentence = _decide(has_stated, has_predicted, *names)
    return TissueVote(vote, stated, predicted, has_stated, has_predicted, sentence)


def marker_level(
    cpm: Floats, counts: MarkerCounts, levels: TissueLevels, of: str, absent_from: str
) -> float | None:
    """Return the median level of a tissue's markers in a sample, as a share of its references'.

    Both are taken over the reads on the marker genes that the dataset has: one common gene set.
    None with fewer than eight markers, or without a read.
    """
    columns = levels.markers(
        of,
        [absent_from],
        least_cpm=LEAST_CPM,
        most_ratio=MOST_RATIO,
        most=MARKERS,
        present=counts.present,
    )
    reference = levels.middle[levels.row(of)]
    reads, expected = cpm[counts.present].sum(), reference[counts.present].sum()
    if len(columns) < LEAST_MARKERS or reads <= 0:
        return None
    return float(np.median((cpm[columns] / reads) / (reference[columns] / expected)))


def sex_vote(stated: str, predicted: str, markers: str) -> Vote:
    """Return the vote on a sex, each of ``female`` and ``male`` or another word for no voice."""
    sexes = {"female", "male"}
    if stated == predicted or not {stated, predicted, markers} <= sexes:
        return Vote.UNDECIDED
    return Vote.MODEL_ERROR if markers == stated else Vote.LABEL_ERROR


def taken_tissues(
    counts: MarkerCounts,
    levels: TissueLevels,
    stated: Mapping[str, str | None],
    predicted: Mapping[str, str | None],
    failing: Collection[str] = (),
) -> dict[str, str | None]:
    """Return the class of ``levels`` that each sample is taken to be.

    The stated tissue, unless the marker genes side with the prediction: a sample with a wrong
    label is not a mixture of what it is and what it is called. Of ``failing`` samples, whose
    stated tissue fails, the marker genes must side with it. The prediction, where no class stands
    for what is stated.
    """
    taken: dict[str, str | None] = {}
    for row, sample in enumerate(counts.sample_ids):
        said, seen = stated.get(sample), predicted.get(sample)
        wrong = False
        if said is not None and seen is not None:
            vote = tissue_vote(counts.cpm[row], counts, levels, said, seen).vote
            wrong = vote is Vote.LABEL_ERROR
            wrong |= sample in failing and vote is not Vote.MODEL_ERROR
        known = None if wrong else levels.class_of(said)
        taken[sample] = levels.class_of(seen) if known is None else known
    return taken


def _decide(
    has_stated: float, has_predicted: float, stated: str, predicted: str
) -> tuple[Vote, str]:
    seen = f"(markers of {stated} at {has_stated:.0%} of its references, of {predicted} at "
    seen += f"{has_predicted:.0%})"
    if has_predicted >= PRESENT and has_stated < ABSENT:
        return Vote.LABEL_ERROR, (
            f"The sample is not what its label says; markers agree with the prediction {seen}."
        )
    if has_stated >= PRESENT and has_predicted < ABSENT:
        return Vote.MODEL_ERROR, (f"The sample is what its label says; the prediction errs {seen}.")
    if has_stated >= PRESENT and has_predicted >= PRESENT:
        return Vote.SAMPLE_ERROR, (
            f"The sample holds markers of both the label and the prediction: a mixture {seen}."
        )
    if has_stated < ABSENT and has_predicted < ABSENT:
        # No sample error: a gland may hold as little of its markers where another part was cut.
        return Vote.UNDECIDED, (
            f"The sample holds few markers of either the label or the prediction {seen}."
        )
    return Vote.UNDECIDED, f"The marker genes don't settle it {seen}."


def _undecided(stated: str, predicted: str, why: str) -> TissueVote:
    return TissueVote(
        Vote.UNDECIDED, stated, predicted, None, None, f"The marker genes don't settle it: {why}."
    )
