"""Single-cell counts made for a benchmark, written to an h5ad file in chunks."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata.io import write_elem
from numpy.typing import NDArray

from gem_assets.genes.order import GeneOrder
from gem_assets.genes.table import load_gene_table

N_MODEL_GENES = 37_125
CELLS_AT_A_TIME = 2_000
GENES_A_CELL = 2_000
"""Mean number of detected genes; a cell's is log-normal about it (coefficient of variation .4)."""


def write_h5ad(path: Path, n_cells: int, n_genes: int, *, compression: str | None = None) -> int:
    """Write made counts (float32, CSR in X, as scanpy writes them); return the stored values.

    Genes are as unequal as real ones: a few are in nearly every cell, most in few; the counts of
    a detected gene are geometric, most of them 1.
    """
    rng = np.random.default_rng(0)
    # Chance of each gene: log-normal, as spread as in peripheral blood (sd 2.3 in log units).
    weights = np.sort(np.exp(rng.normal(0, 2.3, n_genes)))[::-1]
    weights = rng.permutation(weights / weights.sum())
    detected = np.clip(
        rng.lognormal(np.log(GENES_A_CELL) - 0.074, 0.385, n_cells), 200, n_genes // 4
    ).astype(np.int64)
    total = int(detected.sum())
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        write_elem(file, "obs", pd.DataFrame(index=[f"cell{i:06d}" for i in range(n_cells)]))
        write_elem(file, "var", pd.DataFrame(index=gene_names(n_genes)))
        matrix = file.create_group("X")
        matrix.attrs.update(
            {
                "encoding-type": "csr_matrix",
                "encoding-version": "0.1.0",
                "shape": np.array([n_cells, n_genes]),
            }
        )
        matrix["indptr"] = np.concatenate([[0], np.cumsum(detected)])
        options = {"chunks": (100_000,), "compression": compression}
        data = matrix.create_dataset("data", (total,), "f4", **options)
        indices = matrix.create_dataset("indices", (total,), "i4", **options)
        written = 0
        for start in range(0, n_cells, CELLS_AT_A_TIME):
            cells = detected[start : start + CELLS_AT_A_TIME]
            columns = np.concatenate([_genes(rng, weights, n) for n in cells])
            indices[written : written + len(columns)] = columns
            data[written : written + len(columns)] = rng.geometric(0.5, len(columns))
            written += len(columns)
    return total


def _genes(rng: np.random.Generator, weights: NDArray[np.float64], n: int) -> NDArray[np.int32]:
    """Draw n different genes by weight (the n least of exponentials: Efraimidis 2006)."""
    order = rng.standard_exponential(len(weights), dtype=np.float32) / weights
    return np.sort(np.argpartition(order, n)[:n]).astype(np.int32)


def gene_names(n_genes: int) -> list[str]:
    """Return Ensembl ids in no order."""
    return load_gene_table()["gene_id"].sample(n_genes, random_state=0).tolist()


def make_order(n_genes: int) -> GeneOrder:
    """Return a model's order that has 95 % of the file's genes, as in real files, and others."""
    ids = load_gene_table()["gene_id"]
    names = gene_names(n_genes)
    shared = names[: min(int(0.95 * n_genes), N_MODEL_GENES)]
    others = ids[~ids.isin(names)].iloc[: N_MODEL_GENES - len(shared)]
    return GeneOrder(tuple(sorted([*shared, *others])))
