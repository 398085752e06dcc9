"""The nearest samples in a latent space, for a few samples of however many, in bounded memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

NEIGHBOURS = 5
"""Nearest samples that are named beside a sample."""

_MOST_DISTANCES = 4_000_000  # that are held at a time: 32 MB


def chosen_space(latents: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the space that the report shows: ``biological``, or the first there is."""
    spaces = list(latents["space"].unique())
    if not spaces:
        return latents
    return latents[latents["space"] == ("biological" if "biological" in spaces else spaces[0])]


def nearest(points: Floats, rows: Places, k: int) -> tuple[Places, Floats]:
    """Return the k nearest other points of some points, the nearest first.

    Parameters
    ----------
    points
        Shape (n, dimensions).
    rows
        Places of those whose neighbours are wanted, shape (m,).
    k
        How many of each; all others where there are fewer.

    Returns
    -------
    places, distances
        Both of shape (m, min(k, n - 1)); distances are Euclidean. Of points at one distance the
        first come first.
    """
    n = len(points)
    k = min(k, n - 1)
    if k < 1 or not len(rows):
        return np.empty((len(rows), 0), dtype=np.intp), np.empty((len(rows), 0))
    centred = points - points.mean(axis=0)
    squares = np.einsum("ij,ij->i", centred, centred)
    places, distances = np.empty((len(rows), k), np.intp), np.empty((len(rows), k))
    step = max(1, _MOST_DISTANCES // n)
    # By the short formula the near ones are found, among a few more than are wanted, and then
    # measured by the long one: the short one loses digits where two points almost coincide.
    few = min(n - 1, k + 8)
    for start in range(0, len(rows), step):
        own = rows[start : start + step]
        far = squares - 2.0 * (centred[own] @ centred.T)
        far[np.arange(len(own)), own] = np.inf
        near = np.sort(np.argpartition(far, few - 1, axis=1)[:, :few], axis=1)
        exact = np.linalg.norm(centred[near] - centred[own][:, None, :], axis=2)
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        places[start : start + step] = np.take_along_axis(near, order, axis=1)
        distances[start : start + step] = np.take_along_axis(exact, order, axis=1)
    return places, distances
