"""The page over all datasets: which of them need a look, and how that went over the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gem_assets.qc.history import flagged_rate
from gem_assets.qc.reasons import STATUS_ORDER, Status
from gem_assets.qc.summary import headline
from gem_assets.report import charts
from gem_assets.report.html import render
from gem_assets.report.report_input import Unit, unit_of
from gem_assets.report.words import share


@dataclass(frozen=True)
class IndexEntry:
    """A dataset as the warehouse has it.

    Attributes
    ----------
    schema, modality, dataset
        Where it is, and what it is called.
    labelled
        Whether any label was stated.
    statuses
        Rows of ``qc_samples`` by status.
    history
        Its rows of ``qc_history``.
    report
        Address of its report, relative to the page; None if there is none.
    reviewed
        Flagged samples of which every flagged label was reviewed.
    """

    schema: str
    modality: str
    dataset: str
    labelled: bool
    statuses: Mapping[str, int]
    history: pd.DataFrame
    report: str | None
    reviewed: int = 0

    def state(self) -> tuple[object, ...]:
        """Return what tells whether the dataset was judged, or reported on, anew."""
        runs = tuple(zip(self.history["run_id"], self.history["at"], strict=True))
        return self.schema, self.dataset, self.report, dict(self.statuses), self.reviewed, runs


@dataclass(frozen=True)
class IndexRow:
    """A dataset as the page shows it."""

    dataset: str
    schema: str
    kind: str
    report: str | None
    headline: str
    labelled: bool
    counts: Mapping[str, int]
    reviewed: str
    still_open: bool
    rate: float | None
    flagged: str
    trend: str | None
    trend_words: str
    runs: int
    last: str
    model: str
    embedded: bool


def build_index(entries: Sequence[IndexEntry]) -> str:
    """Return the page as HTML text: what waits for a review first, most contradictions first."""
    rows = [_row(entry) for entry in entries]
    rows.sort(
        key=lambda row: (
            not row.still_open,
            -row.counts["fail"],
            -row.counts["warn"],
            row.dataset,
        )
    )
    return render("index.html", ("table.js",), headline=_headline(rows), rows=rows)


def _headline(rows: Sequence[IndexRow]) -> str:
    """Return how many datasets need a look: "2 of 4 datasets hold labels that..."."""
    n, failing = len(rows), [row for row in rows if row.counts["fail"]]
    datasets = "dataset" if n == 1 else "datasets"
    if not rows:
        return "No dataset was judged yet."
    if not failing:
        return f"No label of {n} {datasets} is contradicted by the expression."
    verb = "holds" if len(failing) == 1 else "hold"
    return f"{len(failing)} of {n} {datasets} {verb} labels that the expression contradicts."


def _row(entry: IndexEntry) -> IndexRow:
    counts = {s: int(entry.statuses.get(s, 0)) for s in reversed(STATUS_ORDER)}
    history = entry.history.sort_values("at", kind="stable")
    last = history.iloc[-1] if len(history) else None
    trend = charts.flagged_trend(history)
    value, text = _flagged(counts)
    flagged = counts["fail"] + counts["warn"]
    embedded = last is not None and str(last["served_by"]) == "embedded"
    return IndexRow(
        dataset=entry.dataset,
        schema=entry.schema,
        kind="single cells" if entry.modality == "sc" else "bulk",
        report=entry.report,
        headline=_told(counts, unit_of(entry.modality, entry.labelled), labelled=entry.labelled),
        labelled=entry.labelled,
        counts=counts,
        reviewed=f"{entry.reviewed:,} of {flagged:,} flagged reviewed" if entry.reviewed else "",
        still_open=entry.reviewed < flagged,
        rate=value,
        flagged=text,
        trend=None if trend is None else charts.to_svg(trend),
        trend_words=_trend_words(history),
        runs=len(history),
        last="" if last is None else f"{pd.Timestamp(last['at']):%Y-%m-%d %H:%M}",
        model="" if last is None else str(last["model_version"]),
        embedded=embedded,
    )


def _told(counts: Mapping[str, int], unit: Unit, *, labelled: bool) -> str:
    n = sum(counts.values())
    if not labelled:
        return f"{n:,} {unit(n)} annotated; no labels were stated."
    statuses = np.repeat(list(counts), list(counts.values()))
    return headline(pd.DataFrame({"status": statuses}, dtype=object), unit.one, unit.several)


def _flagged(counts: Mapping[str, int]) -> tuple[float | None, str]:
    """Return the share of flagged samples, None where none was judged, and in words."""
    judged = sum(n for status, n in counts.items() if status != Status.NOT_ASSESSED)
    value, low, high = flagged_rate(counts["fail"] + counts["warn"], judged)
    if value is None or low is None or high is None:
        return None, "none judged"
    return value, f"{share(value)} ({share(low)} to {share(high)})"


def _trend_words(history: pd.DataFrame) -> str:
    rates = history["flagged_rate"].dropna().tail(charts.MAX_RUNS)
    if len(rates) < 2:
        return ""
    return (
        f"From {share(float(rates.iloc[0]))} to {share(float(rates.iloc[-1]))} in {len(rates)} runs"
    )
