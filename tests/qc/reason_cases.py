"""A small dataset for every reason, judged as a whole: what the page of reasons quotes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qc_rows import (
    ADRENAL,
    ANATOMICAL_SYSTEM,
    BLOOD,
    BRAIN,
    CEREBELLUM,
    CEREBRAL_CORTEX,
    HEART,
    HIPPOCAMPUS,
    K562,
    LIVER,
    LNCAP,
    LYMPH_NODE,
    Answers,
    stated,
)
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes.alignment import hash_counts
from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.resolution import resolve_label
from gem_assets.labels.sheet_cells import CELLS
from gem_assets.qc.cell_groups import judge_cells
from gem_assets.qc.contamination import HAEMOGLOBIN
from gem_assets.qc.dataset import JudgedDataset, QcInput, judge_dataset
from gem_assets.qc.markers import CHRY_GENES, XIST
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.tissue_levels import MarkerCounts, load_tissue_levels
from gem_assets.qc.vote import TissueVote, tissue_vote

Rows = list[dict[str, object]]
TISSUES = (LIVER, BRAIN, HEART, BLOOD)


def given(
    labels: Rows,
    answers: Answers,
    *,
    sheet: Mapping[str, Sequence[str]] | None = None,
    counts: CountMatrix | None = None,
    aligned: NDArray[np.int32] | None = None,
    latents: Mapping[str, NDArray] | None = None,
    r: Sequence[float] | None = None,
    matched_share: float = 0.98,
) -> QcInput:
    """Return a dataset of the samples that the model answered.

    Columns of the sheet, counts, latents and ``r`` (reconstruction) are in their order.
    """
    metadata, probs = answers.tables()
    samples = list(dict.fromkeys(str(name) for name in metadata["sample_id"]))
    n = len(samples)
    matrix = None if aligned is None else sparse.csr_array(aligned)
    hashes = [f"{i:032x}" for i in range(n)] if matrix is None else hash_counts(matrix)
    cells = [
        ("d", row, sample, name, text)
        for name, texts in (sheet or {}).items()
        for row, (sample, text) in enumerate(zip(samples, texts, strict=True))
    ]
    vectors = [
        (sample, space, vector)
        for space, rows in (latents or {}).items()
        for sample, vector in zip(samples, rows, strict=True)
    ]
    tables = {
        "sample_sheet": pd.DataFrame(cells, columns=CELLS.names),
        "sample_labels": pd.DataFrame(labels, columns=list(stated("s", "sex", "male"))),
        "predicted_metadata": metadata,
        "classifier_probs": probs,
        "latents": pd.DataFrame(vectors, columns=["sample_id", "space", "vector"]),
        "decoded_counts": pd.DataFrame(
            {"sample_id": samples, "reconstruction_r": [0.95] * n if r is None else list(r)}
        ),
        "aligned_counts": pd.DataFrame(
            {
                "sample_id": samples,
                "matched_share": matched_share,
                "content_hash": hashes,
                "gene_order_hash": "sha256:0123456789abcdef",
            }
        ),
        "gene_alignment": pd.DataFrame(columns=["raw_gene_id", "model_gene_id"], dtype=object),
    }
    return QcInput("d", tables, counts, matrix)


def judged(labels: Rows, answers: Answers, **more: object) -> JudgedDataset:
    """Return the dataset judged, with the default thresholds."""
    return judge_dataset(given(labels, answers, **more), QcSettings())  # type: ignore[arg-type]  # keywords by name


def one(field: str, term: str, p: Mapping[str, float], *more: dict[str, object]) -> JudgedDataset:
    """Return a dataset of one sample whose label was answered with these probabilities."""
    answers = Answers().probabilities("S1", field, p)
    return judged([stated("S1", field, term), *more], answers)


def written(field: str, text: str) -> JudgedDataset:
    """Return a dataset of one sample with a label as somebody wrote it."""
    found = resolve_label(FIELD_BY_NAME[field], text)
    label = {
        "dataset": "d",
        "sample_id": "S1",
        "field": field,
        "provided_text": found.provided_text,
        "provided_id": " || ".join(found.ids) or None,
        "provided_label": " || ".join(found.labels) or None,
        "resolution": str(found.resolution),
    }
    return judged([label], Answers().named("S1", field, LIVER))


def tissues(
    true: Sequence[str], labelled: Sequence[str], *, p: float = 0.9999, **more: object
) -> JudgedDataset:
    """Return a dataset of samples S1, S2... of known tissues under other labels."""
    labels, answers = tissue_rows(true, labelled, p)
    return judged(labels, answers, **more)


def tissue_rows(true: Sequence[str], labelled: Sequence[str], p: float) -> tuple[Rows, Answers]:
    answers, labels = Answers(), []
    for i, (is_, says) in enumerate(zip(true, labelled, strict=True), start=1):
        labels.append(stated(f"S{i}", "tissue", says))
        rest = (1 - p) / (len(TISSUES) - 1)
        answers.probabilities(f"S{i}", "tissue", {c: p if c == is_ else rest for c in TISSUES})
    return labels, answers


def age(years: float) -> JudgedDataset:
    return judged([stated("S1", "age", "60")], Answers().number("S1", "age", years))


def sex(says: str, predicted: str, markers: str) -> JudgedDataset:
    """Return a dataset of one sample whose label, prediction and marker genes speak of sex."""
    other = {"male": "female", "female": "male"}[predicted]
    answers = Answers().probabilities("S1", "sex", {predicted: 0.999, other: 0.001})
    return judged([stated("S1", "sex", says)], answers, counts=sex_counts(markers))


def sex_counts(sexes: str) -> CountMatrix:
    """Return the counts of a sample that is male, female, or both."""
    xist, chry = 500 * ("female" in sexes), 100 * (sexes != "female")
    genes = ("ENSG00000111640", XIST[0], *(gene for gene, _ in CHRY_GENES))
    reads = [[1_000_000, xist, *([chry] * len(CHRY_GENES))]]
    return CountMatrix(("S1",), genes, sparse.csr_array(np.array(reads)))


def a_line_that_does_not_look_like_its_tissue() -> JudgedDataset:
    answers = Answers().probabilities("S1", "tissue", {LYMPH_NODE: 0.99, HEART: 0.01})
    answers.probabilities("S1", "cell_line", {LNCAP: 0.9, K562: 0.1})
    return judged([stated("S1", "tissue", HEART), stated("S1", "cell_line", LNCAP)], answers)


def a_line_that_is_not_predicted() -> JudgedDataset:
    answers = Answers().probabilities("S1", "tissue", {LYMPH_NODE: 0.999, HEART: 0.001})
    line = stated("S1", "sample_type", "cell line")
    return judged([stated("S1", "tissue", HEART), line], answers)


def a_doubtful_label_with_a_failing_partner() -> JudgedDataset:
    answers = Answers().probabilities("S1", "tissue", {BRAIN: 0.9, LIVER: 0.1})
    answers.probabilities("S2", "tissue", {LIVER: 0.999, BRAIN: 0.001})
    return judged([stated("S1", "tissue", LIVER), stated("S2", "tissue", BRAIN)], answers)


def a_sample_that_the_model_reconstructs_poorly() -> JudgedDataset:
    true = [LIVER] * 9
    return tissues(true, [HEART, *true[1:]], r=[0.4, *np.linspace(0.93, 0.97, 8)])


def fields_without_answer_or_rule() -> JudgedDataset:
    answers = Answers().probabilities("S1", "ethnicity", {"European": 1.0})
    return judged([stated("S1", "ethnicity", "European")], answers)


def a_field_that_is_left_out() -> JudgedDataset:
    answers = Answers().probabilities("S1", "tissue", {LIVER: 1.0})
    settings = QcSettings().judging(["sex"])
    return judge_dataset(given([stated("S1", "tissue", HEART)], answers), settings)


def a_field_that_is_not_answered() -> JudgedDataset:
    answers = Answers().probabilities("S1", "tissue", {LIVER: 1.0})
    return judged([stated("S1", "disease", "MONDO:0005148")], answers)


def cells(n: int, p: Mapping[str, float], donors: int = 1) -> JudgedDataset:
    """Return n cells called hepatocytes, each answered alike, of donors in turn."""
    answers, labels = Answers(), []
    for i in range(n):
        labels.append(stated(f"cell{i}", "cell_type", HEPATOCYTE))
        answers.probabilities(f"cell{i}", "cell_type", p)
    sheet = {"donor": [f"D{i % donors + 1}" for i in range(n)]}
    return judge_cells(given(labels, answers, sheet=sheet), QcSettings())


HEPATOCYTE, T_CELL, NEURON = "CL:0000182", "CL:0000084", "CL:0000540"
T_CELL_LIKE = {T_CELL: 0.6, NEURON: 0.25, HEPATOCYTE: 0.15}
DIABETES, NORMAL = "MONDO:0005148", "PATO:0000461"

VERDICTS: dict[str, Sequence[Callable[[], JudgedDataset]]] = {
    "same_term": [lambda: one("tissue", LIVER, {LIVER: 0.4, HEART: 0.3, BRAIN: 0.3})],
    "prediction_more_specific": [
        lambda: one("tissue", BRAIN, {CEREBRAL_CORTEX: 0.4, LIVER: 0.3, HEART: 0.3})
    ],
    "prediction_more_general": [
        lambda: one("tissue", HIPPOCAMPUS, {BRAIN: 0.9, LIVER: 0.1}),
        lambda: one("tissue", CEREBRAL_CORTEX, {BRAIN: 0.9, CEREBRAL_CORTEX: 0.1}),
    ],
    "mass_agrees": [
        lambda: one("tissue", CEREBRAL_CORTEX, {LIVER: 0.4, BRAIN: 0.35, CEREBRAL_CORTEX: 0.25})
    ],
    "cell_line_agrees": [a_line_that_does_not_look_like_its_tissue],
    "same_organ": [
        lambda: one("tissue", CEREBELLUM, {HIPPOCAMPUS: 0.5, CEREBELLUM: 0.3, LIVER: 0.2}),
        lambda: one("tissue", CEREBELLUM, {HIPPOCAMPUS: 0.4, CEREBELLUM: 0.3, LIVER: 0.3}),
    ],
    "contradicts": [
        lambda: one("tissue", ADRENAL, {LYMPH_NODE: 0.66, LIVER: 0.3367, ADRENAL: 0.0033}),
        lambda: one("disease", NORMAL, {DIABETES: 0.999, NORMAL: 0.001}),
        a_line_that_is_not_predicted,
    ],
    "contradicts_with_partner": [a_doubtful_label_with_a_failing_partner],
    "markers_agree_with_label": [lambda: sex("male", predicted="female", markers="male")],
    "markers_contradict_label": [lambda: sex("male", predicted="male", markers="female")],
    "prediction_not_trustworthy": [a_sample_that_the_model_reconstructs_poorly],
    "doubtful": [lambda: one("tissue", HEART, {LIVER: 0.94, HEART: 0.032, BRAIN: 0.028})],
    "weak_evidence": [lambda: one("tissue", HEART, {LIVER: 0.46, HEART: 0.36, BRAIN: 0.18})],
    "age_agrees": [lambda: age(66)],
    "age_differs": [lambda: age(82)],
    "cells_contradict": [lambda: cells(40, T_CELL_LIKE)],
    "too_few_cells": [lambda: cells(12, {HEPATOCYTE: 0.9, T_CELL: 0.1})],
    "label_out_of_vocabulary": [lambda: one("tissue", HEART, {LIVER: 0.9, BRAIN: 0.1})],
    "label_too_general": [lambda: one("tissue", ANATOMICAL_SYSTEM, {LIVER: 0.9, BRAIN: 0.1})],
    "field_not_predicted": [a_field_that_is_not_answered],
    "field_not_judged": [fields_without_answer_or_rule],
    "field_left_out": [a_field_that_is_left_out],
    "ambiguous": [lambda: written("tissue", "medulla")],
    "unknown": [lambda: written("tissue", "not collected")],
    "unmapped": [lambda: written("tissue", "left-over tube")],
    "wrong_ontology": [lambda: written("tissue", "CL:0000084")],
    "deprecated": [lambda: written("cell_type", "CL:0008030")],
}
"""By reason, datasets in which it is the reason of a verdict: one for each status it may have."""


def exchanged_pair() -> JudgedDataset:
    return tissues(TISSUES, [BRAIN, LIVER, HEART, BLOOD])


def exchanged_pairs_of_donors() -> JudgedDataset:
    true, labelled = [LIVER, LIVER, BRAIN, BRAIN], [BRAIN, BRAIN, LIVER, LIVER]
    return tissues(true, labelled, sheet={"donor": ["D1", "D2", "D1", "D2"]})


def a_ring() -> JudgedDataset:
    return tissues(TISSUES, [BRAIN, HEART, LIVER, BLOOD])


def exchanged_without_partners() -> JudgedDataset:
    return tissues([LIVER, LIVER, BRAIN, BRAIN], [BRAIN, BRAIN, LIVER, LIVER])


def slipped_rows() -> JudgedDataset:
    true = [TISSUES[i] for i in np.random.default_rng(3).integers(0, 4, 24)]
    return tissues(true, [*true[-1:], *true[:-1]])


def slipped_rows_of_a_sorted_sheet() -> JudgedDataset:
    true = [LIVER] * 20 + [BRAIN] * 20
    return tissues(true, [*true[-1:], *true[:-1]])


def mislabelled_among_thirty() -> JudgedDataset:
    true = [*TISSUES] * 8
    return tissues(true, [BRAIN, *true[1:]])


def mixed_tissues(share: float) -> JudgedDataset:
    """Return a liver with a share of the reads of a brain, and that brain."""
    levels = load_tissue_levels()
    liver, brain = (
        levels.low[levels.row(t)] / levels.low[levels.row(t)].sum() for t in TISSUES[:2]
    )
    reads = np.rint(2e7 * np.array([(1 - share) * liver + share * brain, brain]))
    counts = CountMatrix(("S1", "S2"), levels.gene_ids, sparse.csr_array(reads))
    return tissues(TISSUES[:2], TISSUES[:2], counts=counts)


def brain_in_the_only_liver() -> JudgedDataset:
    """Return a liver with a fifth of the reads of a brain that is not in the dataset."""
    levels = load_tissue_levels()
    liver, brain = (
        levels.middle[levels.row(t)] / levels.middle[levels.row(t)].sum() for t in TISSUES[:2]
    )
    reads = np.rint(2e7 * (0.8 * liver + 0.2 * brain))[None]
    counts = CountMatrix(("S1",), levels.gene_ids, sparse.csr_array(reads))
    return tissues([LIVER], [LIVER], counts=counts)


def both_sexes() -> JudgedDataset:
    answers = Answers().probabilities("S1", "sex", {"male": 0.6, "female": 0.4})
    return judged([stated("S1", "sex", "male")], answers, counts=sex_counts("female and male"))


def bloody_liver() -> JudgedDataset:
    genes = ("ENSG00000111640", *(gene for gene, _ in HAEMOGLOBIN))
    reads = sparse.csr_array(np.array([[990_000, 1_000, 2_000, 3_000]]))
    return tissues([LIVER], [LIVER], counts=CountMatrix(("S1",), genes, reads))


def libraries(n: int) -> NDArray[np.int32]:
    """Return deep samples that share a profile and differ by much."""
    random = np.random.default_rng(0)
    profile = random.lognormal(0, 2, 2_000) * 1000
    reads: NDArray[np.int32] = random.poisson(profile * random.lognormal(0, 0.6, (n, 2_000)))
    return reads.astype(np.int32)


def counted_twice(
    *, thinned: bool, donors: Sequence[str] = ("D1", "D2", "D3", "D4")
) -> JudgedDataset:
    counts = libraries(3)
    again = np.random.default_rng(1).binomial(counts[:1], 0.7) if thinned else counts[:1]
    return tissues(
        [LIVER] * 4,
        [LIVER] * 4,
        aligned=np.vstack([counts, again]).astype(np.int32),
        sheet={"donor": donors},
    )


def batches(
    technical: float = 0, biological: float = 0, spread: float = 1, labels: Sequence[str] = ()
) -> JudgedDataset:
    """Return two batches of 20 samples, the second moved, or wider, in latent space."""
    n = 40
    second = (np.arange(n) >= n // 2)[:, None]
    noise = [np.random.default_rng(seed).normal(size=(n, 4)) for seed in (0, 1)]
    true = list(labels) or [LIVER, BRAIN] * (n // 2)
    return tissues(
        true,
        true,
        sheet={"batch": ["A"] * (n // 2) + ["B"] * (n // 2)},
        latents={
            "technical": noise[0] * np.where(second, spread, 1) + technical * second,
            "biological": noise[1] * np.where(second, spread, 1) + biological * second,
        },
    )


FIVE = [LIVER, BRAIN, HEART, BLOOD, LIVER, BRAIN, HEART, BLOOD, LIVER, BRAIN]
OTHERS = [HEART, HEART, LIVER, LIVER, BLOOD, *FIVE[5:]]


def tissues_without_replicates() -> JudgedDataset:
    return tissues(TISSUES, TISSUES, sheet={"batch": ["A", "A", "B", "B"]})


def exchanged_codes_of_sex() -> JudgedDataset:
    answers, labels = Answers(), []
    for i, (says, is_) in enumerate([("male", "female"), ("female", "male")] * 5, start=1):
        labels.append(stated(f"S{i}", "sex", says))
        answers.probabilities(f"S{i}", "sex", {is_: 0.999, says: 0.001})
    return judged(labels, answers)


FINDINGS: dict[tuple[str, str], Callable[[], pd.DataFrame]] = {
    ("dataset_cause", "sheet_shifted"): lambda: slipped_rows().findings,
    ("dataset_cause", "genes_do_not_fit"): lambda: (
        tissues(FIVE, OTHERS, matched_share=0.41).findings
    ),
    ("dataset_cause", "values_or_order"): lambda: tissues(FIVE, OTHERS, r=[0.31] * 10).findings,
    ("dataset_cause", "one_prediction_for_all"): lambda: tissues([LIVER] * 10, FIVE).findings,
    ("dataset_cause", "one_label_for_all"): lambda: tissues(FIVE, [LIVER] * 10).findings,
    ("dataset_cause", "sex_reversed"): lambda: exchanged_codes_of_sex().findings,
    ("dataset_cause", "unexplained"): lambda: tissues(FIVE, OTHERS).findings,
    ("shift", "rows_slipped"): lambda: slipped_rows().findings,
    ("shift", "shift_or_exchange"): lambda: slipped_rows_of_a_sorted_sheet().findings,
    ("swap", "mutual_pair"): lambda: exchanged_pair().findings,
    ("swap", "same_donor"): lambda: exchanged_pairs_of_donors().findings,
    ("swap", "cycle"): lambda: a_ring().findings,
    ("exchange_group", "partners_open"): lambda: exchanged_without_partners().findings,
    ("label_issue", "fits_another_label"): lambda: mislabelled_among_thirty().findings,
    ("label_issue", "contradicted_everywhere"): lambda: cells(160, T_CELL_LIKE, donors=4).findings,
    ("mixture", "second_tissue"): lambda: mixed_tissues(0.2).findings,
    ("mixture", "low_level"): lambda: mixed_tissues(0.04).findings,
    ("mixture", "foreign_tissue"): lambda: brain_in_the_only_liver().findings,
    ("mixed_sex", "both_sexes"): lambda: both_sexes().findings,
    ("blood", "haemoglobin"): lambda: bloody_liver().findings,
    ("duplicate", "identical_counts"): lambda: counted_twice(thinned=False).findings,
    ("duplicate", "nearly_identical"): lambda: counted_twice(thinned=True).findings,
    ("duplicate", "technical_replicates"): lambda: (
        counted_twice(thinned=True, donors=("D1", "D2", "D3", "D1")).findings
    ),
    ("batch", "not_separable"): lambda: batches(labels=[LIVER] * 20 + [BRAIN] * 20).findings,
    ("batch", "batches_differ"): lambda: batches(technical=3, biological=3).findings,
    ("batch", "batches_differ_technically"): lambda: batches(technical=3).findings,
    ("batch", "batches_spread_unequally"): lambda: batches(spread=6).findings,
    ("batch", "no_replicates"): lambda: tissues_without_replicates().findings,
}
"""By kind and reason, the findings on a dataset that has it."""


def vote(**shares: float) -> TissueVote:
    """Return the vote on a sample of these tissues that is labelled liver, and predicted brain."""
    levels = load_tissue_levels()
    rows = levels.middle / levels.middle.sum(axis=1, keepdims=True) * 1e6
    terms = {"liver": LIVER, "brain": BRAIN, "muscle": "UBERON:0001134"}
    cpm = np.sum([share * rows[levels.row(terms[name])] for name, share in shares.items()], axis=0)
    counts = MarkerCounts(("S1",), cpm[None], np.ones(len(levels.gene_ids), dtype=bool))
    return tissue_vote(counts.cpm[0], counts, levels, LIVER, BRAIN)


VOTES: dict[str, Callable[[], TissueVote]] = {
    "label_error": lambda: vote(brain=1),
    "model_error": lambda: vote(liver=1),
    "sample_error": lambda: vote(liver=0.5, brain=0.5),
    "undecided": lambda: vote(muscle=1),
}
"""By vote, a sample on which it is given."""
