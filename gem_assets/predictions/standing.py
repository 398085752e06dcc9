"""How far a run is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Progress = Callable[[int, int, int], object]
"""Called with numbers of samples: done (failures too), total, reused."""


@dataclass(slots=True, eq=False)
class Standing:
    """What became of each content key of a run so far.

    Attributes
    ----------
    samples
        Number of the run's samples that each content key stands for.
    on_progress
        Told after each change.
    found
        The store's file of each key that this run did not have to ask.
    answered
        The store's file of each key that this run had answered.
    failures
        Sentence of each key that was refused or failed.
    sent, resumed
        Keys that this run sent, and keys whose answer it fetched for an earlier run.
    """

    samples: Mapping[str, int]
    on_progress: Progress | None = None
    found: dict[str, str] = field(default_factory=dict)
    answered: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    resumed: set[str] = field(default_factory=set)
    _total: int = field(init=False)
    _done: int = field(init=False, default=0)
    _reused: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._total = sum(self.samples.values())

    @property
    def files(self) -> dict[str, str]:
        """The store's file of each key that has an answer."""
        return {**self.answered, **self.found}

    @property
    def open_keys(self) -> list[str]:
        """Keys with neither an answer nor a failure, in the order of the samples."""
        closed = (self.found, self.answered, self.failures)
        return [key for key in self.samples if not any(key in keys for keys in closed)]

    @property
    def reused(self) -> int:
        """Number of samples that this run did not have to ask."""
        return self._reused

    def find(self, files: Mapping[str, str]) -> None:
        """Note answers that were there already."""
        if files:
            self._close(files)
            self._reused += self._count(key for key in files if key not in self.found)
            self.found.update(files)
            self._tell()

    def keep(self, keys: Iterable[str], file: str) -> None:
        """Note answers that this run got; keys that aren't its own are left out."""
        own = [key for key in keys if key in self.samples]
        self._close(own)
        self.answered.update(dict.fromkeys(own, file))
        self._tell()

    def fail(self, sentences: Mapping[str, str]) -> None:
        """Note keys that get no answer, and why."""
        if sentences:
            self._close(sentences)
            self.failures.update(sentences)
            self._tell()

    def _close(self, keys: Iterable[str]) -> None:
        """Count the samples of keys that were open; a look at all keys each time would be slow."""
        closed = (self.found, self.answered, self.failures)
        self._done += self._count(
            key for key in dict.fromkeys(keys) if not any(key in known for known in closed)
        )

    def _tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self._done, self._total, self._reused)

    def _count(self, keys: Iterable[str]) -> int:
        return sum(self.samples.get(key, 0) for key in keys)
