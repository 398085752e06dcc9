"""What was sent, written down before it is sent.

The protocol has no key by which an endpoint would know a query for one that it has already. So a
query whose process is killed, or whose connection breaks, between the sending and the endpoint's
answer may run and be paid for with nobody knowing its id. It can't be fetched; but it can be known,
and counted: its row was committed before the first byte left.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from gem_assets.predictions.claims import batches
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger_schema import queries, query_samples
from gem_assets.predictions.query_records import (
    AskedSample,
    QueryState,
    RecordedQuery,
    read_query,
)


class Sendings:
    """The ledger's record of what is sent, and of what is under way.

    Parameters
    ----------
    engine
        The ledger's database.
    clock
        Returns the present instant, aware.
    """

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, question: Question, samples: Sequence[AskedSample]) -> RecordedQuery:
        """Record, committed, that ``samples`` are about to be sent; state ``sending``."""
        query = RecordedQuery(uuid.uuid4().hex, "", question, tuple(samples), self._clock())
        with self._engine.begin() as connection:
            connection.execute(
                queries.insert().values(
                    id=query.id,
                    query_id="",
                    base_url=question.base_url,
                    served_by=question.served_by,
                    model_id=question.model_id,
                    model_version=question.model_version,
                    gene_order_hash=question.gene_order_hash,
                    seed=question.seed,
                    parameters=dict(question.parameters),
                    n=len(samples),
                    state=QueryState.SENDING.value,
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

    def accepted(self, query: RecordedQuery, query_id: str) -> RecordedQuery:
        """Record the endpoint's id of a query; state ``submitted``."""
        self._set([query.id], state=QueryState.SUBMITTED.value, query_id=query_id)
        return replace(query, query_id=query_id)

    def refused(self, query: RecordedQuery, sentence: str) -> None:
        """Record that the query was certainly not accepted."""
        self._end([query.id], QueryState.REFUSED, sentence)

    def uncertain(self, query: RecordedQuery, sentence: str) -> None:
        """Record that the query may have been accepted, and that its id never arrived."""
        self._end([query.id], QueryState.UNCERTAIN, sentence)

    def interrupted(self, keys: Iterable[str]) -> int:
        """Record as ``uncertain`` what other runs were sending; return the number of queries.

        Parameters
        ----------
        keys
            Content keys that this run has claimed: no live run is sending them.
        """
        found: set[str] = set()
        with self._engine.connect() as connection:
            for batch in batches(keys):
                rows = connection.execute(
                    sa.select(queries.c.id)
                    .join(query_samples)
                    .where(
                        queries.c.state == QueryState.SENDING.value,
                        query_samples.c.content_key.in_(batch),
                    )
                )
                found.update(rows.scalars())
        self._end(found, QueryState.UNCERTAIN, "Its process ended while it was being sent.")
        return len(found)

    def sent_twice(self, question: Question, counts_hash_of: Mapping[str, str]) -> set[str]:
        """Return the content keys that the endpoint accepted, or may have, more than once.

        A query without an answer counts whatever model version it was meant for: another one may
        have answered it.

        Parameters
        ----------
        question
            What is asked.
        counts_hash_of
            Hash of the counts of each content key.
        """
        twice: set[str] = set()
        accepted = queries.c.state != QueryState.REFUSED.value
        more_than_one = sa.func.count() > 1
        with self._engine.connect() as connection:
            for batch in batches(counts_hash_of):
                key = query_samples.c.content_key
                rows = sa.select(key).join(queries).where(accepted, key.in_(batch))
                twice.update(connection.execute(rows.group_by(key).having(more_than_one)).scalars())
            same = (accepted, *_whatever_version(question))
            counts_hash = query_samples.c.counts_hash
            in_vain = (
                sa.select(counts_hash)
                .join(queries)
                .where(*same, queries.c.state.not_in([QueryState.ANSWERED, QueryState.SUBMITTED]))
            )
            doubtful = set(connection.execute(in_vain).scalars())
            doubtful.intersection_update(counts_hash_of.values())
            again: set[str] = set()
            for batch in batches(doubtful):
                rows = sa.select(counts_hash).join(queries).where(*same, counts_hash.in_(batch))
                again.update(
                    connection.execute(rows.group_by(counts_hash).having(more_than_one)).scalars()
                )
        twice.update(key for key, hashed in counts_hash_of.items() if hashed in again)
        return twice

    def under_way(self, question: Question, counts_hashes: Iterable[str]) -> list[RecordedQuery]:
        """Return the queries in state ``submitted`` that ask for one of some samples, newest first.

        Queries that were sent when another model version was observed are among them: which
        version answers is not known before the answer is there.

        Parameters
        ----------
        question
            What is asked of them.
        counts_hashes
            Hashes of the samples' counts.
        """
        open_ones = sa.select(queries.c.id).where(
            queries.c.state == QueryState.SUBMITTED.value, *_whatever_version(question)
        )
        # Few: what live runs have under way, and what dead ones left.
        with self._engine.connect() as connection:
            ids = connection.execute(open_ones).scalars().all()
            found = [read_query(connection, query) for query in ids]
        wanted = set(counts_hashes)
        asked = [
            query
            for query in found
            if dict(query.question.parameters) == dict(question.parameters)
            and not wanted.isdisjoint(sample.counts_hash for sample in query.samples)
        ]
        return sorted(asked, key=lambda query: (query.submitted_at, query.id), reverse=True)

    def _end(self, ids: Iterable[str], state: QueryState, sentence: str) -> None:
        self._set(ids, state=state.value, sentence=sentence, finished_at=self._clock())

    def _set(self, ids: Iterable[str], **values: object) -> None:
        with self._engine.begin() as connection:
            for batch in batches(ids):
                connection.execute(queries.update().where(queries.c.id.in_(batch)).values(**values))


def _whatever_version(question: Question) -> tuple[sa.ColumnElement[bool], ...]:
    """Return what the queries of a question have in common; parameters aside."""
    return (
        queries.c.base_url == question.base_url,
        queries.c.model_id == question.model_id,
        queries.c.gene_order_hash == question.gene_order_hash,
        queries.c.seed == question.seed,
    )
