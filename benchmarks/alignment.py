"""Time and memory of an alignment beside the bare sparse product, in one run.

``python benchmarks/alignment.py [--cells N] [--genes N] [--values-a-cell N] [--repeats N]``

The default is a large single-cell dataset: 20,000 cells x 36,601 genes with 40 million counts.
Times are CPU seconds (everything runs on one thread), so that a busy machine distorts them little;
the candidates take turns and the best of each is told. Memory is the peak of a process of its own,
less the peak of one that only reads the matrix, plus the matrix.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd
import scipy
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes.alignment import align_counts, projection
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.resolution import resolve_genes
from gem_assets.genes.table import load_gene_table

N_MODEL_GENES = 37_125


def make_matrix(n_cells: int, n_genes: int, values_a_cell: int) -> CountMatrix:
    """Return random counts (int32) whose genes stand in another order than the model's."""
    rng = np.random.default_rng(0)
    edges = np.linspace(0, n_genes, values_a_cell + 1).astype(np.int64)
    indices = np.empty((n_cells, values_a_cell), dtype=np.int32)
    for start in range(0, n_cells, 1000):
        part = indices[start : start + 1000]
        part[:] = edges[:-1] + rng.random(part.shape) * np.diff(edges)
    data = rng.geometric(0.4, size=indices.size).astype(np.int32)
    indptr = np.arange(0, indices.size + 1, values_a_cell, dtype=np.int32)
    return name_matrix(sparse.csr_array((data, indices.ravel(), indptr), shape=(n_cells, n_genes)))


def name_matrix(counts: sparse.csr_array) -> CountMatrix:
    """Give cells and genes their names; the genes come in no order."""
    genes = load_gene_table()["gene_id"].sample(counts.shape[1], random_state=0)
    return CountMatrix(
        sample_ids=tuple(f"cell{number}" for number in range(counts.shape[0])),
        gene_ids=tuple(genes),
        counts=counts,
    )


def make_order(matrix: CountMatrix) -> GeneOrder:
    """Return an order that has 95 % of the matrix's genes, as in real files, and others."""
    ids = load_gene_table()["gene_id"]
    shared = matrix.gene_ids[: min(int(0.95 * matrix.n_genes), N_MODEL_GENES)]
    others = ids[~ids.isin(matrix.gene_ids)].iloc[: N_MODEL_GENES - len(shared)]
    return GeneOrder(tuple(sorted([*shared, *others])))


def candidates(matrix: CountMatrix, order: GeneOrder) -> dict[str, Callable[[], object]]:
    """Return what is compared, the bare product first."""
    resolution = resolve_genes(matrix.gene_ids, None, order)
    project = projection(resolution, len(order))

    def product_then_sort() -> None:
        product = matrix.counts @ project
        product.sort_indices()

    return {
        "counts @ projection (unsorted)": lambda: matrix.counts @ project,
        "counts @ projection, sort_indices": product_then_sort,
        "counts @ projection, to columns and back": lambda: (
            (matrix.counts @ project).tocsc().tocsr()
        ),
        "align_counts (whole)": lambda: align_counts(matrix, order),
    }


def peak_bytes() -> int:
    """Return the peak resident memory of this process (Linux).

    getrusage would tell the parent's where that is larger: its peak survives fork and exec.
    """
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def save_matrix(counts: sparse.csr_array, folder: Path) -> None:
    """Write the three arrays of a matrix, so that a process can have it without making it."""
    for part in ("data", "indices", "indptr"):
        np.save(folder / f"{part}.npy", getattr(counts, part))


def load_matrix(folder: Path, n_genes: int) -> CountMatrix:
    """Read what `save_matrix` wrote; no more than the matrix is ever resident."""
    data, indices, indptr = (
        np.load(folder / f"{part}.npy") for part in ("data", "indices", "indptr")
    )
    return name_matrix(sparse.csr_array((data, indices, indptr), shape=(len(indptr) - 1, n_genes)))


def peak_of_candidate(name: str | None, folder: Path, n_genes: int) -> int:
    """Return the peak resident memory of a process that reads the matrix and runs a candidate."""
    # The command is this very file.
    answer = subprocess.run(  # noqa: S603
        [sys.executable, __file__, "--child", json.dumps([name, str(folder), n_genes])],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(answer.stdout)


@click.command()
@click.option("--cells", default=20_000, show_default=True)
@click.option("--genes", default=36_601, show_default=True)
@click.option("--values-a-cell", default=2_000, show_default=True)
@click.option("--repeats", default=5, show_default=True)
@click.option("--child", hidden=True)
def main(cells: int, genes: int, values_a_cell: int, repeats: int, child: str | None) -> None:
    """Print the table."""
    if child is not None:
        name, folder, n_genes = json.loads(child)
        matrix = load_matrix(Path(folder), n_genes)
        order = make_order(matrix)
        if name is not None:
            candidates(matrix, order)[name]()
        click.echo(peak_bytes())
        return

    matrix = make_matrix(cells, genes, values_a_cell)
    order = make_order(matrix)
    runs = candidates(matrix, order)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)

    with tempfile.TemporaryDirectory() as temporary:
        save_matrix(matrix.counts, Path(temporary))
        alone = peak_of_candidate(None, Path(temporary), genes)
        peaks = [peak_of_candidate(name, Path(temporary), genes) for name in runs]

    counts = matrix.counts
    matrix_bytes = counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes
    best = np.array([min(times) for times in seconds.values()])
    # What is resident before (Python, the libraries, the gene table) is no matter of the matrix.
    resident = np.array(peaks) - alone + matrix_bytes
    table = pd.DataFrame(
        {
            "CPU s": best,
            "times bare": best / best[0],
            "peak MB": resident / 1e6,
            "times matrix": resident / matrix_bytes,
        },
        index=list(runs),
    )
    click.echo(
        f"{cells:,} cells x {genes:,} genes, {counts.nnz:,} values ({matrix_bytes / 1e6:.0f} MB) "
        f"to {len(order):,} model genes; best of {repeats}"
    )
    click.echo(
        f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}, "
        f"pandas {pd.__version__}"
    )
    click.echo(table.round(2).to_string())


if __name__ == "__main__":
    main()
