"""``gem-assets run``: materialise datasets headless, and print what was found."""

from __future__ import annotations

import sys

import click

from gem_assets.commands.options import (
    data_option,
    endpoint_option,
    results_option,
    settings_of,
    told_plainly,
)


@click.command()
@data_option
@results_option
@endpoint_option
@click.argument("datasets", nargs=-1)
@told_plainly
def run(
    data: str | None, results: str | None, endpoint: str | None, datasets: tuple[str, ...]
) -> None:
    """Materialise DATASETS (all, if none is named) and print the findings.

    Exit status: 0 if every dataset got its report, whatever it says; 1 if one could not be done.
    """
    from rich.console import Console

    from gem_assets.headless import run_datasets
    from gem_assets.terminal import RunProgress, print_findings

    settings = settings_of(data, results, endpoint)
    console = Console(highlight=False, emoji=False)
    with RunProgress(Console(stderr=True, highlight=False, emoji=False, style="dim")) as progress:
        outcomes = list(
            run_datasets(
                settings,
                datasets,
                on_start=progress.start,
                on_progress=progress.samples,
                on_line=progress.say,
            )
        )
    print_findings(console, settings, outcomes)
    if any(outcome.failures for outcome in outcomes):
        sys.exit(1)
