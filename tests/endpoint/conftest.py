"""An endpoint on loopback, its settings, and connections to it whose time does not pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import stamina
from endpoint_server import (
    EXAMPLE_PATH,
    KEY,
    MODEL,
    MODELS_PATH,
    PREDICT_PATH,
    RESULT_PATH,
    SIGNATURE,
    STATUS_PATH,
    FakeTime,
    RawServer,
    Reply,
    ScriptedServer,
    result_of,
)

from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.settings import EndpointSettings


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(scope="session")
def _two_servers() -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    servers = ScriptedServer(), ScriptedServer()
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def other_server(_two_servers: tuple[ScriptedServer, ScriptedServer]) -> ScriptedServer:
    """Return a server on another port that knows nothing."""
    _two_servers[1].reset()
    return _two_servers[1]


@pytest.fixture
def server(_two_servers: tuple[ScriptedServer, ScriptedServer]) -> ScriptedServer:
    """Return a server on which everything goes well."""
    server = _two_servers[0]
    server.reset()
    server.on("GET", MODELS_PATH, Reply(json={"models": [{"model_id": MODEL}]}))
    server.on(
        "GET",
        EXAMPLE_PATH,
        Reply(json={"example_query": {"inputs": [{"counts": [1, 2, 3, 4]}], "seed": 7}}),
    )
    server.on("POST", PREDICT_PATH, Reply(json={"modelQueryId": "q1"}))
    url = f"{server.base_url}{RESULT_PATH}?X-Signature={SIGNATURE}"
    server.on("GET", STATUS_PATH, Reply(json={"status": "ready", "downloadUrl": url}))
    server.on("GET", RESULT_PATH, Reply(json=result_of()))
    return server


@pytest.fixture
def settings(server: ScriptedServer) -> EndpointSettings:
    return EndpointSettings(
        mode="hosted", model_id=MODEL, base_url=server.base_url, api_key=Secret(KEY)
    )


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def connection(settings: EndpointSettings, time: FakeTime) -> Iterator[EndpointConnection]:
    with EndpointConnection(settings, clock=time.clock, sleep=time.sleep) as connection:
        yield connection


@pytest.fixture
def connect(
    settings: EndpointSettings, time: FakeTime
) -> Iterator[Callable[..., EndpointConnection]]:
    """Return a function that opens a connection with changed settings."""
    opened: list[EndpointConnection] = []

    def connect(**changes: Any) -> EndpointConnection:
        connection = EndpointConnection(
            replace(settings, **changes), clock=time.clock, sleep=time.sleep
        )
        opened.append(connection.__enter__())
        return connection

    yield connect
    for connection in opened:
        connection.__exit__(None, None, None)


@pytest.fixture
def start_raw_server() -> Iterator[Callable[[bytes], RawServer]]:
    servers: list[RawServer] = []

    def start(say: bytes) -> RawServer:
        servers.append(RawServer(say))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
