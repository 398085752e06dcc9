"""The findings of a run, as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gem_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.headless import DatasetOutcome

_COLOURS = {"fail": "red", "warn": "yellow"}


def print_findings(
    console: Console, settings: Settings, outcomes: Sequence[DatasetOutcome]
) -> None:
    """Print, dataset by dataset, what failed, the headline, the flagged labels and the report."""
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


def _print_results(console: Console, settings: Settings, outcome: DatasetOutcome) -> None:
    from gem_assets.qc.summary import headline
    from gem_assets.warehouse import Warehouse

    warehouse = Warehouse(Path(settings.results) / "warehouse.duckdb", outcome.schema)
    samples = warehouse.read("qc_samples", outcome.name).to_pandas()
    if not warehouse.row_count("sample_labels", outcome.name):
        n, unit = len(samples), "cells" if outcome.modality == "sc" else "samples"
        console.print(f"  {n} {unit} annotated; no labels were stated, so nothing was judged.")
        return
    console.print(f"  {headline(samples)}")
    flagged = warehouse.read("qc_mismatches", outcome.name).to_pandas()
    if len(flagged):
        console.print(_mismatches(flagged))


def _mismatches(flagged: pd.DataFrame) -> Table:
    from gem_assets.qc.sentences import probability

    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    for column in ("sample", "status", "field", "stated", "expression says", "p"):
        table.add_column(column, overflow="fold")
    stated = flagged["provided_label"].fillna(flagged["provided_text"])
    predicted = flagged["predicted_label"].fillna(flagged["predicted_id"])
    columns = (flagged["sample_id"], flagged["status"], flagged["field"], stated, predicted)
    for sample, status, field, label, found, p in zip(*columns, flagged["p_top"], strict=True):
        table.add_row(
            escape(str(sample)),
            f"[{_COLOURS[str(status)]}]{status}[/]",
            str(field).replace("_", " "),
            escape(str(label)),
            escape(str(found)),
            probability(float(p)),
        )
    return table
