"""Names of samples and genes in an AnnData file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gem_assets.counts.gene_names import ensembl_share

if TYPE_CHECKING:
    import h5py
    import pandas as pd

_SECOND_NAMES = (
    "gene_ids",  # scanpy.read_10x_*
    "gene_id",
    "ensembl_id",
    "ensembl_gene_id",
    "feature_id",
    "feature_name",  # CELLxGENE schema
    "gene_symbols",  # scanpy.read_10x_*(var_names="gene_ids")
    "gene_symbol",
    "gene_name",
    "gene_names",
    "gene_short_name",
    "symbol",
    "hgnc_symbol",
)
"""Columns of ``var`` that name the genes once more, in the order they are looked for."""


def index_of(frame: h5py.Group | h5py.Dataset) -> tuple[str, ...]:
    """Return the index of ``obs`` or ``var``."""
    import h5py

    # anndata before 0.7 wrote one compound dataset, with the index as field "index".
    old = isinstance(frame, h5py.Dataset)
    key = "index" if old else frame.attrs.get("_index", "_index")
    return tuple(str(name) for name in _cells(frame, key))


def gene_names(
    frame: h5py.Group | h5py.Dataset,
) -> tuple[tuple[str, ...], tuple[str, ...] | None, str | None]:
    """Return ids, second names, and the column that the second names (or the ids) came from.

    Ensembl ids win as ids wherever they stand, in the index or in a column.
    """
    index = index_of(frame)
    index_share = ensembl_share(index)
    for column in _SECOND_NAMES:
        if column not in _columns(frame):
            continue
        other = _column(frame, column, index)
        if other is None or other == index:
            continue
        other_share = ensembl_share(other)
        if other_share > index_share:
            return other, index, column
        if index_share >= 0.5 and other_share < 0.5:
            return index, other, column
    return index, None, None


def _columns(frame: h5py.Group | h5py.Dataset) -> tuple[str, ...]:
    import h5py

    return frame.dtype.names or () if isinstance(frame, h5py.Dataset) else tuple(frame)


def _cells(frame: h5py.Group | h5py.Dataset, column: str) -> pd.Series[Any]:
    """Return a column of ``obs`` or ``var``, text as ``str``."""
    import h5py
    import pandas as pd
    from anndata.io import read_elem

    if isinstance(frame, h5py.Dataset):
        values = [v.decode() if isinstance(v, bytes) else v for v in frame[column]]
    else:
        values = read_elem(frame[column])
    return pd.Series(values, dtype=object)


def _column(
    frame: h5py.Group | h5py.Dataset, column: str, index: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Return a text column of ``var``, with the index's name where a cell is missing."""
    import pandas as pd

    cells = _cells(frame, column)
    if len(cells) != len(index) or not all(isinstance(c, str) for c in cells[cells.notna()]):
        return None
    return tuple(cells.where(cells.notna(), pd.Series(index, dtype=object)))
