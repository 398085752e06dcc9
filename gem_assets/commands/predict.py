"""``gem-assets predict``: predictions for one file, without Dagster."""

from __future__ import annotations

from pathlib import Path

import click

from gem_assets.commands.options import (
    endpoint_option,
    exit_statuses,
    require_writable,
    results_option,
    settings_of,
    told_plainly,
)
from gem_assets.settings import MODALITIES, Modality


@click.command(short_help="Predict the samples of one counts file, as CSV.", epilog=exit_statuses())
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sample", metavar="ID", help="Only this sample.")
@click.option("--modality", type=click.Choice(MODALITIES), default="bulk", show_default=True)
@results_option
@endpoint_option
@told_plainly
def predict(
    file: Path, sample: str | None, modality: Modality, results: str | None, endpoint: str | None
) -> None:
    """Predict the metadata of the samples in FILE, without Dagster; prints CSV.

    What was predicted before is not asked again.
    """
    from gem_assets.one_file import predict_file
    from gem_assets.safe_csv import safe_csv
    from gem_assets.terminal import RunProgress

    settings = settings_of(None, results, endpoint)
    require_writable(settings)
    with RunProgress() as progress:
        frame, notes = predict_file(
            file, modality, settings, sample, on_progress=progress.of(file.name)
        )
    for note in notes:
        click.echo(note, err=True)
    click.echo(safe_csv(frame), nl=False)
