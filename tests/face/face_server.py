"""The embedded endpoint over loopback HTTP, as a hosted one that counts what it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn

from gem_assets.embedded.app import create_app

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

KEY = "sk-loopback-0123456789abcdef"


class Loopback:
    """A server whose model is cold for so many of its own seconds.

    Attributes
    ----------
    requests
        Method and path of each request, in order.
    now
        The model's clock; nothing else moves it.
    broken
        As long as it is, every request is answered with 502.
    held
        As long as it is, every query is said to be running.
    asked_after
        Set when somebody asks after a query that is held.
    """

    def __init__(self, cold_start_seconds: float = 0.0) -> None:
        self.requests: list[str] = []
        self.now = 0.0
        self.broken = False
        self.held = False
        self.asked_after = threading.Event()
        self.app = create_app(cold_start_seconds=cold_start_seconds, clock=lambda: self.now)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self, log_level="critical", lifespan="off", ws="none", http="h11")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append(f"{scope['method']} {scope['path']}")
        if self.broken:
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if self.held and scope["path"].endswith("/status"):
            self.asked_after.set()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b'{"status": "running"}'})
            return
        await self.app(scope, receive, send)

    @property
    def submitted(self) -> int:
        """Number of predictions that were asked."""
        return sum(request.startswith("POST") for request in self.requests)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.app.state.queries.close()


@contextmanager
def loopback(cold_start_seconds: float = 0.0) -> Iterator[Loopback]:
    """Serve, with the environment pointing a hosted endpoint there."""
    server = Loopback(cold_start_seconds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHESIZE_API_KEY", KEY)
        patch.setenv("SYNTHESIZE_API_BASE_URL", server.base_url)
        try:
            yield server
        finally:
            server.close()
