"""What changed since the last run, in words: a sentence a label, and one a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from gem_assets.qc.change_words import Cause, Change
from gem_assets.qc.reasons import Status
from gem_assets.qc.sentences import probability
from gem_assets.qc.verdict_pairs import rows_of

NAMED_AT_MOST = 3
"""Partners that a sentence names."""

_WAS: dict[object, str] = {
    None: "was not there",
    Status.FAIL: "failed",
    Status.WARN: "warned",
    Status.UNCLEAR: "was unclear",
    Status.PASS: "passed",
    Status.NOT_ASSESSED: "was not judged",
}
_IS: dict[object, str] = {
    None: "is gone",
    Status.FAIL: "fails",
    Status.WARN: "warns",
    Status.UNCLEAR: "is unclear",
    Status.PASS: "passes",
    Status.NOT_ASSESSED: "is not judged",
}
_MODEL = {"model_id": "model", "model_version": "version", "served_by": "served by"}
_SETTLED = frozenset({Cause.REVIEWED, Cause.REVIEW_WITHDRAWN})

_PLAIN: dict[Cause, str] = {
    Cause.SAMPLE_ADDED: "the sample is new",
    Cause.LABEL_ADDED: "the label is new",
    Cause.SAMPLE_REMOVED: "the sample is gone",
    Cause.LABEL_REMOVED: "the sample has no such label any more",
    Cause.THRESHOLDS_CHANGED: "the thresholds changed",
    Cause.COUNTS_CHANGED: "its counts changed",
    Cause.OTHER_LABEL_CHANGED: "its cell line or sample type changed, which decides how a tissue "
    "is judged",
    Cause.SAMPLES_CHANGED: "the samples that it is compared with changed",
    Cause.UNEXPLAINED: "nothing that is recorded of the two runs explains it",
}


@dataclass(frozen=True, slots=True)
class ChangedLabel:
    """A change of a label's verdict as its sentence needs it.

    Attributes
    ----------
    sample_id, field
        The label.
    change, causes
        What became of its verdict, and what bears on it.
    was, now
        Its rows of ``qc_verdicts`` in the two runs, None for what is missing.
    partners
        The samples by which it may have gained or lost support.
    """

    sample_id: str
    field: str
    change: Change
    causes: tuple[Cause, ...]
    was: Mapping[str, object]
    now: Mapping[str, object]
    partners: tuple[str, ...] = ()


def describe_change(
    label: ChangedLabel, before: Mapping[str, object], now: Mapping[str, object]
) -> str:
    """Return a change in a sentence, given both runs' rows of ``qc_history``."""
    was, status = label.was["status"], label.now["status"]
    what = f"{label.sample_id}: {label.field.replace('_', ' ')} {_IS[status]}"
    if was != status:
        what += f" ({_WAS[was]} before)"
    if label.change is Change.REVIEWED:
        what += " and does not count"
    elif label.change is Change.REOPENED:
        what += " and counts again"
    clauses = [_clause(cause, label, before, now) for cause in label.causes]
    sentence = f"{what}: {'; '.join(clauses)}."
    if len(set(label.causes) - _SETTLED) > 1:
        sentence += " Each of these may be why."
    return sentence


def headline(changes: pd.DataFrame, history: pd.DataFrame) -> str:
    """Return what changed since the last run of a dataset in one sentence.

    "Since 2026-11-20: 2 labels newly failing (label changed), 1 newly passing (rules changed)."

    Parameters
    ----------
    changes
        The dataset's ``qc_changes``.
    history
        Its rows of ``qc_history``, the present run's among them.
    """
    runs = rows_of(history.sort_values("at", kind="stable").tail(2))
    if len(runs) < 2:
        return "First run: there is none to compare with."
    since = _since(runs[0]["at"], runs[1]["at"])
    if not len(changes):
        return f"No verdict changed since {since}{_though(runs[0], runs[1])}."
    parts: list[str] = []
    for change in Change:
        of_it = changes[changes["change"].eq(str(change))]
        if len(of_it):
            unit = "" if parts else f" label{'s' if len(of_it) > 1 else ''}"
            parts.append(f"{len(of_it)}{unit} {_spoken(change)}{_by_cause(change, of_it['why'])}")
    return f"Since {since}: {', '.join(parts)}."


def _clause(
    cause: Cause, label: ChangedLabel, before: Mapping[str, object], now: Mapping[str, object]
) -> str:
    if cause in _PLAIN:
        return _PLAIN[cause]
    was, present = label.was, label.now
    match cause:
        case Cause.LABEL_CHANGED:
            old, new = (_quoted(row["provided_text"]) for row in (was, present))
            return f"its label changed from {old} to {new}"
        case Cause.LABEL_READ_OTHERWISE:
            read = " before, now as ".join(str(row["provided_id"]) for row in (was, present))
            return f"its label {_quoted(present['provided_text'])} was read as {read}"
        case Cause.REVIEWED:
            return f"reviewed by {present['reviewed_by']}"
        case Cause.REVIEW_WITHDRAWN:
            return f"the review by {was['reviewed_by']} no longer applies"
        case Cause.MODEL_CHANGED:
            return f"the model changed ({', '.join(_model(was, present))})"
        case Cause.RULES_CHANGED:
            return f"the rules changed ({_rules(before, now)})"
        case Cause.PARTNER_CHANGED:
            return (
                f"who could have exchanged labels with it changed, in label or verdict: "
                f"{_listed(label.partners)}"
            )
        case _:
            return f"the model answers otherwise{_answers(was, present)}"


def _quoted(text: object) -> str:
    return repr(text) if text else "nothing"


def _model(was: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    for name, word in _MODEL.items():
        if was[name] != now[name]:
            yield f"{word} {was[name]}, now {now[name]}"


def _rules(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    return f"version {before['rules_version']}, now {now['rules_version']}"


def _answers(was: Mapping[str, object], now: Mapping[str, object]) -> str:
    old, new = (row["predicted_label"] or row["predicted_id"] for row in (was, now))
    if old != new:
        return f" ({old or 'nothing'}, now {new or 'nothing'})"
    ps = [row["p_top"] for row in (was, now)]
    spoken = [probability(p) for p in ps if isinstance(p, float)]
    return f" ({new}, p {spoken[0]}, now {spoken[1]})" if len(set(spoken)) > 1 else ""


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")


def _since(before: object, now: object) -> str:
    """Return the day of the last run, with its time where both are of one day."""
    then, present = (pd.to_datetime(str(at), utc=True) for at in (before, now))
    return f"{then:%Y-%m-%d}" if then.date() != present.date() else f"{then:%Y-%m-%d %H:%M} UTC"


def _though(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Return what did change where no verdict did, as a clause."""
    told = []
    if any(before[name] != now[name] for name in _MODEL):
        told.append(f"the model ({', '.join(_model(before, now))})")
    if before["rules_version"] != now["rules_version"]:
        told.append(f"the rules ({_rules(before, now)})")
    elif before["settings_hash"] != now["settings_hash"]:
        told.append("the thresholds")
    return f", though {' and '.join(told)} did" if told else ""


def _by_cause(change: Change, why: pd.Series) -> str:
    """Return the causes of a change in brackets, each with its number unless it is all of them."""
    number = why.explode().value_counts()
    causes = [cause for cause in Cause if str(cause) in number and str(cause) != str(change)]
    if not causes:
        return ""
    told = [
        _spoken(cause) + (f": {number[str(cause)]}" if number[str(cause)] < len(why) else "")
        for cause in causes
    ]
    return f" ({'; '.join(told)})"


def _spoken(word: str) -> str:
    return str(word).replace("_", " ")
