"""Verdicts in the words of a biologist: what was stated, what the expression looks like."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.reasons import EXPLANATIONS, FIELD_CAP, STATUS_ORDER, Reason, Status

_FIELD_ORDER = {field.name: i for i, field in enumerate(FIELDS)}
_FLAGGED = frozenset({str(Status.FAIL), str(Status.WARN), str(Status.UNCLEAR)})
_FIXABLE = frozenset(
    {
        str(Reason.UNMAPPED),
        str(Reason.AMBIGUOUS),
        str(Reason.WRONG_ONTOLOGY),
        str(Reason.DEPRECATED),
    }
)
_SEXES = frozenset({"female", "male"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row of ``qc_verdicts`` as its sentence needs it; None for what is not there."""

    field: str
    status: str
    reason: str
    provided_text: str
    provided_id: str | None
    provided: str
    predicted_id: str | None
    predicted: str | None
    p_top: float | None
    p_compatible: float | None

    @property
    def flagged(self) -> bool:
        """Whether it fails, warns or is unclear."""
        return self.status in _FLAGGED

    @property
    def name(self) -> str:
        """The field as a word."""
        return self.field.replace("_", " ")


@dataclass(frozen=True, slots=True)
class MarkerCall:
    """What the sex marker genes of a sample say."""

    call: str
    sentence: str


def read_verdicts(verdicts: pd.DataFrame) -> dict[str, list[Verdict]]:
    """Return each sample's verdicts, the worst first, then in the order of the fields."""
    columns = (
        "sample_id",
        "field",
        "status",
        "reason",
        "provided_text",
        "provided_id",
        "provided_label",
        "predicted_id",
        "predicted_label",
        "p_top",
        "p_compatible",
    )
    # Missing values are None, NaN or NA by the pandas version and the way the frame came about.
    values = [verdicts[name].astype(object).where(verdicts[name].notna(), None) for name in columns]
    by_sample: dict[str, list[Verdict]] = {}
    for sample, field, status, reason, text, pid, label, qid, predicted, p, compatible in zip(
        *values, strict=True
    ):
        by_sample.setdefault(str(sample), []).append(
            Verdict(
                field=str(field),
                status=str(status),
                reason=str(reason),
                provided_text=text or "",
                provided_id=pid,
                provided=(label or text or "").replace(VALUE_SEPARATOR, " / "),
                predicted_id=qid,
                predicted=predicted or qid,
                p_top=p,
                p_compatible=compatible,
            )
        )
    for found in by_sample.values():
        found.sort(key=_worst_first)
    return by_sample


def _worst_first(verdict: Verdict) -> tuple[int, int]:
    return -STATUS_ORDER.index(verdict.status), _FIELD_ORDER.get(verdict.field, len(_FIELD_ORDER))


def describe(verdict: Verdict) -> str:
    """Return the sentence of a flagged verdict."""
    if verdict.reason == Reason.AGE_DIFFERS:
        return f"Stated age {verdict.provided}; expression looks like {verdict.predicted} years."
    looks = "looks" if verdict.field == "sex" else "looks like"
    by_reason = {
        Reason.SAME_ORGAN: f"expression looks like {verdict.predicted}, of the same organ or family"
        if verdict.field != "cell_line"
        else f"expression looks like {verdict.predicted}, a related line",
        Reason.PREDICTION_MORE_GENERAL: f"the prediction is only {verdict.predicted}",
        Reason.DOUBTFUL: f"expression {looks.replace('looks', 'looks more')} {verdict.predicted}",
        Reason.MARKERS_CONTRADICT_LABEL: f"predicted {verdict.predicted}, too",
    }
    claim = by_reason.get(Reason(verdict.reason), f"expression {looks} {verdict.predicted}")
    sentence = f"Labelled {verdict.provided}; {claim}{_numbers(verdict)}"
    return f"{sentence}{_reservation(verdict)}."


