"""Fitting the sample type: its gene sets, then four weights a class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats
from gem_assets.embedded.sample_type import SCORES, SampleTypeHead
from gem_assets.embedded.training.references import References, blood_mixtures
from gem_assets.embedded.training.simulation import LibraryNoise, Simulator
from gem_assets.embedded.vocabulary import IMMUNE_CELL_TYPES, LINEAGES, NOT_IMMORTAL

SET_SIZES = {"cycle": 60, "stroma": 60, "lineage": 40}
"""Genes of a set; a mean of fewer is noisy in shallow libraries."""

CYCLE_SEEDS = {
    "MKI67": "ENSG00000148773",
    "TOP2A": "ENSG00000131747",
    "CCNB1": "ENSG00000134057",
    "BUB1": "ENSG00000169679",
}
"""Textbook genes of dividing cells; the set is what runs with them in lines and tissues."""

NOISE = LibraryNoise(connective_rate=0.0, other_rate=0.0)
"""Nothing is mixed in: a line with tissue in it is no line."""

PER_CLASS = 400

PENALTY = 0.1
"""Inverse strength of the L2 penalty; see ``weights/TRAINING.md``."""


def fit_sample_type(
    references: References, rng: np.random.Generator, penalty: float = PENALTY
) -> SampleTypeHead:
    """Return the head; its gene columns are columns of the references."""
    untrained, genes = _untrained(references)
    profiles, labels = labelled_profiles(references, rng)
    trained = _fit(untrained, _simulator(profiles, labels, genes), rng, penalty)
    return trained.with_columns(genes.astype(np.int32))


def cross_validate(
    references: References, penalties: Iterable[float] = (0.01, 0.1, 1.0, 10.0), folds: int = 5
) -> Iterator[tuple[float, float, float]]:
    """Yield (penalty, accuracy, log loss in nats) with a fifth of the profiles left out at a time.

    The gene sets are chosen once, on all profiles: they are a few hundred genes of textbook
    biology, and the penalty is the only thing that is chosen by this.
    """
    untrained, genes = _untrained(references)
    profiles, labels = labelled_profiles(references, np.random.default_rng(4))
    fold = np.random.default_rng(5).integers(0, folds, len(profiles))
    for penalty in penalties:
        probabilities, hits = [], []
        for left_out in range(folds):
            rng = np.random.default_rng(left_out)
            inside = fold != left_out
            known = _simulator(profiles[inside], labels[inside], genes)
            head = _fit(untrained, known, rng, penalty)
            asked = _simulator(profiles[~inside], labels[~inside], genes)
            libraries, truth = asked.draw(PER_CLASS // folds, rng)
            answers = head.probabilities(libraries)
            column = [head.classes.index(word) for word in truth]
            probabilities.append(answers[np.arange(len(truth)), column])
            hits.append(answers.argmax(axis=1) == column)
        loss = -np.log(np.maximum(np.concatenate(probabilities), 1e-12)).mean()
        yield penalty, float(np.concatenate(hits).mean()), float(loss)


def _untrained(references: References) -> tuple[SampleTypeHead, NDArray[np.int64]]:
    """Return a head without weights over the genes that its sets need, and their columns."""
    log = {name: table.apply(np.log1p) for name, table in references.tables.items()}
    lines = log["lines_nx"].drop(columns=list(NOT_IMMORTAL))
    sets = gene_sets(log, lines)
    genes = np.array(sorted(set(np.concatenate(list(sets.values())).tolist())))
    position = {int(gene): i for i, gene in enumerate(genes)}
    local = {n: np.array([position[int(g)] for g in s], dtype=np.int32) for n, s in sets.items()}
    lineages = tuple(local[name] for name in LINEAGES)
    untrained = SampleTypeHead(
        ("",),
        local["cycle"],
        local["stroma"],
        lineages,
        np.zeros((len(SCORES), 1)),
        np.zeros(1),
    )
    return untrained, genes


def _simulator(profiles: Floats, labels: NDArray[np.str_], genes: NDArray[np.int64]) -> Simulator:
    return Simulator(profiles, labels, genes, np.array([], dtype=np.int64), NOISE)


def _fit(
    untrained: SampleTypeHead, simulator: Simulator, rng: np.random.Generator, penalty: float
) -> SampleTypeHead:
    from sklearn.linear_model import LogisticRegression

    libraries, drawn = simulator.draw(PER_CLASS, rng)
    fitted = LogisticRegression(C=penalty, max_iter=1000).fit(untrained.scores(libraries), drawn)
    return replace(
        untrained,
        classes=tuple(str(name) for name in fitted.classes_),
        coefficients=fitted.coef_.T,
        intercept=fitted.intercept_,
    )


def gene_sets(log: dict[str, pd.DataFrame], lines: pd.DataFrame) -> dict[str, NDArray[np.int32]]:
    """Return columns of the references of ``cycle``, ``stroma`` and each lineage."""
    both = pd.concat([lines, log["tissues_nx"]], axis=1)
    deviation = both.sub(both.mean(axis=1), axis=0)
    seeds = deviation.loc[list(CYCLE_SEEDS.values())]
    seed = seeds.div(seeds.std(axis=1), axis=0).mean()
    size = np.sqrt((deviation**2).sum(axis=1)).clip(lower=1.0)
    cycle = (deviation @ seed) / size
    # Present in nine of ten tissues of every source, absent from nineteen of twenty lines.
    tissue_tables = ("tissues_nx", "gtex_tpm", "hpa_counts")
    lowest = pd.concat([log[name].quantile(0.1, axis=1) for name in tissue_tables], axis=1)
    stroma = lowest.min(axis=1) - lines.quantile(0.95, axis=1)
    sets = {
        "cycle": _highest(cycle, SET_SIZES["cycle"]),
        "stroma": _highest(stroma, SET_SIZES["stroma"]),
    }
    blood = log["blood_nx"]
    for lineage, members in LINEAGES.items():
        others = [c for name, cs in LINEAGES.items() if name != lineage for c in cs]
        score = blood[list(members)].median(axis=1) - blood[others].max(axis=1)
        sets[lineage] = _highest(score, SET_SIZES["lineage"])
    return sets


def labelled_profiles(
    references: References, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.str_]]:
    """Return profiles and the sample type of each."""
    tissue, _ = references.tissues(("hpa_counts", "hpa_tpm", "gtex_tpm", "tissues_nx"))
    tissue = np.vstack([tissue, blood_mixtures(references, 20, rng)])
    line_columns = references.tables["lines_nx"].columns.drop(list(NOT_IMMORTAL))
    lines = references.columns("lines_nx", line_columns)
    cells = references.columns("blood_nx", IMMUNE_CELL_TYPES)
    words = ("primary tissue", "cell line", "primary cells")
    labels = np.repeat(words, (len(tissue), len(lines), len(cells)))
    return np.vstack([tissue, lines, cells]), labels


def _highest(score: pd.Series[float], n: int) -> NDArray[np.int32]:
    order = np.argsort(-score.to_numpy(), kind="stable")[:n]
    return np.sort(order).astype(np.int32)
