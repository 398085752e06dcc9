"""The HTTP server that runs an application of faults."""

from __future__ import annotations

import uvicorn

from gem_assets.embedded.faults.connections import Connections
from gem_assets.embedded.faults.middleware import App, FaultyApp
from gem_assets.embedded.faults.script import FaultScript


def faulty_server(
    app: App, script: FaultScript, *, host: str = "127.0.0.1", port: int = 0
) -> tuple[uvicorn.Server, FaultyApp]:
    """Return a server that is to be run, and the application of faults that it serves.

    Parameters
    ----------
    app
        The embedded endpoint.
    script
        What goes wrong.
    host, port
        Where to listen.
    """
    connections = Connections()
    faulty = FaultyApp(app, script, connections)
    config = uvicorn.Config(
        faulty,
        host=host,
        port=port,
        http=connections.protocol(),
        # Answers that break off are what this is for; uvicorn would call each an error.
        log_level="critical",
    )
    server = uvicorn.Server(config)
    connections.listen_with(server)
    return server, faulty
