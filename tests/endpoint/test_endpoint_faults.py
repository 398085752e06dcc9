"""What each failure of an endpoint becomes, and which ones are tried again."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
import stamina
from endpoint_server import (
    EXAMPLE_PATH,
    MODELS_PATH,
    PREDICT_PATH,
    STATUS_PATH,
    RawServer,
    Reply,
    ScriptedServer,
)
from scipy import sparse
from stamina.instrumentation import RetryDetails, get_on_retry_hooks, set_on_retry_hooks

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import (
    BadAnswer,
    EndpointError,
    EndpointFaulted,
    EndpointMisconfigured,
    EndpointUnauthorized,
    EndpointUnreachable,
    QueryRejected,
    QueryTooLarge,
    RateLimited,
    ResourceNotFound,
    SubmitUncertain,
)

Connect = Callable[..., EndpointConnection]
COUNTS = sparse.csr_array(np.array([[1, 0, 2, 3], [0, 0, 0, 5]], dtype=np.int32))
ATTEMPTS = 3  # as the tests' stamina is set to


async def models(client: EndpointClient) -> tuple[str, ...]:
    return await client.models()


async def submit(client: EndpointClient) -> str:
    return (await client.submit(COUNTS)).id


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_said_at_once(
    connection: EndpointConnection, server: ScriptedServer, status: int
) -> None:
    server.on("GET", MODELS_PATH, Reply(status, json={"error": "bad key"}))
    with pytest.raises(EndpointUnauthorized, match=r"bad key.*SYNTHESIZE_API_KEY") as caught:
        connection.run(models)
    fault = caught.value
    assert (fault.http_status, fault.path, fault.retryable) == (status, MODELS_PATH, False)
    assert fault.host == f"127.0.0.1:{server.port}"
    assert len(server.asked(MODELS_PATH)) == 1


def test_an_unknown_model_is_said_with_its_address(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, Reply(404, json={"error": "no model"}))
    with pytest.raises(ResourceNotFound, match=r"no model.*Check the model's name") as caught:
        connection.run(submit)
    assert caught.value.query_id is None
    assert len(server.asked(PREDICT_PATH)) == 1


def test_a_forgotten_query_is_told_from_an_unknown_model(connection: EndpointConnection) -> None:
    with pytest.raises(ResourceNotFound, match=r"forgotten.*query q 1/x") as caught:
        connection.run(lambda client: client.query("q 1/x").status())
    assert caught.value.query_id == "q 1/x"
    assert caught.value.path == "/api/model-queries/q%201%2Fx/status"


@pytest.mark.parametrize("status", [400, 422])
def test_validation_errors_name_their_samples(
    connection: EndpointConnection, server: ScriptedServer, status: int
) -> None:
    issues = [{"path": f"inputs[{i}].counts", "message": "too short"} for i in range(4)]
    server.on("POST", PREDICT_PATH, Reply(status, json={"error": "Invalid", "errors": issues}))
    with pytest.raises(QueryRejected, match=r"inputs\[0\].counts: too short.*and 1 more") as caught:
        connection.run(submit)
    assert [fault.sample for fault in caught.value.faults] == [0, 1, 2, 3]
    assert not caught.value.retryable


def test_a_query_that_is_too_large_is_told_from_an_invalid_one(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, Reply(413, body=b"<h1>413 Request Entity Too Large</h1>"))
    with pytest.raises(QueryTooLarge, match="fewer samples"):
        connection.run(submit)


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_query_that_was_not_accepted_is_sent_again(
    connection: EndpointConnection, server: ScriptedServer, status: int
) -> None:
    busy = Reply(status, headers={"Retry-After": "1"})
    server.on("POST", PREDICT_PATH, busy, busy, Reply(json={"modelQueryId": "q1"}))
    assert connection.run(submit) == "q1"
    first, _, last = server.asked(PREDICT_PATH)
    assert first.body == last.body


def test_trying_again_comes_to_an_end(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, Reply(429, json={"error": "slow down"}))
    with pytest.raises(RateLimited, match="slow down") as caught:
        connection.run(submit)
    assert len(server.asked(PREDICT_PATH)) == ATTEMPTS
    assert caught.value.retryable


def test_a_long_retry_after_is_left_to_the_caller(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server.on("GET", MODELS_PATH, Reply(429, headers={"Retry-After": until}))
    with pytest.raises(RateLimited) as caught:
        connection.run(models)
    assert caught.value.retry_after == pytest.approx(3600, abs=10)
    assert len(server.asked(MODELS_PATH)) == 1


def test_a_short_retry_after_is_kept_to_the_second(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    # Retry-After: 0 is the one wish that can be granted without waiting.
    server.on("GET", MODELS_PATH, Reply(503, headers={"Retry-After": "0"}), Reply(json=["a", "b"]))
    retries: list[RetryDetails] = []
    hooks = get_on_retry_hooks()
    set_on_retry_hooks([retries.append])
    stamina.set_testing(False)
    try:
        assert connection.run(models) == ("a", "b")
    finally:
        set_on_retry_hooks(hooks)
    assert [retry.wait_for for retry in retries] == [0.0]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_query_that_may_have_been_accepted_is_not_sent_again(
    connection: EndpointConnection, server: ScriptedServer, status: int
) -> None:
    server.on("POST", PREDICT_PATH, Reply(status))
    with pytest.raises(SubmitUncertain, match="may pay twice") as caught:
        connection.run(submit)
    assert caught.value.http_status == status
    assert len(server.asked(PREDICT_PATH)) == 1


def test_a_connection_that_breaks_after_sending_leaves_it_uncertain(
    connect: Connect, start_raw_server: Callable[[bytes], RawServer]
) -> None:
    raw = start_raw_server(b"")
    with pytest.raises(SubmitUncertain, match="got no answer"):
        connect(base_url=raw.base_url).run(submit)
    assert len(raw.heard) == 1


def test_an_answer_that_does_not_come_in_time_leaves_it_uncertain(
    connect: Connect, start_raw_server: Callable[[bytes], RawServer]
) -> None:
    raw = start_raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    with pytest.raises(SubmitUncertain):
        connect(base_url=raw.base_url, transfer_timeout=5.0).run(submit)


@pytest.mark.parametrize("ask", [models, submit])
def test_nobody_listening_is_unreachable_and_safe_to_repeat(
    connect: Connect, start_raw_server: Callable[[bytes], RawServer], ask: Callable[..., object]
) -> None:
    gone = start_raw_server(b"")
    gone.close()
    with pytest.raises(EndpointUnreachable, match=r"Connect.*Check the network") as caught:
        connect(base_url=gone.base_url).run(ask)  # type: ignore[arg-type]
    assert caught.value.retryable


def test_a_get_is_asked_again_after_a_broken_connection(
    connect: Connect, start_raw_server: Callable[[bytes], RawServer]
) -> None:
    raw = start_raw_server(b"")
    with pytest.raises(EndpointUnreachable):
        connect(base_url=raw.base_url).run(models)
    assert len(raw.heard) == ATTEMPTS


def test_an_endpoint_that_drips_is_given_up(connect: Connect) -> None:
    with pytest.raises(EndpointUnreachable, match="TimeoutError"):
        connect(transfer_timeout=0.0).run(models)


def test_faults_of_the_server_are_named_by_their_status(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", EXAMPLE_PATH, Reply(502, body=b"<html>Bad Gateway</html>"))
    with pytest.raises(EndpointFaulted, match=r"Bad Gateway.*HTTP 502") as caught:
        connection.run(lambda client: client.example_query())
    assert caught.value.path == EXAMPLE_PATH


def test_an_unexpected_status_is_a_bad_answer(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(418, body=b"teapot"))
    with pytest.raises(BadAnswer, match="unexpected status: teapot"):
        connection.run(models)


def test_a_redirect_is_a_setting_to_correct(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(308, headers={"Location": "https://new.example/x?s=1"}))
    with pytest.raises(
        EndpointMisconfigured, match=r"redirects to https://new.example, "
    ) as caught:
        connection.run(models)
    assert "s=1" not in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>login</html>", b"{}", b'{"models": 3}'])
def test_what_is_not_the_protocol_is_a_bad_answer_with_its_place(
    connection: EndpointConnection, server: ScriptedServer, body: bytes
) -> None:
    server.on("GET", MODELS_PATH, Reply(body=body))
    with pytest.raises(BadAnswer, match=r"list of models.*/api/models") as caught:
        connection.run(models)
    assert caught.value.host == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "garbled",
    [
        Reply(json={"id": "q1"}),
        Reply(body=b"<html>please log in</html>"),
        Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    ],
)
def test_an_accepted_query_without_a_readable_id_is_possibly_paid(
    connection: EndpointConnection, server: ScriptedServer, garbled: Reply
) -> None:
    server.on("POST", PREDICT_PATH, garbled)
    with pytest.raises(SubmitUncertain, match="got no id"):
        connection.run(submit)
    assert len(server.asked(PREDICT_PATH)) == 1


@pytest.mark.parametrize("compress", [False, True])
def test_an_answer_that_is_too_large_is_cut_off(
    connect: Connect, server: ScriptedServer, compress: bool
) -> None:
    body = b'"' + b"a" * 100_000 + b'"'
    headers = {"Content-Encoding": "gzip"} if compress else {}
    server.on(
        "GET", MODELS_PATH, Reply(body=gzip.compress(body) if compress else body, headers=headers)
    )
    with pytest.raises(BadAnswer, match="larger than 50,000 bytes"):
        connect(max_answer_bytes=50_000).run(models)


def test_an_answer_that_can_not_be_unpacked_is_a_bad_answer(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(BadAnswer, match="DecodingError"):
        connection.run(models)


def test_every_fault_is_an_endpoint_error(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    for status in (302, 400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 503):
        server.on("GET", STATUS_PATH, Reply(status))
        with pytest.raises(EndpointError, match=f"HTTP {status}"):
            connection.run(lambda client: client.query("q1").status())
