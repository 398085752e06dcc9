"""Submitting, waiting and fetching, over real HTTP and with a clock of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from endpoint_server import (
    GENES,
    KEY,
    PREDICT_PATH,
    RESULT_PATH,
    STATUS_PATH,
    FakeTime,
    RawServer,
    Reply,
    ScriptedServer,
    result_of,
)
from scipy import sparse

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import (
    BadAnswer,
    EndpointUnreachable,
    QueryFailed,
    QueryTimedOut,
    ResultExpired,
)
from gem_assets.endpoint.messages import PredictionAnswer

COUNTS = sparse.csr_array(np.array([[1, 0, 2, 3], [0, 0, 0, 5]], dtype=np.int32))


async def predict(client: EndpointClient) -> PredictionAnswer:
    query = await client.submit(COUNTS, seed=7, parameters={"deterministic_latents": True})
    return await query.fetch()


def test_samples_go_out_and_outputs_come_back(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", RESULT_PATH, Reply(json=result_of(2)))
    answer = connection.run(predict)
    assert len(answer.outputs) == 2
    assert answer.gene_order == tuple(GENES)
    (sent,) = server.asked(PREDICT_PATH)
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"].startswith("gem-assets/")
    assert sent.json() == {
        "inputs": [{"counts": [1, 0, 2, 3]}, {"counts": [0, 0, 0, 5]}],
        "seed": 7,
        "source": "gem-assets",
        "deterministic_latents": True,
    }


def test_an_answer_of_another_length_is_refused(connection: EndpointConnection) -> None:
    with pytest.raises(BadAnswer, match=r"1 outputs for 2 samples.*query q1"):
        connection.run(predict)


def test_a_query_of_another_process_is_fetched_by_its_id(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    answer = connection.run(lambda client: client.query("q1", samples=1).fetch())
    assert answer.model_version == "2"
    assert not server.asked(PREDICT_PATH)


def test_waiting_looks_less_and_less_often(
    connection: EndpointConnection, server: ScriptedServer, time: FakeTime
) -> None:
    ready = Reply(json={"status": "ready", "downloadUrl": "x"})
    server.on("GET", STATUS_PATH, *[Reply(json={"status": "queued"})] * 12, ready)
    assert connection.run(lambda client: client.query("q1").wait()).ready
    assert len(time.slept) == 12
    assert time.slept[0] == 2.0
    assert time.slept == sorted(time.slept)
    assert time.slept[-1] == 10.0


def test_a_query_that_never_ends_is_left_at_the_deadline_and_stays_good(
    connection: EndpointConnection, server: ScriptedServer, time: FakeTime
) -> None:
    server.on("GET", STATUS_PATH, Reply(json={"status": "running"}))
    with pytest.raises(QueryTimedOut, match=r"still 'running' after 100 s.*query q1") as caught:
        connection.run(lambda client: client.query("q1").wait(100.0))
    assert sum(time.slept) == pytest.approx(100.0)
    assert caught.value.query_id == "q1"
    assert caught.value.retryable


def test_a_failure_is_told_without_the_servers_traceback(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    message = f"no GPU for {KEY}\nTraceback (most recent call last):\n  File '/srv/x.py'"
    server.on("GET", STATUS_PATH, Reply(json={"status": "failed", "message": message}))
    with pytest.raises(QueryFailed, match=r"no GPU for \*\*\* \(.*query q1\)") as caught:
        connection.run(predict)
    assert "srv" not in str(caught.value)


def test_a_failure_without_a_reason_says_so(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", STATUS_PATH, Reply(json={"status": "failed"}))
    with pytest.raises(QueryFailed, match="no reason is given"):
        connection.run(predict)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_address_is_asked_for_anew(
    connection: EndpointConnection, server: ScriptedServer, status: int
) -> None:
    old, new = (f"{server.base_url}/results/{age}?s=1" for age in ("old", "new"))
    server.on(
        "GET",
        STATUS_PATH,
        Reply(json={"status": "ready", "downloadUrl": old}),
        Reply(json={"status": "ready", "downloadUrl": new}),
    )
    server.on("GET", "/results/old", Reply(status))
    server.on("GET", "/results/new", Reply(json=result_of(2)))
    assert len(connection.run(predict).outputs) == 2
    assert len(server.asked(PREDICT_PATH)) == 1


def test_but_only_once(connection: EndpointConnection, server: ScriptedServer) -> None:
    server.on("GET", RESULT_PATH, Reply(403))
    with pytest.raises(ResultExpired, match="query q1") as caught:
        connection.run(predict)
    assert len(server.asked(STATUS_PATH)) == 2
    assert caught.value.retryable


def test_a_download_is_tried_again_after_a_fault(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", RESULT_PATH, Reply(500), Reply(429), Reply(json=result_of(2)))
    assert len(connection.run(predict).outputs) == 2


def test_a_host_of_results_that_is_away_is_unreachable_and_named(
    connection: EndpointConnection,
    server: ScriptedServer,
    start_raw_server: Callable[[bytes], RawServer],
) -> None:
    raw = start_raw_server(b"")
    url = f"{raw.base_url}/path?s=1"
    server.on("GET", STATUS_PATH, Reply(json={"status": "ready", "downloadUrl": url}))
    with pytest.raises(EndpointUnreachable, match=r"\(127\.0\.0\.1, query q1\)"):
        connection.run(predict)
    assert len(raw.heard) == 3


@pytest.mark.parametrize("status", [304, 400, 401])
def test_a_download_refused_for_another_reason_is_a_bad_answer(
    connection: EndpointConnection, server: ScriptedServer, status: int
) -> None:
    server.on("GET", RESULT_PATH, Reply(status))
    with pytest.raises(BadAnswer, match=f"can't be downloaded.*HTTP {status}"):
        connection.run(predict)


@pytest.mark.parametrize("url", [None, "", "ftp://h.example/x?s=1", "http://[::1/x?s=1"])
def test_a_ready_query_without_a_usable_address_is_a_bad_answer(
    connection: EndpointConnection, server: ScriptedServer, url: str | None
) -> None:
    server.on("GET", STATUS_PATH, Reply(json={"status": "ready", "downloadUrl": url}))
    with pytest.raises(BadAnswer) as caught:
        connection.run(predict)
    assert "s=1" not in str(caught.value)


def test_an_address_may_be_relative(connection: EndpointConnection, server: ScriptedServer) -> None:
    server.on("GET", STATUS_PATH, Reply(json={"status": "ready", "downloadUrl": RESULT_PATH}))
    server.on("GET", RESULT_PATH, Reply(json=result_of(2)))
    assert len(connection.run(predict).outputs) == 2


def test_a_closed_client_says_how_to_open_it(connection: EndpointConnection) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        EndpointClient(connection.settings).query("q1")


def test_a_handle_shows_its_id(connection: EndpointConnection) -> None:
    async def show(client: EndpointClient) -> str:
        return repr(client.query("q1"))

    assert connection.run(show) == "QueryHandle('q1')"
