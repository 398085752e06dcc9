"""What a report says, worked out from the tables; how it looks is the template's affair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from gem_assets.qc.reasons import EXPLANATIONS, STATUS_ORDER, Status
from gem_assets.qc.summary import headline
from gem_assets.report.cards import MAX_CARDS, Card, cards, flagged_samples
from gem_assets.report.chances import chances
from gem_assets.report.corrected_samples import SuggestedSheet, suggested_sheet
from gem_assets.report.details import Record, page_data
from gem_assets.report.finding_groups import (
    ABOUT_LABELS,
    ABOUT_SAMPLES,
    FindingGroup,
    finding_groups,
)
from gem_assets.report.label_totals import LabelTotals, label_totals
from gem_assets.report.report_input import ReportInput, Unit
from gem_assets.report.run_changes import RunChanges, run_changes
from gem_assets.report.sample_table import listed_samples, sample_table
from gem_assets.report.self_test import SelfTest, self_test
from gem_assets.report.trust import (
    blind_spots,
    calibration_sentences,
    is_embedded,
    provenance,
    rate,
)
from gem_assets.report.words import field_words

MAX_STRIP = 300
"""Samples drawn one by one in the strip; beyond, it is a bar of their counts."""

MAX_UNJUDGED_LABELS = 8
"""Labels that are named where they were not judged for one reason; all are in the warehouse."""


@dataclass(frozen=True)
class Unjudged:
    """Labels of a field that were not judged for one reason: how many samples, and which labels."""

    field_name: str
    labels: str
    samples: int
    explanation: str


@dataclass(frozen=True)
class ReportContent:
    """Everything that the page shows, in words and numbers.

    Attributes
    ----------
    dataset, modality, unit, labelled
        What it is about.
    headline, changes, rate
        The first sentences: what failed, what changed since the run before, and how often.
    provenance, is_embedded, calibrations, blind_spots
        How far to trust it.
    counts, strip
        Samples by status, and each with its sentence.
    about_labels, about_samples
        Findings that explain why labels fail, and the others.
    cards, flagged
        Evidence on the first flagged samples, and how many are flagged.
    suggested
        What the suggested sheet changes.
    batches
        What is known of the batches, where it is no finding.
    selftest
        How many planted errors were found.
    unjudged, table, rows_left_out
        Labels that were not judged; the samples that are listed, and how many are not.
    totals
        All samples by label, where not all are listed.
    data
        What is known of each listed sample, for the page's script.
    """

    dataset: str
    modality: str
    unit: Unit
    labelled: bool
    headline: str
    changes: RunChanges | None
    rate: str | None
    provenance: str
    is_embedded: bool
    calibrations: tuple[tuple[str, str], ...]
    blind_spots: tuple[str, ...]
    counts: Mapping[str, int]
    strip: tuple[tuple[str, str, str], ...]
    about_labels: tuple[FindingGroup, ...]
    about_samples: tuple[FindingGroup, ...]
    cards: tuple[Card, ...]
    flagged: int
    suggested: SuggestedSheet | None
    batches: str | None
    selftest: SelfTest | None
    unjudged: tuple[Unjudged, ...]
    table: tuple[Mapping[str, str], ...]
    rows_left_out: int
    totals: LabelTotals | None
    data: Record


def report_content(given: ReportInput) -> ReportContent:
    """Work out what the report of a dataset says.

    Parameters
    ----------
    given
        The tables; may be empty but for ``samples``.
    """
    statuses = given.samples["status"]
    rows = listed_samples(given)
    ids = [str(name) for name in rows["sample_id"]]
    flagged = flagged_samples(given)
    shown = chances(given, {*ids, *flagged["sample_id"].head(MAX_CARDS)})
    left_out = len(given.samples) - len(rows)
    return ReportContent(
        dataset=given.dataset,
        modality=given.modality,
        unit=given.unit,
        labelled=given.labelled,
        headline=_headline(given),
        changes=run_changes(given.changes, given.history),
        rate=rate(given) if given.labelled else None,
        provenance=provenance(given),
        is_embedded=is_embedded(given),
        calibrations=calibration_sentences(given),
        blind_spots=blind_spots(given),
        counts={s: int((statuses == s).sum()) for s in reversed(STATUS_ORDER)},
        strip=_strip(given),
        about_labels=finding_groups(given.findings, given.verdicts, ABOUT_LABELS),
        about_samples=finding_groups(given.findings, given.verdicts, ABOUT_SAMPLES),
        cards=cards(given, shown),
        flagged=len(flagged),
        suggested=suggested_sheet(given),
        batches=given.batches,
        selftest=self_test(given),
        unjudged=_unjudged(given.verdicts),
        table=tuple(sample_table(given, rows)),
        rows_left_out=left_out,
        totals=label_totals(given.verdicts) if left_out and given.labelled else None,
        data=page_data(given, ids, shown),
    )


def _headline(given: ReportInput) -> str:
    if not given.labelled:
        n = given.predicted["sample_id"].nunique() if given.samples.empty else len(given.samples)
        return f"{n:,} {given.unit(n)} annotated; no labels were stated, so nothing was judged."
    return headline(given.samples, given.unit.one, given.unit.several)


def _strip(given: ReportInput) -> tuple[tuple[str, str, str], ...]:
    if not given.labelled or len(given.samples) > MAX_STRIP:
        return ()
    columns = (given.samples[name].astype(str) for name in ("sample_id", "status", "sentence"))
    return tuple(zip(*columns, strict=True))


def _unjudged(verdicts: pd.DataFrame) -> tuple[Unjudged, ...]:
    silent = verdicts[verdicts["status"] == Status.NOT_ASSESSED]
    return tuple(
        Unjudged(
            field_words(str(field)),
            _labels(rows["provided_text"]),
            len(rows),
            # A table may hold the word of another version.
            EXPLANATIONS.get(str(reason), f"{field_words(str(reason)).capitalize()}."),
        )
        for (field, reason), rows in silent.groupby(["field", "reason"], sort=False)
    )


def _labels(texts: pd.Series) -> str:
    """Return the most frequent labels, each once."""
    words = [str(word) for word in texts.value_counts().index]
    more = len(words) - MAX_UNJUDGED_LABELS
    return ", ".join(words[:MAX_UNJUDGED_LABELS]) + (f" and {more} more" if more > 0 else "")
