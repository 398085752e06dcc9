"""Asking again for what can't be read, pauses by the server's clock, and requests a second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import pytest
from endpoint_server import (
    RESULT_PATH,
    STATUS_PATH,
    FakeTime,
    Reply,
    ScriptedServer,
    result_of,
)

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import BadAnswer, EndpointMisconfigured
from gem_assets.endpoint.faults import Answer, Where, fault_of
from gem_assets.endpoint.pace import Pace

PAGE = Reply(body=b"<html>Down for maintenance</html>", headers={"content-type": "text/html"})


async def fetch(client: EndpointClient) -> int:
    return len((await client.query("q1", samples=1).fetch()).outputs)


@pytest.mark.parametrize("path", [STATUS_PATH, RESULT_PATH])
def test_what_cannot_be_read_is_asked_for_again(
    connection: EndpointConnection, server: ScriptedServer, time: FakeTime, path: str
) -> None:
    url = f"{server.base_url}{RESULT_PATH}"
    good = {
        STATUS_PATH: Reply(json={"status": "ready", "downloadUrl": url}),
        RESULT_PATH: Reply(json=result_of()),
    }
    server.on("GET", path, PAGE, Reply(body=b'{"outputs": [{"meta'), good[path])
    assert connection.run(fetch) == 1
    assert time.slept == [1, 2]


@pytest.mark.parametrize("path", [STATUS_PATH, RESULT_PATH])
def test_but_not_for_ever(
    connection: EndpointConnection, server: ScriptedServer, path: str
) -> None:
    server.on("GET", path, PAGE)
    with pytest.raises(BadAnswer, match="not what the protocol says"):
        connection.run(fetch)
    assert len(server.asked(path)) == 3


def test_a_single_look_at_a_query_stays_single(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", STATUS_PATH, PAGE)
    with pytest.raises(BadAnswer):
        connection.run(lambda client: client.query("q1").status(attempts=1))
    assert len(server.asked(STATUS_PATH)) == 1


@pytest.mark.parametrize("days_off", [-400, 0, 400])
def test_a_pause_until_a_date_is_counted_on_the_clock_that_named_it(days_off: int) -> None:
    said = datetime.now(UTC) + timedelta(days=days_off)
    headers = {
        "date": format_datetime(said, usegmt=True),
        "retry-after": format_datetime(said + timedelta(seconds=900), usegmt=True),
    }
    fault = fault_of(Answer(429, headers, b""), Where("app.example"), None)
    assert fault is not None
    assert fault.retry_after == 900


def test_requests_wait_for_their_turn(
    connect: Callable[..., EndpointConnection], time: FakeTime
) -> None:
    async def ask(client: EndpointClient) -> None:
        for _ in range(3):
            await client.models()

    connect(requests_per_second=4).run(ask)
    assert time.slept == [0.25, 0.25]


def test_turns_are_taken_in_advance_and_no_burst_is_saved_up() -> None:
    time = FakeTime()
    turns: list[float] = []

    async def main() -> None:
        pace = Pace(4, clock=time.clock, sleep=time.sleep)
        for _ in range(3):
            await pace.turn()
            turns.append(time.now)
        time.now += 60
        for _ in range(2):
            await pace.turn()
            turns.append(time.now)

    anyio.run(main)
    assert turns == [1000, 1000.25, 1000.5, 1060.5, 1060.75]


def test_requests_that_come_together_are_spread() -> None:
    asked: list[float] = []

    async def note(seconds: float) -> None:
        asked.append(seconds)

    async def main() -> None:
        pace = Pace(2, clock=lambda: 7.0, sleep=note)
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(pace.turn)

    anyio.run(main)
    assert asked == [0.5, 1.0, 1.5]


@pytest.mark.parametrize("pace", [0, -1.5, float("nan")])
def test_a_pace_that_lets_nothing_pass_is_refused(
    connect: Callable[..., EndpointConnection], pace: float
) -> None:
    with pytest.raises(EndpointMisconfigured, match="requests_per_second is"):
        connect(requests_per_second=pace)
