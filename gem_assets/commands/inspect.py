"""``gem-assets inspect``: would these counts be taken? Asks nobody."""

from __future__ import annotations

import sys

import click

from gem_assets.commands.options import exit_statuses, told_plainly
from gem_assets.settings import MODALITIES, Modality


@click.command(
    short_help="Tell whether counts files would be taken.",
    epilog=exit_statuses(failed="there are warnings").replace(
        "not understood", "not understood, or an input would be refused"
    ),
)
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

    Nothing is sent or written. The exit status is that of the worst input.
    """
    from rich.console import Console

    from gem_assets.inspecting import inspect_path
    from gem_assets.inspection_view import inspection_record, print_inspection
    from gem_assets.records import json_text
    from gem_assets.terminal import RunProgress

    found = []
    for path in inputs:
        with RunProgress() as progress:
            progress.of(f"reading {path}")
            found.append(inspect_path(path, modality))
        if not as_json:
            print_inspection(Console(highlight=False, emoji=False), found[-1])
    if as_json:
        records = [inspection_record(one) for one in found]
        click.echo(json_text({"inputs": records}))
    sys.exit(max(one.status.exit_code for one in found))
