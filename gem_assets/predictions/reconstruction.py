"""How well a model's decoded counts resemble the sample they were decoded from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def reconstruction_r(counts: sparse.csr_array, decoded: sparse.csr_array) -> NDArray[np.float64]:
    """Return Pearson's r between the log1p(CPM) of each sample and of its decoded counts.

    Over all genes of the model, those at 0 included. log1p(CPM) is the scale on which the model's
    encoder sees its input (vendor's documentation), and one on which neither the library size nor
    a handful of very high genes decides.

    Parameters
    ----------
    counts, decoded
        samples x model genes, counts of the same samples in the same order.

    Returns
    -------
    numpy.ndarray
        Shape (n_samples,); NaN where one of the two is the same in all genes (e.g. all 0).
    """
    n = counts.shape[1]
    x, y = _log1p_cpm(counts), _log1p_cpm(decoded)
    sum_x, sum_y = _row_sums(x), _row_sums(y)
    covariance = n * _row_sums(x.multiply(y)) - sum_x * sum_y
    variance_x = n * _row_sums(x.multiply(x)) - sum_x**2
    variance_y = n * _row_sums(y.multiply(y)) - sum_y**2
    # Equal values leave a variance of rounding errors, not of exactly 0.
    constant = (variance_x <= 1e-9 * sum_x**2) | (variance_y <= 1e-9 * sum_y**2)
    scale = np.sqrt(np.where(constant, 1.0, variance_x * variance_y))
    r: NDArray[np.float64] = np.where(constant, np.nan, np.clip(covariance / scale, -1.0, 1.0))
    return r


def _log1p_cpm(counts: sparse.csr_array) -> sparse.csr_array:
    totals = _row_sums(counts)
    factor = np.divide(1e6, totals, out=np.zeros_like(totals), where=totals > 0)
    scaled = counts.astype(np.float64)
    scaled.data *= np.repeat(factor, np.diff(scaled.indptr))
    np.log1p(scaled.data, out=scaled.data)
    return scaled


def _row_sums(matrix: sparse.csr_array) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=1, dtype=np.float64)).ravel()
