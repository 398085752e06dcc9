"""``gem-assets export``: write the results of a dataset to files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gem_assets.commands.options import (
    exit_statuses,
    json_option,
    results_option,
    settings_of,
    told_plainly,
)
from gem_assets.exporting.formats import COUNTS, FORMATS, Counts, Format

if TYPE_CHECKING:
    from rich.console import Console


@click.command(short_help="Write results as h5ad, parquet or CSV.", epilog=exit_statuses())
@results_option
@click.option(
    "--format",
    "export_format",
    type=click.Choice(FORMATS),
    default="h5ad",
    show_default=True,
    help="h5ad: one file for scanpy; parquet, csv: one file a table.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder. [exports/gem_bulk or gem_sc, in the results]",
)
@click.option(
    "--counts",
    type=click.Choice(COUNTS),
    help="Aligned to the model's genes, as the file had them, or none. [aligned; none as CSV]",
)
@click.option("--force", is_flag=True, help="Replace an earlier export of this format.")
@json_option
@click.argument("dataset")
@told_plainly
def export(
    results: str | None,
    export_format: Format,
    out: Path | None,
    counts: Counts | None,
    force: bool,
    as_json: bool,
    dataset: str,
) -> None:
    """Write what was made of DATASET to files: labels, predictions, verdicts, latents, counts.

    An h5ad goes to DIR/DATASET/DATASET.h5ad, tables to DIR/DATASET/FORMAT/. What is half written is
    never seen, and what is there is replaced with --force only.
    """
    from rich.console import Console

    from gem_assets.exporting.export import export_dataset

    console = Console(stderr=True, highlight=False, emoji=False, style="dim")
    unit = "samples" if export_format == "h5ad" else "tables"
    with _progress(console, f"{unit} written") as told:
        exported = export_dataset(
            settings_of(None, results, None),
            dataset,
            export_format,
            out=out,
            counts=counts,
            force=force,
            on_progress=told,
        )
    if as_json:
        from gem_assets.records import export_record, json_text

        click.echo(json_text(export_record(exported)))
        return
    for file, rows in exported.rows.items():
        click.echo(f"{file} ({rows:,} {'samples' if export_format == 'h5ad' else 'rows'})")


@contextmanager
def _progress(console: Console, doing: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told how far it is: a bar in a terminal, a line now and then in a file."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from gem_assets.assets.progress import RowProgress

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn(doing))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(doing, total=None)
        lines: RowProgress | None = None
        before = 0

        def told(done: int, total: int) -> None:
            nonlocal lines, before
            bar.update(task, completed=done, total=total)
            if not console.is_terminal:
                lines = lines or RowProgress(console.print, doing, total)
                lines.add(done - before)
            before = done

        yield told
