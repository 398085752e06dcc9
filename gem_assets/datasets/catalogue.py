"""Which datasets there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from upath import UPath

from gem_assets.datasets.places import reaching
from gem_assets.problems import InputProblem, Severity, refuse
from gem_assets.settings import MODALITIES, Modality

DATASET_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Names that may be a partition, a folder and a file: letters, digits, ``_``, ``-``, ``.``."""


def dataset_names(
    data: str, modality: Modality
) -> tuple[tuple[str, ...], tuple[InputProblem, ...]]:
    """List the datasets of a modality.

    Parameters
    ----------
    data
        The data location, which holds ``bulk/`` and ``sc/``.
    modality
        Which of the two.

    Returns
    -------
    names, problems
        Names in alphabetical order (none where the location is absent), and a warning for each
        folder whose name can't be a dataset's.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``location_unreachable``.
    """
    with reaching(data):
        root = UPath(data) / modality
        root.fs.invalidate_cache()  # a list of yesterday would hide what is new
        if not root.is_dir():
            return (), ()
        entries = [p for p in root.iterdir() if not p.name.startswith(".")]
        folders = sorted(p.name for p in entries if p.is_dir())
    names = tuple(name for name in folders if DATASET_NAME.fullmatch(name))
    problems = tuple(
        InputProblem(
            "dataset_name",
            Severity.WARNING,
            f"{root / name} is not taken as a dataset: its name has characters other than "
            "letters, digits, '_', '-' and '.'.",
            "Rename the folder.",
        )
        for name in folders
        if name not in names
    )
    return names, problems


def has_datasets_folder(data: str, modality: Modality) -> bool:
    """Return whether the folder that holds a modality's datasets exists.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``location_unreachable``.
    """
    with reaching(data):
        return bool((UPath(data) / modality).is_dir())


def choose_datasets(data: str, names: Sequence[str] = ()) -> dict[Modality, list[str]]:
    """Return the datasets that a person means, by modality.

    Parameters
    ----------
    data
        The data location.
    names
        Datasets as ``NAME`` (in both modalities) or ``bulk/NAME``; all, if none is named.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no dataset, or none of a given name.
    """
    found = {modality: dataset_names(data, modality)[0] for modality in MODALITIES}
    known = {f"{modality}/{name}" for modality in MODALITIES for name in found[modality]}
    if not known:
        raise refuse(
            "no_datasets",
            f"There is no dataset in {data!r}: neither bulk/NAME/ nor sc/NAME/ exists.",
            "Make data/bulk/NAME/ with counts.tsv.gz and samples.csv, or name another folder with "
            "--data.",
        )
    unknown = [n for n in names if n not in known and not any(k.endswith(f"/{n}") for k in known)]
    if unknown:
        raise refuse(
            "dataset_missing",
            f"There is no dataset {', '.join(map(repr, unknown))} in {data!r}; it holds "
            f"{', '.join(sorted(known))}.",
            _meant(unknown, known),
        )
    chosen = {
        modality: [
            name
            for name in found[modality]
            if not names or name in names or f"{modality}/{name}" in names
        ]
        for modality in MODALITIES
    }
    return {modality: datasets for modality, datasets in chosen.items() if datasets}


def _meant(unknown: Sequence[str], known: Collection[str]) -> str:
    """Return which datasets may be meant by names that are none."""
    full = {name.partition("/")[2]: name for name in known} | {name: name for name in known}
    near = [full[n] for name in unknown for n in get_close_matches(name, full, 1)]
    return f"Did you mean {' and '.join(near)}?" if near else "Check the spelling."
