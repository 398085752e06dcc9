"""Sex by the absolute expression of the Y chromosome."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MALE_CPM = 10.0
"""Mean CPM of the seven Y genes above which a sample is male. In 108 real bulk samples of known
sex (measured) the highest female is at 1.5, the lowest male, a liver, at 23."""

STEEPNESS = 4.0
"""Odds of male = (mean CPM / `MALE_CPM`) ** steepness: 40 : 1 already at a factor of 2.5."""

CERTAINTY = 0.999
"""No answer is surer than this: libraries are swapped and Y chromosomes lost more often."""

MIXED_XIST_CPM, MIXED_Y_CPM, MIXED_CERTAINTY = 10.0, 3.0, 0.8
"""XIST and Y genes together (pools of donors, contamination): a cautious answer."""

WEAK_CERTAINTY = 0.75
"""Some XIST, but too little to prove a female, and no Y gene at all."""


def male_probability(xist_cpm: Floats, y_cpm: Floats) -> Floats:
    """Return the probability of male, shape (n,); NaN where there is no evidence.

    Parameters
    ----------
    xist_cpm
        CPM of XIST, shape (n,).
    y_cpm
        Mean CPM of the seven Y genes, shape (n,).

    Notes
    -----
    Never XIST against Y: XIST is often filtered out of a matrix, and every sample would be male.
    XIST and all seven Y genes at zero say nothing, so there is no answer.
    """
    odds = (y_cpm / MALE_CPM) ** STEEPNESS
    male = np.clip(odds / (1 + odds), 1 - CERTAINTY, CERTAINTY)
    mixed = (xist_cpm >= MIXED_XIST_CPM) & (y_cpm >= MIXED_Y_CPM)
    male = np.where(mixed, np.clip(male, 1 - MIXED_CERTAINTY, MIXED_CERTAINTY), male)
    male = np.where((y_cpm == 0) & (xist_cpm < MIXED_XIST_CPM), 1 - WEAK_CERTAINTY, male)
    return np.where((y_cpm == 0) & (xist_cpm == 0), np.nan, male)
