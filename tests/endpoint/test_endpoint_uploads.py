"""Queries are compressed for an endpoint that says it takes them so, over real HTTP."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from endpoint_server import PREDICT_PATH, RESULT_PATH, Reply, ScriptedServer, Seen, result_of
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import BadAnswer
from gem_assets.endpoint.uploads import Uploads

COUNTS = sparse.csr_array(np.array([[1, 0, 2, 3]], dtype=np.int32))
ACCEPTED = {"modelQueryId": "q1"}


def ask(connection: EndpointConnection, times: int = 1) -> None:
    async def submit(client):  # type: ignore[no-untyped-def]
        return await client.submit(COUNTS)

    for _ in range(times):
        connection.run(submit)


def counts_of(sent: Seen) -> list[int]:
    encoding = sent.headers.get("content-encoding")
    assert encoding in (None, "gzip")
    body = gzip.decompress(sent.body) if encoding == "gzip" else sent.body
    return json.loads(body)["inputs"][0]["counts"]  # type: ignore[no-any-return]


def encodings(server: ScriptedServer) -> list[str | None]:
    sent = server.asked(PREDICT_PATH)
    assert all(counts_of(one) == [1, 0, 2, 3] for one in sent)
    return [one.headers.get("content-encoding") for one in sent]


def test_nothing_is_compressed_for_an_endpoint_that_does_not_ask_for_it(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    ask(connection, 2)
    assert encodings(server) == [None, None]


def test_queries_are_compressed_once_the_endpoint_has_said_that_it_takes_them_so(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    takes = Reply(json=ACCEPTED, headers={"Accept-Encoding": "br, gzip;q=0.8"})
    server.on("POST", PREDICT_PATH, takes, Reply(json=ACCEPTED))
    server.on("GET", RESULT_PATH, Reply(json=result_of(1)))
    ask(connection, 3)
    assert encodings(server) == [None, "gzip", "gzip"]


def test_an_endpoint_that_refuses_the_encoding_after_all_gets_the_query_plain(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    takes = Reply(json=ACCEPTED, headers={"Accept-Encoding": "gzip"})
    server.on("POST", PREDICT_PATH, takes, Reply(415), Reply(json=ACCEPTED))
    ask(connection, 3)
    assert encodings(server) == [None, "gzip", None, None]


def test_a_plain_query_that_is_refused_by_415_is_not_sent_again(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    server.on("POST", PREDICT_PATH, Reply(415))
    with pytest.raises(BadAnswer):
        ask(connection)
    assert encodings(server) == [None]


@given(st.sampled_from(["identity", "", "br", "gzip;q=0", "gzip; q=0.0"]))
def test_an_address_that_takes_no_gzip_any_more_gets_none(accepted: str) -> None:
    uploads = Uploads()
    uploads.learn("/a", {"accept-encoding": "GZIP"})
    assert uploads.encode("/a", b"{}")[1]["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in uploads.encode("/b", b"{}")[1]
    uploads.learn("/a", {"accept-encoding": accepted})
    assert uploads.encode("/a", b"{}") == (b"{}", {"Content-Type": "application/json"})
