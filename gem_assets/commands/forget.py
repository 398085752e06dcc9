"""``gem-assets forget``: delete what was made of a dataset."""

from __future__ import annotations

import click

from gem_assets.commands.options import results_option, settings_of, told_plainly


@click.command()
@results_option
@click.option("--yes", is_flag=True, help="Really delete; without it nothing is changed.")
@click.argument("dataset")
@told_plainly
def forget(results: str | None, yes: bool, dataset: str) -> None:
    """Delete what was made of DATASET: rows, predictions, report and partition.

    Its input files are never touched. Predictions that another dataset shares are kept. To have
    the dataset again, its samples must be predicted, and paid, again.
    """
    from gem_assets.forgetting import forget_dataset
    from gem_assets.terminal import forgotten_lines

    for forgotten in forget_dataset(settings_of(None, results, None), dataset, really=yes):
        for line in forgotten_lines(forgotten, done=yes):
            click.echo(line)
    if not yes:
        click.echo("Nothing was changed. Add --yes to delete this for good.")
