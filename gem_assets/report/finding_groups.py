"""Findings by kind, in the order in which they are to be read, each with its strength."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pandas as pd

from gem_assets.qc.open_findings import open_findings
from gem_assets.report.words import field_words, number_or_none, share, text_or_none

MAX_FINDINGS = 25
"""Findings of a kind that are shown; all are in the warehouse."""

MAX_NAMES = 12
"""Samples that are named beside a finding."""


@dataclass(frozen=True)
class ShownFinding:
    """A finding as the page shows it.

    Attributes
    ----------
    sentence
        What was found and what to do.
    details
        Its reason as words, its score with the interval in words of its kind, and the samples
        that the sentence does not name.
    reviewed
        Whether all its samples were reviewed, so that it no longer counts.
    """

    sentence: str
    details: tuple[str, ...]
    reviewed: bool


@dataclass(frozen=True)
class FindingGroup:
    """The findings of one kind.

    Attributes
    ----------
    kind, title
        Its code, and what it is called.
    note
        What the number beside a finding is; None where there is none to explain.
    findings, left_out
        Those that are shown, and how many more there are.
    """

    kind: str
    title: str
    note: str | None
    findings: tuple[ShownFinding, ...]
    left_out: int


@dataclass(frozen=True)
class _Kind:
    title: str
    note: str | None
    strength: Callable[[float], str] | None


def _power_of_ten(log10: float) -> str:
    return f"likelihood ratio 1e{int(log10 // 1)}"


def _r(r: float) -> str:
    return f"r = {r:.3f}"


_RATIO_NOTE = (
    "Likelihood ratio: how many times better the labels fit when they are put back. It rests on "
    "the model's probabilities."
)

ABOUT_LABELS: Mapping[str, _Kind] = {
    "dataset_cause": _Kind(
        "The dataset as a whole",
        "Share of the judged samples that contradict their label, with its 95 % Wilson interval.",
        share,
    ),
    "shift": _Kind("Labels that slipped along the sheet", _RATIO_NOTE, _power_of_ten),
    "swap": _Kind("Exchanged labels or samples", _RATIO_NOTE, _power_of_ten),
    "exchange_group": _Kind("Exchanges whose partners can't be told", _RATIO_NOTE, _power_of_ten),
}
"""Kinds that explain why labels fail: read before the single samples."""

ABOUT_SAMPLES: Mapping[str, _Kind] = {
    "mixture": _Kind(
        "Mixed samples",
        "Share of the reads from a second tissue, with an interval over its marker genes: how far "
        "they differ among each other, not how far another sample of that tissue would.",
        share,
    ),
    "mixed_sex": _Kind(
        "Cells of both sexes",
        "Reads per million on genes of the Y chromosome.",
        lambda cpm: f"{cpm:,.1f} reads per million",
    ),
    "blood": _Kind(
        "Blood in a tissue",
        "Reads per million on haemoglobin genes.",
        lambda cpm: f"{cpm:,.0f} reads per million",
    ),
    "duplicate": _Kind(
        "Duplicates",
        "Correlation of log counts, with its 95 % interval where it was estimated; 1 for the same "
        "counts.",
        _r,
    ),
    "label_issue": _Kind(
        "Labels that another label of the dataset fits better",
        "Share of the better label among the labels of the dataset, the median of the samples. A "
        "second view, by confident learning (cleanlab): only these labels can be the answer.",
        share,
    ),
    "batch": _Kind(
        "Batches",
        "Share of the variation that lies between batches (R2).",
        share,
    ),
}
"""Kinds that are about samples, whatever their label: read after the flagged ones."""


def kind_title(kind: str) -> str:
    """Return what findings of a kind are called."""
    known = {**ABOUT_LABELS, **ABOUT_SAMPLES}
    return known[kind].title if kind in known else field_words(kind).capitalize()


def finding_groups(
    findings: pd.DataFrame, verdicts: pd.DataFrame, kinds: Mapping[str, _Kind]
) -> tuple[FindingGroup, ...]:
    """Return the findings of some kinds, in the order of the kinds; open ones first.

    Parameters
    ----------
    findings
        ``qc_findings`` of a dataset.
    verdicts
        ``qc_verdicts``, for what was reviewed.
    kinds
        `ABOUT_LABELS` or `ABOUT_SAMPLES`.
    """
    if findings.empty:
        return ()
    still_open = findings.index.isin(open_findings(findings, verdicts).index)
    told = findings.assign(settled=~still_open).sort_values("settled", kind="stable")
    groups = []
    for kind, words in kinds.items():
        rows = told[told["kind"] == kind]
        if len(rows):
            shown = rows.head(MAX_FINDINGS).to_dict("records")
            groups.append(
                FindingGroup(
                    kind,
                    words.title,
                    words.note if rows["score"].notna().any() else None,
                    tuple(_shown(row, words) for row in shown),
                    len(rows) - len(shown),
                )
            )
    return tuple(groups)


def _shown(row: Mapping[Hashable, object], kind: _Kind) -> ShownFinding:
    sentence, reviewed = str(row["sentence"]), bool(row["settled"])
    details = (
        field_words(str(row["reason"])),
        _strength(row, kind),
        _unnamed(row, sentence),
        "reviewed: it no longer counts" if reviewed else None,
    )
    return ShownFinding(sentence, tuple(text for text in details if text), reviewed)


def _unnamed(row: Mapping[Hashable, object], sentence: str) -> str | None:
    """Return the samples and the dataset that a finding is about, unless its sentence does."""
    names = [str(name) for name in cast("Sequence[object]", row["sample_ids"])]
    other = text_or_none(row["other_dataset"])
    if all(name in sentence for name in (*names, *([other] if other else []))):
        return None
    more = len(names) - MAX_NAMES
    about = ", ".join(names[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
    return about + (f" (and dataset {other})" if other else "")


def _strength(row: Mapping[Hashable, object], kind: _Kind) -> str | None:
    score, low, high = (number_or_none(row[name]) for name in ("score", "ci_low", "ci_high"))
    if score is None or kind.strength is None:
        return None
    said = kind.strength(score)
    if low is None or high is None:
        return said
    ends = (kind.strength(end).removeprefix("r = ") for end in (low, high))
    return f"{said} ({' to '.join(ends)})"
