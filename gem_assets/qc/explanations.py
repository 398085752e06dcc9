"""Every word that a finding, a status or a vote may be, in a sentence.

Those of verdicts are beside their rules (:data:`gem_assets.qc.reasons.EXPLANATIONS`), those of
changes in :mod:`gem_assets.qc.change_words`; ``docs/reasons.md`` holds them all.
"""

from __future__ import annotations

from gem_assets.qc.batches import BatchReason
from gem_assets.qc.dataset_cause import (
    ONE_LABEL_FOR_ALL,
    SEX_REVERSED,
    SHEET_SHIFTED,
    UNEXPLAINED,
)
from gem_assets.qc.duplicate_findings import DUPLICATE_EXPLANATIONS
from gem_assets.qc.exchanges import CYCLE, MUTUAL_PAIR, PARTNERS_OPEN, SAME_DONOR
from gem_assets.qc.reasons import Status
from gem_assets.qc.vote import Vote

STATUS_EXPLANATIONS: dict[str, str] = {
    Status.FAIL: "The expression contradicts the label: check the sample's records.",
    Status.WARN: "The label is doubtful: look at it before you rely on it.",
    Status.UNCLEAR: "The evidence is too weak to say anything; no reason to act.",
    Status.PASS: "The expression agrees with the label.",
    Status.NOT_ASSESSED: "The label could not be judged, which says nothing about it.",
}
"""What each status asks of somebody, from worst to best."""

KIND_EXPLANATIONS: dict[str, str] = {
    "dataset_cause": (
        "So many labels fail that the dataset is suspected, and not its samples one by one."
    ),
    "shift": "Labels slipped by some rows along the sample sheet.",
    "swap": "Samples fit each other's labels, and it is known who holds whose.",
    "exchange_group": "Samples fit each other's labels, but their partners can't be told.",
    "label_issue": "A label fails, and the samples or cells that hold it look like one other.",
    "mixture": "A sample holds reads of another tissue.",
    "mixed_sex": "A sample holds cells of both sexes.",
    "blood": "A sample of an organ holds blood.",
    "duplicate": "Samples are one sample, or one library, under several names.",
    "batch": "Batches differ, or can't be told from the labels.",
}
"""Every kind of finding, what concerns most samples first."""

FINDING_EXPLANATIONS: dict[str, dict[str, str]] = {
    "dataset_cause": {
        SEX_REVERSED: "Nearly all stated sexes are predicted the other one: reversed codes.",
        SHEET_SHIFTED: "The failing labels fit some rows further along the sheet.",
        "genes_do_not_fit": (
            "Too few reads, or too few of the model's genes, are found: another species or gene "
            "annotation."
        ),
        "values_or_order": (
            "The model reconstructs the samples poorly: values that are no counts, or genes in a "
            "wrong order."
        ),
        "one_prediction_for_all": (
            "The model answers the same whatever the label: the counts are not what it expects."
        ),
        ONE_LABEL_FOR_ALL: (
            "The sheet states the same whatever the model predicts: a column filled in by default."
        ),
        UNEXPLAINED: "Nothing at hand proves a cause; the sentence names what is left to check.",
    },
    "shift": {
        "rows_slipped": "Only a shift of the sheet explains the contradicted labels.",
        "shift_or_exchange": (
            "The labels change at so few places of the sheet that an exchange of the contradicted "
            "samples explains them as well."
        ),
    },
    "swap": {
        MUTUAL_PAIR: "Two samples fit each other's label at least a thousand times better.",
        SAME_DONOR: "Several pairs fit alike; these two are of one donor.",
        CYCLE: "Three samples or more each fit the label of the next, the last that of the first.",
    },
    "exchange_group": {
        PARTNERS_OPEN: "Several partners fit alike, so only the group of samples is named.",
    },
    "label_issue": {
        "fits_another_label": (
            "Among the labels of the dataset another one fits better (confident learning), and the "
            "label fails among all that the model knows."
        ),
        "contradicted_everywhere": (
            "Single cells: the label fails in all donors that hold it, so it was given to the "
            "wrong cells throughout, or the model takes such cells for others."
        ),
    },
    "mixture": {
        "second_tissue": "Marker genes of another sample's tissue are in it, at 5 % or more.",
        "low_level": "The same below 5 %: a note, as dissection carries a little of a neighbour.",
        "foreign_tissue": (
            "Marker genes of a tissue are in it that no sample of the dataset is: by public "
            "references alone, which can't tell how much."
        ),
    },
    "mixed_sex": {
        "both_sexes": "XIST and genes of chromosome Y are expressed together.",
    },
    "blood": {
        "haemoglobin": "Haemoglobin genes are expressed in a tissue that makes none.",
    },
    "duplicate": dict(DUPLICATE_EXPLANATIONS),
    "batch": {
        BatchReason.NOT_SEPARABLE: (
            "Each label is in one batch, or each batch of one label: no analysis can tell the two "
            "apart."
        ),
        BatchReason.BATCHES_DIFFER: (
            "Batches differ in the biological part of the expression, within the labels where "
            "these can be told from them."
        ),
        BatchReason.BATCHES_DIFFER_TECHNICALLY: (
            "Batches differ in the technical part of the expression only."
        ),
        BatchReason.BATCHES_SPREAD_UNEQUALLY: (
            "Batches agree on average, but some scatter more than others."
        ),
        BatchReason.NO_REPLICATES: (
            "No two samples share a label, so batches can't be compared within labels."
        ),
    },
}
"""Every reason of every kind of finding."""

VOTE_EXPLANATIONS: dict[str, str] = {
    Vote.LABEL_ERROR: "The markers agree with the prediction: the sample is not what it is called.",
    Vote.MODEL_ERROR: "The markers agree with the label: the prediction errs.",
    Vote.SAMPLE_ERROR: "The markers of both are there: the sample is a mixture.",
    Vote.UNDECIDED: "The markers don't settle it.",
}
"""Whose error it is, by label, prediction and marker genes."""
