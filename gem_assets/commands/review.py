"""``gem-assets review``: decide about findings."""

from __future__ import annotations

import click

from gem_assets.commands.options import (
    data_option,
    exit_statuses,
    json_option,
    results_option,
    settings_of,
    told_plainly,
)


@click.command(short_help="Print what is open; write down a decision.", epilog=exit_statuses())
@data_option
@results_option
@click.option("--reviewer", metavar="NAME", help="Who decides. [the name of the login]")
@click.option("--comment", metavar="TEXT", default="", help="Why.")
@click.option(
    "--next",
    "n_next",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Labels of each field to name for a calibration.",
)
@json_option
@click.argument("dataset")
@click.argument("decision", nargs=-1, metavar="[SAMPLE FIELD DECISION]")
@told_plainly
def review(
    data: str | None,
    results: str | None,
    reviewer: str | None,
    comment: str,
    n_next: int,
    as_json: bool,
    dataset: str,
    decision: tuple[str, ...],
) -> None:
    """Write into DATASET's review.csv what a person decided about a label of SAMPLE.

    DECISION is label_correct, label_wrong, or exclude, which settles every label of the sample.
    What was reviewed stays visible and stops counting. To take a review back, delete its row.

    With DATASET alone: print what is open, the worst first, and the labels to review next for a
    calibration of the model's probabilities.

    \b
    Examples:
      gem-assets review my_study
      gem-assets review my_study S07 tissue label_wrong --comment "tube 7 was 8"
    """  # noqa: D301 - click wants the character
    settings = settings_of(data, results, None)
    if not decision:
        from rich.console import Console

        from gem_assets.open_reviews import open_reviews
        from gem_assets.terminal import RunProgress, print_open

        with RunProgress() as progress:
            progress.of(f"reading {settings.results}")
            found = open_reviews(settings, dataset, n_next)
        if as_json:
            from gem_assets.records import json_text, review_record

            click.echo(json_text(review_record(found)))
        else:
            print_open(Console(highlight=False, emoji=False), found)
    elif as_json:
        raise click.UsageError("--json prints what is open: give DATASET alone.")
    elif len(decision) == 3:
        from gem_assets.reviewing import add_review

        said = add_review(settings, dataset, *decision, reviewer=reviewer, comment=comment)
        click.echo(said)
    else:
        raise click.UsageError("Give SAMPLE, FIELD and DECISION, or DATASET alone.")
