"""Wait for DuckDB's file lock: one process writes at a time, and any open reader blocks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import stamina

from gem_assets.warehouse.errors import WarehouseError, WarehouseLockedError

_HOLDER = re.compile(r"lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


@dataclass(frozen=True, slots=True)
class LockPatience:
    """How long to wait for a warehouse that somebody else has open.

    Waits grow from ``wait_initial`` to ``wait_max`` and are jittered, so that several waiting
    writers do not all come back at once (without jitter, four writers of 3 s each took 22.8 s).

    Attributes
    ----------
    timeout
        Seconds after which to give up.
    attempts
        Openings after which to give up, None for as many as the timeout allows.
    wait_initial, wait_max, wait_jitter
        Seconds; see :func:`stamina.retry`.
    """

    timeout: float = 120.0
    attempts: int | None = None
    wait_initial: float = 0.05
    wait_max: float = 2.0
    wait_jitter: float = 0.5

    def __str__(self) -> str:
        tries = "" if self.attempts is None else f" or {self.attempts} attempts"
        return f"after {self.timeout:g} s{tries}"


def open_patiently(
    path: Path,
    purpose: str,
    patience: LockPatience,
    connect: Callable[[], duckdb.DuckDBPyConnection],
) -> duckdb.DuckDBPyConnection:
    """Return ``connect()``, tried again while the file is locked.

    Raises
    ------
    WarehouseLockedError
        If it is still locked when the patience ends.
    WarehouseError
        If DuckDB can't open it for another reason: not a DuckDB file, no permission...
    """
    try:
        for attempt in stamina.retry_context(
            on=_is_locked,
            attempts=patience.attempts,
            timeout=patience.timeout,
            wait_initial=patience.wait_initial,
            wait_max=patience.wait_max,
            wait_jitter=patience.wait_jitter,
        ):
            with attempt:
                return connect()
    except duckdb.Error as error:
        if not _is_locked(error):
            raise WarehouseError(
                f"DuckDB could not open the warehouse {path} to {purpose}: {error}"
            ) from error
        holder, pid = _holder(str(error))
        raise WarehouseLockedError(path, holder, purpose, str(patience), pid) from error
    raise AssertionError(
        "stamina ended without a result"
    )  # pragma: no cover - it returns or raises


def _is_locked(error: Exception) -> bool:
    """Return whether the file is open elsewhere: in another process, or in this one.

    Within one process DuckDB sees its own other instances rather than the file's lock: it refuses a
    second handle of the file, or a second configuration (reading while another thread writes).
    """
    if isinstance(error, duckdb.IOException):
        return "lock" in str(error)
    if isinstance(error, duckdb.ConnectionException):
        return "different configuration" in str(error)
    return "Unique file handle conflict" in str(error)


def _holder(message: str) -> tuple[str, int | None]:
    found = _HOLDER.search(message)
    if found is None:
        another = "another process" if "lock" in message else "another connection of this process"
        return another, None
    return f"another process ({found['program']}, PID {found['pid']})", int(found["pid"])
