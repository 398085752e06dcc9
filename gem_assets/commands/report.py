"""``gem-assets report``: write a report again from the warehouse."""

from __future__ import annotations

import click

from gem_assets.commands.options import (
    data_option,
    exit_statuses,
    results_option,
    settings_of,
    told_plainly,
)


@click.command(short_help="Write reports again from the warehouse.", epilog=exit_statuses())
@data_option
@results_option
@click.argument("datasets", nargs=-1, required=True)
@told_plainly
def report(data: str | None, results: str | None, datasets: tuple[str, ...]) -> None:
    """Write the reports of DATASETS again from the warehouse, and the page over all datasets.

    Nothing is judged or predicted anew, and no endpoint is asked: gem-assets run does that.
    """
    from gem_assets.rebuilding import rebuild_reports
    from gem_assets.report.corrected_samples import SheetChangedError

    settings = settings_of(data, results, None)
    for dataset in datasets:
        try:
            for files in rebuild_reports(settings, dataset):
                click.echo(str(files.report))
        except SheetChangedError as change:
            raise click.ClickException(
                f"What the findings suggest for the sample sheet of {dataset} is about another "
                f"sheet than the one that was read last: {change}. Run gem-assets run {dataset} "
                "first."
            ) from None
