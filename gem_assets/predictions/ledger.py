"""The ledger: what was asked of which endpoint, what became of it, and where the answers lie.

A query is recorded before it is sent and again when it has an id, so that a run that dies leaves
behind what the next one needs to fetch the answer that is paid for. The answers themselves are
files of the `gem_assets.predictions.store.Store`; what the ledger knows of them is an index that
can be made again from the files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import TracebackType

import sqlalchemy as sa

from gem_assets.predictions.claims import LEASE, Claims, batches, utc_now
from gem_assets.predictions.ledger_schema import answers, files, open_ledger_database, queries
from gem_assets.predictions.observation_log import ObservationLog
from gem_assets.predictions.query_records import QueryState, RecordedQuery
from gem_assets.predictions.sendings import Sendings
from gem_assets.predictions.wake_log import WakeLog


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
    monotonic
        Seconds that only grow; by these a lease is measured.

    Attributes
    ----------
    observations
        What was seen of endpoints.
    sendings
        What is being sent and under way.
    wakes
        How long models took to wake.

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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = open_ledger_database(url)
        self._clock = clock
        self._lease = lease
        self._monotonic = monotonic
        self.observations = ObservationLog(self._engine, clock)
        self.sendings = Sendings(self._engine, clock)
        self.wakes = WakeLog(self._engine, clock)

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
        return Claims(self._engine, self._clock, self._lease, self._monotonic)

    def now(self) -> datetime:
        """Return the present instant by the ledger's clock."""
        return self._clock()

    # -- queries ---------------------------------------------------------------------------------

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
