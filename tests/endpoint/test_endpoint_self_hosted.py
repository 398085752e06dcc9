"""A self-hosted container: one request, answered by an Arrow stream, over real HTTP."""

from __future__ import annotations

import json
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from endpoint_server import (
    EXAMPLE_PATH,
    GENES,
    KEY,
    MODEL,
    MODELS_PATH,
    PREDICT_PATH,
    FakeTime,
    RawServer,
    Reply,
    ScriptedServer,
)
from scipy import sparse

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import (
    BadAnswer,
    EndpointError,
    EndpointMisconfigured,
    EndpointUnauthorized,
    EndpointUnreachable,
    QueryRejected,
    QueryTooLarge,
    ResourceNotFound,
    SubmitUncertain,
)
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.readiness import Readiness
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.settings import EndpointSettings

ARROW = "application/vnd.apache.arrow.stream"
COUNTS = sparse.csr_array(np.array([[1, 0, 2, 3], [0, 0, 0, 5]], dtype=np.int32))
ROW = {
    "metadata": {"sex": "male", "age_years": 43.1, "tissue_ontology_id": None},
    "classifier_probs": {"sex": {"male": 0.9, "female": 0.1}},
    "latents": {"biological": [0.5, -1.0]},
    "decoder_sample": {"counts": [3, 0, 17, 1]},
}


def stream_of(rows: list[dict[str, Any]] | None = None, **metadata: str) -> bytes:
    said = {"request_type": "predict_metadata", "model_version": "2"}
    said |= {"gene_order": json.dumps(GENES)} | metadata
    table = pa.Table.from_pylist([ROW, ROW] if rows is None else rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata(said)) as writer:
        writer.write_table(table, max_chunksize=1)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def streamed(body: bytes | None = None, status: int = 200) -> Reply:
    content = stream_of() if body is None else body
    return Reply(status, body=content, headers={"content-type": ARROW})


@pytest.fixture
def settings(server: ScriptedServer) -> EndpointSettings:
    server.on("POST", PREDICT_PATH, streamed())
    return EndpointSettings(
        mode="self_hosted", model_id=MODEL, base_url=server.base_url, api_key=Secret(KEY)
    )


async def predict(client: EndpointClient) -> PredictionAnswer:
    return await (await client.submit(COUNTS, seed=7)).fetch()


async def submit(client: EndpointClient) -> str:
    return (await client.submit(COUNTS)).id


def test_samples_go_out_and_their_answer_comes_back_at_once(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    answer = connection.run(predict)
    (sent,) = server.seen
    assert sent.headers["accept"] == ARROW
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.json() == {
        "inputs": [{"counts": [1, 0, 2, 3]}, {"counts": [0, 0, 0, 5]}],
        "seed": 7,
        "source": "gem-assets",
    }
    assert answer.gene_order == tuple(GENES)
    assert answer.model_version == "2"
    assert [output.metadata for output in answer.outputs] == [
        {"sex": "male", "age_years": 43.1}
    ] * 2
    assert connection.status() is Readiness.READY


def test_a_container_may_have_no_authentication(
    connect: Callable[..., EndpointConnection], server: ScriptedServer
) -> None:
    connection = connect(api_key=None)
    connection.run(predict)
    connection.status()
    assert len(server.seen) == 2
    assert all("authorization" not in seen.headers for seen in server.seen)


def test_a_container_is_observed_by_its_example(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, streamed(stream_of([ROW])))
    model = connection.observe()
    assert (model.model_version, model.served_by) == ("2", "self_hosted")
    assert model.gene_order == tuple(GENES)
    assert [seen.path for seen in server.seen] == [EXAMPLE_PATH, PREDICT_PATH]


@pytest.mark.parametrize(
    ("reply", "readiness"),
    [
        (Reply(404, body=b"<html>not here</html>"), Readiness.READY),
        (Reply(json=["a-model"]), Readiness.READY),
        (Reply(401, json={"error": "key"}), Readiness.UNAUTHORIZED),
        (Reply(503), Readiness.UNREACHABLE),
    ],
)
def test_a_container_that_answers_is_ready_whatever_it_lists(
    connection: EndpointConnection, server: ScriptedServer, reply: Reply, readiness: Readiness
) -> None:
    server.on("GET", MODELS_PATH, reply)
    assert connection.status("container-of-another-process") is readiness
    assert not server.asked(PREDICT_PATH)


def test_a_hosted_service_must_list_its_models(
    connect: Callable[..., EndpointConnection], server: ScriptedServer
) -> None:
    server.on("GET", MODELS_PATH, Reply(404))
    with pytest.raises(ResourceNotFound):
        connect(mode="hosted").status()


def test_a_query_that_was_interrupted_cannot_be_asked_after(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    query = connection.run(submit)
    before = len(server.seen)
    for look in ("status", "wait", "fetch"):
        with pytest.raises(ResourceNotFound, match="keeps no results") as caught:
            connection.run(lambda client, look=look: getattr(client.query(query), look)())
        assert caught.value.query_id == query
    assert len(server.seen) == before


def test_a_query_says_that_it_is_ready(connection: EndpointConnection) -> None:
    async def states(client: EndpointClient) -> list[bool]:
        query = await client.submit(COUNTS)
        return [(await query.status()).ready, (await query.wait()).ready]

    assert connection.run(states) == [True, True]


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (401, {"error": "no key"}, EndpointUnauthorized),
        (413, {"error": "large"}, QueryTooLarge),
        (422, {"errors": [{"path": "inputs[1].counts", "message": "odd"}]}, QueryRejected),
        (404, {}, ResourceNotFound),
        (307, {}, EndpointMisconfigured),
        (500, {"error": "oops"}, SubmitUncertain),
    ],
)
def test_a_refusal_is_told_as_the_hosted_services_is(
    connection: EndpointConnection,
    server: ScriptedServer,
    status: int,
    body: object,
    fault: type[EndpointError],
) -> None:
    location = {"Location": "https://elsewhere.example/"}
    server.on("POST", PREDICT_PATH, Reply(status, json=body, headers=location))
    with pytest.raises(fault) as caught:
        connection.run(submit)
    assert len(server.asked(PREDICT_PATH)) == 1
    if isinstance(caught.value, QueryRejected) and caught.value.faults:
        assert caught.value.faults[0].sample == 1


