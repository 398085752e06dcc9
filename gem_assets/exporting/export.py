"""Write what was made of a dataset to files: ``gem-assets export``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gem_assets.exporting.datasets import find_dataset
from gem_assets.exporting.formats import Counts, Format
from gem_assets.exporting.h5ad import write_h5ad
from gem_assets.exporting.tables import write_tables
from gem_assets.exporting.target import whole
from gem_assets.settings import Settings

_DEFAULT_COUNTS: dict[Format, Counts] = {"h5ad": "aligned", "parquet": "aligned", "csv": "none"}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    name
        Of the dataset, with its modality.
    counts
        Which counts were written, too.
    rows
        Number of rows (of an h5ad: samples) in each file.
    """

    name: str
    counts: Counts
    rows: dict[Path, int]


def export_dataset(
    settings: Settings,
    dataset: str,
    export_format: Format = "h5ad",
    *,
    out: Path | None = None,
    counts: Counts | None = None,
    force: bool = False,
    on_progress: Callable[[int, int], object] = lambda *_: None,
) -> Exported:
    """Write a dataset as ``OUT/NAME/NAME.h5ad``, or its tables into ``OUT/NAME/FORMAT/``.

    All of it is of one state of the warehouse, which is open for reading meanwhile: writers wait.

    Parameters
    ----------
    settings
        Where the results are.
    dataset
        ``NAME`` or, where several have that name, ``bulk/NAME``.
    export_format
        ``h5ad``, ``parquet`` or ``csv``.
    out
        The folder; ``exports/SCHEMA`` in the results folder if none is named.
    counts
        ``aligned``, ``raw`` or ``none``; not said, aligned, and none as CSV.
    force
        Whether an earlier export of the same format may be replaced.
    on_progress
        Told how many samples of an h5ad, or how many tables, are written: done, total.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no such dataset, there are several, it lacks what is asked for, or something is
        there already. Nothing was written.
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read. Nothing was written.
    """
    warehouse, name = find_dataset(Path(settings.results), dataset)
    folder = out / name if out else settings.exports(warehouse.schema, name)
    chosen = counts or _DEFAULT_COUNTS[export_format]
    title = f"{warehouse.modality}/{name}"
    if export_format == "h5ad":
        target = folder / f"{name}.h5ad"
        with whole(target, force=force) as beside, warehouse.held():
            samples = write_h5ad(beside, warehouse, name, chosen, on_progress)
        return Exported(title, chosen, {target: samples})
    target = folder / export_format
    with whole(target, force=force) as beside, warehouse.held():
        rows = write_tables(beside, warehouse, name, export_format, chosen, on_progress)
    return Exported(title, chosen, {target / file: n for file, n in rows.items()})
