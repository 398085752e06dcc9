"""What the thresholds of the ontology rules cost, measured on libraries of a source left out.

The embedded tissue head is trained on all reference sources but one; libraries of single donors are
made of the source that is left out, and judged by the rules of :mod:`gem_assets.qc.term_rules` and
:mod:`gem_assets.qc.partners`, with their own labels and with wrong ones. Only training files are
read. :mod:`gem_assets.qc.threshold_page` writes what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.embedded import train
from gem_assets.embedded.training.references import References
from gem_assets.embedded.training.selection import ask_held_out
from gem_assets.qc.answers import FieldAnswers
from gem_assets.qc.history import flagged_rate
from gem_assets.qc.label_fit import LabelFit, label_fits
from gem_assets.qc.partners import DOUBTED
from gem_assets.qc.reasons import STATUS_ORDER, Status
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.term_masks import term_masks
from gem_assets.qc.term_rules import REASONS, judge_term

FIELD = "tissue"

PER_TISSUE = 40
"""Libraries of each tissue and source: 2,000 in all, of 25 tissues in either of two sources."""

SAMPLES, EXCHANGES = 24, 2
"""Samples of a dataset that is put together from libraries, and pairs exchanged in it."""

FAIL, WARN = (STATUS_ORDER.index(status) for status in (Status.FAIL, Status.WARN))
_DOUBTED = tuple(REASONS.index(reason) for reason in DOUBTED)
_ASKED = tuple(STATUS_ORDER.index(status) for status in (Status.WARN, Status.UNCLEAR))


@dataclass(frozen=True, slots=True, eq=False)
class Libraries:
    """One source's libraries, as seen by a head that was trained on the others.

    Attributes
    ----------
    classes
        The head's vocabulary, ascending.
    probability
        Shape (libraries, classes).
    fit
        How each label fits each library; ``fit.code`` is the library's right label.
    """

    classes: tuple[str, ...]
    probability: NDArray[np.float64]
    fit: LabelFit


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Status and reason of each label on each library, as codes, shape (libraries, labels)."""

    status: NDArray[np.intp]
    reason: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Rate:
    """``k`` of ``n``."""

    k: int
    n: int

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.k + other.k, self.n + other.n)

    def __str__(self) -> str:
        share, low, high = flagged_rate(self.k, self.n)
        return f"{self.k:,} of {self.n:,}: {share:.4f} ({low:.4f} to {high:.4f})"


def hold_out(references: References, source: str, per_tissue: int = PER_TISSUE) -> Libraries:
    """Return the libraries of a source, asked about by a head that never saw it.

    Parameters
    ----------
    references
        See :meth:`~gem_assets.embedded.training.references.References.independent`.
    source
        Key of `INDEPENDENT_SOURCES`.
    per_tissue
        Libraries of each tissue.
    """
    answers = ask_held_out(references, source, train.TISSUE, per_tissue)
    return libraries_of(answers.classes, answers.probability, answers.truth)


def libraries_of(
    classes: tuple[str, ...], probability: NDArray[np.float64], truth: NDArray[np.int64]
) -> Libraries:
    """Return libraries whose right labels are columns ``truth`` of the classes."""
    names = pd.Index([f"library {i}" for i in range(len(truth))], dtype=object)
    top = probability.argmax(axis=1)
    answers = FieldAnswers(names, classes, probability, top, {})
    labels = pd.DataFrame(
        {"sample_id": names, "field": FIELD, "provided_id": np.array(classes, dtype=object)[truth]}
    )
    nothing = pd.DataFrame()
    fits = label_fits(labels, nothing, nothing, QcSettings(), answers={FIELD: answers})
    return Libraries(classes, probability, fits.fields[FIELD])


def judge_every_label(libraries: Libraries, settings: QcSettings) -> Verdicts:
    """Judge each library under each label."""
    top = libraries.probability.argmax(axis=1)
    p_top = libraries.probability.max(axis=1)
    found = [
        judge_term(
            term_masks(label, libraries.classes, settings.too_general),
            libraries.probability,
            top,
            p_top,
            settings,
        )
        for label in libraries.fit.labels
    ]
    return Verdicts(
        np.column_stack([one.status for one in found]),
        np.column_stack([one.reason for one in found]),
    )


