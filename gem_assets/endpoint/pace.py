"""Requests a second: each waits for its turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Pace:
    """Turns that are at least ``1 / requests_per_second`` seconds apart.

    No burst is saved up in quiet times: a server that counts requests by the second sees at most
    one more than it allows, whichever second it looks at.

    Parameters
    ----------
    requests_per_second
        None for no limit.
    clock, sleep
        Seconds that only grow, and a wait.
    """

    def __init__(self, requests_per_second: float | None, *, clock: Clock, sleep: Sleep) -> None:
        self._gap = 0.0 if requests_per_second is None else 1 / requests_per_second
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0

    async def turn(self) -> None:
        """Return when the next request may be sent."""
        if not self._gap:
            return
        # Taken before waiting: whoever comes meanwhile gets the turn after this one.
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + self._gap
        if turn > now:
            await self._sleep(turn - now)
