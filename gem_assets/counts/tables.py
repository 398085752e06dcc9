"""Raw counts as the rows of the tables ``raw_genes`` and ``raw_counts``, and back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gem_assets.counts.arrow import csr_to_lists, lists_to_csr
from gem_assets.counts.matrix import CountMatrix, Counts
from gem_assets.problems import refuse
from gem_assets.settings import Modality

LARGEST_COUNT = np.iinfo(np.int32).max


def raw_genes_table(dataset: str, counts: Counts) -> pa.Table:
    """Return the rows of ``raw_genes``: one a gene."""
    n = len(counts.gene_ids)
    return pa.table(
        {
            "dataset": pa.repeat(dataset, n),
            "gene_index": pa.array(np.arange(n, dtype=np.int32)),
            "gene_id": pa.array(counts.gene_ids, pa.string()),
            "gene_symbol": pa.array(counts.gene_symbols, pa.string())
            if counts.gene_symbols is not None
            else pa.nulls(n, pa.string()),
        }
    )


def raw_counts_table(dataset: str, matrix: CountMatrix, modality: Modality) -> pa.Table:
    """Return the rows of ``raw_counts``: one a sample.

    Counts are float64 in bulk, where quantifiers give fractions of reads, and int32 in single
    cells, where estimated counts are rounded half to even. Library size and number of detected
    genes are those of the counts that are kept.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If a single-cell count exceeds 2**31 - 1.
    """
    if modality == "sc":
        matrix = _whole(matrix)
    dtype = np.int32 if modality == "sc" else np.float64
    gene_index, count = csr_to_lists(matrix.counts.astype(dtype, copy=False))
    return pa.table(
        {
            "dataset": pa.repeat(dataset, matrix.n_samples),
            "sample_id": pa.array(matrix.sample_ids, pa.string()),
            "gene_index": gene_index,
            "count": count,
            "total_count": pa.array(matrix.total_counts),
            "detected_genes": pa.array(matrix.detected_genes),
        }
    )


def _whole(matrix: CountMatrix) -> CountMatrix:
    counts = matrix.counts
    if counts.data.max(initial=0) > LARGEST_COUNT:
        at = int(np.argmax(counts.data))
        sample = matrix.sample_ids[int(np.searchsorted(counts.indptr, at, side="right")) - 1]
        raise refuse(
            "impossible_count",
            f"Sample {sample!r} has a count of {counts.data[at]} in gene "
            f"{matrix.gene_ids[counts.indices[at]]}; expected 0 to {LARGEST_COUNT:,}.",
            "Give raw read or UMI counts.",
        )
    if np.issubdtype(counts.dtype, np.integer):
        return matrix
    rounded = counts.copy()
    rounded.data = np.rint(rounded.data)
    return CountMatrix(matrix.sample_ids, matrix.gene_ids, rounded, matrix.gene_symbols)


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
