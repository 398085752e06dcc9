"""``gem-assets forget``: delete what was made of a dataset."""

from __future__ import annotations

import click

from gem_assets.commands.options import (
    exit_statuses,
    json_option,
    require_writable,
    results_option,
    settings_of,
    told_plainly,
)


@click.command(short_help="Delete what was made of a dataset.", epilog=exit_statuses())
@results_option
@click.option("--yes", is_flag=True, help="Really delete; without it nothing is changed.")
@json_option
@click.argument("dataset")
@told_plainly
def forget(results: str | None, yes: bool, as_json: bool, dataset: str) -> None:
    """Delete what was made of DATASET: rows, predictions, report, exports, partition.

    DATASET is NAME, bulk/NAME or, of an instance with a key prefix of its own, KEY_PREFIX/NAME.
    Its input files are never touched. Predictions that another dataset shares are kept. To have
    the dataset again, its samples must be predicted, and paid, again.
    """
    from gem_assets.forgetting import forget_dataset
    from gem_assets.terminal import RunProgress, forgotten_lines

    settings = settings_of(None, results, None)
    if yes:
        require_writable(settings)
    with RunProgress() as progress:
        progress.of(f"reading {settings.results}")
        found = forget_dataset(settings, dataset, really=yes)
    if as_json:
        from gem_assets.records import forget_record, json_text

        click.echo(json_text(forget_record(found, done=yes)))
        return
    for forgotten in found:
        for line in forgotten_lines(forgotten, done=yes):
            click.echo(line)
    if not yes:
        click.echo("Nothing was changed. Add --yes to delete this for good.")
