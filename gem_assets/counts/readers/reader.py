"""What a reader of a counts format must be able to do, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gem_assets.counts.matrix import CountMatrix, Counts
from gem_assets.counts.orientation import Orientation
from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import InputProblem


@dataclass(frozen=True, slots=True)
class CountsFile:
    """Counts as read from a file or folder.

    Attributes
    ----------
    counts
        The counts, samples x genes: a `CountMatrix`, or what reads them from the file in chunks of
        rows; int32 or int64 if every value (of a chunk) is whole, else float64.
    format
        Short name of the format, e.g. ``tsv`` or ``h5ad``.
    orientation
        How the file lay, where it may lie either way; else None.
    notes
        What the reader assumed or chose, a sentence each.
    problems
        Warnings; an error would have refused the file.
    """

    counts: Counts
    format: str
    orientation: Orientation | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[InputProblem, ...] = ()

    @property
    def matrix(self) -> CountMatrix:
        """All counts in memory; read now, if they weren't.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If the file can't be read to its end.
        """
        return CountMatrix.of(self.counts)


class Reader(Protocol):
    """Reader of one family of formats. It keeps no state."""

    rank: int
    """When it is asked: 10 by exact signature, 50 a family by its header, 90 any text."""

    reads: str
    """What it reads, for the sentence that lists what can be read."""

    def recognises(self, source: CountsSource) -> bool:
        """Tell by content, then by name, whether the source is of this family. Never raises."""
        ...

    def read(self, source: CountsSource) -> CountsFile:
        """Read a recognised source.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If it can't be used. The sentences leave the file's name out: ``read_counts`` puts it
            before each.
        """
        ...
