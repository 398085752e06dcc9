"""Which datasets have a folder, for a tick that must not fail where nobody can tell."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gem_assets.problems import InputProblem
    from gem_assets.resources import GemDatasets


class FoldersUnknownError(Exception):
    """The folders can't be listed, so that none counts as removed; its text is for the tick."""


def dataset_folders(
    datasets: GemDatasets, registered: Collection[str]
) -> tuple[tuple[str, ...], tuple[InputProblem, ...]]:
    """Return the names of all datasets that have a folder, and warnings about other folders.

    Parameters
    ----------
    datasets
        Where they lie.
    registered
        Those that are partitions.

    Raises
    ------
    FoldersUnknownError
        If the location can't be reached or read, or is not there though datasets are registered.
    """
    from gem_assets.problems import RefusedInputError

    place = f"{datasets.data.rstrip('/')}/{datasets.modality}"
    try:
        names, problems = datasets.names()
        is_gone = bool(registered) and not names and not datasets.are_there()
    except RefusedInputError as refusal:
        raise FoldersUnknownError(str(refusal)) from None
    except OSError as error:
        raise FoldersUnknownError(
            f"{place} can't be listed ({error.strerror or type(error).__name__}). Nothing was "
            "done; give Dagster's code server the right to read it."
        ) from None
    if is_gone:
        raise FoldersUnknownError(
            f"{place} is not there, though {len(registered)} dataset(s) are registered. Nothing "
            "was done; if it has moved, correct GEM_ASSETS_DATA, or the instance's data."
        )
    return names, problems