def test_a_container_that_is_starting_is_asked_again(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, Reply(503), Reply(429), streamed())
    assert len(connection.run(predict).outputs) == 2


def test_the_hosted_service_is_known_when_a_container_was_expected(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, Reply(json={"modelQueryId": "q1"}))
    with pytest.raises(EndpointMisconfigured, match="set the endpoint to 'hosted'"):
        connection.run(submit)


def test_an_answer_that_cannot_be_read_belongs_to_a_query_that_was_computed(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on(
        "POST", PREDICT_PATH, streamed(b"\xff\xff\xff\xff\x08\x00\x00\x00<html>not an answer")
    )
    assert connection.run(submit)
    with pytest.raises(BadAnswer, match="no Arrow stream") as caught:
        connection.run(predict)
    assert caught.value.query_id is not None
    assert "html" not in str(caught.value)


def test_an_answer_beyond_the_limit_is_not_taken_in(
    connect: Callable[..., EndpointConnection], server: ScriptedServer
) -> None:
    with pytest.raises(BadAnswer, match="larger than 500 bytes"):
        connect(max_answer_bytes=500).run(predict)
    # A message that says to be of 2 GB is not waited for.
    huge = b"\xff\xff\xff\xff\x00\x00\x00\x7f"
    server.on("POST", PREDICT_PATH, streamed(huge))
    with pytest.raises(BadAnswer, match="by its own account, or garbled"):
        connect().run(predict)
    server.on("POST", PREDICT_PATH, streamed(stream_of() + b"x" * 5000))
    with pytest.raises(BadAnswer, match=r"larger than 5,000 bytes \("):
        connect(max_answer_bytes=5000).run(predict)
    server.on("POST", PREDICT_PATH, Reply(422, body=b"x" * 1000))
    with pytest.raises(BadAnswer, match=r"larger than 500 bytes \("):
        connect(max_answer_bytes=500).run(predict)
    assert len(stream_of()) < 5000
    server.on("POST", PREDICT_PATH, streamed())
    assert connect(max_answer_bytes=len(stream_of())).run(predict).outputs


def test_what_follows_the_end_of_the_stream_is_passed_over(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, streamed(stream_of() + b"more"))
    assert len(connection.run(predict).outputs) == 2


def raw(head: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {ARROW}\r\n{head}\r\n\r\n".encode() + body


@pytest.mark.parametrize("end", [100, -1])
def test_an_answer_that_breaks_off_leaves_it_open_whether_it_is_paid(
    connect: Callable[..., EndpointConnection],
    start_raw_server: Callable[[bytes], RawServer],
    end: int,
) -> None:
    body = stream_of()
    server = start_raw_server(raw(f"Content-Length: {len(body)}", body[:end]))
    with pytest.raises(SubmitUncertain, match=r"RemoteProtocolError|ReadError"):
        connect(base_url=server.base_url).run(submit)
    assert len(server.heard) == 1


def test_a_garbled_encoding_is_an_answer_that_cannot_be_read(
    connect: Callable[..., EndpointConnection], start_raw_server: Callable[[bytes], RawServer]
) -> None:
    server = start_raw_server(raw("Content-Encoding: gzip\r\nContent-Length: 4", b"text"))
    with pytest.raises(BadAnswer, match="DecodingError"):
        connect(base_url=server.base_url).run(predict)


@pytest.fixture
def stalling() -> Iterator[str]:
    """Serve the beginning of an answer, and then nothing."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        taken, _ = listening.accept()
        with taken:
            taken.recv(65536)
            taken.sendall(raw("Content-Length: 100000", stream_of()[:200]))
            over.wait(20)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    over.set()
    thread.join()
    listening.close()


def test_an_answer_that_stalls_is_waited_for_in_bounded_time(
    connect: Callable[..., EndpointConnection], stalling: str
) -> None:
    with pytest.raises(SubmitUncertain, match="Timeout"):
        connect(base_url=stalling, prediction_timeout=0.3).run(submit)


def test_a_container_that_is_not_there_was_not_asked(
    connect: Callable[..., EndpointConnection],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(EndpointUnreachable):
        connect(base_url=f"http://127.0.0.1:{port}").run(submit)


def test_neither_errors_nor_logs_show_the_key(
    connection: EndpointConnection, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    leak = f"no access for Bearer {KEY}, says {KEY}"
    printed = []
    replies = [
        Reply(status, json={"error": leak}, headers={"Location": f"https://h.example/{KEY}"})
        for status in (200, 302, 400, 401, 404, 413, 418, 422, 429, 500, 503)
    ]
    replies += [
        streamed(leak.encode()),
        streamed(stream_of([ROW], request_type=leak)),
        streamed(stream_of([ROW], gene_order=leak)),
        streamed(stream_of([ROW | {"decoder_sample": {"counts": [1]}}] * 2)),
    ]
    for reply in replies:
        server.on("POST", PREDICT_PATH, reply)
        try:
            connection.run(predict)
        except EndpointError as fault:
            printed += ["".join(traceback.format_exception(fault)), repr(fault.__dict__)]
    assert len(printed) == 2 * len(replies)
    assert not [text for text in printed if KEY in text]
    assert KEY not in caplog.text
    assert KEY not in repr(connection.settings)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_key_and_counts_nowhere(
    connection: EndpointConnection,
    server: ScriptedServer,
    other_server: ScriptedServer,
    status: int,
) -> None:
    aside = Reply(status, headers={"Location": f"{other_server.base_url}{PREDICT_PATH}"})
    server.on("POST", PREDICT_PATH, aside)
    with pytest.raises(EndpointMisconfigured, match="redirects"):
        connection.run(submit)
    assert other_server.seen == []


def test_a_run_that_is_interrupted_lets_go_of_the_connection(
    settings: EndpointSettings, stalling: str, time: FakeTime
) -> None:
    import anyio

    async def give_up() -> bool:
        stuck = replace(settings, base_url=stalling)
        async with EndpointClient(stuck, clock=time.clock, sleep=time.sleep) as client:
            with anyio.move_on_after(0.3) as scope:
                await client.submit(COUNTS)
        return scope.cancelled_caught

    assert anyio.run(give_up)


def test_httpx_logs_nothing_of_it(
    connection: EndpointConnection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection.run(predict)
    assert not [line for line in caplog.records if line.name.startswith(("httpx", "httpcore"))]
    assert "sending 2 samples" in caplog.text


def test_a_container_that_takes_compressed_queries_gets_them_until_it_refuses_one(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    asks_for_it = streamed()
    asks_for_it.headers["Accept-Encoding"] = "gzip"
    server.on("POST", PREDICT_PATH, asks_for_it, streamed(), Reply(415), streamed())
    for _ in range(3):
        connection.run(predict)
    sent = [request.headers.get("content-encoding") for request in server.asked(PREDICT_PATH)]
    assert sent == [None, "gzip", "gzip", None]
