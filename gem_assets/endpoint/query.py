"""A query that was accepted: look at it, wait for it, fetch its result.

The query's id is all there is to it, so it survives this process: whoever kept the id can ask
`EndpointClient.query` for a handle again, and nothing is paid twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from urllib.parse import quote as url_quote

from gem_assets.endpoint.control import QueryStatus, decode_status
from gem_assets.endpoint.errors import BadAnswer, QueryFailed, QueryTimedOut, ResultExpired
from gem_assets.endpoint.exchange import Exchange
from gem_assets.endpoint.faults import Where, located
from gem_assets.endpoint.messages import PredictionAnswer, decode_answer
from gem_assets.endpoint.pace import Clock, Sleep
from gem_assets.endpoint.redaction import quote
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL

logger = logging.getLogger("gem_assets.endpoint")

READINGS = 3
"""How often an answer that can't be read is asked for: what garbled it (a proxy's page, a broken
transfer) may be gone the next time. Asking for it costs nothing."""

READ_AGAIN_AFTER = 1.0
"""Seconds before the second reading, twice as many before the third."""

# A query that runs long is asked about less often.
_INTERVAL_GROWTH = 1.25


@dataclass(slots=True)
class Activity:
    """When a model was last seen to have answered a query, and to be at work on one.

    Seconds of the client's clock; None for never.
    """

    answered_at: float | None = None
    working_at: float | None = None


class QueryHandle:
    """One query; made by `EndpointClient`.

    Attributes
    ----------
    id
        The endpoint's ``modelQueryId``.
    samples
        How many samples were submitted, if known.
    """

    def __init__(
        self,
        exchange: Exchange,
        query_id: str,
        *,
        samples: int | None,
        activity: Activity,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self.id = query_id
        self.samples = samples
        self._exchange = exchange
        self._activity = activity
        self._clock = clock
        self._sleep = sleep
        self._seen_ready = False

    def __repr__(self) -> str:
        return f"QueryHandle({self.id!r})"

    async def status(self, *, attempts: int | None = None) -> QueryStatus:
        """Return the state of the query; asking does not wake a model.

        Parameters
        ----------
        attempts
            How often to ask before giving up; by default as often as the settings say.

        Raises
        ------
        ResourceNotFound
            If the endpoint has forgotten the query.
        EndpointError
            If it can't be asked.
        """
        unreadable = 0
        while True:
            try:
                status = await self._ask_status(attempts)
                break
            except BadAnswer as fault:
                unreadable += 1
                if unreadable == (READINGS if attempts is None else attempts):
                    raise
                await self._before_reading_again(fault, unreadable)
        if status.ready and not self._seen_ready:
            self._seen_ready = True
            self._activity.answered_at = self._clock()
        elif not status.final:
            self._activity.working_at = self._clock()
        return status

    async def wait(self, timeout: float | None = None) -> QueryStatus:
        """Return the state of the query once it is ready.

        Parameters
        ----------
        timeout
            Seconds, by default the settings' ``prediction_timeout``. There is no waiting for ever.

        Raises
        ------
        QueryFailed
            If the query failed, with the endpoint's message.
        QueryTimedOut
            If it is not final in time. It goes on: its id stays good.
        EndpointError
            If it can't be asked.
        """
        settings = self._exchange.settings
        patience = settings.prediction_timeout if timeout is None else timeout
        deadline = self._clock() + patience
        interval = settings.poll_interval
        while True:
            status = await self.status()
            if status.ready:
                return status
            if status.failed:
                said = quote(status.message or "", settings.api_key)
                raise QueryFailed(
                    f"the query failed on the endpoint: {said or 'no reason is given'}",
                    host=settings.host,
                    query_id=self.id,
                )
            left = deadline - self._clock()
            if left <= 0:
                raise QueryTimedOut(
                    f"the query is still {quote(status.status)!r} after {patience:g} s",
                    action="It goes on, and its result can be fetched later by its id.",
                    host=settings.host,
                    query_id=self.id,
                )
            await self._sleep(min(interval, left))
            interval = min(interval * _INTERVAL_GROWTH, settings.poll_interval_max)

    async def fetch(self, timeout: float | None = None) -> PredictionAnswer:
        """Return the result, after waiting for it as `wait` does.

        A download address that has expired is asked for anew, once; a result that can't be read is
        downloaded anew, twice.

        Raises
        ------
        ResultExpired
            If the new one is refused, too.
        BadAnswer
            If the result is not what the protocol says, or not of as many samples as were
            submitted.
        EndpointError
            As `wait` does, or if the result can't be downloaded.
        """
        expired = unreadable = 0
        while True:
            status = await self.wait(timeout)
            try:
                return await self._download(status)
            except ResultExpired:
                expired += 1
                if expired == 2:
                    raise
            except BadAnswer as fault:
                unreadable += 1
                if unreadable == READINGS:
                    raise
                await self._before_reading_again(fault, unreadable)

    async def _ask_status(self, attempts: int | None) -> QueryStatus:
        path = f"/api/model-queries/{url_quote(self.id, safe='')}/status"
        body = await self._exchange.get(path, query_id=self.id, attempts=attempts)
        with located(Where(self._exchange.settings.host, path, self.id)):
            status = decode_status(body)
            if status.ready and not status.download_url:
                raise BadAnswer(
                    "the query is ready, but has no downloadUrl", action=NOT_THE_PROTOCOL
                )
        return status

    async def _before_reading_again(self, fault: BadAnswer, readings: int) -> None:
        logger.warning("%s It is asked for again.", fault)
        await self._sleep(READ_AGAIN_AFTER * 2 ** (readings - 1))

    async def _download(self, status: QueryStatus) -> PredictionAnswer:
        # `status()` refuses a ready query without an address.
        body = await self._exchange.download(status.download_url or "", query_id=self.id)
        with located(Where(self._exchange.settings.host, query_id=self.id)):
            return decode_answer(body, self.samples)
