"""How well each label of a dataset would fit each of its samples: what exchanges are read from.

One matrix a field, samples x distinct labels, never samples x samples: ten thousand samples and
three hundred labels are 12 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.labels.buckets import buckets_of
from gem_assets.labels.fields import FIELD_BY_NAME, FieldKind
from gem_assets.labels.hierarchy import broader, too_general
from gem_assets.labels.relation import compatible_mask
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.answers import FieldAnswers, field_answers
from gem_assets.qc.reasons import EVIDENCE_GROUP, FIELD_CAP
from gem_assets.qc.settings import QcSettings

AGE_SPREADS = 3.0
"""An age is at most this many standard deviations wrong: ages have outliers, and none may outweigh
the tissue. Three is a log-likelihood of -4.5."""

LOG_HOLDS = float(np.log(0.05))
"""A label that has less than a twentieth of the probability is contradicted, as a verdict says
(`contradicts_compatible`)."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelFit:
    """One field's labels against the predictions of all samples.

    Attributes
    ----------
    field
        Our name of the field.
    labels
        The distinct stated labels that can be judged, as ``provided_id`` has them.
    code
        Each sample's own label as its place in ``labels``, shape (samples,); -1 where it has none
        or the model did not answer.
    log_p
        float32, samples x labels: log of the probability mass compatible with the label, at
        least the log of ``settings.probability_floor``. For ages a Gaussian's log-likelihood.
    unlike
        bool, labels x labels: whether two labels are of different organs, so that an exchange of
        them could be seen.
    """

    field: str
    labels: tuple[str, ...]
    code: NDArray[np.intp]
    log_p: NDArray[np.float32]
    unlike: NDArray[np.bool_]

    def gain(self, takers: NDArray[np.intp], givers: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return what each taker gains in log-likelihood by each giver's label.

        float32, takers x givers; 0 where either has no label or the two are no different ones.
        """
        own, other = self.code[takers], self.code[givers]
        if not self.labels:
            return np.zeros((len(takers), len(givers)), dtype=np.float32)
        by_label = self.log_p[takers] - self.log_p[takers, own][:, None]
        by_label[~self.unlike[own]] = 0
        by_label[own < 0] = 0
        gain: NDArray[np.float32] = by_label[:, other]
        gain[:, other < 0] = 0
        return gain

    def would_hold(self, takers: NDArray[np.intp], givers: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return whether each giver's label would not be contradicted by each taker as well.

        bool, takers x givers; False where the giver has no label. That one label is less
        improbable than another is no reason to take it.
        """
        other = self.code[givers]
        if not self.labels:
            return np.zeros((len(takers), len(givers)), dtype=np.bool_)
        holds: NDArray[np.bool_] = self.log_p[takers][:, other] >= LOG_HOLDS
        return holds & (other >= 0)

    def gain_of_each(
        self, takers: NDArray[np.intp], givers: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return what each taker gains by the label of the giver at its place, float64."""
        own, other = self.code[takers], self.code[givers]
        if not self.labels:
            return np.zeros(len(takers))
        gained = (self.log_p[takers, other] - self.log_p[takers, own]).astype(float)
        told = (own >= 0) & (other >= 0) & self.unlike[own, other]
        return np.where(told, gained, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class LabelFits:
    """The fits of a dataset's fields, over the same samples.

    Attributes
    ----------
    samples
        Names of the samples, in the order in which the labels state them.
    fields
        Fit by field: those that may call a label wrong, and the age, which may only break ties.
    """

    samples: pd.Index
    fields: Mapping[str, LabelFit]

    def accusing(self) -> dict[str, LabelFit]:
        """Return the fields that may call a label wrong."""
        return {name: fit for name, fit in self.fields.items() if name not in FIELD_CAP}


def label_fits(
    sample_labels: pd.DataFrame,
    predicted_metadata: pd.DataFrame,
    classifier_probs: pd.DataFrame,
    settings: QcSettings,
    *,
    answers: Mapping[str, FieldAnswers] | None = None,
) -> LabelFits:
    """Return how well each stated label of a dataset fits each sample.

    Disease is left out: expression tells it too poorly to say whose it is.

    Parameters
    ----------
    sample_labels, predicted_metadata, classifier_probs
        The tables of these names, of one dataset.
    settings
        Thresholds: what is too general, the floor of a probability, the spread of ages.
    answers
        What :func:`gem_assets.qc.answers.field_answers` made of the last two, by field, where
        that is known already.
    """
    samples = pd.Index(sample_labels["sample_id"].unique(), dtype=object)
    fits = {}
    for name, labels in sample_labels.groupby("field", sort=False):
        field = str(name)
        if not settings.judges(field):
            continue
        kind = FIELD_BY_NAME[field].kind if field in FIELD_BY_NAME else FieldKind.TEXT
        stated = labels.drop_duplicates("sample_id", keep="last").set_index("sample_id")
        provided = stated["provided_id"].astype(object).reindex(samples)
        if kind is FieldKind.NUMBER:
            fits[field] = _age_fit(field, provided, predicted_metadata, settings)
        elif kind in (FieldKind.ONTOLOGY, FieldKind.ENUMERATION) and field not in FIELD_CAP:
            known = None if answers is None else answers.get(field)
            known = known or field_answers(field, predicted_metadata, classifier_probs)
            fits[field] = _term_fit(field, provided, known, settings)
    return LabelFits(samples, fits)


def gain_together(
    names: tuple[str, ...], gain_of: Callable[[str], NDArray[np.floating]]
) -> NDArray[np.float32]:
    """Return what all fields gain together.

    Fields of one group read the same expression programme: the strongest evidence for and the
    strongest against count once. Independent groups add up.
    """
    by_group: dict[str, list[str]] = {}
    for name in names:
        by_group.setdefault(EVIDENCE_GROUP.get(name, name), []).append(name)
    total: NDArray[np.float32] | None = None
    for fields in by_group.values():
        gain = gain_of(fields[0]).astype(np.float32, copy=False)
        if len(fields) > 1:
            best, worst = np.maximum(gain, 0), np.minimum(gain, 0)
            for name in fields[1:]:
                gain = gain_of(name).astype(np.float32, copy=False)
                np.maximum(best, gain, out=best)
                np.minimum(worst, gain, out=worst)
            gain = best + worst
        total = gain if total is None else total + gain
    if total is None:
        raise ValueError("an exchange is of at least one field")
    return total


def _term_fit(
    field: str, provided: pd.Series, answers: FieldAnswers, settings: QcSettings
) -> LabelFit:
    at = answers.samples.get_indexer(provided.index)
    # An unknown sample is at -1, the last: a row of NaN.
    classes = answers.classes
    answered = np.append(np.isfinite(answers.probability).all(axis=1) & bool(classes), False)[at]
    masks = {
        str(joined): [
            compatible_mask(term, classes, settings.too_general)
            for term in str(joined).split(VALUE_SEPARATOR)
            if not too_general(term, settings.too_general)
        ]
        for joined in provided[answered].dropna().unique()
    }
    labels = tuple(label for label, found in masks.items() if any(mask.any() for mask in found))
    log_p = np.zeros((len(provided), len(labels)), dtype=np.float32)
    probability = answers.probability[at[answered]]
    for column, label in enumerate(labels):
        # Of several values the best-matching one counts.
        mass = np.max([probability[:, mask].sum(axis=1) for mask in masks[label]], axis=0)
        log_p[answered, column] = np.log(np.maximum(mass, settings.probability_floor))
    code = np.where(answered, pd.Index(labels, dtype=object).get_indexer(pd.Index(provided)), -1)
    return LabelFit(field, labels, code, log_p, _unlike(labels, classes))


def _unlike(labels: Sequence[str], classes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which labels share no value, no broader one of them and no bucket."""
    terms = [label.split(VALUE_SEPARATOR) for label in labels]
    own = [frozenset(values) for values in terms]
    above = [frozenset().union(*map(broader, values)) for values in terms]
    buckets = [frozenset().union(*(buckets_of(t, classes) for t in values)) for values in terms]
    unlike = np.ones((len(labels), len(labels)), dtype=np.bool_)
    for i in range(len(labels)):
        for j in range(i + 1):
            unlike[i, j] = unlike[j, i] = (
                above[i].isdisjoint(own[j])
                and own[i].isdisjoint(above[j])
                and buckets[i].isdisjoint(buckets[j])
            )
    return unlike


def _age_fit(
    field: str, provided: pd.Series, predicted_metadata: pd.DataFrame, settings: QcSettings
) -> LabelFit:
    held = predicted_metadata[predicted_metadata["field"].eq(field)]
    held = held.drop_duplicates("sample_id", keep="last").set_index("sample_id")
    predicted = held["value_number"].astype(float).reindex(provided.index).to_numpy()
    stated = pd.to_numeric(provided, errors="coerce").to_numpy(dtype=float)
    years = np.unique(stated[np.isfinite(stated)])
    # Twice the expected error is the limit that a difference warns at.
    spread = max(settings.age_years, 2 * settings.age_expected_error, 1e-9) / 2
    away = np.abs(predicted[:, None] - years) / spread
    log_p = (-0.5 * np.minimum(away, AGE_SPREADS) ** 2).astype(np.float32)
    known = np.isfinite(stated) & np.isfinite(predicted)
    log_p[~known] = 0
    code = np.where(known, np.searchsorted(years, stated), -1)
    code[~known] = -1
    return LabelFit(
        field,
        tuple(f"{year:g}" for year in years),
        code.astype(np.intp),
        log_p,
        ~np.eye(len(years), dtype=np.bool_),
    )
