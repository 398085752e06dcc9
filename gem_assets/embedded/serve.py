"""The embedded endpoint as an HTTP server on this machine."""

from __future__ import annotations

import sys

from gem_assets.embedded.app import create_app
from gem_assets.embedded.model import MODEL_VERSION

HOST = "127.0.0.1"
"""Loopback only: the server has no key and knows no users."""


def serve(port: int = 8000, cold_start_seconds: float = 0.0) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    port
        Where to listen; 0 takes a free port.
    cold_start_seconds
        How long the first prediction waits.

    Raises
    ------
    OSError
        If the port is taken.
    """
    import uvicorn

    config = uvicorn.Config(
        create_app(cold_start_seconds=cold_start_seconds),
        host=HOST,
        port=port,
        log_level="warning",
    )
    listening = config.bind_socket()
    # From here on connections wait instead of being refused: the line below is true when printed.
    listening.listen(config.backlog)
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    sys.stdout.write(
        f"Serving the embedded models ({MODEL_VERSION}) at {url} - small models trained on public "
        "references, not GEM-1. Stop with Ctrl-C.\n"
    )
    sys.stdout.flush()
    uvicorn.Server(config).run(sockets=[listening])
