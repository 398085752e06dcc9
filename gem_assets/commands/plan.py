"""``gem-assets plan``: what predicting datasets would send, and to which host."""

from __future__ import annotations

import click

from gem_assets.commands.options import (
    data_option,
    endpoint_option,
    exit_statuses,
    json_option,
    results_option,
    settings_of,
    told_plainly,
)


@click.command(short_help="Print what predicting would send, and to whom.", epilog=exit_statuses())
@data_option
@results_option
@endpoint_option
@json_option
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@told_plainly
def plan(
    data: str | None,
    results: str | None,
    endpoint: str | None,
    as_json: bool,
    datasets: tuple[str, ...],
) -> None:
    """Print what predicting DATASETs (all, if none is named) would send, and to which host.

    Asks nobody: what is known is looked up in the results folder.
    """
    from rich.console import Console

    from gem_assets.outlook import plan_datasets
    from gem_assets.outlook_view import print_plan
    from gem_assets.terminal import RunProgress

    settings = settings_of(data, results, endpoint)
    with RunProgress() as progress:
        progress.of(f"reading {settings.results}")
        outlooks = list(plan_datasets(settings, datasets))
    if as_json:
        from gem_assets.records import json_text, plan_record

        click.echo(json_text(plan_record(outlooks)))
    else:
        print_plan(Console(highlight=False, emoji=False), outlooks)
