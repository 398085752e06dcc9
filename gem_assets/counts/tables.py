"""Raw counts as the rows of the tables ``raw_genes`` and ``raw_counts``, and back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gem_assets.counts.arrow import csr_to_lists, lists_to_csr
from gem_assets.counts.matrix import CountMatrix
from gem_assets.settings import Modality


def raw_tables(dataset: str, matrix: CountMatrix, modality: Modality) -> dict[str, pa.Table]:
    """Return the rows of ``raw_genes`` (one a gene) and ``raw_counts`` (one a sample).

    Counts are float64 in bulk, where quantifiers give fractions of reads, and int32 in single
    cells, where estimated counts are rounded half to even. Library size and number of detected
    genes are those of the file.
    """
    counts = matrix.counts
    if modality == "sc" and not np.issubdtype(counts.dtype, np.integer):
        counts = counts.copy()
        counts.data = np.rint(counts.data)
        counts.eliminate_zeros()
    dtype = np.int32 if modality == "sc" else np.float64
    gene_index, count = csr_to_lists(counts.astype(dtype, copy=False))
    genes = pa.table(
        {
            "dataset": pa.repeat(dataset, matrix.n_genes),
            "gene_index": pa.array(np.arange(matrix.n_genes, dtype=np.int32)),
            "gene_id": pa.array(matrix.gene_ids, pa.string()),
            "gene_symbol": pa.array(matrix.gene_symbols, pa.string())
            if matrix.gene_symbols is not None
            else pa.nulls(matrix.n_genes, pa.string()),
        }
    )
    samples = pa.table(
        {
            "dataset": pa.repeat(dataset, matrix.n_samples),
            "sample_id": pa.array(matrix.sample_ids, pa.string()),
            "gene_index": gene_index,
            "count": count,
            "total_count": pa.array(matrix.total_counts),
            "detected_genes": pa.array(matrix.detected_genes),
        }
    )
    return {"raw_genes": genes, "raw_counts": samples}


def matrix_of_tables(raw_counts: pa.Table, raw_genes: pa.Table) -> CountMatrix:
    """Return the matrix that the rows of one dataset hold; genes in the order of ``gene_index``."""
    genes = raw_genes.sort_by("gene_index")
    symbols = genes.column("gene_symbol")
    return CountMatrix(
        tuple(raw_counts.column("sample_id").to_pylist()),
        tuple(genes.column("gene_id").to_pylist()),
        lists_to_csr(raw_counts.column("gene_index"), raw_counts.column("count"), len(genes)),
        None if symbols.null_count else tuple(symbols.to_pylist()),
    )
