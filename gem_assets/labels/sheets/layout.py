"""What a format of sample sheets must be able to do, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from gem_assets.labels.delimited import DelimitedTable
from gem_assets.labels.sheet_file import SheetText
from gem_assets.problems import InputProblem


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A sheet as a table, before its columns have our names.

    Attributes
    ----------
    frame
        Text cells under the file's own names, which are unique; columns that the format derived
        have our names.
    lines
        Where each row stands in the file, from 1.
    unit
        What ``lines`` counts: ``line``, ``column`` or ``cell``.
    sample_columns
        Columns that may name the samples, the likeliest first; the one that names most samples of
        the counts is taken.
    meanings
        Columns of the format that mean one of ours. The synonyms of
        `gem_assets.labels.columns` need not be among them.
    perhaps
        Columns of free text that may mean one of ours: read where no other column does, and only
        those of their cells that name a term.
    ignored
        Columns that are not what their name says to us.
    merges
        Whether rows of one sample are its runs or lanes, and may be merged.
    notes
        What the format assumed, a sentence each.
    problems
        Warnings.
    """

    frame: pd.DataFrame
    lines: tuple[int, ...]
    sample_columns: tuple[str, ...] = ("sample_id",)
    unit: str = "line"
    meanings: Mapping[str, str] = field(default_factory=dict)
    perhaps: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    merges: bool = False
    notes: tuple[str, ...] = ()
    problems: tuple[InputProblem, ...] = ()

    def places(self, rows: Sequence[int]) -> str:
        """Return where some rows (from 0) stand: ``line 3``, ``lines 3, 5``."""
        numbers = ", ".join(str(self.lines[row]) for row in rows[:10])
        more = ", ..." if len(rows) > 10 else ""
        return f"{self.unit}{'s' if len(rows) > 1 else ''} {numbers}{more}"

    @classmethod
    def of(cls, table: DelimitedTable) -> Layout:
        """Return a table as it is."""
        return cls(table.frame(), table.lines)


class SheetFormat(Protocol):
    """One format of sample sheets. It keeps no state."""

    name: str
    """Short name, e.g. ``sdrf``."""

    rank: int
    """Formats are asked in this order: 10 for an unmistakable beginning, 50 for a header, 90 for
    any table."""

    def recognises(self, text: SheetText) -> bool:
        """Tell by its header. Never raises."""
        ...

    def lay_out(self, text: SheetText) -> Layout:
        """Return the table.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If it is malformed.
        """
        ...
