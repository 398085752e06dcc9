"""Asking an endpoint: in chunks, several at a time, each answer kept as soon as it is there."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import anyio
from scipy import sparse

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.errors import (
    BadAnswer,
    QueryFailed,
    QueryRejected,
    QueryTimedOut,
    QueryTooLarge,
    ResourceNotFound,
)
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.observation import ObservedModel, served_by
from gem_assets.endpoint.query import QueryHandle
from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.answers import answer_rows
from gem_assets.predictions.cancellation import finish_despite_cancellation
from gem_assets.predictions.errors import (
    GeneOrderChangedError,
    ModelVersionChangedError,
    TooManyNewSamplesError,
)
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger import AskedSample, Ledger, RecordedQuery
from gem_assets.predictions.observations import remember
from gem_assets.predictions.standing import Standing
from gem_assets.predictions.store import Store

logger = logging.getLogger("gem_assets.predictions")

SUBMIT_GRACE_SECONDS = 30.0
"""How long a query that is being sent may go on when the run is cancelled."""

GIVEN_UP_AFTER = timedelta(days=1)
"""A query that has no word after this long is lost on the endpoint, and its samples are asked
anew. (The vendor's client gives up after 15 minutes; queries of a cold or busy model take longer
than usual, not days.)"""

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
    counts: sparse.csr_array
    row_of: Mapping[str, int]
    counts_hash_of: Mapping[str, str]


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
    standing: Standing
    chunk_size: int
    concurrency: int
    max_new_samples: int | None

    async def answer(self, keys: Collection[str]) -> None:
        """Get an answer or a failure for each of ``keys``, which this run has claimed.

        Raises
        ------
        TooManyNewSamplesError
            If that takes sending more samples than are allowed; then none was sent.
        ModelVersionChangedError, GeneOrderChangedError
            If an answer is not of the model that was observed.
        gem_assets.endpoint.errors.EndpointError
            If the endpoint can't go on. Queries that were under way are waited for before.
        """
        await self._each(deque(self.ledger.unanswered_queries(keys)), self._resume)
        new = [key for key in keys if key not in self.standing.answered]
        if not new:
            return
        host = self.client.settings.host
        n = len(self.standing.sent) + len(new)
        if self.max_new_samples is not None and n > self.max_new_samples:
            raise TooManyNewSamplesError(n, self.max_new_samples, host)
        logger.info(
            "Sending %d samples to %s (%s), %d at a time.",
            len(new),
            host,
            self.questions.question.model_id,
            self.chunk_size,
        )
        await self._each(deque([new]), self._ask)

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
        try:
            answer = await self._fetch(handle)
        except (QueryFailed, ResourceNotFound, BadAnswer, QueryTimedOut) as error:
            age = self.ledger.now() - query.submitted_at
            if isinstance(error, QueryTimedOut) and age < GIVEN_UP_AFTER:
                raise
            self.ledger.fail_query(query, str(error))
            logger.warning("%s Its samples are asked for anew.", error)
            return
        before = set(self.standing.answered)
        self._keep(query, answer)
        self.standing.resumed.update(set(self.standing.answered) - before)

    # -- new queries -------------------------------------------------------------------------------

    async def _ask(self, keys: list[str], jobs: deque[list[str]]) -> None:
        if len(keys) > self.chunk_size:
            jobs.appendleft(keys[self.chunk_size :])
            keys = keys[: self.chunk_size]
        try:
            handle, query = await finish_despite_cancellation(
                lambda: self._submit(keys), SUBMIT_GRACE_SECONDS
            )
        except QueryTooLarge:
            if len(keys) == 1:
                raise
            self.chunk_size = min(self.chunk_size, len(keys) // 2)
            logger.info("The endpoint takes smaller queries only: %d samples.", self.chunk_size)
            jobs.appendleft(keys)
            return
        except QueryRejected as error:
            refused = _refused(keys, error)
            if not refused:
                raise
            self.standing.fail(refused)
            rest = [key for key in keys if key not in refused]
            if rest:
                jobs.appendleft(rest)
            return
        try:
            answer = await self._fetch(handle)
        except QueryFailed as error:
            self.ledger.fail_query(query, str(error))
            self.standing.fail(dict.fromkeys(keys, str(error)))
        except BadAnswer as error:
            # The query stays open: the next run fetches it again before it pays for another.
            self.standing.fail(dict.fromkeys(keys, str(error)))
        else:
            self._keep(query, answer)

    async def _submit(self, keys: Sequence[str]) -> tuple[QueryHandle, RecordedQuery]:
        questions = self.questions
        rows = [questions.row_of[key] for key in keys]
        handle = await self.client.submit(
            questions.counts[rows],
            seed=questions.question.seed,
            parameters=questions.question.parameters,
        )
        # Nothing is awaited in between: from here on the query can't be lost.
        query = self.ledger.record_query(
            handle.id,
            questions.question,
            [AskedSample(key, questions.counts_hash_of[key]) for key in keys],
        )
        self.standing.sent.update(keys)
        return handle, query

    # -- answers -----------------------------------------------------------------------------------

    async def _fetch(self, handle: QueryHandle) -> PredictionAnswer:
        answer = await handle.fetch()
        n_genes = self.questions.counts.shape[1]
        # The client checks this against the gene order that the answer brings, if it brings one.
        outputs = answer.outputs if answer.gene_order is None else []
        for i, output in enumerate(outputs):
            if output.counts is not None and len(output.counts) != n_genes:
                raise BadAnswer(
                    f"decoder_sample of output {i} has {len(output.counts)} counts for {n_genes} "
                    "genes",
                    host=self.client.settings.host,
                    query_id=handle.id,
                )
        return answer

    def _keep(self, query: RecordedQuery, answer: PredictionAnswer) -> None:
        asked = query.question
        version = answer.model_version or asked.model_version
        source = served_by(self.client.settings.mode, version)
        found = replace(asked, model_version=version, served_by=source)
        order = asked.gene_order_hash
        if answer.gene_order is not None:
            order = hash_gene_ids(answer.gene_order)
        if found != asked or order != asked.gene_order_hash:
            self._observe_anew(found, answer.gene_order)
        if order != asked.gene_order_hash:
            changed = GeneOrderChangedError(asked.model_id, asked.gene_order_hash, order)
            self.ledger.fail_query(query, str(changed))
            raise changed
        rows = answer_rows(
            found,
            [sample.counts_hash for sample in query.samples],
            answer.outputs,
            self.ledger.now(),
        )
        name = self.store.write(rows)
        keys: list[str] = rows.column("content_key").to_pylist()
        self.ledger.record_answers(name, keys, query)
        if found != asked:
            raise ModelVersionChangedError(asked.model_id, asked.model_version, version)
        self.standing.keep(keys, name)

    def _observe_anew(self, found: Question, gene_order: tuple[str, ...] | None) -> None:
        """Make the next look at the endpoint see what has just answered."""
        if gene_order is None:
            self.ledger.observations.forget(found.base_url, found.model_id)
            return
        model = ObservedModel(
            model_id=found.model_id,
            model_version=found.model_version,
            gene_order=gene_order,
            served_by=found.served_by,
            base_url=found.base_url,
        )
        remember(model, self.ledger, self.store)


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
