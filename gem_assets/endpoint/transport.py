"""The two HTTP clients: one that carries the key, to one origin; one that never does.

A result lies at a signed URL on another host, so it is fetched by a client that has no key to
lose. The client with the key follows no redirect, and hands the key to nothing but the scheme,
host and port that it was set up for.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx

from gem_assets.endpoint.addresses import is_nearby
from gem_assets.endpoint.errors import BadAnswer
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL

EMBEDDED_ORIGIN = "http://embedded"
"""How the app in this process is addressed; no such host is ever looked up."""

MOST_REDIRECTS = 5
"""Hops that a download may take (object stores redirect between regions)."""

# Shorter than the idle times of common servers and load balancers (uvicorn closes after 5 s):
# a query sent into a connection that is just being closed could not be told from one that was
# accepted, and would not be sent again.
_KEEPALIVE_SECONDS = 3.0

# httpx logs whole URLs at INFO, with the signature of a signed one; httpcore logs the headers of
# answers at DEBUG, with the URL of a redirect.
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")

_speaking: ContextVar[bool] = ContextVar("gem_assets_endpoint_speaking", default=False)


@dataclass(frozen=True, slots=True)
class HttpClients:
    """The clients of one endpoint: `api` carries the key, `downloads` never does."""

    api: httpx.AsyncClient
    downloads: httpx.AsyncClient


@asynccontextmanager
async def open_clients(settings: EndpointSettings) -> AsyncIterator[HttpClients]:
    """Open the clients of an endpoint; embedded ones speak to an app in this process.

    Proxies of the environment are used for other hosts, and never for this machine.
    """
    base_url = EMBEDDED_ORIGIN if settings.mode == "embedded" else settings.base_url
    timeout = httpx.Timeout(settings.request_timeout, pool=None)
    limits = httpx.Limits(keepalive_expiry=_KEEPALIVE_SECONDS)
    headers = {"User-Agent": f"gem-assets/{version('gem-assets')}", "Accept": "application/json"}
    key = settings.api_key
    async with (
        _transport(settings) as transport,
        httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            auth=None if key is None else OriginBoundKey(key, base_url),
            transport=transport,
            timeout=timeout,
            limits=limits,
            trust_env=not settings.is_local,
            follow_redirects=False,
        ) as api,
        httpx.AsyncClient(
            headers=headers,
            transport=transport,
            timeout=timeout,
            limits=limits,
            trust_env=not settings.is_local,
            follow_redirects=True,
            max_redirects=MOST_REDIRECTS,
            event_hooks={"request": [_DownloadGuard(settings, base_url).check]},
        ) as downloads,
    ):
        yield HttpClients(api, downloads)


class OriginBoundKey(httpx.Auth):
    """Bearer authentication that knows the one origin it is meant for."""

    def __init__(self, key: Secret, base_url: str) -> None:
        self._key = key
        self._origin = _origin(httpx.URL(base_url))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Add the key to a request to the origin, and to no other."""
        if _origin(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


class _DownloadGuard:
    """Where a result may be fetched from, each hop of a redirect included.

    Downloads are encrypted, unless the API itself is spoken to in the open. And an endpoint
    elsewhere has no business with services of this machine, nor with the metadata service that
    clouds have at a link-local address.
    """

    def __init__(self, settings: EndpointSettings, base_url: str) -> None:
        self._schemes = {"https", urlsplit(base_url).scheme}
        self._own_host = httpx.URL(base_url).host
        self._is_local = settings.is_local

    async def check(self, request: httpx.Request) -> None:
        scheme, host = request.url.scheme, request.url.host
        if scheme not in self._schemes:
            raise BadAnswer(
                f"a result lies at an address of scheme {scheme!r}",
                host=host,
                action=NOT_THE_PROTOCOL,
            )
        if not self._is_local and host != self._own_host and is_nearby(host):
            raise BadAnswer(
                "a result lies at an address of this machine, though the endpoint is elsewhere",
                host=host,
                action=NOT_THE_PROTOCOL,
            )


@contextmanager
def without_http_logs() -> Iterator[None]:
    """Keep the HTTP library from logging the requests made inside, and only those.

    Other users of httpx in this process keep their log lines.
    """
    for name in _LOGGERS:
        # Adding a filter that is there already does nothing.
        logging.getLogger(name).addFilter(_not_ours)
    token = _speaking.set(True)
    try:
        yield
    finally:
        _speaking.reset(token)


def _not_ours(_record: logging.LogRecord) -> bool:
    return not _speaking.get()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    # httpx drops a port that is the scheme's default.
    return url.scheme, url.host, url.port


@asynccontextmanager
async def _transport(settings: EndpointSettings) -> AsyncIterator[httpx.ASGITransport | None]:
    """Give the way into an app in this process, or None for the network."""
    if settings.mode != "embedded":
        yield None
        return
    # Imported here: its model takes time and memory that nobody else should pay.
    from gem_assets.embedded.app import create_app

    app = create_app()
    # ASGITransport starts and ends no app: without this, the model's thread would stay.
    async with app.router.lifespan_context(app):
        yield httpx.ASGITransport(app)
