"""The closed vocabulary of what changes between two runs of a dataset, and of what explains it."""

from __future__ import annotations

from enum import StrEnum


class Change(StrEnum):
    """What became of a label's verdict, from bad news to good."""

    NEWLY_FAILING = "newly_failing"
    NEWLY_WARNING = "newly_warning"
    REOPENED = "reopened"
    NEWLY_UNCLEAR = "newly_unclear"
    NO_LONGER_JUDGED = "no_longer_judged"
    REMOVED = "removed"
    ADDED = "added"
    REVIEWED = "reviewed"
    NEWLY_PASSING = "newly_passing"


CHANGE_EXPLANATIONS: dict[str, str] = {
    Change.NEWLY_FAILING: "The label fails and did not before, or was not there.",
    Change.NEWLY_WARNING: "The label warns and did not before: it passed, or failed.",
    Change.REOPENED: "The label is flagged, and the review that settled it no longer applies.",
    Change.NEWLY_UNCLEAR: "The label is unclear and was not before.",
    Change.NO_LONGER_JUDGED: "The label was judged before and is not now.",
    Change.REMOVED: "The label, or its sample, was there before and is gone.",
    Change.ADDED: "The label was not there before; it is not flagged.",
    Change.REVIEWED: "The label is flagged, and somebody reviewed it since: it stopped counting.",
    Change.NEWLY_PASSING: "The label passes and did not before.",
}
"""Every change in a sentence."""


class Cause(StrEnum):
    """What differs from the run before and bears on a verdict, the nearest to the label first."""

    SAMPLE_ADDED = "sample_added"
    LABEL_ADDED = "label_added"
    SAMPLE_REMOVED = "sample_removed"
    LABEL_REMOVED = "label_removed"
    LABEL_CHANGED = "label_changed"
    LABEL_READ_OTHERWISE = "label_read_otherwise"
    REVIEWED = "reviewed"
    REVIEW_WITHDRAWN = "review_withdrawn"
    MODEL_CHANGED = "model_changed"
    RULES_CHANGED = "rules_changed"
    THRESHOLDS_CHANGED = "thresholds_changed"
    COUNTS_CHANGED = "counts_changed"
    PARTNER_CHANGED = "partner_changed"
    OTHER_LABEL_CHANGED = "other_label_changed"
    SAMPLES_CHANGED = "samples_changed"
    ANSWER_CHANGED = "answer_changed"
    UNEXPLAINED = "unexplained"


CAUSE_EXPLANATIONS: dict[str, str] = {
    Cause.SAMPLE_ADDED: "The sample was not there before.",
    Cause.LABEL_ADDED: "The sample had no label of this field before.",
    Cause.SAMPLE_REMOVED: "The sample is gone.",
    Cause.LABEL_REMOVED: "The sample no longer has a label of this field.",
    Cause.LABEL_CHANGED: "The sheet states another label.",
    Cause.LABEL_READ_OTHERWISE: (
        "The sheet states the same text, but it stands for another term: by an alias, or a newer "
        "ontology."
    ),
    Cause.REVIEWED: "Somebody reviewed the label.",
    Cause.REVIEW_WITHDRAWN: "Its review is gone, or was of another label.",
    Cause.MODEL_CHANGED: "The prediction is that of another model, version or endpoint.",
    Cause.RULES_CHANGED: (
        "The rules have another version; whether the thresholds changed as well is not told apart."
    ),
    Cause.THRESHOLDS_CHANGED: "The dataset's thresholds have other values.",
    Cause.COUNTS_CHANGED: "The sample's counts on the model's genes are others.",
    Cause.PARTNER_CHANGED: (
        "The label fails, or failed, with the support of another sample, and another sample's "
        "label or failure of this field changed."
    ),
    Cause.OTHER_LABEL_CHANGED: (
        "Another label of the sample, which decides how its tissue is judged, changed: cell line "
        "or sample type."
    ),
    Cause.SAMPLES_CHANGED: (
        "The prediction is, or was, not trusted by comparison with the other samples, and these "
        "changed."
    ),
    Cause.ANSWER_CHANGED: (
        "The model answers otherwise, though it is the same and no count is known to differ."
    ),
    Cause.UNEXPLAINED: "Nothing that is recorded of the two runs explains it.",
}
"""Every cause in a sentence."""
