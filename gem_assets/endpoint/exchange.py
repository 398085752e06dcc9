"""One request and its answer: the bytes, or an error of our tree.

Which failures are tried again, and which must not be, is decided here:

- a GET changes nothing, so it is tried again after no answer, 429 and 5xx;
- a query is paid for, so it is sent again only if it certainly was not accepted: no connection,
  408, 429, 503. Anything else that happens after sending is a `SubmitUncertain`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
import httpx
import stamina

from gem_assets.endpoint.errors import BadAnswer, EndpointError
from gem_assets.endpoint.faults import (
    Answer,
    Where,
    broken_answer,
    download_fault_of,
    fault_of,
    located,
    no_answer,
    too_large,
    uncertain,
)
from gem_assets.endpoint.pace import Pace
from gem_assets.endpoint.retries import try_again
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.endpoint.transport import EMBEDDED_ORIGIN, HttpClients, without_http_logs
from gem_assets.endpoint.uploads import Uploads

logger = logging.getLogger("gem_assets.endpoint")

# Between two tries, where the server has no wish: 0.5, 1, 2, 4 ... up to 30 s, and up to 1 s of
# chance, so that several workers don't come back together.
_WAIT_INITIAL, _WAIT_MAX, _WAIT_JITTER = 0.5, 30.0, 1.0

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""After these, nothing that the endpoint could have acted on has left this machine."""


class Exchange:
    """Requests to one endpoint, over clients that are open, no faster than `pace` lets them.

    Every method returns the body of a successful answer, and raises an `EndpointError` after the
    last try.
    """

    def __init__(self, settings: EndpointSettings, clients: HttpClients, pace: Pace) -> None:
        self.settings = settings
        self._clients = clients
        self._pace = pace
        self._uploads = Uploads()
        # For taking it out of what servers say.
        self._key = settings.api_key

    async def get(
        self, path: str, *, query_id: str | None = None, attempts: int | None = None
    ) -> bytes:
        """Return the body of a GET to the API, tried `attempts` times (default: the settings')."""
        where = Where(self.settings.host, path, query_id)

        async def once() -> bytes:
            request = self._clients.api.build_request("GET", path)
            try:
                answer = await self._send(self._clients.api, request, where)
            except (httpx.TransportError, TimeoutError) as fault:
                raise no_answer(fault, self._key) from None
            return _body(answer, fault_of(answer, where, self._key))

        return await self._retrying(once, where, attempts)

    async def submit(self, path: str, body: bytes) -> bytes:
        """Send a query, and return the body of the answer.

        Raises
        ------
        SubmitUncertain
            If it may have been accepted, though no answer says so.
        """
        where = Where(self.settings.host, path)

        async def once() -> bytes:
            content, headers = self._uploads.encode(path, body)
            request = self._clients.api.build_request(
                "POST", path, content=content, headers=headers
            )
            try:
                answer = await self._send(self._clients.api, request, where)
            except NOT_SENT as fault:
                raise no_answer(fault, self._key) from None
            except (httpx.TransportError, TimeoutError, BadAnswer) as fault:
                raise uncertain(fault, self._key) from None
            self._uploads.learn(path, answer.headers)
            if self._uploads.refused(path, headers, answer.status):
                return await once()
            if answer.status >= 500 and answer.status != 503:
                raise uncertain(answer, self._key)
            return _body(answer, fault_of(answer, where, self._key))

        return await self._retrying(once, where)

    async def download(self, url: str, *, query_id: str) -> bytes:
        """Return the result that lies at a signed URL; the key stays at home.

        Raises
        ------
        ResultExpired
            On 403, 404 or 410.
        """
        base_url = EMBEDDED_ORIGIN if self.settings.mode == "embedded" else self.settings.base_url
        try:
            # The library's sentence about a broken URL would quote it.
            absolute = httpx.URL(f"{base_url}/").join(url)
        except (httpx.InvalidURL, ValueError):
            with located(Where(self.settings.host, query_id=query_id)):
                broken = ValueError("the address of the result is no URL")
                raise broken_answer(broken, self._key) from None
        where = Where(absolute.host, query_id=query_id)

        async def once() -> bytes:
            request = self._clients.downloads.build_request("GET", absolute)
            try:
                answer = await self._send(self._clients.downloads, request, where)
            except (httpx.TransportError, TimeoutError) as fault:
                raise no_answer(fault, self._key) from None
            return _body(answer, download_fault_of(answer, where, self._key))

        return await self._retrying(once, where)

    async def _send(
        self, client: httpx.AsyncClient, request: httpx.Request, where: Where
    ) -> Answer:
        """Return the whole answer: of bounded size, in bounded time, and not logged by httpx."""
        await self._pace.turn()
        limit = self.settings.max_answer_bytes
        body = bytearray()
        try:
            with anyio.fail_after(self.settings.transfer_timeout), without_http_logs():
                response = await client.send(request, stream=True)
                try:
                    async for part in response.aiter_bytes():
                        body += part
                        if len(body) > limit:
                            raise too_large(limit)
                finally:
                    await response.aclose()
        except (httpx.DecodingError, httpx.TooManyRedirects) as fault:
            raise broken_answer(fault, self._key) from None
        logger.debug(
            "%s %s%s: HTTP %d, %d bytes",
            request.method,
            where.host,
            where.path or "",
            response.status_code,
            len(body),
        )
        return Answer(response.status_code, response.headers, bytes(body))

    async def _retrying(
        self, once: Callable[[], Awaitable[bytes]], where: Where, attempts: int | None = None
    ) -> bytes:
        async for attempt in stamina.retry_context(
            on=lambda fault: try_again(fault, self.settings.retry_after_max),
            attempts=attempts or self.settings.attempts,
            timeout=None,
            wait_initial=_WAIT_INITIAL,
            wait_max=_WAIT_MAX,
            wait_jitter=_WAIT_JITTER,
        ):
            with attempt, located(where):
                return await once()
        raise AssertionError("stamina ends with a return or a raise")  # pragma: no cover


def _body(answer: Answer, fault: EndpointError | None) -> bytes:
    if fault is not None:
        raise fault
    return answer.body
