"""``gem-assets serve``: the embedded endpoint as an HTTP server."""

from __future__ import annotations

from pathlib import Path

import click

from gem_assets.commands.options import exit_statuses, told_plainly


@click.command(
    short_help="Serve the embedded endpoint over HTTP, on this machine.",
    epilog=exit_statuses("it was stopped by Ctrl-C", "the port is taken, or FILE is no script"),
)
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
@told_plainly
def serve(port: int, cold_start: float, faults: Path | None) -> None:
    """Serve the embedded endpoint over HTTP, on this machine only."""
    from contextlib import suppress

    from gem_assets.embedded.serve import serve as serve_endpoint

    with suppress(KeyboardInterrupt):  # as it says itself, this is how it is stopped
        serve_endpoint(port, cold_start, faults)
