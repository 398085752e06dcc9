"""Fitting the sample type: its gene sets, then three weights a class."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats
from gem_assets.embedded.sample_type import SampleTypeHead
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
PENALTY = 1.0


def fit_sample_type(references: References, rng: np.random.Generator) -> SampleTypeHead:
    """Return the head; its gene columns are columns of the references."""
    from sklearn.linear_model import LogisticRegression

    log = {name: table.apply(np.log1p) for name, table in references.tables.items()}
    lines = log["lines_nx"].drop(columns=list(NOT_IMMORTAL))
    sets = gene_sets(log, lines)
    genes = np.array(sorted(set(np.concatenate(list(sets.values())).tolist())))
    position = {int(gene): i for i, gene in enumerate(genes)}
    local = {n: np.array([position[int(g)] for g in s], dtype=np.int32) for n, s in sets.items()}
    profiles, labels = labelled_profiles(references, rng)
    simulator = Simulator(profiles, labels, genes, np.array([], dtype=np.int64), NOISE)
    libraries, drawn = simulator.draw(PER_CLASS, rng)
    untrained = _head(("",), local, np.zeros((3, 1)), np.zeros(1))
    fitted = LogisticRegression(C=PENALTY, max_iter=1000).fit(untrained.scores(libraries), drawn)
    classes = tuple(str(name) for name in fitted.classes_)
    return _head(classes, sets, fitted.coef_.T, fitted.intercept_)


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


def _head(
    classes: tuple[str, ...],
    sets: dict[str, NDArray[np.int32]],
    coefficients: Floats,
    intercept: Floats,
) -> SampleTypeHead:
    lineages = tuple(sets[name] for name in LINEAGES)
    return SampleTypeHead(classes, sets["cycle"], sets["stroma"], lineages, coefficients, intercept)
