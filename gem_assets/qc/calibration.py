"""A temperature for the model's probabilities, from labels that people reviewed.

Which labels were reviewed decides what they can say. Those that were flagged are the ones on which
the model and the sheet disagree: a temperature from them would make the model look worse than it
is, or the sheet. So the labels of a dataset have an order that depends on nothing but their names,
a person reviews along it, and only the reviews up to the first gap count. A flagged label that
was reviewed out of turn counts once its turn has come.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.labels.fields import FIELDS
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.answers import field_answers
from gem_assets.qc.reasons import Status
from gem_assets.qc.review import Decision, reviewed_labels
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.term_masks import term_masks

LEAST_REVIEWED = 100
"""Reviewed labels from which a field and model version are calibrated. One parameter is
fitted, and its 95 % interval is told beside it: what 100 labels leave open is seen."""

LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.05, 20.0
"""Temperatures that are tried; a fit at either end is no fit: the reviews set no bound."""

_INTERVAL = 1.920729  # half of the .95 quantile of chi2 with 1 degree of freedom
_STEPS = 401


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The reviewed labels of one field of a dataset, as the model saw them.

    Attributes
    ----------
    probability
        float64, labels x classes, rows of sum 1.
    belongs
        bool, labels x classes: the class is the label or lies below it.
    correct
        bool, shape (labels,): what the person decided.
    """

    probability: NDArray[np.float64]
    belongs: NDArray[np.bool_]
    correct: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration of a field for a model version.

    Attributes
    ----------
    reviewed
        Labels in it.
    temperature
        Probabilities become ``p ** (1 / temperature)``, normalised: above 1 the model was too sure
        of itself. None: uncalibrated.
    ci_low, ci_high
        95 % profile-likelihood interval, cut off at the temperatures tried.
    sentence
        What to print beside the probabilities.
    """

    reviewed: int
    temperature: float | None
    ci_low: float | None
    ci_high: float | None
    sentence: str

    @property
    def word(self) -> str:
        """``calibrated`` or ``uncalibrated``."""
        return "uncalibrated" if self.temperature is None else "calibrated"


def review_order(verdicts: pd.DataFrame, field: str) -> list[str]:
    """Return the samples whose label of a field was judged, in the order to review them in.

    The order is that of a hash of dataset, sample and field: random with regard to every verdict,
    the same in every run, and unchanged for the rest when samples are added.
    """
    judged = verdicts[verdicts["field"].eq(field) & verdicts["status"].ne(str(Status.NOT_ASSESSED))]
    keys = [
        hashlib.blake2b("\n".join((str(dataset), str(sample), field)).encode()).hexdigest()
        for dataset, sample in zip(judged["dataset"], judged["sample_id"], strict=True)
    ]
    samples = judged["sample_id"].astype(str).to_numpy(dtype=object)
    return [str(sample) for sample in samples[np.argsort(keys, kind="stable")]]


def next_to_review(verdicts: pd.DataFrame, reviews: pd.DataFrame, field: str, n: int) -> list[str]:
    """Return the next n samples whose label of a field is to be reviewed for a calibration."""
    decided = _decisions(verdicts, reviews, field)
    order = review_order(verdicts, field)
    return [sample for sample in order if decided[sample] is None][:n]


def reviewed_evidence(
    verdicts: pd.DataFrame,
    reviews: pd.DataFrame,
    predicted_metadata: pd.DataFrame,
    classifier_probs: pd.DataFrame,
    field: str,
    settings: QcSettings,
) -> Evidence | None:
    """Return a dataset's reviewed labels of a field that were chosen at random.

    Excluded samples are passed over: they say nothing of the label. So are labels of which the
    model gave no probabilities.

    Parameters
    ----------
    verdicts
        The result of :func:`gem_assets.qc.verdicts.judge`, of one model version.
    reviews
        The result of :func:`gem_assets.qc.review.read_reviews`.
    predicted_metadata, classifier_probs
        The tables of these names, of the same dataset and model version.
    field
        The field.
    settings
        Thresholds, for what is too general.
    """
    decided = _decisions(verdicts, reviews, field)
    chosen = []
    for sample in review_order(verdicts, field):
        if decided[sample] is None:
            break
        if decided[sample] != Decision.EXCLUDE:
            chosen.append(sample)
    answers = field_answers(field, predicted_metadata, classifier_probs)
    at = answers.samples.get_indexer(pd.Index(chosen))
    known = (at >= 0) & np.isfinite(np.append(answers.p_top, np.nan)[at])
    chosen = [sample for sample, is_known in zip(chosen, known, strict=True) if is_known]
    if not chosen:
        return None
    rows = verdicts[verdicts["field"].eq(field)].set_index("sample_id").loc[chosen]
    masks = {
        str(joined): np.logical_or.reduce(
            [
                term_masks(term, answers.classes, settings.too_general).below
                for term in str(joined).split(VALUE_SEPARATOR)
            ]
        )
        for joined in rows["provided_id"].unique()
    }
    return Evidence(
        answers.probability[at[known]],
        np.stack([masks[str(joined)] for joined in rows["provided_id"]]),
        np.array([decided[sample] == Decision.LABEL_CORRECT for sample in chosen], dtype=np.bool_),
    )


def calibrate(evidence: Sequence[Evidence], settings: QcSettings) -> Calibration:
    """Fit the temperature of a field and model version over all datasets that have reviews.

    Temperature scaling is by Guo et al. 2017 (arXiv:1706.04599).

    The likelihood is that of the decisions: the label's mass at the temperature where it is
    correct, the rest where it is wrong, neither below ``settings.probability_floor``; a sheet's
    mistakes are taken to have nothing to do with the expression. Given few reviews, or ones that
    bound the temperature on one side only, there is none.
    """
    n = sum(len(one.correct) for one in evidence)
    if n < LEAST_REVIEWED:
        return Calibration(
            n,
            None,
            None,
            None,
            f"Uncalibrated: {n} of {LEAST_REVIEWED} randomly chosen labels are reviewed.",
        )
    grid = np.geomspace(LEAST_TEMPERATURE, MOST_TEMPERATURE, _STEPS)
    loss = np.array([_loss(t, evidence, settings.probability_floor) for t in grid])
    best = int(loss.argmin())
    inside = np.flatnonzero(loss <= loss[best] + _INTERVAL)
    if inside[0] == 0 or inside[-1] == len(grid) - 1:
        return Calibration(
            n,
            None,
            None,
            None,
            f"Uncalibrated: {n} randomly chosen labels are reviewed, but they fit probabilities "
            "as sharp or as flat as can be; more reviews are needed, wrong labels among them.",
        )
    temperature, low, high = (float(grid[i]) for i in (best, inside[0], inside[-1]))
    return Calibration(
        n,
        temperature,
        low,
        high,
        f"Calibrated on {n} randomly chosen reviewed labels: temperature {temperature:.2f} "
        f"({low:.2f} to {high:.2f}).",
    )


def field_evidence(
    verdicts: pd.DataFrame,
    reviews: pd.DataFrame | None,
    predicted_metadata: pd.DataFrame,
    classifier_probs: pd.DataFrame,
    settings: QcSettings,
) -> dict[str, Evidence | None]:
    """Return `reviewed_evidence` of each field of which a probability was judged.

    Parameters
    ----------
    verdicts, predicted_metadata, classifier_probs, settings
        As of `reviewed_evidence`.
    reviews
        The same; None: nothing was reviewed.
    """
    judged = verdicts["status"].ne(str(Status.NOT_ASSESSED)) & verdicts["p_top"].notna()
    present = set(verdicts.loc[judged, "field"])
    return {
        field.name: None
        if reviews is None
        else reviewed_evidence(
            verdicts, reviews, predicted_metadata, classifier_probs, field.name, settings
        )
        for field in FIELDS
        if field.name in present
    }


def calibrations(
    verdicts: pd.DataFrame,
    reviews: pd.DataFrame | None,
    predicted_metadata: pd.DataFrame,
    classifier_probs: pd.DataFrame,
    settings: QcSettings,
    *,
    elsewhere: Iterable[Mapping[str, Evidence | None]] = (),
) -> dict[str, Calibration]:
    """Return the calibration of each field of which a probability was judged.

    Parameters
    ----------
    verdicts, reviews, predicted_metadata, classifier_probs, settings
        As of `field_evidence`.
    elsewhere
        `field_evidence` of the other datasets that the same model version predicted: a hundred
        labels are more than most datasets have.
    """
    here = field_evidence(verdicts, reviews, predicted_metadata, classifier_probs, settings)
    others = list(elsewhere)
    return {
        field: calibrate(
            [found for each in (here, *others) if (found := each.get(field)) is not None], settings
        )
        for field in here
    }


def at_temperature(probability: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return the rows with each probability to the power 1/temperature, normalised.

    The order within a row stays. Rows of NaN stay NaN.

    Raises
    ------
    ValueError
        Unless the temperature is above 0 and finite.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"a temperature is above 0 and finite, got {temperature}")
    with np.errstate(divide="ignore"):
        log = np.log(probability) / temperature
    scaled = np.exp(log - log.max(axis=1, keepdims=True))
    normalised: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return normalised


def _decisions(verdicts: pd.DataFrame, reviews: pd.DataFrame, field: str) -> dict[str, str | None]:
    of_field = verdicts[verdicts["field"].eq(field)]
    decided = reviewed_labels(of_field, reviews)
    return dict(zip(of_field["sample_id"].astype(str), decided, strict=True))


def _loss(temperature: float, evidence: Sequence[Evidence], floor: float) -> float:
    """Return the negative log likelihood of the decisions at a temperature."""
    total = 0.0
    for one in evidence:
        mass = (at_temperature(one.probability, temperature) * one.belongs).sum(axis=1)
        mass = np.clip(mass, floor, 1 - floor)
        total -= float(np.log(np.where(one.correct, mass, 1 - mass)).sum())
    return total
