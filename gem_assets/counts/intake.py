"""Read a counts file and refuse what isn't raw counts: the door that every count comes in by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.counts.inspection import inspect_counts
from gem_assets.counts.readers import read_counts
from gem_assets.problems import InputProblem
from gem_assets.settings import Modality
from gem_assets.severities import accept

if TYPE_CHECKING:
    from upath import UPath

    from gem_assets.counts.readers import CountsFile


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
    file = read_counts(path)
    problems = (*file.problems, *inspect_counts(file.matrix, modality, str(path)))
    return file, accept(problems, severity)
