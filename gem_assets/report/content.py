"""What a report says, worked out from the tables; how it looks is the template's affair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.qc.history import flagged_rate
from gem_assets.qc.reasons import EXPLANATIONS, STATUS_ORDER, Status
from gem_assets.qc.sentences import probability
from gem_assets.qc.summary import headline

MAX_CARDS = 10
"""Evidence cards on the first screen; the other flagged samples are in the table below."""

STATUS_WORDS: Mapping[str, str] = {
    "fail": "contradicting",
    "warn": "doubtful",
    "unclear": "unclear",
    "pass": "agreeing",
    "not_assessed": "not judged",
}

_FIELD_ORDER = {f.name: i for i, f in enumerate(FIELDS)}


@dataclass(frozen=True)
class ReportInput:
    """The tables of one dataset that its report is made from.

    Attributes
    ----------
    dataset, modality
        Name of the dataset; ``bulk`` or ``sc``.
    samples, verdicts, findings
        ``qc_samples``, ``qc_verdicts`` and ``qc_findings``.
    predicted, probabilities, latents
        ``predicted_metadata``, ``classifier_probs`` and ``latents``.
    markers
        Calls of the sex marker genes (`gem_assets.qc.markers.sex_markers`); None for single cells.
    """

    dataset: str
    modality: str
    samples: pd.DataFrame
    verdicts: pd.DataFrame
    findings: pd.DataFrame
    predicted: pd.DataFrame
    probabilities: pd.DataFrame
    latents: pd.DataFrame
    markers: pd.DataFrame | None = None


@dataclass(frozen=True)
class Mark:
    """One of the three voices on a card: what it says, and whether it sides with the label."""

    voice: str
    says: str
    side: str  # "for", "against" or "silent"


@dataclass(frozen=True)
class Card:
    """The evidence on one flagged sample."""

    sample_id: str
    status: str
    field_name: str
    stated: str
    predicted: str
    marks: tuple[Mark, ...]
    sentence: str
    suggestion: str | None


@dataclass(frozen=True)
class Unjudged:
    """Labels that were not judged for one reason."""

    field_name: str
    label: str
    samples: int
    reason: str
    explanation: str


@dataclass(frozen=True)
class ReportContent:
    """Everything that the page shows, in words and numbers."""

    labelled: bool
    dataset: str
    modality: str
    unit: str
    headline: str
    provenance: str
    is_embedded: bool
    counts: Mapping[str, int]
    rate: str | None
    cards: tuple[Card, ...]
    flagged: int
    strip: tuple[tuple[str, str, str], ...]
    findings: tuple[str, ...]
    unjudged: tuple[Unjudged, ...]
    table: tuple[Mapping[str, str], ...]
    rows_left_out: int
    blind_spots: tuple[str, ...] = field(default=())


MAX_STRIP = 2_000
"""Samples drawn one by one in the strip; beyond, only their counts are shown."""

MAX_TABLE_ROWS = 1_000
"""Rows of the sample table, the worst first; all rows are in the warehouse."""


def report_content(given: ReportInput) -> ReportContent:
    """Work out what the report of a dataset says.

    Parameters
    ----------
    given
        The tables; may be empty but for ``samples``.
    """
    samples = given.samples.assign(
        rank=given.samples["status"].map({s: -i for i, s in enumerate(STATUS_ORDER)})
    )
    worst_first = samples.sort_values("rank", kind="stable")
    counts = {s: int((samples["status"] == s).sum()) for s in reversed(STATUS_ORDER)}
    flagged = worst_first[worst_first["status"].isin(["fail", "warn"])]
    unit = "cell" if given.modality == "sc" else "sample"
    labelled = not given.verdicts.empty
    return ReportContent(
        labelled=labelled,
        dataset=given.dataset,
        modality=given.modality,
        unit=unit,
        headline=_headline(given, unit),
        provenance=_provenance(given.predicted),
        is_embedded=bool((given.predicted["served_by"] == "embedded").any()),
        counts=counts,
        rate=_rate(counts),
        cards=tuple(_card(given, row) for row in flagged.head(MAX_CARDS).itertuples()),
        flagged=len(flagged),
        strip=tuple(
            (str(row.sample_id), str(row.status), str(row.sentence))
            for row in samples.head(MAX_STRIP).itertuples()
        )
        if labelled and len(samples) <= MAX_STRIP
        else (),
        findings=tuple(str(s) for s in given.findings["sentence"]),
        unjudged=tuple(_unjudged(given.verdicts)),
        table=tuple(_table(given, worst_first.head(MAX_TABLE_ROWS))),
        rows_left_out=max(0, len(samples) - MAX_TABLE_ROWS),
        blind_spots=_blind_spots(given),
    )


def _headline(given: ReportInput, unit: str) -> str:
    if given.verdicts.empty:
        return (
            f"{len(given.samples)} {unit}s annotated; no labels were stated, so nothing was judged."
        )
    return headline(given.samples)


def _provenance(predicted: pd.DataFrame) -> str:
    if predicted.empty:
        return "No predictions."
    first = predicted.iloc[0]
    served = {
        "embedded": "the embedded demonstration model, which is not GEM-1",
        "hosted": "Synthesize Bio's hosted endpoint",
        "self_hosted": "a self-hosted GEM container",
    }.get(str(first["served_by"]), str(first["served_by"]))
    at = pd.Timestamp(predicted["predicted_at"].max()).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"Predicted by {served}: {first['model_id']}, version {first['model_version']}, {at}. "
        "Probabilities are uncalibrated."
    )


def _rate(counts: Mapping[str, int]) -> str | None:
    judged = sum(counts.values()) - counts[Status.NOT_ASSESSED]
    flagged = counts[Status.FAIL] + counts[Status.WARN]
    rate, low, high = flagged_rate(flagged, judged)
    if rate is None:
        return None
    return (
        f"{flagged} of {judged} judged are flagged: {rate:.0%} "
        f"(95 % Wilson interval {low:.0%} to {high:.0%})."
    )


def _card(given: ReportInput, row: object) -> Card:
    sample_id, status = str(getattr(row, "sample_id")), str(getattr(row, "status"))  # noqa: B009 - rows are untyped
    verdicts = given.verdicts[given.verdicts["sample_id"] == sample_id]
    worst = verdicts[verdicts["status"] == status]
    worst = worst.sort_values("field", key=lambda f: f.map(_FIELD_ORDER), kind="stable")
    verdict = worst.iloc[0]
    stated = _text(verdict["provided_label"]) or str(verdict["provided_text"])
    predicted = _text(verdict["predicted_label"]) or _text(verdict["predicted_id"]) or "no answer"
    marks = [Mark("label", stated.replace(" || ", " / "), "for")]
    p = verdict["p_top"]
    says = predicted if pd.isna(p) else f"{predicted} ({probability(float(p))})"
    marks.append(Mark("model", says, "against"))
    if verdict["field"] == "sex" and given.markers is not None:
        marks.append(_marker_mark(given.markers, sample_id, stated))
    else:
        marks.append(Mark("markers", "none for this field", "silent"))
    return Card(
        sample_id=sample_id,
        status=status,
        field_name=str(verdict["field"]).replace("_", " "),
        stated=stated.replace(" || ", " / "),
        predicted=predicted,
        marks=tuple(marks),
        sentence=str(getattr(row, "sentence")),  # noqa: B009
        suggestion=_text(getattr(row, "suggestion")),  # noqa: B009
    )


def _marker_mark(markers: pd.DataFrame, sample_id: str, stated: str) -> Mark:
    call = str(markers.loc[markers["sample_id"] == sample_id, "call"].iloc[0])
    if call not in ("male", "female"):
        return Mark("markers", call.replace("_", " "), "silent")
    return Mark("markers", call, "for" if call == stated else "against")


def _unjudged(verdicts: pd.DataFrame) -> list[Unjudged]:
    silent = verdicts[verdicts["status"] == Status.NOT_ASSESSED]
    counted = silent[["field", "provided_text", "reason"]].astype(str).value_counts(sort=True)
    return [
        Unjudged(field_name.replace("_", " "), text, int(n), reason, EXPLANATIONS[reason])
        for (field_name, text, reason), n in zip(
            counted.index.to_list(), counted.to_list(), strict=True
        )
    ]


def _table(given: ReportInput, rows: pd.DataFrame) -> list[Mapping[str, str]]:
    """Return a row a sample: its status, its sentence and its top prediction a field."""
    predicted = given.predicted[given.predicted["sample_id"].isin(rows["sample_id"])]
    values = predicted["predicted_label"].astype(object)
    values = values.where(values.notna(), predicted["predicted_id"])
    p = predicted["probability"].astype(float)
    shown = values.astype(str).where(p.isna(), values.astype(str) + p.map(lambda x: f" {x:.2f}"))
    wide = predicted.assign(shown=shown).pivot_table(
        index="sample_id", columns="field", values="shown", aggfunc="first"
    )
    fields = [f.name for f in FIELDS if f.name in wide.columns]
    labelled = not given.verdicts.empty
    answers = wide.reindex(rows["sample_id"])[fields].to_dict(orient="records")
    columns = (rows["sample_id"], rows["status"], rows["sentence"], answers)
    return [
        {
            "sample": str(sample_id),
            **({"status": str(status)} if labelled else {}),
            **{name: _text(answered[name]) or "" for name in fields},
            **({"in words": str(sentence)} if labelled else {}),
        }
        for sample_id, status, sentence, answered in zip(*columns, strict=True)
    ]


def _blind_spots(given: ReportInput) -> tuple[str, ...]:
    spots = [
        "A swap between two samples of the same stated tissue and sex: their labels fit either "
        "way.",
        "Anything that is not in the model's vocabulary, and fields that it does not answer.",
        "Probabilities are the model's own and not calibrated on this laboratory's data.",
    ]
    if (given.predicted["served_by"] == "embedded").any():
        spots.append(
            "The embedded model is small. It has no evidence base for disease, age or "
            "developmental stage, and does not answer them."
        )
    return tuple(spots)


def _text(value: object) -> str | None:
    return None if value is None or value is pd.NA or value != value else str(value)
