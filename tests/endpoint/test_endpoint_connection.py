"""The synchronous face: works in any caller's thread and loop."""

from __future__ import annotations

import asyncio
import signal
import threading

import anyio
import pytest
from endpoint_server import FakeTime

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import EndpointError
from gem_assets.endpoint.settings import EndpointSettings


def endpoint_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "gem-endpoint"]


def test_a_connection_must_be_open(settings: EndpointSettings) -> None:
    connection = EndpointConnection(settings)
    with pytest.raises(RuntimeError, match="with EndpointConnection"):
        connection.status()
    with connection:
        connection.status()
    with pytest.raises(RuntimeError, match="with EndpointConnection"):
        connection.status()


def test_a_connection_can_be_opened_again(settings: EndpointSettings) -> None:
    connection = EndpointConnection(settings)
    for _ in range(2):
        with connection:
            assert connection.run(lambda client: client.models())


def test_a_connection_works_inside_a_running_loop(settings: EndpointSettings) -> None:
    async def caller() -> tuple[str, ...]:
        with EndpointConnection(settings) as connection:
            return connection.run(lambda client: client.models())

    assert asyncio.run(caller()) == (settings.model_id,)


def test_the_client_works_by_itself_in_any_loop(settings: EndpointSettings, time: FakeTime) -> None:
    async def caller() -> str | None:
        async with EndpointClient(settings, clock=time.clock, sleep=time.sleep) as client:
            return (await client.query("q1").fetch()).model_version

    assert anyio.run(caller) == "2"


def test_tasks_run_side_by_side(connection: EndpointConnection) -> None:
    async def use(client: EndpointClient) -> list[str]:
        versions: list[str] = []

        async def fetch() -> None:
            versions.append((await client.query("q1").fetch()).model_version or "")

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(fetch)
        return versions

    assert connection.run(use) == ["2"] * 4


def test_an_error_of_the_callers_comes_through_and_closes_everything(
    settings: EndpointSettings,
) -> None:
    async def fail(_client: EndpointClient) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"), EndpointConnection(settings) as connection:
        connection.run(fail)
    assert not endpoint_threads()


def test_an_interrupt_of_the_caller_stops_what_is_under_way(settings: EndpointSettings) -> None:
    stopped: list[str] = []

    async def endless(_client: EndpointClient) -> None:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        try:
            await anyio.sleep_forever()
        finally:
            stopped.append("endless")

    with pytest.raises(KeyboardInterrupt), EndpointConnection(settings) as connection:
        connection.run(endless)
    assert stopped == ["endless"]
    assert not endpoint_threads()


def test_an_error_can_be_caught_by_one_name(connection: EndpointConnection) -> None:
    with pytest.raises(EndpointError):
        connection.run(lambda client: client.query("unknown").wait())
