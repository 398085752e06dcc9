"""``gem-assets inspect``: would these counts be taken? Asks nobody."""

from __future__ import annotations

import sys

import click

from gem_assets import __version__
from gem_assets.commands.options import told_plainly
from gem_assets.settings import MODALITIES, Modality


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="FILE|FOLDER...")
@click.option(
    "--modality",
    type=click.Choice(MODALITIES),
    help="What the samples are. [sc in a folder of that name and in 10x formats, else bulk]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: docs/inspect.md has its keys.")
@told_plainly
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
