"""Read a counts file and refuse what isn't raw counts: the door that every count comes in by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.counts.inspection import inspect_counts
from gem_assets.counts.readers import read_counts
from gem_assets.problems import InputProblem, RefusedInputError, Severity
from gem_assets.settings import Modality

if TYPE_CHECKING:
    from upath import UPath

    from gem_assets.counts.readers import CountsFile


def take_in_counts(
    path: Path | UPath, modality: Modality
) -> tuple[CountsFile, tuple[InputProblem, ...]]:
    """Read a counts file and look whether it holds raw counts.

    Returns
    -------
    file, problems
        The file's matrix with what was assumed in reading it, and the warnings.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it can't be read, or holds anything but raw counts; carries the warnings, too.
    """
    file = read_counts(path)
    problems = (*file.problems, *inspect_counts(file.matrix, modality, str(path)))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise RefusedInputError(*problems)
    return file, problems
