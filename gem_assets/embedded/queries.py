"""Queries under way and their results: what the server remembers between two requests."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum

logger = logging.getLogger(__name__)

Clock = Callable[[], float]
Work = Callable[[], bytes]

MAX_QUERIES = 1000
"""Queries remembered; the oldest finished ones are forgotten first."""

MAX_RESULT_BYTES = 256 * 2**20
"""Room for results; one larger result is kept alone, until the next."""

DOWNLOAD_SECONDS = 3600.0
"""How long a download URL is good for, as with the vendor's signed URLs."""


class QueryStatus(StrEnum):
    """Words of the protocol."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


@dataclass(slots=True, eq=False)
class Query:
    """One prediction request.

    Attributes
    ----------
    query_id
        What the client asks its status by.
    work
        Computes the result's JSON; dropped when it has run.
    status
        See `QueryStatus`.
    result
        JSON, when ready.
    message
        Why it failed.
    token, token_expires
        The current download URL's last part, and the clock's time at which it ends.
    finished
        Resolves to None when the query is ready or failed.
    """

    query_id: str
    work: Work | None
    status: QueryStatus = QueryStatus.QUEUED
    result: bytes = b""
    message: str | None = None
    token: str | None = None
    token_expires: float = 0.0
    finished: Future[None] = field(default_factory=Future)


class QueryStore:
    """Keeps queries, computes them one after the other in a thread, and forgets the oldest.

    Parameters
    ----------
    cold_start_seconds
        How long after its first prediction request the model begins to compute. Until then
        queries stay queued; nothing but a prediction request wakes it.
    clock
        Seconds, monotonic.
    max_queries, max_result_bytes
        What is remembered at most.
    """

    def __init__(
        self,
        *,
        cold_start_seconds: float,
        clock: Clock,
        max_queries: int = MAX_QUERIES,
        max_result_bytes: int = MAX_RESULT_BYTES,
    ) -> None:
        self._cold_start_seconds = cold_start_seconds
        self._clock = clock
        self._max_queries = max_queries
        self._max_result_bytes = max_result_bytes
        self._awake_at: float | None = None
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._waiting: list[Query] = []
        self._lock = threading.Lock()
        # One worker: numpy uses the cores, and two predictions would only share them. The event
        # loop is left alone, so that the server answers while it computes.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded-gem")

    def submit(self, work: Work) -> Query:
        """Remember a query; it is computed as soon as the model is awake."""
        query = Query(secrets.token_hex(16), work)
        self.wake()
        with self._lock:
            self._queries[query.query_id] = query
            self._waiting.append(query)
            self._forget_oldest()
        self._start_waiting()
        return query

    def wake(self) -> float:
        """Wake the model, as a prediction request does; return the seconds until it is awake."""
        now = self._clock()
        with self._lock:
            if self._awake_at is None:
                self._awake_at = now + self._cold_start_seconds
            return max(0.0, self._awake_at - now)

    def find(self, query_id: str) -> Query | None:
        """Return a query, None for an unknown or forgotten one."""
        self._start_waiting()
        with self._lock:
            return self._queries.get(query_id)

    def token(self, query: Query) -> str:
        """Return the token of a ready query's download, a fresh one when the last has expired."""
        now = self._clock()
        with self._lock:
            if query.token is None or now >= query.token_expires:
                query.token = secrets.token_urlsafe(24)
                query.token_expires = now + DOWNLOAD_SECONDS
            return query.token

    def download(self, token: str) -> bytes | None:
        """Return the result that an unexpired token stands for, else None."""
        now = self._clock()
        with self._lock:
            for query in self._queries.values():
                if query.token == token and now < query.token_expires:
                    self._queries.move_to_end(query.query_id)
                    return query.result
        return None

    def close(self) -> None:
        """Stop computing; queries that have not begun never will."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _start_waiting(self) -> None:
        with self._lock:
            if self._awake_at is None or self._clock() < self._awake_at:
                return
            waiting, self._waiting = self._waiting, []
        for query in waiting:
            self._worker.submit(self._compute, query)

    def _compute(self, query: Query) -> None:
        query.status = QueryStatus.RUNNING
        work, query.work = query.work, None
        if work is None:  # pragma: no cover - a query is handed to the worker once
            return
        try:
            query.result = work()
        except Exception as error:
            logger.exception("query %s failed", query.query_id)
            query.message = f"{type(error).__name__}: {error}"
            query.status = QueryStatus.FAILED
        else:
            query.status = QueryStatus.READY
        with self._lock:
            self._forget_oldest()
        query.finished.set_result(None)

    def _forget_oldest(self) -> None:
        """Forget finished queries, the longest untouched first, until the rest has room."""
        size = sum(len(query.result) for query in self._queries.values())
        done = [
            query
            for query in self._queries.values()
            if query.status in (QueryStatus.READY, QueryStatus.FAILED)
        ]
        newest = done.pop() if done else None
        while done and (len(self._queries) > self._max_queries or size > self._max_result_bytes):
            oldest = done.pop(0)
            size -= len(oldest.result)
            del self._queries[oldest.query_id]
        if newest is not None and len(self._queries) > self._max_queries:
            del self._queries[newest.query_id]
