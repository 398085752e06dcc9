"""CSR rows as Arrow list arrays and back, without a Python loop or a copy of the values.

A CSR matrix and an Arrow list array are the same three buffers: offsets = indptr, values =
indices or data. That is how counts lie in the warehouse: one row a sample.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import sparse


def csr_to_lists(counts: sparse.csr_array) -> tuple[pa.ListArray, pa.ListArray]:
    """Return ``(gene_index, count)``: list arrays of int32 indices and of the matrix's dtype.

    Raises
    ------
    OverflowError
        If there are 2**31 or more stored values; split the rows before.
    """
    if counts.nnz >= 2**31:
        raise OverflowError(
            f"{counts.nnz} stored values do not fit one Arrow list array (2**31 at most); "
            "convert the matrix in chunks of rows"
        )
    offsets = pa.array(counts.indptr.astype(np.int32, copy=False))
    indices = pa.array(counts.indices.astype(np.int32, copy=False))
    values = pa.array(counts.data)
    return pa.ListArray.from_arrays(offsets, indices), pa.ListArray.from_arrays(offsets, values)


def lists_to_csr(
    gene_index: pa.ListArray | pa.ChunkedArray, count: pa.ListArray | pa.ChunkedArray, n_genes: int
) -> sparse.csr_array:
    """Return the matrix (len(gene_index) x ``n_genes``) that the two list arrays hold.

    Raises
    ------
    ValueError
        If the lists differ in length in some row, an index lies outside ``n_genes``, or a list
        holds a null.
    """
    index_list, count_list = (
        a.combine_chunks() if isinstance(a, pa.ChunkedArray) else a for a in (gene_index, count)
    )
    lengths = index_list.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    other = count_list.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    if not np.array_equal(lengths, other):
        row = int(np.flatnonzero(lengths != other)[0])
        raise ValueError(
            f"row {row} has {lengths[row]} gene indices but {other[row]} counts; they belong in "
            "pairs"
        )
    if index_list.flatten().null_count or count_list.flatten().null_count:
        raise ValueError("a list of gene indices or counts holds a null; leave the pair out")
    indptr = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    # flatten() respects the slice of a sliced array, which .values does not.
    indices = index_list.flatten().to_numpy(zero_copy_only=False)
    data = count_list.flatten().to_numpy(zero_copy_only=False)
    if indices.size and (indices.min() < 0 or indices.max() >= n_genes):
        raise ValueError(
            f"gene indices run from {indices.min()} to {indices.max()}, expected 0 to {n_genes - 1}"
        )
    return sparse.csr_array((data, indices, indptr), shape=(len(lengths), n_genes))
