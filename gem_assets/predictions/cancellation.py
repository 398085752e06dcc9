"""Finishing what must not be broken off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import anyio.lowlevel

T = TypeVar("T")


async def finish_despite_cancellation(call: Callable[[], Awaitable[T]], grace_seconds: float) -> T:
    """Return what ``call`` returns; if cancelled meanwhile, let it go on for a while first.

    A query that is broken off while it is being submitted may have been accepted, and be paid for
    with nobody knowing its id.

    Parameters
    ----------
    call
        What to finish.
    grace_seconds
        How long it may go on after a cancellation.
    """
    results: list[T] = []
    failures: list[Exception] = []
    finished = anyio.Event()

    async def limit_after_cancellation() -> None:
        try:
            await finished.wait()
        except anyio.get_cancelled_exc_class():
            shielded.deadline = anyio.current_time() + grace_seconds
            raise

    async with anyio.create_task_group() as group:
        shielded = anyio.CancelScope(shield=True)
        group.start_soon(limit_after_cancellation)
        with shielded:
            # Raised here, a failure would come out wrapped in an exception group.
            try:
                results.append(await call())
            except Exception as error:  # noqa: BLE001
                failures.append(error)
        finished.set()
    # Leave by the cancellation, if there was one.
    await anyio.lowlevel.checkpoint_if_cancelled()
    if failures:
        raise failures[0]
    return results[0]
