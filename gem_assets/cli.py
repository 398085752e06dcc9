"""The command line: ``gem-assets run | plan | inspect | predict | review | selftest | ...``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from gem_assets import __version__
from gem_assets.settings import ENDPOINT_MODES, MODALITIES, Modality, Settings, endpoint_mode

P = ParamSpec("P")


def _told_plainly(command: Callable[P, None]) -> Callable[P, None]:
    """Show what went wrong as a sentence: a user's mistake gets no traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        from gem_assets.endpoint.errors import EndpointError
        from gem_assets.predictions.errors import PredictionsError
        from gem_assets.problems import RefusedInputError
        from gem_assets.warehouse.errors import WarehouseError

        try:
            command(*args, **kwargs)
        except (RefusedInputError, EndpointError, PredictionsError, WarehouseError) as error:
            raise click.ClickException(str(error)) from None

    return wrapped


_data = click.option(
    "--data", metavar="DIR", help="Folder with bulk/NAME and sc/NAME. [GEM_ASSETS_DATA]"
)
_results = click.option(
    "--results", metavar="DIR", help="Folder of results, predictions, ledger. [GEM_ASSETS_RESULTS]"
)
_endpoint = click.option(
    "--endpoint",
    type=click.Choice(ENDPOINT_MODES),
    help="Who predicts. [GEM_ASSETS_ENDPOINT, embedded]",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Find RNA-seq samples whose labels their expression contradicts."""


@main.command()
@_data
@_results
@_endpoint
@click.argument("datasets", nargs=-1)
@_told_plainly
def run(
    data: str | None, results: str | None, endpoint: str | None, datasets: tuple[str, ...]
) -> None:
    """Materialise DATASETS (all, if none is named) and print the findings.

    Exit status: 0 if every dataset got its report, whatever it says; 1 if one could not be done.
    """
    from rich.console import Console

    from gem_assets.headless import run_datasets
    from gem_assets.terminal import RunProgress, print_findings

    settings = _settings(data, results, endpoint)
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


def _settings(data: str | None, results: str | None, endpoint: str | None) -> Settings:
    try:
        default = Settings.from_environment()
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    return replace(
        default,
        data=data or default.data,
        results=results or default.results,
        endpoint=endpoint_mode(endpoint) if endpoint else default.endpoint,
    )


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sample", metavar="ID", help="Only this sample.")
@click.option("--modality", type=click.Choice(MODALITIES), default="bulk", show_default=True)
@_results
@_endpoint
@_told_plainly
def predict(
    file: Path, sample: str | None, modality: Modality, results: str | None, endpoint: str | None
) -> None:
    """Predict the metadata of the samples in FILE, without Dagster; prints CSV.

    What was predicted before is not asked again.
    """
    from rich.console import Console

    from gem_assets.one_file import predict_file
    from gem_assets.safe_csv import safe_csv
    from gem_assets.terminal import RunProgress

    settings = _settings(None, results, endpoint)
    with RunProgress(Console(stderr=True, highlight=False, emoji=False, style="dim")) as progress:
        frame, notes = predict_file(
            file, modality, settings, sample, on_progress=progress.of(file.name)
        )
    for note in notes:
        click.echo(note, err=True)
    click.echo(safe_csv(frame), nl=False)


@main.command()
@_data
@_results
@_endpoint
@click.argument("datasets", nargs=-1)
@_told_plainly
def plan(
    data: str | None, results: str | None, endpoint: str | None, datasets: tuple[str, ...]
) -> None:
    """Print what predicting DATASETS (all, if none is named) would send, and to which host.

    Asks nobody: what is known is looked up in the results folder.
    """
    from rich.console import Console

    from gem_assets.outlook import plan_datasets
    from gem_assets.terminal import print_plan

    outlooks = list(plan_datasets(_settings(data, results, endpoint), datasets))
    print_plan(Console(highlight=False, emoji=False), outlooks)


@main.command()
@click.argument("inputs", nargs=-1, required=True, metavar="FILE|FOLDER...")
@click.option(
    "--modality",
    type=click.Choice(MODALITIES),
    help="What the samples are. [sc in a folder of that name and in 10x formats, else bulk]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: docs/inspect.md has its keys.")
@_told_plainly
def inspect(inputs: tuple[str, ...], modality: Modality | None, as_json: bool) -> None:
    """Tell whether counts files, folders of them, or datasets' folders would be taken.

    Nothing is sent or written. Exit status: 0 if all is fine, 1 if there are warnings, 2 if
    something would be refused; the worst of several inputs.
    """
    from gem_assets.inspecting import inspect_path

    statuses = []
    if as_json:
        import json

        from gem_assets.inspection_view import inspection_record

        records = []
        for path in inputs:
            found = inspect_path(path, modality)
            statuses.append(found.status)
            records.append(inspection_record(found))
        click.echo(json.dumps({"gem_assets": __version__, "inputs": records}, indent=1))
    else:
        from rich.console import Console

        from gem_assets.inspection_view import print_inspection

        console = Console(highlight=False, emoji=False)
        for path in inputs:
            found = inspect_path(path, modality)
            statuses.append(found.status)
            print_inspection(console, found)
    sys.exit(max(status.exit_code for status in statuses))


@main.command()
@_results
@click.option("--yes", is_flag=True, help="Really delete; without it nothing is changed.")
@click.argument("dataset")
@_told_plainly
def forget(results: str | None, yes: bool, dataset: str) -> None:
    """Delete what was made of DATASET: rows, predictions, report and partition.

    Its input files are never touched. Predictions that another dataset shares are kept. To have
    the dataset again, its samples must be predicted, and paid, again.
    """
    from gem_assets.forgetting import forget_dataset
    from gem_assets.terminal import forgotten_lines

    for forgotten in forget_dataset(_settings(None, results, None), dataset, really=yes):
        for line in forgotten_lines(forgotten, done=yes):
            click.echo(line)
    if not yes:
        click.echo("Nothing was changed. Add --yes to delete this for good.")


@main.command()
@_data
@_results
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
@click.argument("dataset")
@click.argument("decision", nargs=-1, metavar="[SAMPLE FIELD DECISION]")
@_told_plainly
def review(
    data: str | None,
    results: str | None,
    reviewer: str | None,
    comment: str,
    n_next: int,
    dataset: str,
    decision: tuple[str, ...],
) -> None:
    """Write into DATASET's review.csv what a person decided about a label of SAMPLE.

    DECISION is label_correct, label_wrong, or exclude, which settles every label of the sample.
    What was reviewed stays visible and stops counting. To take a review back, delete its row.

    With DATASET alone: print what is open, the worst first, and the labels to review next for a
    calibration of the model's probabilities.
    """
    settings = _settings(data, results, None)
    if not decision:
        from rich.console import Console

        from gem_assets.open_reviews import open_reviews
        from gem_assets.terminal import print_open

        found = open_reviews(settings, dataset, n_next)
        print_open(Console(highlight=False, emoji=False), found)
    elif len(decision) == 3:
        from gem_assets.reviewing import add_review

        said = add_review(settings, dataset, *decision, reviewer=reviewer, comment=comment)
        click.echo(said)
    else:
        raise click.UsageError("Give SAMPLE, FIELD and DECISION, or DATASET alone.")


@main.command()
@_data
@_results
@_endpoint
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
@_told_plainly
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
    from rich.console import Console

    from gem_assets.selftest_view import selftest_json, selftest_lines
    from gem_assets.selftesting import selftest_dataset
    from gem_assets.terminal import RunProgress

    settings = _settings(data, results, endpoint)
    with RunProgress(Console(stderr=True, highlight=False, emoji=False, style="dim")) as progress:
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


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--cold-start",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Sleep this long after the first prediction is asked, as a scaled-down model does.",
)
@click.option(
    "--faults",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Fail as this script says: pydoc gem_assets.embedded.faults.",
)
@_told_plainly
def serve(port: int, cold_start: float, faults: Path | None) -> None:
    """Serve the embedded endpoint over HTTP, on this machine only."""
    from gem_assets.embedded.serve import serve as serve_endpoint

    serve_endpoint(port, cold_start, faults)
