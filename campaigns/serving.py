"""A server of faults in a thread, and the connections of a campaign to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
import uvicorn

from campaigns.backends import Backend
from gem_assets.embedded.faults.middleware import App, FaultyApp
from gem_assets.embedded.faults.script import FaultScript
from gem_assets.embedded.faults.server import faulty_server
from gem_assets.embedded.model import BULK
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.settings import EndpointSettings

CHUNK_SIZE = 16
LONGEST_NAP = 0.02


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is up, as a rule."""

    backend: Backend
    server: uvicorn.Server
    app: FaultyApp
    base_url: str

    def connection(self) -> EndpointConnection:
        """Return a connection as a run makes it, whose pauses are cut short."""
        return connection_to(self.base_url, self.backend.patience)

    def wait_until_listening(self) -> None:
        """Return when the server is back from a scripted absence."""
        back = threading.Event()
        while not (self.server.started and self.server.servers):
            back.wait(0.01)


def connection_to(base_url: str, patience: float) -> EndpointConnection:
    """Return a connection to an address on this machine.

    Parameters
    ----------
    base_url
        Where.
    patience
        Seconds after which a request, and a query, is given up.
    """
    settings = EndpointSettings(
        mode="hosted",
        model_id=BULK,
        base_url=base_url,
        api_key=Secret("a-key-for-loopback"),
        request_timeout=patience,
        prediction_timeout=patience,
        poll_interval=0.01,
        poll_interval_max=0.1,
        chunk_size=CHUNK_SIZE,
        concurrency=3,
    )
    return EndpointConnection(settings, sleep=_nap)


@contextmanager
def served(
    backend: Backend, script: FaultScript, around: Callable[[App], App] | None = None
) -> Iterator[Served]:
    """Serve a backend with a script of faults, while the block runs.

    Parameters
    ----------
    backend, script
        What is served, and what goes wrong.
    around
        Makes an application around the one of faults.
    """
    server, app = faulty_server(backend.app(), script)
    if around is not None:
        server.config.app = around(app)
    listening = server.config.bind_socket()
    listening.listen()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Served(backend, server, app, f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()


async def _nap(seconds: float) -> None:
    await anyio.sleep(min(seconds, LONGEST_NAP))
