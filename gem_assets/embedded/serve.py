"""The embedded endpoint as an HTTP server on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from gem_assets.embedded.app import create_app
from gem_assets.embedded.model import MODEL_VERSION

HOST = "127.0.0.1"
"""Loopback only: the server has no key and knows no users."""


def serve(port: int = 8000, cold_start_seconds: float = 0.0, faults: Path | None = None) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    port
        Where to listen; 0 takes a free port.
    cold_start_seconds
        How long the first prediction waits.
    faults
        A script of what goes wrong: see `gem_assets.embedded.faults`.

    Raises
    ------
    OSError
        If the port is taken.
    gem_assets.problems.RefusedInputError
        If ``faults`` is no script.
    """
    import uvicorn

    app = create_app(cold_start_seconds=cold_start_seconds)
    if faults is None:
        server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="warning"))
    else:
        from gem_assets.embedded.faults.script import read_script
        from gem_assets.embedded.faults.server import faulty_server

        server, _ = faulty_server(app, read_script(faults), host=HOST, port=port)
    listening = server.config.bind_socket()
    # From here on connections wait instead of being refused: the line below is true when printed.
    listening.listen(server.config.backlog)
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    script = f" It fails as {faults} says; {url}/faults tells." if faults is not None else ""
    sys.stdout.write(
        f"Serving the embedded models ({MODEL_VERSION}) at {url} - small models trained on public "
        f"references, not GEM-1.{script} Stop with Ctrl-C.\n"
    )
    sys.stdout.flush()
    server.run(sockets=[listening])
