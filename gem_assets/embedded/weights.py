"""Weights files: flat ``.npz`` archives of plain arrays, never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS = Path(__file__).parent / "weights"

Arrays = dict[str, NDArray[np.generic]]


def save_arrays(path: Path, groups: Mapping[str, Mapping[str, NDArray[np.generic]]]) -> None:
    """Write named groups of arrays; the same arrays give the same bytes."""
    flat = {f"{group}.{name}": a for group, arrays in groups.items() for name, a in arrays.items()}
    # numpy's stub takes a keyword of savez_compressed for one of the arrays.
    np.savez_compressed(path, **flat)  # type: ignore[arg-type]


def load_arrays(path: Path) -> dict[str, Arrays]:
    """Return the groups that `save_arrays` wrote.

    Raises
    ------
    FileNotFoundError
        If the file is absent: the installation is incomplete, or the model was never trained.
    ValueError
        If the file holds anything but plain arrays.
    """
    groups: dict[str, Arrays] = {}
    with np.load(path, allow_pickle=False) as archive:
        for key in archive.files:
            group, _, name = key.partition(".")
            groups.setdefault(group, {})[name] = archive[key]
    return groups


def ensembl_ids(numbers: NDArray[np.generic]) -> tuple[str, ...]:
    """Return the Ensembl gene ids of their numbers: 3 -> ``ENSG00000000003``."""
    return tuple(f"ENSG{number:011d}" for number in numbers.tolist())
