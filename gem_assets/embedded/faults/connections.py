"""Connections that can be broken: what an ASGI application can't do by itself."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]

# Linger for 0 s: closing sends a reset in place of an orderly end.
_RESET = struct.pack("ii", 1, 0)


class Connections:
    """The open connections of one server, by their peer's address; and its listening socket."""

    def __init__(self) -> None:
        self._open: dict[Peer, asyncio.Transport] = {}
        self._server: uvicorn.Server | None = None

    def protocol(self) -> type[H11Protocol]:
        """Return the class for ``uvicorn.Config(http=...)`` that notes each connection here."""
        open_ones = self._open

        class NotedProtocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                open_ones[transport.get_extra_info("peername")[:2]] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                open_ones.pop(self.client, None)  # type: ignore[arg-type]
                super().connection_lost(exc)

        return NotedProtocol

    def listen_with(self, server: uvicorn.Server) -> None:
        """Know the server whose listening socket `go_away` closes."""
        self._server = server

    def is_open(self, peer: Peer) -> bool:
        """Tell whether the connection to ``peer`` is there."""
        return tuple(peer) in self._open

    def reset(self, peer: Peer) -> None:
        """Reset the connection to ``peer``."""
        transport = self._open.pop(peer, None)
        if transport is not None:
            taken: socket.socket = transport.get_extra_info("socket")
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()

    def hang_up(self, peer: Peer) -> None:
        """Close the connection to ``peer`` when what was written has been sent."""
        transport = self._open.pop(peer, None)
        if transport is not None:
            transport.close()

    def go_away(self, seconds: float) -> None:
        """Close all connections and refuse new ones for a while."""
        for peer in list(self._open):
            self.hang_up(peer)
        if self._server is None:
            return
        listening = self._server.servers.pop()
        host, port = listening.sockets[0].getsockname()[:2]
        listening.close()
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: loop.create_task(self._come_back(host, port)))

    async def _come_back(self, host: str, port: int) -> None:
        server = self._server
        if server is None or server.should_exit:
            return
        config = server.config

        def protocol() -> asyncio.Protocol:
            kind: Any = config.http_protocol_class
            made: asyncio.Protocol = kind(
                config=config, server_state=server.server_state, app_state=server.lifespan.state
            )
            return made

        loop = asyncio.get_running_loop()
        server.servers.append(await loop.create_server(protocol, host, port, reuse_address=True))
