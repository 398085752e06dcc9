"""Where the key and the signature of a signed URL go, and where they never do."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import httpx
import numpy as np
import pytest
from endpoint_server import (
    KEY,
    MODELS_PATH,
    PREDICT_PATH,
    RESULT_PATH,
    SIGNATURE,
    STATUS_PATH,
    RawServer,
    Reply,
    ScriptedServer,
    result_of,
)
from scipy import sparse

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import BadAnswer, EndpointError, EndpointUnreachable
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.transport import OriginBoundKey

COUNTS = sparse.csr_array(np.array([[1, 0, 2, 3]], dtype=np.int32))


async def predict(client: EndpointClient) -> PredictionAnswer:
    return await (await client.submit(COUNTS)).fetch()


@pytest.fixture
def apart(server: ScriptedServer, other_server: ScriptedServer) -> ScriptedServer:
    """Return the host of the results, another one than the API's."""
    url = f"{other_server.base_url}{RESULT_PATH}?X-Signature={SIGNATURE}"
    server.on("GET", STATUS_PATH, Reply(json={"status": "ready", "downloadUrl": url}))
    other_server.on("GET", RESULT_PATH, Reply(json=result_of()))
    return other_server


def test_the_host_of_the_results_never_gets_the_key(
    connection: EndpointConnection, server: ScriptedServer, apart: ScriptedServer
) -> None:
    connection.run(predict)
    (download,) = apart.seen
    assert download.query == f"X-Signature={SIGNATURE}"
    assert KEY not in str(download)
    assert all(seen.headers["authorization"] == f"Bearer {KEY}" for seen in server.seen)


def test_a_result_on_the_apis_own_host_is_fetched_without_the_key_too(
    connection: EndpointConnection, server: ScriptedServer
) -> None:
    connection.run(predict)
    (download,) = server.asked(RESULT_PATH)
    assert KEY not in str(download)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [MODELS_PATH, PREDICT_PATH])
def test_a_redirect_takes_the_key_nowhere(
    connection: EndpointConnection,
    server: ScriptedServer,
    other_server: ScriptedServer,
    status: int,
    path: str,
) -> None:
    aside = Reply(status, headers={"Location": f"{other_server.base_url}{path}"})
    server.on("GET", path, aside)
    server.on("POST", path, aside)
    with pytest.raises(EndpointError, match="redirects"):
        connection.run(predict if path == PREDICT_PATH else lambda client: client.models())
    assert other_server.seen == []


def test_a_download_may_be_redirected_but_not_for_ever(
    connection: EndpointConnection, apart: ScriptedServer
) -> None:
    apart.on("GET", RESULT_PATH, Reply(307, headers={"Location": "/moved"}))
    apart.on("GET", "/moved", Reply(json=result_of()))
    assert len(connection.run(predict).outputs) == 1
    apart.on("GET", "/moved", Reply(307, headers={"Location": "/moved"}))
    with pytest.raises(BadAnswer, match="TooManyRedirects"):
        connection.run(predict)


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("https://api.example/api/models", True),
        ("https://api.example:443/x", True),
        ("http://api.example/api/models", False),
        ("https://api.example:8443/api/models", False),
        ("https://api.example.evil.example/", False),
        ("https://evil.example/", False),
    ],
)
def test_the_key_is_given_to_one_scheme_host_and_port(url: str, given: bool) -> None:
    auth = OriginBoundKey(Secret(KEY), "https://api.example/prefix")
    request = next(auth.auth_flow(httpx.Request("GET", url)))
    assert ("authorization" in request.headers) is given


def test_a_download_is_not_taken_from_encrypted_to_open(
    connect: Callable[..., EndpointConnection], start_raw_server: Callable[[bytes], RawServer]
) -> None:
    raw = start_raw_server(b"")
    connection = connect(base_url="https://127.0.0.1:9")

    async def download(client: EndpointClient) -> bytes:
        return await client._exchange.download(f"{raw.base_url}/x", query_id="q1")  # noqa: SLF001 - the one way to a download without TLS on the API

    with pytest.raises(BadAnswer, match="scheme 'http'"):
        connection.run(download)
    assert raw.heard == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]"],  # noqa: S104 - an address to refuse
)
def test_an_endpoint_elsewhere_cannot_send_downloads_to_this_machine(
    connect: Callable[..., EndpointConnection], host: str
) -> None:
    connection = connect(base_url="https://gem.example")

    async def download(client: EndpointClient) -> bytes:
        url = f"https://{host}:9/latest/meta-data"
        return await client._exchange.download(url, query_id="q1")  # noqa: SLF001 - as above

    with pytest.raises(BadAnswer, match="address of this machine"):
        connection.run(download)


def test_logs_hold_neither_key_nor_signature_nor_httpx_lines(
    connection: EndpointConnection, apart: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    apart.on("GET", RESULT_PATH, Reply(307, headers={"Location": f"/moved?{SIGNATURE}"}))
    apart.on("GET", "/moved", Reply(json=result_of()))
    connection.run(predict)
    assert "submitted 1 samples" in caplog.text
    assert f"GET {connection.settings.host}{STATUS_PATH}: HTTP 200" in caplog.text
    assert KEY not in caplog.text
    assert SIGNATURE not in caplog.text
    assert not [line for line in caplog.records if line.name.startswith("http")]


def test_other_users_of_httpx_keep_their_log_lines(
    connection: EndpointConnection, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    connection.run(predict)
    httpx.get(f"{server.base_url}/theirs", trust_env=False)
    assert "/theirs" in caplog.text


def test_no_error_shows_key_or_signature_however_it_is_printed(
    connection: EndpointConnection, server: ScriptedServer, apart: ScriptedServer
) -> None:
    leak = f"no access for Bearer {KEY} to https://h.example/x?X-Signature={SIGNATURE}"
    printed = []
    for host, method, path in [
        (server, "GET", STATUS_PATH),
        (server, "POST", PREDICT_PATH),
        (apart, "GET", RESULT_PATH),
    ]:
        for status in (302, 400, 401, 403, 404, 418, 429, 500, 503):
            location = {"Location": f"https://h.example/x?X-Signature={SIGNATURE}"}
            host.on(method, path, Reply(status, json={"error": leak}, headers=location))
            try:
                connection.run(predict)
            except (EndpointError, httpx.HTTPError) as fault:
                printed += ["".join(traceback.format_exception(fault)), repr(fault.__dict__)]
        host.on(
            method, path, Reply(json={"modelQueryId": "q1", "status": "failed", "message": leak})
        )
    assert len(printed) >= 50
    assert not [text for text in printed if KEY in text or SIGNATURE in text]


def test_this_machine_is_not_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, connect: Callable[..., EndpointConnection]
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    assert connect().run(predict).model_version == "2"


def test_other_hosts_are_reached_through_the_proxy_which_does_not_get_the_key(
    monkeypatch: pytest.MonkeyPatch,
    connect: Callable[..., EndpointConnection],
    start_raw_server: Callable[[bytes], RawServer],
) -> None:
    proxy = start_raw_server(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", proxy.base_url)
    monkeypatch.setenv("https_proxy", proxy.base_url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EndpointUnreachable, match="ProxyError"):
        connect(base_url="https://gem.example").run(predict)
    assert proxy.heard[0].startswith(b"CONNECT gem.example:443")
    assert KEY.encode() not in b"".join(proxy.heard)
