"""Asking an endpoint: in chunks, several at a time, each answer kept as soon as it is there."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import anyio

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.errors import (
    BadAnswer,
    EndpointError,
    QueryFailed,
    QueryRejected,
    QueryTimedOut,
    QueryTooLarge,
    ResourceNotFound,
    ResultExpired,
    SubmitUncertain,
)
from gem_assets.endpoint.query import QueryHandle
from gem_assets.predictions.cancellation import finish_despite_cancellation
from gem_assets.predictions.claims import Claims
from gem_assets.predictions.errors import TooManyNewSamplesError
from gem_assets.predictions.keeping import Keeping
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.query_records import AskedSample, RecordedQuery
from gem_assets.predictions.spool import CountRows
from gem_assets.predictions.standing import Standing
from gem_assets.predictions.store import Store
from gem_assets.predictions.troubles import Troubles

logger = logging.getLogger("gem_assets.predictions")

SUBMIT_GRACE_SECONDS = 30.0
"""How long a query that is being sent may go on when the run is cancelled."""

GIVEN_UP_AFTER = timedelta(days=1)
"""A query that has no readable answer after this long is lost on the endpoint, and its samples are
asked anew. (The vendor's client gives up after 15 minutes; queries of a cold or busy model take
longer than usual, not days.)"""

SENT_AGAIN = 2
"""How often a run sends the same samples again, when the endpoint lost their query or the answer to
the sending never arrived. Each time may be paid for."""

SENT_AGAIN_AFTER = 2.0
"""Seconds before the first of these, twice as many before the next."""

Job = TypeVar("Job")


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """The different samples of a run, by content key.

    Attributes
    ----------
    question
        What is the same for all.
    counts
        Samples x model genes.
    row_of
        Row in ``counts`` of each content key.
    counts_hash_of
        Hash of its counts.
    """

    question: Question
    counts: CountRows
    row_of: Mapping[str, int]
    counts_hash_of: Mapping[str, str]

    def samples(self, keys: Sequence[str]) -> list[AskedSample]:
        """Return ``keys`` as the ledger records them."""
        return [AskedSample(key, self.counts_hash_of[key]) for key in keys]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Samples to send in one query, and how often they were sent in vain."""

    keys: Sequence[str]
    in_vain: int = 0


