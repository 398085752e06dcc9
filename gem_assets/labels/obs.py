"""Labels that stand in the ``obs`` of an h5ad: read where a dataset has no sample sheet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.labels.columns import KNOWN_COLUMNS, SAMPLE_ID, meaning_of
from gem_assets.labels.sheet import SampleSheet, sheet_of
from gem_assets.labels.sheets.cellxgene import TERM, as_cellxgene, is_cellxgene
from gem_assets.labels.sheets.layout import Layout
from gem_assets.problems import refuse

if TYPE_CHECKING:
    import h5py
    from upath import UPath

_HDF5 = b"\x89HDF\r\n\x1a\n"
_OWN_SAMPLE_ID = "obs sample_id"
"""What a column ``sample_id`` of obs is called here: the sample is the row, a cell."""

_READ_ANYWAY = frozenset(("tissue_type", "suspension_type", "assay"))


def read_obs(
    path: Path | UPath,
    columns: Mapping[str, str] | None = None,
    sample_ids: Collection[str] | None = None,
) -> SampleSheet | None:
    """Return the labels in ``obs``, None if the file is no h5ad or its obs states nothing.

    Only columns that mean something are read, and none of the matrix.

    Parameters
    ----------
    path
        The counts file; a cell's name is its index in ``obs``.
    columns
        Names of its columns to ours.
    sample_ids
        Samples of the counts.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If ``columns`` names columns that do not exist, or cells are not human.
    """
    import h5py

    if not path.is_file():
        return None
    with path.open("rb") as raw:
        if raw.read(len(_HDF5)) != _HDF5:
            return None
        raw.seek(0)
        with h5py.File(raw, "r") as file:
            if "obs" not in file or "var" not in file:
                return None
            frame = _frame(file["obs"], columns or {})
    if frame is None:
        return None
    source = f"obs of {path}"
    columns = {_OWN_SAMPLE_ID if k == SAMPLE_ID else k: v for k, v in (columns or {}).items()}
    layout = Layout(frame, tuple(range(1, len(frame) + 1)), unit="cell")
    if is_cellxgene(tuple(frame.columns)):
        return sheet_of(as_cellxgene(layout), "cellxgene", source, columns, sample_ids)
    return sheet_of(layout, "h5ad_obs", source, columns, sample_ids)


def _frame(obs: h5py.Group | h5py.Dataset, columns: Mapping[str, str]) -> pd.DataFrame | None:
    """Read the columns that mean something as text, the index as ``sample_id``."""
    import h5py

    old = isinstance(obs, h5py.Dataset)  # anndata before 0.7: one compound dataset
    names = obs.dtype.names if old else tuple(obs.attrs.get("column-order", ()))
    index = "index" if old else obs.attrs.get("_index", "_index")
    wanted = [
        name
        for name in map(str, names)
        if name != index and (name in columns or _means_something(name))
    ]
    stating = [name for name in wanted if name in columns or name not in _READ_ANYWAY]
    if not stating:
        return None
    cells = {SAMPLE_ID: _text(obs, index)}
    for name in wanted:
        cells[_OWN_SAMPLE_ID if name == SAMPLE_ID else name] = _text(obs, name)
    return pd.DataFrame(cells)


def _means_something(name: str) -> bool:
    meaning = meaning_of(name)
    known = name in KNOWN_COLUMNS or (meaning is not None and meaning.column != SAMPLE_ID)
    return known or name.endswith(TERM) or name in _READ_ANYWAY


def _text(obs: h5py.Group | h5py.Dataset, column: str) -> pd.Series:
    """Return a column as text, empty where a value is missing."""
    import h5py
    from anndata.io import read_elem

    try:
        if isinstance(obs, h5py.Dataset):
            values = [v.decode() if isinstance(v, bytes) else v for v in obs[column]]
        else:
            values = read_elem(obs[column])
    except (KeyError, OSError, RuntimeError, ValueError) as error:
        raise refuse(
            "sample_sheet_unreadable",
            f"obs of the counts file: the column {column!r} can't be read ({error}).",
            "Write the file again with anndata's write_h5ad, or give the labels in samples.csv.",
        ) from error
    series = pd.Series(values).reset_index(drop=True)
    missing = series.isna()
    if series.dtype.kind == "f":  # 65.0, because another cell's age is missing
        return series.map(lambda v: f"{v:g}").where(~missing, "").astype(str)
    return series.astype(str).str.strip().where(~missing, "")
