"""``gem-assets run``: materialise datasets headless, and print what was found."""

from __future__ import annotations

import sys

import click

from gem_assets.commands.options import (
    data_option,
    endpoint_option,
    exit_statuses,
    json_option,
    require_writable,
    results_option,
    settings_of,
    told_plainly,
)

OPEN_FINDINGS = 3
"""Exit status where --fail-on found what it was to fail on."""


@click.command(
    short_help="Judge the labels of datasets; print the findings.",
    epilog=exit_statuses(
        "every dataset got its report, whatever it says",
        "one could not be done",
        s3="--fail-on found unreviewed findings",
    ),
)
@data_option
@results_option
@endpoint_option
@click.option(
    "--fail-on",
    type=click.Choice(["fail", "warn"]),
    help="End with status 3 if an unreviewed label fails; with warn, also if one is doubtful or a "
    "finding on samples is open.",
)
@json_option
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@told_plainly
def run(
    data: str | None,
    results: str | None,
    endpoint: str | None,
    fail_on: str | None,
    as_json: bool,
    datasets: tuple[str, ...],
) -> None:
    """Materialise DATASETs (all, if none is named) and print the findings.

    A dataset is a folder data/bulk/NAME or data/sc/NAME with counts and, to be judged, a sample
    sheet; say NAME or bulk/NAME. What was predicted before is not asked, nor paid, again.

    \b
    Examples:
      gem-assets run                          all datasets in ./data
      gem-assets run bulk/my_study            one of them
      gem-assets run --endpoint hosted        by Synthesize Bio's GEM-1
      gem-assets run --fail-on fail --json    for a pipeline that stops there
    """  # noqa: D301 - click wants the character
    from rich.console import Console

    from gem_assets.terminal import RunProgress, print_findings

    settings = settings_of(data, results, endpoint)
    require_writable(settings)
    with RunProgress() as progress:
        progress.of("starting")
        from gem_assets.headless import run_datasets  # some seconds where nothing is cached

        outcomes = list(
            run_datasets(
                settings,
                datasets,
                on_start=progress.start,
                on_progress=progress.samples,
                on_line=progress.say,
                on_step=progress.step,
            )
        )
    if as_json:
        from gem_assets.records import json_text, run_record

        click.echo(json_text(run_record(settings, outcomes)))
    else:
        print_findings(Console(highlight=False, emoji=False), settings, outcomes)
    if any(outcome.failures for outcome in outcomes):
        sys.exit(1)
    if fail_on is not None:
        from gem_assets.open_reviews import worst_open

        found = {worst_open(settings, outcome.schema, outcome.name) for outcome in outcomes}
        if "fail" in found or (fail_on == "warn" and "warn" in found):
            click.echo(f"Unreviewed findings: status {OPEN_FINDINGS} for --fail-on.", err=True)
            sys.exit(OPEN_FINDINGS)