@dataclass(slots=True, eq=False)
class Asking:
    """One run's way of asking one endpoint; what comes of it goes to ``standing``.

    Attributes
    ----------
    chunk_size
        Samples in one query; shrinks when the endpoint finds a query too large.
    concurrency
        Queries under way at a time.
    max_new_samples
        Samples to send at most; None for no limit.
    """

    client: EndpointClient
    questions: Questions
    ledger: Ledger
    store: Store
    claims: Claims
    standing: Standing
    chunk_size: int
    concurrency: int
    max_new_samples: int | None
    _troubles: Troubles = field(default_factory=Troubles)
    _wanted_chunk_size: int = field(init=False)

    def __post_init__(self) -> None:
        self._wanted_chunk_size = self.chunk_size

    async def answer(self, keys: Collection[str]) -> None:
        """Get an answer or a failure for each of ``keys``, which this run has claimed.

        Keys whose claim another run has taken over meanwhile are left open.

        Raises
        ------
        TooManyNewSamplesError
            If that takes sending more samples than are allowed; then none was sent.
        ModelVersionChangedError, GeneOrderChangedError
            If an answer is not of the model that was observed.
        gem_assets.endpoint.errors.EndpointError
            If the endpoint can't go on. Queries that were under way are waited for before.
        """
        interrupted = self.ledger.sendings.interrupted(keys)
        if interrupted:
            logger.warning(
                "%d queries were being sent when their run ended; they may run, and be paid for.",
                interrupted,
            )
        hashes = [self.questions.counts_hash_of[key] for key in keys]
        under_way = self.ledger.sendings.under_way(self.questions.question, hashes)
        await self._each(deque(under_way), self._resume)
        closed = self._troubles.keys | set(self.standing.files)
        new = [key for key in keys if key not in closed]
        if new:
            self._announce(len(new))
            await self._each(deque([_Chunk(new)]), self._ask)
        self._troubles.settle(self.standing, self.ledger)

    def _announce(self, new: int) -> None:
        host = self.client.settings.host
        n = len(self.standing.sent) + new
        if self.max_new_samples is not None and n > self.max_new_samples:
            raise TooManyNewSamplesError(n, self.max_new_samples, host)
        logger.info(
            "Sending %d samples to %s (%s), %d at a time.",
            new,
            host,
            self.questions.question.model_id,
            self.chunk_size,
        )

    async def _each(
        self, jobs: deque[Job], do: Callable[[Job, deque[Job]], Awaitable[None]]
    ) -> None:
        """Do all jobs, several at a time; after an error finish those begun, and raise it."""
        errors: list[Exception] = []

        async def work() -> None:
            while jobs and not errors:
                try:
                    await do(jobs.popleft(), jobs)
                except Exception as error:  # noqa: BLE001
                    errors.append(error)

        async with anyio.create_task_group() as group:
            for _ in range(self.concurrency):
                group.start_soon(work)
        for other in errors[1:]:
            logger.warning("Another query of this run ended so: %s", other)
        if errors:
            raise errors[0]

    # -- queries of an earlier run -----------------------------------------------------------------

    async def _resume(self, query: RecordedQuery, _: deque[RecordedQuery]) -> None:
        if self.client.settings.mode == "embedded":
            # It ran in the process that died, and this process may give its id to another query.
            self.ledger.fail_query(query, "The embedded endpoint's process ended before it.")
            return
        handle = self.client.query(query.query_id, samples=len(query.samples))
        logger.info(
            "Fetching query %s of %s, which an earlier run sent and did not see answered.",
            query.query_id,
            query.submitted_at.isoformat(timespec="seconds"),
        )
        before = set(self.standing.answered)
        try:
            await self._fetch(handle, query)
        except ResourceNotFound as error:
            self._ask_anew(query, error)
        except (BadAnswer, ResultExpired, QueryTimedOut) as error:
            if self.ledger.now() - query.submitted_at >= GIVEN_UP_AFTER:
                self._ask_anew(query, error)
            else:
                self._troubles.meet(self._mine(query), error)
        except QueryFailed as error:
            self._troubles.meet(self._mine(query), error, query)
        self.standing.resumed.update(set(self.standing.answered) - before)

    def _mine(self, query: RecordedQuery) -> list[str]:
        """Return this run's content keys of a query's samples, those that are still open."""
        keys = (self.questions.question.key(sample.counts_hash) for sample in query.samples)
        found = self.standing.files
        return [key for key in keys if key in self.questions.row_of and key not in found]

    def _ask_anew(self, query: RecordedQuery, error: EndpointError) -> None:
        self.ledger.fail_query(query, str(error))
        logger.warning("%s Its samples are asked for anew.", error)

    # -- new queries -------------------------------------------------------------------------------

    async def _ask(self, chunk: _Chunk, jobs: deque[_Chunk]) -> None:
        keys = chunk.keys
        if len(keys) > self.chunk_size:
            jobs.appendleft(replace(chunk, keys=keys[self.chunk_size :]))
            keys = keys[: self.chunk_size]
        # A run that was held up for longer than a lease must not ask what another has taken over.
        held = self.claims.claim(keys)
        keys = [key for key in keys if key in held]
        if not keys:
            return
        try:
            handle, query = await finish_despite_cancellation(
                lambda: self._submit(keys), SUBMIT_GRACE_SECONDS
            )
        except QueryTooLarge as error:
            self._split(keys, error, jobs)
        except QueryRejected as error:
            self._leave_out(keys, error, jobs)
        except SubmitUncertain as error:
            await self._send_again(replace(chunk, keys=keys), error, jobs)
        else:
            await self._receive(replace(chunk, keys=keys), handle, query, jobs)

    async def _submit(self, keys: Sequence[str]) -> tuple[QueryHandle, RecordedQuery]:
        questions, sendings = self.questions, self.ledger.sendings
        query = sendings.begin(questions.question, questions.samples(keys))
        try:
            handle = await self.client.submit(
                questions.counts[[questions.row_of[key] for key in keys]],
                seed=questions.question.seed,
                parameters=questions.question.parameters,
            )
        except SubmitUncertain as error:
            sendings.uncertain(query, str(error))
            self.standing.sent.update(keys)
            raise
        except (EndpointError, ValueError) as error:
            sendings.refused(query, str(error))
            raise
        # Nothing is awaited in between: from here on the query can't be lost.
        query = sendings.accepted(query, handle.id)
        self.standing.sent.update(keys)
        return handle, query

    def _split(self, keys: Sequence[str], error: QueryTooLarge, jobs: deque[_Chunk]) -> None:
        if len(keys) == 1:
            # It was this sample, not the size of the queries that it was in.
            self.chunk_size = self._wanted_chunk_size
            self._troubles.meet(keys, error)
            return
        half = len(keys) // 2
        self.chunk_size = min(self.chunk_size, half)
        logger.info("The endpoint takes smaller queries only: %d samples.", half)
        jobs.extendleft((_Chunk(keys[half:]), _Chunk(keys[:half])))

    def _leave_out(self, keys: Sequence[str], error: QueryRejected, jobs: deque[_Chunk]) -> None:
        """Fail the samples that a refusal names; look for them by halves, if it names none."""
        refused = _refused(keys, error)
        self.standing.fail(refused)
        rest = [key for key in keys if key not in refused]
        if refused:
            if rest:
                jobs.appendleft(_Chunk(rest))
        elif len(rest) == 1:
            self._troubles.meet(rest, error)
        else:
            # A query that is refused costs nothing.
            half = len(rest) // 2
            jobs.extendleft((_Chunk(rest[half:]), _Chunk(rest[:half])))

    async def _send_again(self, chunk: _Chunk, error: EndpointError, jobs: deque[_Chunk]) -> None:
        if chunk.in_vain == SENT_AGAIN:
            self._troubles.meet(chunk.keys, error)
            return
        logger.warning("%s Its %d samples are sent again.", error, len(chunk.keys))
        await self.client.sleep(SENT_AGAIN_AFTER * 2**chunk.in_vain)
        jobs.appendleft(replace(chunk, in_vain=chunk.in_vain + 1))

    async def _receive(
        self, chunk: _Chunk, handle: QueryHandle, query: RecordedQuery, jobs: deque[_Chunk]
    ) -> None:
        try:
            await self._fetch(handle, query)
        except ResourceNotFound as error:
            self.ledger.fail_query(query, str(error))
            await self._send_again(chunk, error, jobs)
        except QueryFailed as error:
            self._troubles.meet(chunk.keys, error, query)
        except (BadAnswer, ResultExpired, QueryTimedOut) as error:
            # The query stays open: the next run fetches it again before it pays for another.
            self._troubles.meet(chunk.keys, error)

    async def _fetch(self, handle: QueryHandle, query: RecordedQuery) -> None:
        answer = await handle.fetch()
        keeping = Keeping(
            self.questions.question, self.client.settings, self.ledger, self.store, self.standing
        )
        unread = keeping.keep(query, answer, self.questions.counts.shape[1])
        self._troubles.over()
        if unread:
            why = next(output.fault for output in answer.outputs if output.fault is not None)
            error = BadAnswer(
                f"{len(unread)} of {len(answer.outputs)} outputs can't be read: {why}",
                host=self.client.settings.host,
                query_id=handle.id,
            )
            mine = [key for key in unread if key in self.questions.row_of]
            self._troubles.meet(mine, error, query)


def _refused(keys: Sequence[str], error: QueryRejected) -> dict[str, str]:
    """Return a sentence for each content key whose input the endpoint names as invalid."""
    said: dict[str, list[str]] = {}
    for fault in error.faults:
        if fault.sample is not None and fault.sample < len(keys):
            said.setdefault(keys[fault.sample], []).append(fault.message)
    return {
        key: f"The endpoint refused this sample: {'; '.join(dict.fromkeys(messages))}"
        for key, messages in said.items()
    }
