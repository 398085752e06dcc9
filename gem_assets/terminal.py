"""What the commands have to say, as a person reads it in a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table

from gem_assets.assets.progress import Listener, SampleProgress, duration
from gem_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.forgetting import Forgotten
    from gem_assets.headless import DatasetOutcome
    from gem_assets.open_reviews import OpenReviews

_COLOURS = {"fail": "red", "warn": "yellow"}
_MOST_OPEN = 50
_MOST_FINDINGS = 8
"""Open labels, and open findings, that are listed: nobody reviews more in a sitting."""
_LONG = 5.0
"""Seconds after which a person wonders what is going on."""


class RunProgress:
    """How far a run is: a bar in a terminal, a line now and then in a file; a context manager.

    Parameters
    ----------
    console
        Where to; not the one of the results. None: standard error.
    clock
        Seconds that only grow.
    """

    def __init__(
        self, console: Console | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or Console(stderr=True, highlight=False, emoji=False, style="dim")
        self._clock = clock
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn(
                "{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis")
            ),
            BarColumn(20),
            TextColumn("{task.fields[told]}", table_column=Column(no_wrap=True)),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_interactive,
        )
        self._lines: SampleProgress | None = None
        self._task: TaskID | None = None
        self._doing = ""
        self._begun: float | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def start(self, line: str) -> None:
        """Say what is about to be done."""
        self.of(line)
        if not self._console.is_interactive:
            self._console.print(line, markup=False, soft_wrap=True)

    def step(self, line: str) -> None:
        """Show a step of it; in a file it is told at its end, if it was long."""
        self.of(line)
        self._begun = self._clock()

    def of(self, doing: str) -> Listener:
        """Return what is to be told of the samples of something, without announcing it."""
        self._end()
        self._doing, self._lines = doing, None
        if self._console.is_interactive:
            self._task = self._bar.add_task(escape(doing), total=None, told="")
        return self.samples

    def samples(self, done: int, total: int, known: int) -> None:
        """Show how many samples are predicted. What was all known before needs no bar."""
        if known == total:
            return
        if self._task is None:
            self._lines = self._lines or SampleProgress(self._say_samples)
            self._lines(done, total, known)
            return
        told = f"{done:,}/{total:,} samples"
        left = self._bar.tasks[0].time_remaining
        if left and done < total:
            told += f", {duration(left)} left"
        self._bar.update(self._task, completed=done, total=total, told=told)

    def say(self, line: str) -> None:
        """Say something about what is being done."""
        self._console.print(f"  {line}", markup=False, soft_wrap=True)

    def _say_samples(self, line: str) -> None:
        self._console.print(f"{self._doing}: {line}", markup=False, soft_wrap=True)

    def _end(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        elif self._begun is not None:
            took = self._clock() - self._begun
            # Whose samples were told of was told enough.
            if took >= _LONG and self._lines is None:
                self._console.print(
                    f"{self._doing} took {duration(took)}", markup=False, soft_wrap=True
                )
        self._begun = None


def print_findings(
    console: Console, settings: Settings, outcomes: Sequence[DatasetOutcome]
) -> None:
    """Print, dataset by dataset, what failed, the headline, the flagged labels and the report."""
    from gem_assets.report_index import index_page

    if settings.endpoint == "embedded":
        console.print(
            "\nPredicted by the embedded demonstration model, which is [bold]not GEM-1[/bold]."
        )
    for outcome in outcomes:
        console.print(f"\n[bold]{outcome.modality}/{escape(outcome.name)}[/bold]")
        for sentence in outcome.failures:
            console.print(f"  [red]failed:[/red] {escape(sentence)}", soft_wrap=True)
        if not outcome.failures:
            _print_results(console, settings, outcome)
        for line in (line for sentence in outcome.warnings for line in sentence.splitlines()):
            console.print(f"  [yellow]note:[/yellow] {escape(line)}", soft_wrap=True)
        if outcome.report:
            console.print(f"  report: {escape(str(outcome.report))}", soft_wrap=True)
    index = index_page(Path(settings.results) / "reports")
    if index:
        console.print(f"\nall datasets: {escape(str(index.resolve()))}", soft_wrap=True)


def _print_results(console: Console, settings: Settings, outcome: DatasetOutcome) -> None:
    from gem_assets.qc.open_findings import review_sentence
    from gem_assets.qc.summary import headline
    from gem_assets.warehouse import Warehouse

    warehouse = Warehouse(Path(settings.results) / "warehouse.duckdb", outcome.schema)
    samples = warehouse.read("qc_samples", outcome.name).to_pandas()
    if not warehouse.row_count("sample_labels", outcome.name):
        n, unit = len(samples), "cells" if outcome.modality == "sc" else "samples"
        console.print(f"  {n} {unit} annotated; no labels were stated, so nothing was judged.")
        return
    names = ("group of cells", "groups of cells")
    told_of = names if outcome.modality == "sc" else ("sample", "samples")
    console.print(f"  {headline(samples, *told_of)}")
    reviewed = review_sentence(warehouse.read("qc_verdicts", outcome.name).to_pandas())
    if reviewed:
        console.print(f"  {reviewed}")
    flagged = warehouse.read("qc_mismatches", outcome.name).to_pandas()
    if len(flagged):
        console.print(_mismatches(flagged))
    told = warehouse.read("qc_findings", outcome.name, ["sentence"]).to_pandas()["sentence"]
    for sentence in told.head(_MOST_FINDINGS):
        console.print(f"  [cyan]finding:[/cyan] {escape(str(sentence))}", soft_wrap=True)
    if len(told) > _MOST_FINDINGS:
        console.print(f"  and {len(told) - _MOST_FINDINGS} findings more, all in the report")


def _mismatches(flagged: pd.DataFrame) -> Table:
    from gem_assets.qc.sentences import probability
    from gem_assets.report.words import stated_words

    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    for column in ("sample", "status", "field", "stated", "expression says", "p"):
        table.add_column(column, overflow="fold")
    # Most datasets have no reviews, and a terminal has little room.
    reviewers = flagged["reviewed_by"].astype(object).where(flagged["reviewed_by"].notna(), "")
    are_reviewed = bool(reviewers.ne("").any())
    if are_reviewed:
        table.add_column("reviewed by", overflow="fold")
    predicted = flagged["predicted_label"].fillna(flagged["predicted_id"])
    columns = (
        flagged["sample_id"],
        flagged["status"],
        flagged["field"],
        stated_words(flagged),
        predicted,
    )
    rows = zip(*columns, flagged["p_top"], reviewers, strict=True)
    for sample, status, field, label, found, p, reviewer in rows:
        table.add_row(
            escape(str(sample)),
            f"[{_COLOURS[str(status)]}]{status}[/]",
            str(field).replace("_", " "),
            escape(str(label)),
            escape(str(found)),
            probability(float(p)),
            *((escape(str(reviewer)),) if are_reviewed else ()),
        )
    return table


def print_open(console: Console, found: OpenReviews) -> None:
    """Print what is open in a dataset, the worst first, and what to review for a calibration."""
    console.print(f"[bold]{escape(found.name)}[/bold]: {found.headline}", soft_wrap=True)
    if len(found.verdicts):
        console.print(_mismatches(found.verdicts.head(_MOST_OPEN)))
    for sentence in found.findings[:_MOST_OPEN]:
        console.print(f"  {escape(sentence)}", soft_wrap=True)
    hidden = sum(max(len(rows) - _MOST_OPEN, 0) for rows in (found.verdicts, found.findings))
    if hidden:
        console.print(f"  and {hidden:,} more, less severe; the report has them all.")
    for problem in found.problems:
        console.print(f"  [yellow]note:[/yellow] {escape(str(problem))}", soft_wrap=True)
    for field, calibration in found.calibrations.items():
        console.print(f"  {field.replace('_', ' ')}: {calibration.sentence}", soft_wrap=True)
        if found.next_samples[field]:
            samples = escape(", ".join(found.next_samples[field]))
            console.print(f"    next at random: {samples}", soft_wrap=True)
    console.print(f"Decide with: {escape(found.command)}", soft_wrap=True)


def forgotten_lines(forgotten: Forgotten, *, done: bool) -> Iterator[str]:
    """Yield what was, or would be, deleted of a dataset."""
    yield f"{forgotten.title}: {'deleted' if done else 'would delete'}"
    for table, rows in forgotten.rows.items():
        yield f"  {rows:,} rows of {table}"
    yield f"  {forgotten.answers:,} predictions in the store"
    if forgotten.shared:
        yield f"    (those of {forgotten.shared:,} samples are kept: another dataset has the same)"
    if forgotten.report:
        yield f"  {forgotten.report}"
    if forgotten.exports:
        yield f"  {forgotten.exports}"
    if forgotten.published:
        yield "  its rows in the copy to query, gem_results.duckdb"
    if forgotten.partition:
        yield "  its partition in Dagster"
