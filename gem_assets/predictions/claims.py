"""Claims: which run is asking which question, so that no two ask the same.

A claim is a row of the ledger. Its run renews it while it lives and releases it in the end. A claim
may be taken over when its process on this machine is gone, or when the run that wants it has itself
seen no renewal for the time of a lease.

That time is measured on the monotonic clock of the run that waits. The ledger holds instants of
wall clocks, which are compared for being different, never for being earlier. So a clock that jumps,
or two machines whose clocks disagree, make nobody ask what another is asking.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

import sqlalchemy as sa

from gem_assets.predictions.ledger_schema import claims

logger = logging.getLogger("gem_assets.predictions")

LEASE = timedelta(minutes=3)
"""How long a claim holds without renewal, from when another run first looks at it. Only a run that
died on another machine, or hangs, makes anybody wait this long."""

KEYS_A_STATEMENT = 500
"""Content keys in one SQL statement: below every database's limit of bound values."""

T = TypeVar("T")


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def batches(keys: Iterable[T], size: int = KEYS_A_STATEMENT) -> Iterator[Sequence[T]]:
    """Yield ``keys`` in lists of ``size`` at most."""
    listed = list(keys)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def this_machine() -> str:
    """Return a name of the space in which a process id means one process.

    That is the host's name, and on Linux its pid namespace: containers may share a host name.
    """
    namespace = Path("/proc/self/ns/pid")
    space = namespace.readlink().name if namespace.is_symlink() else ""
    return f"{socket.gethostname()}/{space}"


class Claims:
    """The claims of one run.

    Parameters
    ----------
    engine
        The ledger's database.
    clock
        Returns the present instant, aware.
    lease
        How long a claim holds without renewal.
    monotonic
        Seconds that only grow.
    """

    def __init__(
        self,
        engine: sa.Engine,
        clock: Callable[[], datetime] = utc_now,
        lease: timedelta = LEASE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._monotonic = monotonic
        self.lease = lease
        # By owner: its latest renewal, and when (monotonic) this run saw it first.
        self._renewals: dict[str, tuple[datetime, float]] = {}
        self.owner = f"{this_machine()}|{os.getpid()}|{uuid.uuid4().hex[:12]}"

    @contextmanager
    def held(self) -> Iterator[Self]:
        """Renew all claims inside the block, in a thread of its own, and release them after it."""
        left = threading.Event()

        def renew() -> None:
            while not left.wait(self.lease.total_seconds() / 3):
                try:
                    self.renew()
                except sa.exc.SQLAlchemyError as error:
                    # The next renewal may succeed; if none does, others ask the same again.
                    logger.warning("The claims of this run could not be renewed: %s", error)

        thread = threading.Thread(target=renew, name="gem-claims", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            left.set()
            thread.join()
            self.release()

    def claim(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that this run now holds; the others are held by a live run."""
        granted: set[str] = set()
        for batch in batches(dict.fromkeys(keys)):
            granted |= self._claim(batch)
        return granted

    def renew(self) -> None:
        """Extend all claims of this run by a lease from now."""
        with self._engine.begin() as connection:
            connection.execute(
                claims.update()
                .where(claims.c.owner == self.owner)
                .values(expires_at=self._clock() + self.lease)
            )

    def release(self, keys: Iterable[str] | None = None) -> None:
        """Give up the claims on ``keys``, or all of this run."""
        mine = claims.delete().where(claims.c.owner == self.owner)
        with self._engine.begin() as connection:
            if keys is None:
                connection.execute(mine)
                return
            for batch in batches(keys):
                connection.execute(mine.where(claims.c.content_key.in_(batch)))

    def _claim(self, keys: Sequence[str]) -> set[str]:
        while True:
            try:
                with self._engine.begin() as connection:
                    return self._claim_within(connection, keys)
            except sa.exc.IntegrityError:
                # On a database server another run inserted one of the keys in the meantime;
                # look again. (SQLite has one writer at a time.)
                continue

    def _claim_within(self, connection: sa.Connection, keys: Sequence[str]) -> set[str]:
        now = self._clock()
        wanted = claims.c.content_key.in_(keys)
        held = connection.execute(sa.select(claims.c.content_key, claims.c.owner).where(wanted))
        owner_of = {row[0]: row[1] for row in held}
        others = set(owner_of.values()) - {self.owner}
        given_up = [o for o in others if _is_gone(o) or self._is_silent(connection, o)]
        lease = {"owner": self.owner, "claimed_at": now, "expires_at": now + self.lease}
        connection.execute(
            claims.update()
            .where(wanted, claims.c.owner.in_([*given_up, self.owner]))
            .values(**lease)
        )
        free = [{"content_key": key, **lease} for key in keys if key not in owner_of]
        if free:
            connection.execute(claims.insert(), free)
        mine = sa.select(claims.c.content_key).where(wanted, claims.c.owner == self.owner)
        return set(connection.execute(mine).scalars())

    def _is_silent(self, connection: sa.Connection, owner: str) -> bool:
        """Tell whether this run has seen no renewal by ``owner`` for the time of a lease."""
        renewed = connection.execute(
            sa.select(sa.func.max(claims.c.expires_at)).where(claims.c.owner == owner)
        ).scalar_one()
        seen, since = self._renewals.get(owner, (None, 0.0))
        if renewed != seen:
            self._renewals[owner] = (renewed, self._monotonic())
            return False
        return self._monotonic() - since >= self.lease.total_seconds()


def _is_gone(owner: str) -> bool:
    """Tell whether the owner was a process of this machine that doesn't run any more."""
    machine, pid, _ = owner.rsplit("|", 2)
    # On Windows a signal of 0 would end the process that is asked after.
    if os.name != "posix" or machine != this_machine():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
