"""``gem-assets report``: write a report again from the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gem_assets.commands.options import (
    data_option,
    exit_statuses,
    json_option,
    require_writable,
    results_option,
    settings_of,
    told_plainly,
)

if TYPE_CHECKING:
    from gem_assets.reporting import ReportFiles


@click.command(short_help="Write reports again from the warehouse.", epilog=exit_statuses())
@data_option
@results_option
@json_option
@click.argument("datasets", nargs=-1, required=True, metavar="DATASET...")
@told_plainly
def report(data: str | None, results: str | None, as_json: bool, datasets: tuple[str, ...]) -> None:
    """Write the reports of DATASETs again from the warehouse, and the page over all datasets.

    Nothing is judged or predicted anew, and no endpoint is asked: gem-assets run does that.
    """
    from gem_assets.rebuilding import rebuild_reports
    from gem_assets.report.corrected_samples import SheetChangedError
    from gem_assets.terminal import RunProgress

    settings = settings_of(data, results, None)
    require_writable(settings)
    written: dict[str, ReportFiles] = {}
    with RunProgress() as progress:
        for dataset in datasets:
            progress.step(f"{dataset}: writing its report")
            try:
                written |= rebuild_reports(settings, dataset)
            except SheetChangedError as change:
                raise click.ClickException(
                    f"What the findings suggest for the sample sheet of {dataset} is about another "
                    f"sheet than the one that was read last: {change}. Run gem-assets run "
                    f"{dataset} first."
                ) from None
    if as_json:
        from gem_assets.records import json_text, report_record

        click.echo(json_text(report_record(settings, written)))
        return
    for files in written.values():
        click.echo(str(files.report))
