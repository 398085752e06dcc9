"""Read a counts file and refuse what isn't raw counts: the door that every count comes in by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.counts.facts import CountsFacts, Survey
from gem_assets.counts.inspection import judge_counts
from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.readers import read_counts
from gem_assets.problems import InputProblem
from gem_assets.settings import Modality
from gem_assets.severities import accept

if TYPE_CHECKING:
    from upath import UPath

    from gem_assets.counts.readers import CountsFile


class Intake:
    """Counts on their way in: read in chunks, and judged when the last of them has passed.

    Parameters
    ----------
    path
        The file or folder.
    modality
        ``bulk`` or ``sc``.
    severity
        How much a problem matters to the dataset: code to ``error``, ``warning`` or ``ignore``.

    Attributes
    ----------
    file
        What was found, with what was assumed in reading it.
    facts, problems
        What is known of the counts, and the warnings; only after `chunks` has come to its end.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the file can't be read.
    """

    facts: CountsFacts
    problems: tuple[InputProblem, ...]

    def __init__(
        self,
        path: Path | UPath,
        modality: Modality,
        severity: Mapping[str, str] | None = None,
    ) -> None:
        self._path = path
        self._modality: Modality = modality
        self._severity = severity
        self.file = read_counts(path)

    def chunks(self) -> Iterator[CountMatrix]:
        """Yield the counts in runs of rows; what they are is known only at the end.

        Nothing is yielded after a value that no count can have, for nothing can be done with it;
        the rest is still read, and told of.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            At the end, if these are anything but raw counts; carries the warnings, too. Before, if
            the file can't be read on.
        """
        survey = Survey(self.file.counts)
        for chunk in self.file.counts.chunks():
            survey.add(chunk)
            if survey.are_possible:
                yield chunk
        self.facts = survey.facts()
        found = judge_counts(self.facts, self._modality, str(self._path))
        self.problems = accept((*self.file.problems, *found), self._severity)


def take_in_counts(
    path: Path | UPath, modality: Modality, severity: Mapping[str, str] | None = None
) -> tuple[CountsFile, tuple[InputProblem, ...]]:
    """Read a counts file and look whether it holds raw counts.

    Parameters
    ----------
    path
        The file or folder.
    modality
        ``bulk`` or ``sc``.
    severity
        How much a problem matters to the dataset: code to ``error``, ``warning`` or ``ignore``.

    Returns
    -------
    file, problems
        The file's matrix with what was assumed in reading it, and the warnings.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it can't be read, or holds anything but raw counts; carries the warnings, too.
    """
    intake = Intake(path, modality, severity)
    for _ in intake.chunks():
        pass
    return intake.file, intake.problems
