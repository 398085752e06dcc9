"""The ledger's tables, and how its database is opened.

SQLAlchemy Core, no ORM. Any database by URL; a SQLite file in WAL mode by default, so that
several processes of one machine can write to it. No key, no signed URL and no count is ever
written here.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry

from gem_assets.predictions.errors import LedgerRefusedError

LEDGER_VERSION = 1
"""Version of the tables below."""

BUSY_TIMEOUT_SECONDS = 30
"""How long a SQLite writer waits for another before it gives up; a write takes milliseconds."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Instants in UTC: aware in Python, naive UTC in the database."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return ``value`` as naive UTC."""
        del dialect
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        """Return the stored instant, aware."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


_KEY = sa.String(64)
_NAME = sa.String(255)

metadata = sa.MetaData()

ledger_info = sa.Table("ledger_info", metadata, sa.Column("version", sa.Integer, nullable=False))

queries = sa.Table(
    "queries",
    metadata,
    # Ours: an endpoint that is restarted may give an id of its own twice.
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("query_id", _NAME, nullable=False),
    sa.Column("base_url", _NAME, nullable=False),
    sa.Column("served_by", _NAME, nullable=False),
    sa.Column("model_id", _NAME, nullable=False),
    sa.Column("model_version", _NAME, nullable=False),
    sa.Column("gene_order_hash", _NAME, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("sentence", sa.Text),
    sa.Column("submitted_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
)

query_samples = sa.Table(
    "query_samples",
    metadata,
    sa.Column("query", _KEY, sa.ForeignKey("queries.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content_key", _KEY, nullable=False, index=True),
    # An answer may bring another model version, and then gets another content key: this makes it.
    sa.Column("counts_hash", _NAME, nullable=False),
)

# Files of the store that the index below has taken in.
files = sa.Table("files", metadata, sa.Column("name", _NAME, primary_key=True))

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("content_key", _KEY, primary_key=True),
    sa.Column("file", _NAME, nullable=False, index=True),
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("content_key", _KEY, primary_key=True),
    sa.Column("owner", _NAME, nullable=False, index=True),
    sa.Column("claimed_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)

observations = sa.Table(
    "observations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("served_by", _NAME, nullable=False),
    sa.Column("base_url", _NAME, nullable=False),
    sa.Column("model_id", _NAME, nullable=False),
    sa.Column("model_version", _NAME, nullable=False),
    sa.Column("gene_order_hash", _NAME, nullable=False),
    sa.Column("observed_at", UtcDateTime, nullable=False),
    sa.Index("observations_of", "base_url", "model_id", "observed_at"),
)

# How long a model took to answer the canary that woke it.
wakes = sa.Table(
    "wakes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("base_url", _NAME, nullable=False),
    sa.Column("model_id", _NAME, nullable=False),
    sa.Column("ready_at", UtcDateTime, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)


def open_ledger_database(url: str | sa.URL) -> sa.Engine:
    """Return an engine on the ledger's database, its tables made where they are missing.

    Parameters
    ----------
    url
        Any SQLAlchemy URL, e.g. ``sqlite:///results/ledger.sqlite``.

    Raises
    ------
    LedgerRefusedError
        If the URL is a SQLite database in memory, the database's driver isn't installed, it can't
        be opened, or the ledger was written by another version.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        try:
            engine = sa.create_engine(parsed)
        except ModuleNotFoundError as error:
            raise LedgerRefusedError(
                f"The ledger's database ({parsed.drivername}) needs the Python package "
                f"{error.name!r}, which isn't installed. Install it, or use "
                "sqlite:///results/ledger.sqlite."
            ) from error
    else:
        if parsed.database in (None, "", ":memory:"):
            raise LedgerRefusedError(
                "The ledger can't be a SQLite database in memory: it must outlive a killed run. "
                "Give it a file, e.g. sqlite:///results/ledger.sqlite."
            )
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_immediate)
    try:
        _make_tables(engine)
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise LedgerRefusedError(
            f"The ledger {engine.url.render_as_string(hide_password=True)} can't be opened "
            f"({error.orig}). Get the right to write there, or wait for whoever locks it. If it is "
            "damaged, move it away: answers that came in are found again in the folder "
            "predictions; queries that were under way are not."
        ) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _configure_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    # Leave BEGIN to us (below); the driver's own opens transactions too late to be of use.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    # A query id that a power cut takes away is a paid answer that nobody can fetch.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Turn WAL mode on, once in the life of a database file.

    This one statement doesn't wait for the lock of another process that does the same, whatever
    the connection's timeout is. So the waiting is done here.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode")
            if cursor.fetchone() != ("wal",):
                cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_immediate(connection: sa.Connection) -> None:
    # A transaction that reads first and then writes fails in WAL mode if another process wrote in
    # between; one that starts as a writer waits instead.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _make_tables(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        metadata.create_all(connection)
        version = connection.execute(sa.select(ledger_info.c.version)).scalar()
        if version is None:
            connection.execute(ledger_info.insert().values(version=LEDGER_VERSION))
        elif version != LEDGER_VERSION:
            raise LedgerRefusedError(
                f"The ledger {engine.url.render_as_string(hide_password=True)} has version "
                f"{version} of its tables, this gem-assets reads version {LEDGER_VERSION}. Use "
                "the gem-assets that wrote it, or name another ledger; the answers in the store "
                "folder are found again without it."
            )
