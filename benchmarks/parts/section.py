"""A part of a benchmark's page: a table, what it must show, and whether it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from gem_assets.qc.history import flagged_rate


@dataclass(frozen=True, slots=True)
class Bound:
    """Something that a figure must reach, in a sentence, and whether it does."""

    sentence: str
    met: bool

    def __str__(self) -> str:
        return f"**{'met' if self.met else 'MISSED'}**: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Section:
    """One table.

    Attributes
    ----------
    title
        Heading.
    about
        What was done, in sentences.
    head, lines
        The table's cells as text. Names stand on the left, columns that begin with ``n`` or hold
        shares on the right: all but the first ``names``.
    names
        Number of columns that name a line.
    bounds
        What it must show.
    rows
        The same in numbers, for the results file.
    """

    title: str
    about: str
    head: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()
    names: int = 1
    bounds: tuple[Bound, ...] = ()
    rows: Sequence[dict[str, Any]] = field(default=(), repr=False)

    def as_markdown(self) -> list[str]:
        """Return the lines of its page."""
        ruled = ["---"] * self.names + ["---:"] * (len(self.head) - self.names)
        table = [self.head, ruled, *self.lines] if self.lines else []
        return [
            f"## {self.title}",
            "",
            self.about,
            "",
            *(f"| {' | '.join(cells)} |" for cells in table),
            *([""] if table else []),
            *(f"- {bound}" for bound in self.bounds),
            *([""] if self.bounds else []),
        ]

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return what ``dataclasses.asdict`` of a section was written from."""
        bounds = tuple(Bound(**bound) for bound in content["bounds"])
        return cls(**{**content, "bounds": bounds})


def rate(k: int, n: int) -> str:
    """Return a share with its 95 % Wilson interval, in percent."""
    share, low, high = flagged_rate(k, n)
    if share is None or low is None or high is None:
        return "none"
    return f"{100 * share:.2f} % ({100 * low:.2f} to {100 * high:.2f})"
