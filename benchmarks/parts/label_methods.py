"""Ways to find wrong labels in the same predictions: ours, comparing values, and cleanlab alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.labels.hierarchy import broader, narrower
from gem_assets.qc.answers import FieldAnswers, field_answers
from gem_assets.qc.dataset import JudgedDataset
from parts.cohorts import Cohort

Samples = frozenset[str]

LABEL_FINDINGS = ("swap", "exchange_group", "shift", "label_issue")
"""Kinds of findings that name samples for their labels."""

METHODS = {
    "gem-assets: fails or is named": "A label of the sample fails, or a finding about labels "
    f"({', '.join(LABEL_FINDINGS)}) names it.",
    "gem-assets: fails": "A label of the sample fails.",
    "words differ": "The text of the label is not the predicted label: the vendor's own example "
    "of quality control.",
    "terms differ": "The resolved id of the label is not the predicted id.",
    "cleanlab, model's classes": "`cleanlab.filter.find_label_issues(filter_by="
    '"confident_learning")` on the probabilities of all classes of the model. A label that is no '
    "class of it is the nearest class above, or else the likeliest below.",
    "cleanlab, model's classes, default": "The same as cleanlab has it by default "
    '(`filter_by="prune_by_noise_rate"`).',
    "cleanlab, stated classes": '`filter_by="confident_learning"` on the probabilities of the '
    "classes that the dataset's labels name, normalised to 1.",
    "cleanlab, stated classes, default": "The same by default.",
}
"""What each method calls wrong."""

OURS, FAILS, WORDS, TERMS, *CLEANLAB = METHODS


def failing(judged: JudgedDataset) -> Samples:
    """Return the samples with a label that fails."""
    verdicts = judged.verdicts
    return frozenset(verdicts.loc[verdicts["status"].eq("fail"), "sample_id"])


def named(judged: JudgedDataset) -> Samples:
    """Return the samples that a finding about labels names."""
    findings = judged.findings
    rows = findings[findings["kind"].isin(LABEL_FINDINGS)]
    return frozenset(sample for samples in rows["sample_ids"] for sample in samples)


def accusations(cohort: Cohort, frame: pd.DataFrame, field: str) -> dict[str, Samples]:
    """Return the samples that each of `METHODS` accuses.

    Parameters
    ----------
    cohort
        Samples and predictions.
    frame
        Their sheet.
    field
        The field that methods of one field look at; ours looks at all that the sheet states.
    """
    judged = cohort.judged(frame)
    fails = failing(judged)
    of_field = judged.verdicts[judged.verdicts["field"].eq(field)].set_index("sample_id")
    accused = {
        OURS: fails | named(judged),
        FAILS: fails,
        WORDS: _differing(of_field, "provided_text", "predicted_label"),
        TERMS: _differing(of_field, "provided_id", "predicted_id"),
    }
    answers = field_answers(
        field, cohort.tables["predicted_metadata"], cohort.tables["classifier_probs"]
    )
    stated = of_field["provided_id"].reindex(answers.samples)
    every = _columns(stated.tolist(), answers)
    held, restricted = np.unique(every, return_inverse=True)
    probability = answers.probability[:, held]
    probability = probability / np.maximum(probability.sum(axis=1, keepdims=True), 1e-12)
    ways = ("confident_learning", "prune_by_noise_rate")
    for line, labels, rows, how in zip(
        CLEANLAB,
        (every, every, restricted, restricted),
        (answers.probability, answers.probability, probability, probability),
        (*ways, *ways),
        strict=True,
    ):
        accused[line] = frozenset(answers.samples[_label_issues(labels, rows, how)])
    return accused


def _differing(verdicts: pd.DataFrame, provided: str, predicted: str) -> Samples:
    differs = verdicts[provided].astype(object) != verdicts[predicted].astype(object)
    return frozenset(verdicts.index[differs & verdicts[predicted].notna()])


def _columns(stated: Sequence[str], answers: FieldAnswers) -> NDArray[np.intp]:
    """Return each label as a column: cleanlab knows classes only, and no ontology."""
    column = {name: i for i, name in enumerate(answers.classes)}
    mean = answers.probability.mean(axis=0)
    found = {}
    for term in dict.fromkeys(stated):
        above = [column[t] for t in broader(term) if t in column]
        below = [column[t] for t in narrower(term) if t in column]
        # The fewer terms are above a class, the more general it is.
        nearest = max(above, key=lambda c: len(broader(answers.classes[c])), default=None)
        if term in column:
            found[term] = column[term]
        elif nearest is not None:
            found[term] = nearest
        else:
            found[term] = max(below, key=mean.__getitem__)
    return np.array([found[term] for term in stated], dtype=np.intp)


def _label_issues(
    labels: NDArray[np.intp], probability: NDArray[np.float64], how: str
) -> NDArray[np.bool_]:
    from cleanlab.filter import find_label_issues

    with warnings.catch_warnings():
        # A warning a class: cohorts of one sample an organ are what they are.
        warnings.filterwarnings("ignore", "May not flag all label issues", UserWarning)
        issues: NDArray[np.bool_] = find_label_issues(labels, probability, filter_by=how, n_jobs=1)
    return issues