def _numbers(verdict: Verdict) -> str:
    if verdict.p_top is None:
        return ""
    of_label = (
        f"; p of the label {probability(verdict.p_compatible)}"
        # The mass on the predicted term itself is compatible with a part of it.
        if verdict.p_compatible is not None and verdict.reason != Reason.PREDICTION_MORE_GENERAL
        else ""
    )
    return f" (p {probability(verdict.p_top)}{of_label})"


def _reservation(verdict: Verdict) -> str:
    """Return why the verdict is milder than the difference, where it is."""
    if verdict.reason == Reason.PREDICTION_NOT_TRUSTWORTHY:
        return ", but the model reconstructs this sample far worse than the others"
    if verdict.reason == Reason.WEAK_EVIDENCE:
        return ", too weakly to tell"
    if verdict.reason == Reason.CONTRADICTS_WITH_PARTNER:
        return ", and another sample that fails holds the label that fits"
    if verdict.field == "tissue" and verdict.status == Status.UNCLEAR:
        if verdict.reason in (Reason.CONTRADICTS, Reason.DOUBTFUL):
            return ", which a cell line may"
    elif verdict.field in FIELD_CAP and verdict.reason == Reason.CONTRADICTS:
        return f", though {verdict.name} alone never proves a label wrong"
    return ""


def probability(p: float) -> str:
    """Return a probability as people read it: two digits, three near 0 and 1, never bare 0 or 1."""
    if p < 0.0005:
        return "< 0.001"
    if p >= 0.9995:
        return "> 0.999"
    return f"{p:.3f}" if p < 0.01 or p > 0.99 else f"{p:.2f}"


def describe_unjudged(verdict: Verdict, nearest: str | None) -> str:
    """Return "tissue 'saliva' (why it was not judged)", with the nearest class if there is one."""
    why = EXPLANATIONS[Reason(verdict.reason)].rstrip(".")
    why = why[0].lower() + why[1:]
    if nearest is not None:
        why += f"; the nearest it knows is {nearest}"
    return f"{verdict.name} {verdict.provided!r} ({why})"


def markers_word(verdict: Verdict, marker: MarkerCall | None) -> str | None:
    """Return what the marker genes say to a stated sex: the third voice beside label and model.

    None where there is nothing to settle: no marker call was made, the label is no sex, or all
    agree.
    """
    if marker is None or verdict.provided_id not in _SEXES:
        return None
    if marker.call not in _SEXES:
        # Where label and model agree, or no model spoke, silence is not worth a sentence.
        return f"Marker genes don't settle it: {marker.sentence}" if verdict.flagged else None
    if marker.call != verdict.provided_id:
        if verdict.flagged and verdict.predicted_id == marker.call:
            return f"Marker genes agree with the prediction: {marker.call}."
        return f"The stated sex is contradicted: {marker.sentence}"
    if verdict.flagged:
        return "Marker genes agree with the label: probably an error of the model."
    return None


def suggest(verdict: Verdict, marker: MarkerCall | None) -> str | None:
    """Return what to do about one verdict, None where nothing needs doing."""
    if verdict.field == "tissue" and verdict.reason == Reason.MARKERS_AGREE_WITH_LABEL:
        return "Keep the stated tissue: its marker genes agree with it."
    if verdict.field == "sex" and marker is not None and marker.call in _SEXES:
        if marker.call == verdict.provided_id and verdict.flagged:
            return "Keep the stated sex: its marker genes agree with it."
        if verdict.provided_id in _SEXES and marker.call != verdict.provided_id:
            return f"Check the sample's records; suggested sex: {marker.call}."
    if verdict.status == Status.FAIL:
        term = verdict.predicted or ""
        if verdict.predicted_id not in (None, verdict.predicted):
            term += f" ({verdict.predicted_id})"
        return f"Check the sample's records; suggested {verdict.name}: {term}."
    if verdict.status == Status.WARN:
        return f"Check the sample's records on its {verdict.name} before relying on the label."
    if verdict.reason in _FIXABLE:
        return (
            f"Write the {verdict.name} {verdict.provided_text!r} as an ontology term, or add it "
            "to the aliases in dataset.yaml, to have it judged."
        )
    return None
