"""The genes of real files are found in the gene table."""

from __future__ import annotations

from pathlib import Path

import anndata
import pandas as pd
import pytest
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes.alignment import align_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.table import load_gene_table


def read_cohort(path: Path) -> CountMatrix:
    if path.suffix == ".h5ad":
        data = anndata.read_h5ad(path)
        return CountMatrix(tuple(data.obs_names), tuple(data.var_names), sparse.csr_array(data.X))
    counts = pd.read_csv(path, sep="\t", index_col=0)
    return CountMatrix(
        tuple(counts.columns), tuple(counts.index), sparse.csr_array(counts.to_numpy().T)
    )


@pytest.mark.parametrize(
    ("file", "genes", "counts"),
    [
        ("bodymap_counts.tsv.gz", 0.93, 0.99),
        # 7 % of its counts lie on ENSG00000226958, a retired ribosomal RNA.
        ("castle_counts.tsv.gz", 0.94, 0.91),
        ("lncap_counts.tsv.gz", 0.74, 0.97),
        ("geuvadis_lcl_counts.tsv.gz", 0.99, 0.99),
        # Symbols of an old annotation: the rest are aliases and clone names.
        ("celltypist_demo.h5ad", 0.58, 0.92),
        ("onek1k_subset.h5ad", 0.97, 0.99),
    ],
)
def test_the_genes_of_a_real_file_are_known(
    shared_data: Path, file: str, genes: float, counts: float
) -> None:
    matrix = read_cohort(shared_data / "cohorts" / file)
    aligned = align_counts(matrix, GeneOrder(tuple(load_gene_table()["gene_id"])))
    placed = aligned.record["model_gene_id"].notna()
    print(  # noqa: T201  # pytest -s tells the shares
        f"{file}: {placed.mean():.4f} of {matrix.n_genes:,} genes, "
        f"{aligned.counts_share:.4f} of counts, {aligned.record['action'].value_counts().to_dict()}"
    )
    assert placed.mean() > genes
    assert aligned.counts_share > counts
    assert aligned.counts.sum() == pytest.approx(
        (aligned.matched_share * aligned.total_counts).sum()
    )
