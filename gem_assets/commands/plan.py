"""``gem-assets plan``: what predicting datasets would send, and to which host."""

from __future__ import annotations

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
def plan(
    data: str | None, results: str | None, endpoint: str | None, datasets: tuple[str, ...]
) -> None:
    """Print what predicting DATASETS (all, if none is named) would send, and to which host.

    Asks nobody: what is known is looked up in the results folder.
    """
    from rich.console import Console

    from gem_assets.outlook import plan_datasets
    from gem_assets.terminal import print_plan

    outlooks = list(plan_datasets(settings_of(data, results, endpoint), datasets))
    print_plan(Console(highlight=False, emoji=False), outlooks)
