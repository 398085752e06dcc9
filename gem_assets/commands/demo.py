"""``gem-assets demo``: a real error in public data, fetched and shown."""

from __future__ import annotations

from pathlib import Path

import click

from gem_assets.commands.options import (
    data_option,
    exit_statuses,
    require_writable,
    results_option,
    settings_of,
    told_plainly,
)
from gem_assets.commands.run import run
from gem_assets.settings import ENDPOINT_MODES


@click.group(
    invoke_without_command=True,
    short_help="Show a real error in public data.",
    epilog=exit_statuses(),
)
@click.pass_context
def demo(context: click.Context) -> None:
    """Show a real error in public data. Without a name: list what there is."""
    if context.invoked_subcommand is not None:
        return
    from gem_assets.public_data import BODY_MAP

    click.echo(
        "bodymap  Illumina Body Map 2.0: 16 human tissues, one donor each (E-MTAB-513), in which\n"
        "         the adrenal sample is something else.\n"
        f"         {BODY_MAP.size} from {BODY_MAP.source}, {BODY_MAP.licence} licence.\n"
        "\n"
        "gem-assets demo bodymap  fetches it, lays it out as a dataset and judges it here."
    )


@demo.command(epilog=exit_statuses(failed="it could not be fetched or done"))
@data_option
@results_option
@click.option(
    "--endpoint",
    type=click.Choice(ENDPOINT_MODES),
    default="embedded",
    show_default=True,
    help="Who predicts; GEM_ASSETS_ENDPOINT does not count here.",
)
@click.option(
    "--mirror",
    metavar="URL",
    help="Fetch the file from this address; its checksum is the same.",
)
@click.pass_context
@told_plainly
def bodymap(
    context: click.Context,
    data: str | None,
    results: str | None,
    endpoint: str,
    mirror: str | None,
) -> None:
    """Judge Illumina's Body Map 2.0, whose adrenal sample is no adrenal gland.

    Fetches 0.9 MB once, writes DATA/bulk/bodymap and runs it. Nothing is sent and nothing is paid
    unless --endpoint says so.
    """
    from gem_assets.graph import AssetGraph
    from gem_assets.public_data import (
        BODY_MAP,
        PublicDataError,
        body_map_files,
        download,
        place_dataset,
        read_body_map,
    )
    from gem_assets.public_data.adrenal import adrenal_lines
    from gem_assets.warehouse import Warehouse

    settings = settings_of(data, results, endpoint)
    require_writable(settings)
    if "://" in settings.data:
        raise PublicDataError(
            f"The demonstration writes a folder on this machine, which {settings.data} is not. "
            "Name one with --data DIR."
        )
    path = download(BODY_MAP, mirror)
    click.echo(f"{BODY_MAP.name} of {BODY_MAP.source} ({BODY_MAP.licence}): {path}", err=True)
    counts = read_body_map(path)
    folder = Path(settings.data) / "bulk" / "bodymap"
    made = place_dataset(folder, body_map_files(counts))
    click.echo(f"{folder}: {'written' if made else 'there already'}", err=True)
    context.invoke(
        run,
        data=settings.data,
        results=settings.results,
        endpoint=settings.endpoint,
        datasets=("bulk/bodymap",),
    )
    schema = AssetGraph("bulk", "gem_bulk").key_prefix
    warehouse = Warehouse(Path(settings.results) / "warehouse.duckdb", schema)
    verdicts = warehouse.read("qc_verdicts", "bodymap").to_pandas()
    click.echo()
    for line in adrenal_lines(verdicts, counts):
        click.echo(line)
