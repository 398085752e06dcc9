"""``gem-assets selftest``: plant errors in a dataset, and count those that are found."""

from __future__ import annotations

import click

from gem_assets.commands.options import (
    data_option,
    endpoint_option,
    exit_statuses,
    require_writable,
    results_option,
    settings_of,
    told_plainly,
)


@click.command(short_help="Plant errors; count those that are found.", epilog=exit_statuses())
@data_option
@results_option
@endpoint_option
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Pairs of samples to exchange; no pair twice.",
)
@click.option(
    "--mixtures",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Samples to mix in silico; each is predicted, unless it was before.",
)
@click.option("--yes", is_flag=True, help="Send the mixtures; without it they are only counted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the rows of qc_selftest.")
@click.argument("dataset")
@told_plainly
def selftest(
    data: str | None,
    results: str | None,
    endpoint: str | None,
    repeats: int,
    mixtures: int,
    yes: bool,
    as_json: bool,
    dataset: str,
) -> None:
    """Plant errors in DATASET's own data, and count how many the check finds.

    Exchanged samples and a sheet that slips by one to three rows cost no prediction. Mixtures of
    two samples do: without --yes it is only said how many would be sent, and to which host.

    The result is kept for the dataset's next report.
    """
    from gem_assets.selftest_view import selftest_json, selftest_lines
    from gem_assets.selftesting import selftest_dataset
    from gem_assets.terminal import RunProgress

    settings = settings_of(data, results, endpoint)
    require_writable(settings)
    with RunProgress() as progress:
        outcome = selftest_dataset(
            settings,
            dataset,
            swaps=repeats,
            mixtures=mixtures,
            send=yes,
            on_step=progress.start,
            on_progress=progress.samples,
        )
    for line in [selftest_json(outcome)] if as_json else selftest_lines(outcome):
        click.echo(line)
