"""Bring the counts of a file into the gene order of a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix, row_runs, rows_of
from gem_assets.genes.coverage import CoverageLimits, coverage_problems
from gem_assets.genes.identifiers import identifier_problems
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.resolution import resolve_genes
from gem_assets.problems import InputProblem, refuse

LARGEST_COUNT = np.iinfo(np.int32).max

VALUES_A_CHUNK = 2**18
"""Stored values aligned at a time: few enough for both transpositions to stay in the cache.

Measured for 40 million values: 2**17 to 2**19 take the same time, 2**20 takes 1.4 times as long.
"""


@dataclass(frozen=True, eq=False)
class AlignedRows:
    """Counts of some samples in the gene order of a model.

    Attributes
    ----------
    counts
        ``scipy.sparse.csr_array`` of int32, samples x model genes, canonical (sorted int32 indices,
        no duplicates, no stored zeros). Raw genes of one model gene are summed, and the sums
        rounded half to even.
    total_counts
        Library size of each sample in the input, shape (n_samples,), float64.
    matched_share
        Share of each sample's counts that found a gene of the model, shape (n_samples,); 0 for a
        sample without counts.
    """

    counts: sparse.csr_array
    total_counts: NDArray[np.float64]
    matched_share: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GenesAligned:
    """What became of the genes of a file.

    Attributes
    ----------
    model_genes_share
        Share of the model's genes that the file has.
    counts_share
        Share of all counts of the file that found a gene of the model.
    record
        One row a raw gene: ``raw_gene_id``, ``action``, ``model_gene_id`` (missing if none),
        ``evidence``, ``read_as``, ``candidates`` (as `gem_assets.genes.resolution.resolve_genes`
        gives them), ``share_of_counts`` (of all counts of the file).
    problems
        Errors and warnings about coverage and names; an error means: don't predict on this.
    """

    model_genes_share: float
    counts_share: float
    record: pd.DataFrame
    problems: tuple[InputProblem, ...]


@dataclass(frozen=True, eq=False)
class Alignment(AlignedRows, GenesAligned):
    """All counts of a file in the gene order of a model, and what became of its genes."""


def projection(resolution: pd.DataFrame, n_model_genes: int) -> sparse.csr_array:
    """Return the 0/1 matrix raw genes x model genes that an alignment multiplies with.

    ``counts @ projection(...)`` is what an alignment is: it sums the rows of one gene, drops
    strangers and orders the columns. `align_counts` computes the same product, sorted, by writing
    the model's column numbers over the file's.

    Parameters
    ----------
    resolution
        What `gem_assets.genes.resolution.resolve_genes` returned.
    n_model_genes
        Length of the model's gene order.
    """
    targets = resolution["model_index"].to_numpy()
    placed = targets >= 0
    indptr = np.concatenate([[0], np.cumsum(placed)]).astype(np.int32)
    indices = targets[placed].astype(np.int32)
    return sparse.csr_array(
        (np.ones(len(indices), dtype=np.int32), indices, indptr),
        shape=(len(targets), n_model_genes),
    )


def align_counts(
    matrix: CountMatrix, order: GeneOrder, limits: CoverageLimits | None = None
) -> Alignment:
    """Bring counts into the gene order of a model.

    Parameters
    ----------
    matrix
        Raw counts of a file, any dtype, fractions allowed.
    order
        The genes that the model reads.
    limits
        When to warn of poor coverage, and when to call it an error.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If a count is negative, not a number, or above 2**31 - 1: the model reads none of these.
        Poor coverage raises nothing, it is told in ``problems``.
    """
    aligner = Aligner(matrix.gene_ids, matrix.gene_symbols, order, limits)
    rows = aligner.align(matrix)
    genes = aligner.genes()
    return Alignment(
        model_genes_share=genes.model_genes_share,
        counts_share=genes.counts_share,
        record=genes.record,
        problems=genes.problems,
        counts=rows.counts,
        total_counts=rows.total_counts,
        matched_share=rows.matched_share,
    )


class Aligner:
    """Brings the counts of a file into the gene order of a model, some samples at a time.

    Parameters
    ----------
    gene_ids, gene_symbols
        Names of the file's genes.
    order
        The genes that the model reads.
    limits
        When to warn of poor coverage, and when to call it an error.
    """

    def __init__(
        self,
        gene_ids: Sequence[str],
        gene_symbols: Sequence[str] | None,
        order: GeneOrder,
        limits: CoverageLimits | None = None,
    ) -> None:
        self._order = order
        self._limits = limits or CoverageLimits()
        self._resolution = resolve_genes(gene_ids, gene_symbols, order)
        self._gene_counts = np.zeros(len(gene_ids))
        self._all_counts = self._matched_counts = 0.0

    def align(self, matrix: CountMatrix) -> AlignedRows:
        """Return the samples of a matrix in the model's order.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            As `align_counts`.
        """
        targets = self._resolution["model_index"].to_numpy()
        total_counts = np.zeros(matrix.n_samples)
        matched_counts = np.zeros(matrix.n_samples)
        # Rows are written where they belong as they come. No alignment has more values than its
        # input, and pages that stay empty take no memory.
        # Offsets of another width than the indices would have scipy copy and widen these.
        offset_type = np.int32 if matrix.counts.nnz <= LARGEST_COUNT else np.int64
        indptr = np.zeros(matrix.n_samples + 1, dtype=offset_type)
        indices = np.empty(matrix.counts.nnz, dtype=np.int32)
        data = np.empty(matrix.counts.nnz, dtype=np.int32)
        written = 0
        for rows in row_runs(matrix.counts.indptr, VALUES_A_CHUNK):
            chunk = rows_of(matrix.counts, rows)
            total_counts[rows] = chunk.sum(axis=1, dtype=np.float64)
            self._gene_counts += np.bincount(
                chunk.indices, weights=chunk.data, minlength=matrix.n_genes
            )
            exact = _dtype_for_sums(chunk.dtype, float(total_counts[rows].max()))
            aligned = _relabel(chunk.astype(exact, copy=False), targets, len(self._order))
            matched_counts[rows] = aligned.sum(axis=1, dtype=np.float64)
            _refuse_impossible(aligned, matrix.sample_ids[rows], self._order)
            if not np.issubdtype(aligned.dtype, np.integer):
                np.rint(aligned.data, out=aligned.data)
                aligned.eliminate_zeros()
            end = written + aligned.nnz
            indices[written:end] = aligned.indices
            data[written:end] = aligned.data
            indptr[rows.start + 1 : rows.stop + 1] = written + aligned.indptr[1:]
            written = end
        self._all_counts += float(total_counts.sum())
        self._matched_counts += float(matched_counts.sum())
        return AlignedRows(
            counts=sparse.csr_array(
                (data[:written], indices[:written], indptr),
                shape=(matrix.n_samples, len(self._order)),
            ),
            total_counts=total_counts,
            matched_share=np.divide(
                matched_counts,
                total_counts,
                out=np.zeros_like(total_counts),
                where=total_counts > 0,
            ),
        )

    def genes(self) -> GenesAligned:
        """Return what became of the genes, by the counts of all samples so far."""
        all_counts = self._all_counts or 1.0
        record = self._resolution.drop(columns=["raw_index", "model_index"]).assign(
            share_of_counts=self._gene_counts / all_counts
        )
        return GenesAligned(
            model_genes_share=record["model_gene_id"].nunique() / len(self._order),
            counts_share=self._matched_counts / all_counts,
            record=record,
            problems=(
                *coverage_problems(record, len(self._order), self._limits),
                *identifier_problems(record),
            ),
        )


def hash_counts(counts: sparse.csr_array) -> list[str]:
    """Return a hash of the content of each row of aligned counts.

    Two rows have the same hash exactly when they have the same counts in the same columns
    (BLAKE2b, 16 bytes, over the int32 indices and the int32 values, little-endian).

    Parameters
    ----------
    counts
        Canonical csr_array of an integer dtype, without stored zeros, as `align_counts` makes it.

    Raises
    ------
    ValueError
        If the matrix isn't of that form: equal counts could then have unequal hashes.
    """
    if not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(f"counts are hashed as integers, got {counts.dtype}; align them first")
    if not counts.has_canonical_format or not counts.data.all():
        raise ValueError(
            "counts are hashed in canonical form: sort the indices, sum duplicates and eliminate "
            "zeros first"
        )
    indices = counts.indices.astype("<i4", copy=False).data
    values = counts.data.astype("<i4", copy=False).data
    hashes = []
    for start, end in pairwise(counts.indptr.tolist()):
        content = hashlib.blake2b(indices[start:end], digest_size=16)
        content.update(values[start:end])
        hashes.append(content.hexdigest())
    return hashes


def _dtype_for_sums(dtype: np.dtype[Any], largest_total: float) -> type[np.int32 | np.float64]:
    """Return the dtype in which counts of one sample can be summed without loss or overflow."""
    fits = np.issubdtype(dtype, np.integer) and largest_total <= LARGEST_COUNT
    return np.int32 if fits else np.float64


def _relabel(
    counts: sparse.csr_array, targets: NDArray[np.int64], n_model_genes: int
) -> sparse.csr_array:
    """Return ``counts @ projection`` with sorted indices.

    Going to columns and back sorts in linear time; scipy's product leaves the columns unsorted, and
    sorting them afterwards takes five times as long as the product. Strangers are sent to one more
    column, the last, which is cut off where it costs nothing.
    """
    columns = np.where(targets < 0, n_model_genes, targets).astype(np.int32)
    by_gene = sparse.csr_array(
        (counts.data, columns.take(counts.indices), counts.indptr),
        shape=(counts.shape[0], n_model_genes + 1),
    ).tocsc()
    n_placed = by_gene.indptr[n_model_genes]
    aligned = sparse.csc_array(
        (by_gene.data[:n_placed], by_gene.indices[:n_placed], by_gene.indptr[:-1]),
        shape=(counts.shape[0], n_model_genes),
    ).tocsr()
    aligned.sum_duplicates()
    return aligned


def _refuse_impossible(
    aligned: sparse.csr_array, sample_ids: tuple[str, ...], order: GeneOrder
) -> None:
    if aligned.nnz == 0 or (aligned.data.min() >= 0 and aligned.data.max() <= LARGEST_COUNT):
        return
    # What is not a number fails both comparisons, above and here.
    possible = (aligned.data >= 0) & (aligned.data <= LARGEST_COUNT)
    position = int(np.flatnonzero(~possible)[0])
    sample = sample_ids[int(np.searchsorted(aligned.indptr, position, side="right")) - 1]
    raise refuse(
        "impossible_count",
        f"Sample {sample!r} has a count of {aligned.data[position]} in gene "
        f"{order.gene_ids[aligned.indices[position]]}; expected 0 to {LARGEST_COUNT:,}.",
        "Give raw read or UMI counts.",
    )
