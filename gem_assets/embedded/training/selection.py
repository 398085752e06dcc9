"""Choosing the tissue head's settings by leaving one source out.

Trained on HPA and tested on GTEx, and the other way round. The held-out source's profiles are
made into libraries of single donors (noise, admixture, depth) before they are asked about, for a
mean over hundreds of donors is easier than any sample. Only genes that both sources know by
themselves take part (`References.independent`). Temperature: the bluntest within one
standard error of the best mean log loss (Breiman's one-standard-error rule), since a too sharp
model accuses right labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats, softmax
from gem_assets.embedded.training.fitting import HeadSettings, fit_head
from gem_assets.embedded.training.references import (
    INDEPENDENT_SOURCES,
    References,
    blood_mixtures,
)
from gem_assets.embedded.training.simulation import LibraryNoise, Simulator
from gem_assets.embedded.vocabulary import BLOOD, CONNECTIVE_TISSUES

TEST_NOISE = LibraryNoise(laboratory=0.0, donor=0.6, connective=0.4)
"""The held-out source brings its own laboratory; its libraries vary as donors do."""

TEMPERATURES: Floats = np.exp(np.linspace(np.log(0.2), np.log(3), 40))

CANDIDATES: tuple[HeadSettings, ...] = (
    HeadSettings(markers=30),
    HeadSettings(markers=60),
    HeadSettings(),
    HeadSettings(markers=240),
    HeadSettings(penalty=0.003),
    HeadSettings(penalty=0.3),
    HeadSettings(noise=LibraryNoise(connective=0.0)),
    HeadSettings(noise=LibraryNoise(connective=0.3)),
    HeadSettings(noise=LibraryNoise(laboratory=0.3, donor=0.3)),
    HeadSettings(per_class=20),
)
"""One thing changed at a time around the choice."""


@dataclass(frozen=True, slots=True)
class Held:
    """What leaving one source out measured for one candidate.

    Attributes
    ----------
    settings
        The candidate.
    accuracy
        By source left out.
    temperature, log_loss
        Best mean log loss (nats, mean over tissues) and where it lies.
    standard_error
        Of that mean, over tissues.
    blunt_temperature
        The highest temperature within one standard error.
    false_contradictions
        Share of libraries with a right label that the blunt model would contradict: ratio of the
        top class to the true one >= 100 and the true one below 0.05.
    """

    settings: HeadSettings
    accuracy: dict[str, float]
    temperature: float
    log_loss: float
    standard_error: float
    blunt_temperature: float
    false_contradictions: float


def tissue_profiles(
    references: References, sources: Iterable[str], rng: np.random.Generator
) -> tuple[Floats, NDArray[np.str_], NDArray[np.int64]]:
    """Return profiles, their UBERON ids and the rows of connective tissue; blood is added."""
    profiles, terms = references.tissues(sources)
    blood = blood_mixtures(references, 20, rng)
    profiles = np.vstack([profiles, blood])
    terms = np.concatenate([terms, np.full(len(blood), BLOOD)])
    return profiles, terms, np.flatnonzero(np.isin(terms, CONNECTIVE_TISSUES))


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutAnswers:
    """What a head that was trained on the other source answers about one source's libraries.

    Attributes
    ----------
    classes
        UBERON ids, ascending.
    probability
        Shape (libraries, classes).
    truth
        Column of each library's tissue.
    """

    classes: tuple[str, ...]
    probability: Floats
    truth: NDArray[np.int64]


def ask_held_out(
    references: References, held_out: str, settings: HeadSettings, per_tissue: int = 12
) -> HeldOutAnswers:
    """Train on the sources but one, and ask about libraries of that one.

    Parameters
    ----------
    references
        See :meth:`References.independent`.
    held_out
        Key of `INDEPENDENT_SOURCES`.
    settings
        How the head is fitted.
    per_tissue
        Libraries drawn for each tissue; those of tissues that the head does not know are left out.
    """
    rng = np.random.default_rng(7)
    sources = [s for name, keys in INDEPENDENT_SOURCES.items() if name != held_out for s in keys]
    profiles, terms, connective = tissue_profiles(references, sources, rng)
    head = fit_head(profiles, terms, settings, connective=connective, seed=1)
    questions, asked = references.tissues(INDEPENDENT_SOURCES[held_out])
    simulator = Simulator(
        questions,
        asked,
        head.genes.astype(np.int64),
        np.flatnonzero(np.isin(asked, CONNECTIVE_TISSUES)),
        TEST_NOISE,
    )
    libraries, labels = simulator.draw(per_tissue, rng)
    known = np.isin(labels, head.classes)
    truth = np.array([head.classes.index(term) for term in labels[known]])
    return HeldOutAnswers(head.classes, head.probabilities(libraries[known]), truth)


def leave_one_source_out(
    references: References, candidates: Iterable[HeadSettings] = CANDIDATES
) -> Iterator[Held]:
    """Yield what each candidate reaches on the source that it has not seen."""
    references = references.independent()
    for settings in candidates:
        accuracy, losses, answers = {}, [], []
        for held_out in INDEPENDENT_SOURCES:
            held = ask_held_out(references, held_out, replace(settings, temperature=1.0))
            scores = np.log(np.maximum(held.probability, 1e-300))
            truth = held.truth
            accuracy[held_out] = float(np.mean(scores.argmax(axis=1) == truth))
            by_temperature = [-_log_probability(scores / t, truth) for t in TEMPERATURES]
            frame = pd.DataFrame(np.array(by_temperature).T, index=truth)
            losses.append(frame.groupby(level=0).mean())
            answers.append((scores, truth))
        by_tissue = pd.concat(losses)
        mean = by_tissue.mean().to_numpy()
        best = int(mean.argmin())
        error = float(by_tissue[best].std() / np.sqrt(len(by_tissue)))
        blunt = float(TEMPERATURES[np.flatnonzero(mean <= mean[best] + error).max()])
        wrong = np.concatenate([_contradicted(s / blunt, truth) for s, truth in answers])
        yield Held(
            settings,
            accuracy,
            float(TEMPERATURES[best]),
            float(mean[best]),
            error,
            blunt,
            float(wrong.mean()),
        )


def settings_table(measured: Iterable[Held]) -> Iterator[str]:
    """Yield the lines of a Markdown table of what was measured."""
    yield (
        "| markers | C | libraries | connective | laboratory, donor | accuracy on GTEx | on HPA "
        "| log loss | temperature | blunt temperature | false contradictions |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for held in measured:
        s = held.settings
        yield (
            f"| {s.markers} | {s.penalty} | {s.per_class} | {s.noise.connective} "
            f"| {s.noise.laboratory}, {s.noise.donor} | {held.accuracy['GTEx']:.3f} "
            f"| {held.accuracy['HPA']:.3f} | {held.log_loss:.3f} ± {held.standard_error:.3f} "
            f"| {held.temperature:.2f} | {held.blunt_temperature:.2f} "
            f"| {held.false_contradictions:.4f} |"
        )


def _log_probability(scores: Floats, truth: NDArray[np.int64]) -> Floats:
    chosen = softmax(scores)[np.arange(len(truth)), truth]
    return np.asarray(np.log(np.maximum(chosen, 1e-12)))


def _contradicted(scores: Floats, truth: NDArray[np.int64]) -> NDArray[np.bool_]:
    probabilities = softmax(scores)
    true = probabilities[np.arange(len(truth)), truth]
    return np.asarray((probabilities.max(axis=1) / np.maximum(true, 1e-4) >= 100) & (true < 0.05))
