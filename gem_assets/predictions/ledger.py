"""The ledger: what was asked of which endpoint, what became of it, and where the answers lie.

A query is recorded before its answer is awaited, so that a run that dies leaves behind what the
next one needs to fetch the answer that is paid for. The answers themselves are files of the
`gem_assets.predictions.store.Store`; what the ledger knows of them is an index that can be made
again from the files.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType

import sqlalchemy as sa

from gem_assets.predictions.claims import LEASE, Claims, batches, utc_now
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger_schema import (
    answers,
    files,
    open_ledger_database,
    queries,
    query_samples,
)
from gem_assets.predictions.observation_log import ObservationLog


class QueryState(StrEnum):
    """What is known of a query: no word yet, its answer is in the store, or it has none."""

    SUBMITTED = "submitted"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AskedSample:
    """One sample of a query: its content key, and the hash of the counts that were sent."""

    content_key: str
    counts_hash: str


@dataclass(frozen=True, slots=True)
class RecordedQuery:
    """A query as it was submitted.

    Attributes
    ----------
    id
        The ledger's name of the query.
    query_id
        The endpoint's.
    question, samples
        What was asked; samples in the order of the inputs.
    submitted_at
        When (UTC).
    """

    id: str
    query_id: str
    question: Question
    samples: tuple[AskedSample, ...]
    submitted_at: datetime


class Ledger:
    """The ledger of one results folder, or of many workers. Use it as a context manager.

    Parameters
    ----------
    url
        SQLAlchemy URL of its database, e.g. ``sqlite:///results/ledger.sqlite``.
    clock
        Returns the present instant, aware.
    lease
        How long the claim of a run holds without renewal.

    Attributes
    ----------
    observations
        What was seen of endpoints.

    Raises
    ------
    gem_assets.predictions.errors.LedgerRefusedError
        If the database can't be used as a ledger.
    """

    def __init__(
        self,
        url: str | sa.URL,
        *,
        clock: Callable[[], datetime] = utc_now,
        lease: timedelta = LEASE,
    ) -> None:
        self._engine = open_ledger_database(url)
        self._clock = clock
        self._lease = lease
        self.observations = ObservationLog(self._engine, clock)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection to the database."""
        self._engine.dispose()

    def claims(self) -> Claims:
        """Return a new owner of claims: one run."""
        return Claims(self._engine, self._clock, self._lease)

    def now(self) -> datetime:
        """Return the present instant by the ledger's clock."""
        return self._clock()

    # -- queries ---------------------------------------------------------------------------------

    def record_query(
        self, query_id: str, question: Question, samples: Sequence[AskedSample]
    ) -> RecordedQuery:
        """Record, committed, that ``samples`` were sent as ``query_id``; state ``submitted``."""
        query = RecordedQuery(uuid.uuid4().hex, query_id, question, tuple(samples), self._clock())
        with self._engine.begin() as connection:
            connection.execute(
                queries.insert().values(
                    id=query.id,
                    query_id=query_id,
                    base_url=question.base_url,
                    served_by=question.served_by,
                    model_id=question.model_id,
                    model_version=question.model_version,
                    gene_order_hash=question.gene_order_hash,
                    seed=question.seed,
                    parameters=dict(question.parameters),
                    n=len(samples),
                    state=QueryState.SUBMITTED.value,
                    submitted_at=query.submitted_at,
                )
            )
            connection.execute(
                query_samples.insert(),
                [
                    {
                        "query": query.id,
                        "position": position,
                        "content_key": sample.content_key,
                        "counts_hash": sample.counts_hash,
                    }
                    for position, sample in enumerate(samples)
                ],
            )
        return query

    def unanswered_queries(self, keys: Iterable[str]) -> list[RecordedQuery]:
        """Return the queries in state ``submitted`` that ask one of ``keys``, newest first."""
        ids: set[str] = set()
        with self._engine.connect() as connection:
            for batch in batches(keys):
                rows = connection.execute(
                    sa.select(queries.c.id)
                    .join(query_samples)
                    .where(
                        queries.c.state == QueryState.SUBMITTED.value,
                        query_samples.c.content_key.in_(batch),
                    )
                    .distinct()
                )
                ids.update(rows.scalars())
            found = [_read_query(connection, query) for query in ids]
        return sorted(found, key=lambda query: (query.submitted_at, query.id), reverse=True)

    def fail_query(self, query: RecordedQuery, sentence: str) -> None:
        """Record that the query has no answer and never will."""
        with self._engine.begin() as connection:
            self._finish(connection, query, QueryState.FAILED, sentence)

    def query_states(self) -> dict[str, int]:
        """Return the number of queries by state."""
        counted = sa.select(queries.c.state, sa.func.count()).group_by(queries.c.state)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(counted)}

    def _finish(
        self,
        connection: sa.Connection,
        query: RecordedQuery,
        state: QueryState,
        sentence: str | None = None,
    ) -> None:
        connection.execute(
            queries.update()
            .where(queries.c.id == query.id)
            .values(state=state.value, sentence=sentence, finished_at=self._clock())
        )

    # -- answers ---------------------------------------------------------------------------------

    def record_answers(
        self, file: str, keys: Iterable[str], query: RecordedQuery | None = None
    ) -> None:
        """Record that ``file`` of the store holds the answers to ``keys``, and to ``query``."""
        with self._engine.begin() as connection:
            connection.execute(files.delete().where(files.c.name == file))
            connection.execute(files.insert().values(name=file))
            for batch in batches(dict.fromkeys(keys)):
                connection.execute(answers.delete().where(answers.c.content_key.in_(batch)))
                connection.execute(
                    answers.insert(), [{"content_key": key, "file": file} for key in batch]
                )
            if query is not None:
                self._finish(connection, query, QueryState.ANSWERED)

    def files_of(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the store's file of each of ``keys`` that has an answer."""
        found: dict[str, str] = {}
        with self._engine.connect() as connection:
            for batch in batches(keys):
                rows = connection.execute(
                    sa.select(answers.c.content_key, answers.c.file).where(
                        answers.c.content_key.in_(batch)
                    )
                )
                found.update((key, file) for key, file in rows)
        return found

    def files(self) -> set[str]:
        """Return the names of all files of the store that the index knows."""
        with self._engine.connect() as connection:
            return set(connection.execute(sa.select(files.c.name)).scalars())

    def forget_files(self, names: Iterable[str]) -> None:
        """Drop files of the store from the index; their keys count as never answered."""
        with self._engine.begin() as connection:
            for batch in batches(names):
                connection.execute(files.delete().where(files.c.name.in_(batch)))
                connection.execute(answers.delete().where(answers.c.file.in_(batch)))


def _read_query(connection: sa.Connection, query: str) -> RecordedQuery:
    asked = connection.execute(sa.select(queries).where(queries.c.id == query)).one()
    samples = connection.execute(
        sa.select(query_samples.c.content_key, query_samples.c.counts_hash)
        .where(query_samples.c.query == query)
        .order_by(query_samples.c.position)
    )
    question = Question(
        asked.served_by,
        asked.base_url,
        asked.model_id,
        asked.model_version,
        asked.gene_order_hash,
        asked.seed,
        asked.parameters,
    )
    return RecordedQuery(
        query,
        asked.query_id,
        question,
        tuple(AskedSample(*sample) for sample in samples),
        asked.submitted_at,
    )
