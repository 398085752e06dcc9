"""What is known of a model's being awake, and how it is woken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from endpoint_server import (
    EXAMPLE_PATH,
    MODELS_PATH,
    PREDICT_PATH,
    RESULT_PATH,
    STATUS_PATH,
    FakeTime,
    RawServer,
    Reply,
    ScriptedServer,
    result_of,
)

from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import (
    BadAnswer,
    EndpointNotReady,
    EndpointUnauthorized,
    ResourceNotFound,
)
from gem_assets.endpoint.readiness import Readiness

Connect = Callable[..., EndpointConnection]
QUEUED = Reply(json={"status": "queued"})
READY = Reply(json={"status": "ready", "downloadUrl": RESULT_PATH})
FAILED = Reply(json={"status": "failed", "message": "no GPU\nTraceback"})


def statuses(server: ScriptedServer, *replies: Reply) -> None:
    server.on("GET", STATUS_PATH, *replies)


def test_a_model_that_nobody_used_is_cold_and_asking_does_not_wake_it(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    assert connection.status() is Readiness.COLD
    assert [seen.path for seen in server.seen] == [MODELS_PATH]


def test_nobody_listening_is_unreachable(
    connect: Connect, start_raw_server: Callable[[bytes], RawServer]
) -> None:
    gone = start_raw_server(b"")
    gone.close()
    assert connect(base_url=gone.base_url).status() is Readiness.UNREACHABLE


def test_a_faulty_endpoint_is_unreachable_and_asked_once_only(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(503))
    assert connection.status() is Readiness.UNREACHABLE
    assert len(server.asked(MODELS_PATH)) == 1


def test_a_refused_key_is_unauthorized(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(401))
    assert connection.status() is Readiness.UNAUTHORIZED


def test_a_busy_endpoint_is_there(connection: EndpointConnection, server: ScriptedServer) -> None:
    server.on("GET", MODELS_PATH, Reply(429))
    assert connection.status() is Readiness.COLD


def test_an_address_that_is_no_endpoint_is_said(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(body=b"<html>welcome</html>"))
    with pytest.raises(BadAnswer, match="list of models"):
        connection.status()
    server.on("GET", MODELS_PATH, Reply(404))
    with pytest.raises(ResourceNotFound):
        connection.wait_until_ready()


def test_waking_submits_the_example_and_returns_at_once(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    statuses(server, QUEUED)
    assert connection.wake() == "q1"
    (sent,) = server.asked(PREDICT_PATH)
    assert sent.json() == {"inputs": [{"counts": [1, 2, 3, 4]}], "seed": 7, "source": "gem-assets"}
    assert connection.status() is Readiness.STARTING
    statuses(server, READY)
    assert connection.status() is Readiness.READY
    assert len(server.asked(PREDICT_PATH)) == 1


def test_the_canary_of_another_process_is_looked_at(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    statuses(server, QUEUED, READY)
    assert connection.status("q1") is Readiness.STARTING
    assert connection.status("q1") is Readiness.READY
    assert connection.status("forgotten") is Readiness.READY
    assert not server.asked(PREDICT_PATH)


@pytest.mark.parametrize("canary_status", [FAILED, Reply(404)])
def test_a_canary_that_is_lost_leaves_the_model_cold(
    connection: EndpointConnection, server: ScriptedServer, canary_status: Reply
) -> None:
    statuses(server, QUEUED, canary_status)
    assert connection.status("q1") is Readiness.STARTING
    assert connection.status("q1") is Readiness.COLD


def test_ready_wears_off(connection: EndpointConnection, time: FakeTime) -> None:
    connection.run(lambda client: client.query("q1").fetch())
    assert connection.status() is Readiness.READY
    time.now += connection.settings.warm_seconds
    assert connection.status() is Readiness.READY
    time.now += 1
    assert connection.status() is Readiness.COLD


def test_looking_again_at_an_old_answer_keeps_nothing_warm(
    connection: EndpointConnection, time: FakeTime
) -> None:
    assert connection.status("q1") is Readiness.READY
    time.now += connection.settings.warm_seconds + 1
    assert connection.status() is Readiness.COLD


def test_waiting_wakes_a_cold_model_once_and_tells_how_it_goes(
    connection: EndpointConnection, server: ScriptedServer, time: FakeTime
) -> None:
    statuses(server, QUEUED, QUEUED, QUEUED, READY)
    states: list[Readiness] = []
    connection.wait_until_ready(on_state_change=states.append)
    assert states == [Readiness.STARTING, Readiness.READY]
    assert len(server.asked(PREDICT_PATH)) == 1
    assert time.slept == [2.0] * 4


def test_waiting_for_a_ready_model_costs_nothing(
    connection: EndpointConnection, server: ScriptedServer, time: FakeTime
) -> None:
    connection.run(lambda client: client.query("q1").fetch())
    connection.wait_until_ready()
    assert time.slept == []
    assert not server.asked(PREDICT_PATH)


def test_waiting_comes_to_an_end(
    connection: EndpointConnection, server: ScriptedServer, time: FakeTime
) -> None:
    statuses(server, QUEUED)
    with pytest.raises(EndpointNotReady, match=r"within 60 s.*starting, 1 canaries.*q1") as caught:
        connection.wait_until_ready(60.0)
    assert sum(time.slept) == pytest.approx(60.0)
    assert caught.value.retryable


def test_waiting_does_not_help_a_refused_key(
    connection: EndpointConnection, server: ScriptedServer, time: FakeTime
) -> None:
    server.on("GET", MODELS_PATH, Reply(401))
    with pytest.raises(EndpointUnauthorized):
        connection.wait_until_ready()
    assert time.slept == []


def test_waiting_outlasts_an_endpoint_that_is_away_or_refuses_for_a_while(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    models = Reply(json={"models": []})
    server.on("GET", MODELS_PATH, Reply(503), Reply(503), models)
    server.on("POST", PREDICT_PATH, *[Reply(503)] * 20, Reply(json={"modelQueryId": "q1"}))
    states: list[Readiness] = []
    connection.wait_until_ready(on_state_change=states.append)
    assert states == [
        Readiness.UNREACHABLE,
        Readiness.COLD,
        Readiness.STARTING,
        Readiness.READY,
    ]


def test_an_endpoint_that_stays_away_is_told_with_what_it_said_last(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(500, json={"error": "database down"}))
    with pytest.raises(EndpointNotReady, match=r"unreachable, 0 canaries.*database down"):
        connection.wait_until_ready(10.0)


def test_canaries_that_fail_are_not_paid_for_ever(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    statuses(server, FAILED)
    with pytest.raises(EndpointNotReady, match=r"3 canaries.*the canary failed: no GPU"):
        connection.wait_until_ready()
    assert len(server.asked(PREDICT_PATH)) == 3


def test_nor_are_canaries_that_may_have_been_accepted(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, Reply(504))
    with pytest.raises(EndpointNotReady, match="3 canaries"):
        connection.wait_until_ready()
    assert len(server.asked(PREDICT_PATH)) == 3


def test_a_canary_that_can_not_be_submitted_for_good_is_said(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", EXAMPLE_PATH, Reply(404))
    with pytest.raises(ResourceNotFound):
        connection.wait_until_ready()


def test_a_canary_whose_status_is_busy_leaves_the_model_starting(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    statuses(server, Reply(429), READY)
    states: list[Readiness] = []
    connection.wait_until_ready(on_state_change=states.append)
    assert states == [Readiness.STARTING, Readiness.READY]


def test_observing_costs_one_query_and_brings_version_and_gene_order(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    model = connection.observe()
    assert model.model_id == connection.settings.model_id
    assert model.model_version == "2"
    assert model.gene_order == tuple(result_of()["gene_order"])
    assert model.served_by == "hosted"
    assert model.base_url == server.base_url
    assert len(server.asked(PREDICT_PATH)) == 1


def test_waking_and_observing_cost_one_query_together(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    connection.wait_until_ready()
    connection.observe()
    assert len(server.asked(PREDICT_PATH)) == 1
    connection.observe()
    assert len(server.asked(PREDICT_PATH)) == 2


@pytest.mark.parametrize(
    ("changes", "version", "served_by"),
    [
        ({"model_version": None}, "unknown", "hosted"),
        ({"model_version": "embedded-1"}, "embedded-1", "embedded"),
    ],
)
def test_an_observation_says_what_answered(
    connection: EndpointConnection,
    server: ScriptedServer,
    changes: dict[str, Any],
    version: str,
    served_by: str,
) -> None:
    server.on("GET", RESULT_PATH, Reply(json=result_of(**changes)))
    model = connection.observe()
    assert (model.model_version, model.served_by) == (version, served_by)


def test_an_observation_without_a_gene_order_is_refused(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", RESULT_PATH, Reply(json=result_of(gene_order=[], outputs=[{}])))
    with pytest.raises(BadAnswer, match=r"no gene_order.*query q1"):
        connection.observe()
