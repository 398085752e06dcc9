"""Which dataset of the warehouse a person means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.datasets.catalogue import DATASET_NAME
from gem_assets.problems import refuse

if TYPE_CHECKING:
    from gem_assets.warehouse import Warehouse


def find_dataset(results: Path, dataset: str) -> tuple[Warehouse, str]:
    """Find a dataset by what was made of it; its input files may be gone.

    Parameters
    ----------
    results
        The results folder.
    dataset
        ``NAME`` or, where several have that name, ``bulk/NAME`` or ``KEY_PREFIX/NAME``.

    Returns
    -------
    warehouse, name
        The schema that has it, and its name there, which may be that of a file.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is none, there are several, or it has a name that can't be a file's.
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.warehouse.instances import instances

    prefix, _, name = dataset.rpartition("/")
    there = [
        (one, held)
        for one in instances(results / "warehouse.duckdb")
        for held in one.datasets("raw_counts")
    ]
    found = [
        (one, held)
        for one, held in there
        if held == name and prefix in ("", one.modality, one.schema)
    ]
    if len(found) > 1:
        modalities = {one.modality for one, _ in found}
        distinct = len(modalities) == len(found)
        ways = [f"{one.modality if distinct else one.schema}/{name}" for one, _ in found]
        raise refuse(
            "dataset_in_both",
            f"There are {len(found)} datasets {dataset!r}.",
            f"Say {' or '.join(ways)}.",
        )
    if not found:
        known = ", ".join(f"{one.modality}/{held}" for one, held in there)
        raise refuse(
            "dataset_unknown",
            f"Nothing was made of a dataset {dataset!r} in {str(results)!r}; there "
            f"{'are: ' + known if known else 'is none'}.",
            "Check the spelling and the folder of --results, or run gem-assets run first.",
        )
    if not DATASET_NAME.fullmatch(name):
        raise refuse(
            "dataset_name",
            f"The dataset {name!r} can't name a file: it has characters other than letters, "
            "digits, '_', '-' and '.'.",
            "Materialise it under another name.",
        )
    return found[0]
