"""Queries as the ledger records them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger_schema import queries, query_samples


class QueryState(StrEnum):
    """What is known of a query.

    ::

        sending ──> submitted ──> answered   its answer is in the store
           │            └───────> failed     it has no answer and never will
           ├──────────> refused              it was certainly not accepted: nothing is owed
           └──────────> uncertain            it may have been accepted, and nobody knows its id

    A query that is ``sending`` while no live run claims its samples is one whose process ended
    while it was on its way.
    """

    SENDING = "sending"
    SUBMITTED = "submitted"
    ANSWERED = "answered"
    FAILED = "failed"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


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
        The endpoint's; empty as long as none has arrived.
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


def read_query(connection: sa.Connection, query: str) -> RecordedQuery:
    """Return the query that the ledger calls ``query``."""
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
