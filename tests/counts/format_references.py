"""Other programs' readers, to whose numbers ours are held."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from os import environ
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix

NEAREST = {} if int(pd.__version__[0]) > 2 else {"float_precision": "round_trip"}
"""What makes pandas read a number to its nearest double, as it does by itself since version 3."""

SHARED = Path(environ.get("GEM_ASSETS_SHARED", Path(__file__).parents[3] / "shared")) / "data"


@dataclass(frozen=True)
class Reference:
    """Counts as a reader that isn't ours gives them.

    Attributes
    ----------
    reader
        Its name.
    samples, genes
        Names of the rows and columns.
    counts
        Samples x genes, as they came.
    """

    reader: str
    samples: tuple[str, ...]
    genes: tuple[str, ...]
    counts: sparse.csr_array

    def named(self, samples: Sequence[str]) -> Reference:
        """Return it with names that the file bears in another form."""
        return replace(self, samples=tuple(samples))

    def difference(self, ours: CountMatrix) -> str | None:
        """Return how our matrix differs, None where every name and number is the same."""
        if ours.sample_ids != self.samples:
            return "sample names differ"
        if ours.gene_ids != self.genes:
            return "gene names differ"
        differing = (ours.counts.astype(np.float64) != self.counts.astype(np.float64)).nnz
        return f"{differing:,} numbers differ" if differing else None


def of_frame(frame: pd.DataFrame, reader: str = "pandas") -> Reference:
    """Return a table of genes x samples."""
    counts = sparse.csr_array(frame.to_numpy(np.float64).T)
    return Reference(reader, tuple(map(str, frame.columns)), tuple(map(str, frame.index)), counts)


def by_pandas(file: Path | str | io.StringIO, **how: Any) -> pd.DataFrame:
    """Read text by names in its first column, every number to its nearest double."""
    how = {"sep": "\t", "index_col": 0, **NEAREST} | how
    return pd.read_csv(file, **how)


def joined(files: Mapping[str, Path], column: str | int, **how: Any) -> Reference:
    """Read one column of a file a sample by pandas."""
    by_sample = {name: by_pandas(path, **how) for name, path in files.items()}
    if isinstance(column, int):
        columns = {name: frame.iloc[:, column] for name, frame in by_sample.items()}
    else:
        columns = {name: frame[column] for name, frame in by_sample.items()}
    frame = pd.DataFrame(columns)
    return of_frame(frame[~frame.index.str.match("N_|__")])


def by_pytximport(files: Mapping[str, Path], data_type: str, **how: Any) -> Reference:
    """Read files of one sample each as tximport does; ``how`` goes to it."""
    from pytximport import tximport
    from pytximport.importers import _read_tsv

    # It prefers pyarrow with an option that pandas 3 has not got there.
    _read_tsv.importlib = SimpleNamespace(util=SimpleNamespace(find_spec=lambda _: None))
    how = {"ignore_transcript_version": False, "ignore_after_bar": False} | how
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # flox's, as it is imported
        found = tximport(list(files.values()), data_type, output_type="xarray", **how)
    index = "gene_id" if "gene_id" in found.coords else "transcript_id"
    frame = pd.DataFrame(found["counts"].to_numpy(), found[index].to_numpy(), list(files))
    return of_frame(frame, "pytximport")


def by_anndata(path: Path, of: Callable[[Any], Any] = lambda data: data) -> Reference:
    """Read an h5ad; ``of`` picks what stands for the counts: the data, ``raw``..."""
    import anndata

    data = anndata.read_h5ad(path)
    return _annotated("anndata", of(data), data.obs_names)


def by_scanpy(path: Path, **how: Any) -> Reference:
    """Read 10x's files by ids."""
    import scanpy

    if path.is_dir():
        data = scanpy.read_10x_mtx(path, var_names="gene_ids", **how)
        return _annotated("scanpy", data, data.obs_names)
    with warnings.catch_warnings():
        # It names the genes by their symbols at first, which may be repeated.
        warnings.filterwarnings("ignore", "Variable names are not unique", UserWarning)
        data = scanpy.read_10x_h5(path, **how)
    data.var_names = data.var["gene_ids"]
    return _annotated("scanpy", data, data.obs_names)


def _annotated(reader: str, data: Any, samples: Any) -> Reference:
    return Reference(reader, tuple(samples), tuple(data.var_names), sparse.csr_array(data.X))


@cache
def cohort(name: str, step: int = 20) -> pd.DataFrame:
    """Return every so-manieth gene of a real cohort, genes x samples; do not change it."""
    whole = by_pandas(SHARED / "cohorts" / f"{name}_counts.tsv.gz")
    return whole.iloc[::step]
