"""A query that is answered by its own response, read while it arrives.

What can't be told from a query that was computed, and may be paid for, is uncertain here as it is
in `gem_assets.endpoint.exchange`: after the request has left, only an answer that refuses it says
that it was not accepted.
"""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import httpx

from gem_assets.endpoint.errors import BadAnswer, EndpointMisconfigured
from gem_assets.endpoint.exchange import NOT_SENT, Exchange
from gem_assets.endpoint.faults import (
    Answer,
    Where,
    broken_answer,
    fault_of,
    no_answer,
    too_large,
    uncertain,
)
from gem_assets.endpoint.transport import without_http_logs

logger = logging.getLogger("gem_assets.endpoint")

T = TypeVar("T")

Read = Callable[[io.RawIOBase], T]


class StreamExchange(Exchange):
    """Requests to an endpoint whose predictions are streams."""

    async def predict(
        self, path: str, body: bytes, *, accept: str, timeout: float, read: Read[T]
    ) -> T | BadAnswer:
        """Send a query, and return what `read` makes of the answer while it arrives.

        Parameters
        ----------
        path, body
            Of the request.
        accept
            Media type that is asked for; another one is not read.
        timeout
            Seconds for all of it. The endpoint may be silent for as long: it is computing.
        read
            Reads the answer to its end, in a thread.

        Returns
        -------
        T or BadAnswer
            The latter for a whole answer that can't be read: the query was computed.

        Raises
        ------
        SubmitUncertain
            If it may have been computed, and its answer did not arrive, or not to its end.
        EndpointError
            If it was certainly not.
        """
        where = Where(self.settings.host, path)
        results: list[T | BadAnswer] = []

        async def once() -> bytes:
            await self._pace.turn()
            content, headers = self._uploads.encode(path, body)
            request = self._clients.api.build_request(
                "POST",
                path,
                content=content,
                headers={**headers, "Accept": accept},
                timeout=httpx.Timeout(self.settings.request_timeout, read=timeout, pool=None),
            )
            try:
                with anyio.fail_after(timeout), without_http_logs():
                    results.append(await self._answer_to(request, where, accept, read))
            except BadAnswer as fault:
                if self._uploads.refused(path, headers, fault.http_status or 0):
                    return await once()
                raise
            except NOT_SENT as fault:
                raise no_answer(fault, self._key) from None
            except (httpx.TransportError, TimeoutError) as fault:
                raise uncertain(fault, self._key) from None
            return b""

        await self._retrying(once, where)
        return results[-1]

    async def _answer_to(
        self, request: httpx.Request, where: Where, accept: str, read: Read[T]
    ) -> T | BadAnswer:
        limit = self.settings.max_answer_bytes
        response = await self._clients.api.send(request, stream=True)
        self._uploads.learn(where.path or "", response.headers)
        try:
            arriving = ArrivingFile(response.aiter_bytes(), limit)
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if response.is_success and kind == accept:
                return await _read_in_thread(read, arriving)
            said = await _read_in_thread(_everything, arriving)
            if isinstance(said, BadAnswer):
                return said
            answer = Answer(response.status_code, response.headers, said)
            if answer.status >= 500 and answer.status != 503:
                raise uncertain(answer, self._key)
            fault = fault_of(answer, where, self._key)
            if fault is not None:
                raise fault
            raise EndpointMisconfigured(
                f"the endpoint answers a query in {kind or 'no stated type'}, not as a "
                "self-hosted container does",
                action="If it is the hosted service, set the endpoint to 'hosted'.",
                http_status=answer.status,
            )
        except httpx.DecodingError as fault:
            return broken_answer(fault, self._key)
        finally:
            await response.aclose()
            logger.debug("POST %s%s: HTTP %d", where.host, where.path, response.status_code)


class ArrivingFile(io.RawIOBase):
    """The bytes of an answer as a file, for a thread that reads them while they arrive.

    Parameters
    ----------
    parts
        The bytes, in pieces, in the event loop that the thread was started from.
    limit
        No more bytes than this are taken.

    Attributes
    ----------
    fault
        What reading ended with, if it was no end of the file. The thread's library may have put
        an error of its own in its place.
    """

    def __init__(self, parts: AsyncIterator[bytes], limit: int) -> None:
        self._parts = parts
        self._left = limit
        self._limit = limit
        self._held = bytearray()
        self.fault: Exception | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return as many bytes as asked for, waiting for them; fewer at the end only.

        More than the limit leaves must not be asked for, but by a length that an answer states.
        """
        wanted = None if size is None or size < 0 else size
        if wanted is not None and wanted - len(self._held) > self._left:
            self.fault = BadAnswer(
                f"the answer is larger than {self._limit:,} bytes by its own account, or garbled",
                action="Send fewer samples in one query, or raise max_answer_bytes.",
            )
            raise self.fault
        while wanted is None or len(self._held) < wanted:
            try:
                part = anyio.from_thread.run(self._next)
            except Exception as fault:
                self.fault = fault
                raise
            if not part:
                break
            self._held += part
        taken = bytes(self._held[:wanted])
        del self._held[:wanted]
        return taken

    async def _next(self) -> bytes:
        async for part in self._parts:
            self._left -= len(part)
            if self._left < 0:
                raise too_large(self._limit)
            if part:
                return part
        return b""


def _everything(arriving: io.RawIOBase) -> bytes:
    return arriving.read() or b""


async def _read_in_thread(read: Read[T], arriving: ArrivingFile) -> T | BadAnswer:
    """Return what `read` returns, or the fault of an answer that was whole and can't be read."""

    def work() -> T:
        result = read(arriving)
        # To the end, so that what breaks behind the last batch is noticed.
        arriving.read()
        return result

    try:
        return await anyio.to_thread.run_sync(work)
    except Exception as raised:  # noqa: BLE001 - it is raised again, or what it stands for
        # Cancelled: the event loop's own exception says so, and not the thread's.
        await anyio.lowlevel.checkpoint_if_cancelled()
        fault = arriving.fault or raised
        if isinstance(fault, BadAnswer):
            return fault
        raise fault from None