def wrong_labels(fit: LabelFit, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return a label of another organ for each library, drawn evenly."""
    return np.array([rng.choice(np.flatnonzero(fit.unlike[own])) for own in fit.code])


def threshold_rates(
    sources: Sequence[Libraries], settings: QcSettings, wrong: Sequence[NDArray[np.intp]]
) -> dict[str, Rate]:
    """Return how many wrong and right labels fail, and how many warn or fail.

    Parameters
    ----------
    sources
        Libraries of each source.
    settings
        Thresholds.
    wrong
        The wrong label of each library of each source: the same for all settings.
    """
    rates = dict.fromkeys(
        ("wrong fail", "right fail", "wrong flagged", "right flagged"), Rate(0, 0)
    )
    for libraries, planted in zip(sources, wrong, strict=True):
        status = judge_every_label(libraries, settings).status
        every = np.arange(len(status))
        for name, labels in (("wrong", planted), ("right", libraries.fit.code)):
            own = status[every, labels]
            rates[f"{name} fail"] += _rate(own == FAIL)
            rates[f"{name} flagged"] += _rate((own == FAIL) | (own == WARN))
    return rates


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """A dataset of libraries in which the labels of pairs were exchanged, shape (samples,) each.

    Attributes
    ----------
    rows
        Which libraries it is made of.
    stated
        The label of each, as its place in ``fit.labels``.
    planted
        Which samples hold another's label.
    """

    rows: NDArray[np.intp]
    stated: NDArray[np.intp]
    planted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class JudgedExchange:
    """What an exchange comes to, shape (samples,) each.

    Attributes
    ----------
    planted
        Which samples hold another's label.
    failing
        Which fail by themselves.
    log_joint
        By how much (natural log) exchanging the label with that of a failing sample fits both
        better, at best; -inf for samples that the partner rule does not ask about.
    """

    planted: NDArray[np.bool_]
    failing: NDArray[np.bool_]
    log_joint: NDArray[np.float64]


def draw_exchange(fit: LabelFit, rng: np.random.Generator) -> Exchange:
    """Draw `SAMPLES` libraries and exchange the labels of `EXCHANGES` pairs of other organs."""
    rows = rng.choice(len(fit.code), SAMPLES, replace=False)
    own = fit.code[rows]
    unlike = fit.unlike[np.ix_(own, own)]
    stated, planted = own.copy(), np.zeros(SAMPLES, dtype=bool)
    for _ in range(EXCHANGES):
        pair = rng.choice(np.argwhere(unlike & ~planted[:, None] & ~planted))
        stated[pair] = own[pair[::-1]]
        planted[pair] = True
    return Exchange(rows, stated, planted)


def judge_exchange(libraries: Libraries, verdicts: Verdicts, given: Exchange) -> JudgedExchange:
    """Judge a dataset, without and with partners, for every joint ratio at once."""
    status = verdicts.status[given.rows, given.stated]
    reason = verdicts.reason[given.rows, given.stated]
    failing = status == FAIL
    takers = np.flatnonzero(np.isin(reason, _DOUBTED) & np.isin(status, _ASKED))
    givers = np.flatnonzero(failing)
    fit = replace(libraries.fit, code=given.stated, log_p=libraries.fit.log_p[given.rows])
    gains, theirs = fit.gain(takers, givers), fit.gain(givers, takers).T
    joint = np.where((gains > 0) & (theirs > 0), (gains + theirs).astype(float), -np.inf)
    log_joint = np.full(len(failing), -np.inf)
    log_joint[takers] = joint.max(axis=1, initial=-np.inf)
    return JudgedExchange(given.planted, failing, log_joint)


def partner_rates(datasets: Sequence[JudgedExchange], joint_ratio: float) -> tuple[Rate, Rate]:
    """Return how many planted and how many untouched labels fail, with the partner rule."""
    planted = untouched = Rate(0, 0)
    for one in datasets:
        fails = one.failing | (one.log_joint >= np.log(joint_ratio))
        planted += _rate(fails[one.planted])
        untouched += _rate(fails[~one.planted])
    return planted, untouched


def _rate(hits: NDArray[np.bool_]) -> Rate:
    return Rate(int(hits.sum()), len(hits))
