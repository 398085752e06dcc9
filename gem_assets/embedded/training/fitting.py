"""Choosing marker genes and fitting the heads."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats, SoftmaxHead, contrast
from gem_assets.embedded.training.simulation import LibraryNoise, Simulator


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How a softmax head is fitted.

    Attributes
    ----------
    markers
        Marker genes per class.
    penalty
        Inverse strength ``C`` of the L2 penalty (scikit-learn's).
    per_class
        Simulated libraries per class.
    temperature
        What the scores are divided by.
    noise
        How the libraries are simulated.
    per
        Reads that log1p is taken per.
    """

    markers: int = 120
    penalty: float = 0.03
    per_class: int = 60
    temperature: float = 1.0
    noise: LibraryNoise = field(default_factory=LibraryNoise)
    per: float = 1e6


def class_means(profiles: Floats, labels: NDArray[np.str_], per: float) -> tuple[list[str], Floats]:
    """Return the classes and the mean log1p profile of each, shape (classes, genes)."""
    log = np.log1p(profiles / profiles.sum(axis=1, keepdims=True) * per)
    classes = sorted(set(labels))
    return classes, np.array([log[labels == name].mean(axis=0) for name in classes])


def marker_genes(means: Floats, markers: int) -> NDArray[np.int64]:
    """Return the union of each class's highest genes over the others, ascending.

    A gene's score is its log value in the class minus the mean of the highest and the average
    value among the other classes: neither a gene of one rival nor one of all is a marker.
    """
    chosen: set[int] = set()
    for i, own in enumerate(means):
        others = np.delete(means, i, axis=0)
        score = own - (others.max(axis=0) + others.mean(axis=0)) / 2
        chosen.update(np.argsort(-score, kind="stable")[:markers].tolist())
    return np.array(sorted(chosen))


def fit_head(
    profiles: Floats,
    labels: NDArray[np.str_],
    settings: HeadSettings,
    *,
    connective: NDArray[np.int64] | None = None,
    seed: int = 1,
) -> SoftmaxHead:
    """Return a head fitted on simulated libraries; its ``genes`` are columns of ``profiles``."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    _, means = class_means(profiles, labels, settings.per)
    genes = marker_genes(means, settings.markers)
    centre = means.mean(axis=0)[genes]
    simulator = Simulator(
        profiles,
        labels,
        genes,
        np.array([], dtype=np.int64) if connective is None else connective,
        settings.noise,
        settings.per,
    )
    libraries, drawn = simulator.draw(settings.per_class, np.random.default_rng(seed))
    with warnings.catch_warnings():
        # The penalised optimum is flat: stopping after 200 steps changes no answer.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=settings.penalty, max_iter=200).fit(
            contrast(libraries, centre), drawn
        )
    return SoftmaxHead(
        classes=tuple(str(name) for name in fitted.classes_),
        genes=genes.astype(np.int32),
        centre=centre,
        coefficients=fitted.coef_.T / settings.temperature,
        intercept=fitted.intercept_ / settings.temperature,
    )
