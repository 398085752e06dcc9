"""How well a model's decoded counts resemble the sample they were decoded from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

SMALL = 1024
"""Most counts are smaller than this: their logarithms are looked up."""


def reconstruction_r(counts: sparse.csr_array, decoded: sparse.csr_array) -> NDArray[np.float64]:
    """Return Pearson's r between the log1p(CPM) of each sample and of its decoded counts.

    Over all genes of the model, those at 0 included. log1p(CPM) is the scale on which the model's
    encoder sees its input (vendor's documentation), and one on which neither the library size nor
    a handful of very high genes decides.

    Parameters
    ----------
    counts, decoded
        samples x model genes, whole counts of the same samples in the same order, no cell twice.

    Returns
    -------
    numpy.ndarray
        Shape (n_samples,); NaN where one of the two is the same in all genes (e.g. all 0).
    """
    n_genes = counts.shape[1]
    dense = np.zeros(n_genes)
    r = np.empty(counts.shape[0])
    for row in range(len(r)):
        genes, x = _log1p_cpm(counts, row)
        others, y = _log1p_cpm(decoded, row)
        dense[genes] = x
        r[row] = _pearson(n_genes, x, y, _dot(dense[others], y))
        dense[genes] = 0.0
    return r


def _pearson(n: int, x: NDArray[np.float64], y: NDArray[np.float64], product: float) -> float:
    """Return r of two vectors of ``n`` numbers, of which those that are not 0 are given."""
    sum_x, sum_y = float(x.sum()), float(y.sum())
    variance_x, variance_y = n * _dot(x, x) - sum_x**2, n * _dot(y, y) - sum_y**2
    # Equal values leave a variance of rounding errors, not of exactly 0.
    if variance_x <= 1e-9 * sum_x**2 or variance_y <= 1e-9 * sum_y**2:
        return math.nan
    r = (n * product - sum_x * sum_y) / math.sqrt(variance_x * variance_y)
    return min(max(r, -1.0), 1.0)


def _dot(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the scalar product; not by BLAS, which would wake a thread a core for it."""
    return float(np.einsum("i,i->", x, y))


def _log1p_cpm(
    counts: sparse.csr_array, row: int
) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
    """Return the genes of a sample that have a count, and their log1p(CPM)."""
    stored = slice(counts.indptr[row], counts.indptr[row + 1])
    value = counts.data[stored]
    total = float(value.sum(dtype=np.float64))
    factor = 1e6 / total if total > 0 else 0.0
    logs = np.log1p(np.arange(SMALL) * factor).take(value, mode="clip")
    large = np.flatnonzero(value >= SMALL)
    logs[large] = np.log1p(value[large] * factor)
    return counts.indices[stored], logs
