"""The closed vocabulary of a verdict: statuses, reasons, and the worst that a field may get."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What a verdict comes to, from best to worst; ``not_assessed`` says nothing either way."""

    NOT_ASSESSED = "not_assessed"
    PASS = "pass"  # noqa: S105 - a status, not a password
    UNCLEAR = "unclear"
    WARN = "warn"
    FAIL = "fail"


STATUS_ORDER: tuple[str, ...] = tuple(str(status) for status in Status)
"""Statuses as a sample's worst is taken: any judged field outweighs one that was not judged."""


class Reason(StrEnum):
    """Why a label has its status."""

    # The label and the prediction compared.
    SAME_TERM = "same_term"
    PREDICTION_MORE_SPECIFIC = "prediction_more_specific"
    PREDICTION_MORE_GENERAL = "prediction_more_general"
    MASS_AGREES = "mass_agrees"
    CELL_LINE_AGREES = "cell_line_agrees"
    SAME_ORGAN = "same_organ"
    CONTRADICTS = "contradicts"
    CONTRADICTS_WITH_PARTNER = "contradicts_with_partner"
    CELLS_CONTRADICT = "cells_contradict"
    MARKERS_AGREE_WITH_LABEL = "markers_agree_with_label"
    MARKERS_CONTRADICT_LABEL = "markers_contradict_label"
    PREDICTION_NOT_TRUSTWORTHY = "prediction_not_trustworthy"
    DOUBTFUL = "doubtful"
    WEAK_EVIDENCE = "weak_evidence"
    AGE_AGREES = "age_agrees"
    AGE_DIFFERS = "age_differs"
    # The label can't be compared with this model.
    LABEL_OUT_OF_VOCABULARY = "label_out_of_vocabulary"
    LABEL_TOO_GENERAL = "label_too_general"
    FIELD_NOT_PREDICTED = "field_not_predicted"
    FIELD_NOT_JUDGED = "field_not_judged"
    FIELD_LEFT_OUT = "field_left_out"
    TOO_FEW_CELLS = "too_few_cells"
    # The label's text did not resolve.
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    UNMAPPED = "unmapped"
    WRONG_ONTOLOGY = "wrong_ontology"
    DEPRECATED = "deprecated"


EXPLANATIONS: dict[str, str] = {
    Reason.SAME_TERM: "The prediction is the label.",
    Reason.PREDICTION_MORE_SPECIFIC: "The prediction is a part or a kind of the label.",
    Reason.PREDICTION_MORE_GENERAL: (
        "The label is a part or a kind of the prediction; unclear if the model knows the label "
        "and did not choose it."
    ),
    Reason.MASS_AGREES: (
        "The most probable single value lies elsewhere, but most of the probability agrees with "
        "the label."
    ),
    Reason.CELL_LINE_AGREES: (
        "The tissue differs, but the predicted cell line is the stated one; a line need not look "
        "like the tissue it came from."
    ),
    Reason.SAME_ORGAN: "Label and prediction differ, but within one organ or cell family.",
    Reason.CONTRADICTS: "The expression contradicts the label.",
    Reason.CONTRADICTS_WITH_PARTNER: (
        "The expression differs from the label, and exchanging it with the label of another "
        "contradicted sample of the dataset fits both at least a thousand times better."
    ),
    Reason.CELLS_CONTRADICT: (
        "Hardly any cell of the group agrees with the label, and together they contradict it."
    ),
    Reason.MARKERS_AGREE_WITH_LABEL: (
        "The prediction contradicts the label, but marker genes, which no model chose, agree with "
        "the label: probably an error of the model."
    ),
    Reason.MARKERS_CONTRADICT_LABEL: (
        "The prediction is the label, but the marker genes of sex say otherwise."
    ),
    Reason.PREDICTION_NOT_TRUSTWORTHY: (
        "The expression contradicts the label, but the model reconstructs this sample far worse "
        "than the others of its dataset, so its prediction may be wrong."
    ),
    Reason.DOUBTFUL: "The prediction differs from the label, with some probability left for it.",
    Reason.WEAK_EVIDENCE: "The prediction differs from the label, too weakly to tell.",
    Reason.AGE_AGREES: "The predicted age is near the stated one.",
    Reason.AGE_DIFFERS: "The predicted age is far from the stated one.",
    Reason.LABEL_OUT_OF_VOCABULARY: "The model knows no class for this label, above it or below.",
    Reason.LABEL_TOO_GENERAL: "The label is too general to be contradicted.",
    Reason.FIELD_NOT_PREDICTED: "The model gave no answer for this field.",
    Reason.FIELD_NOT_JUDGED: "There is no rule to judge this field by.",
    Reason.FIELD_LEFT_OUT: "The settings leave this field out.",
    Reason.TOO_FEW_CELLS: "The group has too few cells to be judged.",
    Reason.AMBIGUOUS: "The label's text names several terms.",
    Reason.UNKNOWN: "The label says that the value is not known.",
    Reason.UNMAPPED: "The label's text names no known term.",
    Reason.WRONG_ONTOLOGY: "The label's id belongs to an ontology that this field does not use.",
    Reason.DEPRECATED: "The label's id is deprecated and names no successor.",
}
"""One sentence for each reason."""

FIELD_CAP: dict[str, Status] = {"disease": Status.WARN, "age": Status.WARN}
"""The worst status of a field. Disease and age are told from bulk expression too poorly, and
differ too much within one diagnosis or decade, to call a label wrong by them alone."""

CELL_LINE = "cell line"
TISSUE_CAP_IN_CELL_LINES = Status.UNCLEAR
"""The worst status of ``tissue`` where the stated sample type is a cell line."""

EVIDENCE_GROUP: dict[str, str] = {
    "tissue": "origin",
    "cell_type": "origin",
    "cell_line": "origin",
    "sample_type": "origin",
    "disease": "origin",
    "sex": "sex",
    "age": "age",
}
"""Fields of one group read the same expression programme; those of two are independent."""


def worst(statuses: list[str]) -> str:
    """Return the worst of the statuses, ``not_assessed`` for none."""
    return max(statuses, key=STATUS_ORDER.index, default=str(Status.NOT_ASSESSED))
