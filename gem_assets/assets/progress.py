"""How far a step is, in lines that don't flood a log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

Listener = Callable[[int, int, int], object]
"""Called with numbers of samples: done, total, known before."""

Reader = Callable[[str], object]
"""Called with a line that a person who waits should read at once."""

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)
_reader: ContextVar[Reader | None] = ContextVar("progress_reader", default=None)

_TOO_SHORT = 0.5  # seconds that say nothing of a rate


@contextmanager
def listening(listener: Listener, reader: Reader | None = None) -> Iterator[None]:
    """Let somebody hear of the progress of steps that this thread runs: the terminal."""
    before = _listener.set(listener), _reader.set(reader)
    try:
        yield
    finally:
        _listener.reset(before[0])
        _reader.reset(before[1])


def current_listener() -> Listener | None:
    """Return who listens to the steps of this thread, None if nobody does."""
    return _listener.get()


def tell(log: logging.Logger, line: str, level: int = logging.INFO) -> None:
    """Log a line, and show it to whoever waits for the steps of this thread."""
    log.log(level, "%s", line)
    reader = _reader.get()
    if reader is not None:
        reader(line)


def state_teller(log: logging.Logger, host: str) -> Callable[[StrEnum], None]:
    """Return what tells each new state of the model at a host."""
    return lambda state: tell(log, f"{host}: the model is {state.value}")


class SampleProgress:
    """Tells how many samples are done, how fast, and how long the rest will take.

    Parameters
    ----------
    say
        Takes a line.
    listener
        Hears of every change; `current_listener` for a step.
    seconds_between
        Between two lines; the end is told in any case.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        say: Callable[[str], object],
        *,
        listener: Listener | None = None,
        seconds_between: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._between = seconds_between
        self._clock = clock
        self._begun = clock()
        self._said_at: float | None = None
        self._said = ""
        self._made = 0
        self._listener = listener

    def __call__(self, done: int, total: int, known: int) -> None:
        """Take in how far the step is."""
        self._made = done - known
        if self._listener is not None:
            self._listener(done, total, known)
        now = self._clock()
        due = self._said_at is None or now - self._said_at >= self._between
        line = self._line(done, total, known)
        if (due or done == total) and line != self._said:
            self._said_at, self._said = now, line
            self._say(line)

    @property
    def samples_a_second(self) -> float:
        """Samples that were not known before, by the time since the beginning; 0 for none."""
        passed = self._clock() - self._begun
        return self._made / passed if passed > 0 else 0.0

    def _line(self, done: int, total: int, known: int) -> str:
        line = f"{done} of {total} samples predicted, {known} known before"
        rate = self.samples_a_second
        if rate <= 0 or self._clock() - self._begun < _TOO_SHORT:
            return line
        left = f", {duration((total - done) / rate)} left" if done < total else ""
        return f"{line}; {rate:.3g} a second{left}"


class RowProgress:
    """Tells now and then how far a long step is with its rows; of a short one, nothing.

    Parameters
    ----------
    say
        Takes a line.
    doing
        The line after the numbers: ``"cells read"``.
    total
        Number of rows.
    seconds_between
        Before the first line, and between two.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        say: Callable[[str], object],
        doing: str,
        total: int,
        *,
        seconds_between: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._doing = doing
        self._total = total
        self._between = seconds_between
        self._clock = clock
        self._begun = self._said_at = clock()
        self._done = 0

    def add(self, rows: int) -> None:
        """Take in that so many more rows are done."""
        self._done += rows
        now = self._clock()
        if now - self._said_at < self._between:
            return
        self._said_at = now
        left = (now - self._begun) * (self._total - self._done) / max(self._done, 1)
        rest = f"; {duration(left)} left" if left else ""
        self._say(f"{self._done:,} of {self._total:,} {self._doing}{rest}")


def duration(seconds: float) -> str:
    """Return a duration as people say it.

    Examples
    --------
    >>> duration(42.4), duration(260), duration(7300)
    ('42 s', '4 min', '2 h 2 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
