"""The softmax head: probabilities of classes from the log CPM of a head's marker genes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def softmax(scores: Floats) -> Floats:
    """Return probabilities (rows sum to 1) of scores, shape (n, classes)."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def contrast(log_cpm: Floats, centre: Floats) -> Floats:
    """Return rows of ``log_cpm - centre`` brought to mean 0 and standard deviation 1.

    Centring on the mean of all classes leaves what sets a sample apart; standardising within the
    sample takes away what depth, missing genes and admixture do to all markers alike. Measured by
    leaving one reference source out, this alone lifts tissue accuracy by about 10 points.
    A row without any spread comes back as zeros.
    """
    x = log_cpm - centre
    x = x - x.mean(axis=1, keepdims=True)
    spread = x.std(axis=1, keepdims=True)
    return np.asarray(np.divide(x, spread, out=np.zeros_like(x), where=spread > 0))


@dataclass(frozen=True, slots=True, eq=False)
class SoftmaxHead:
    """A multinomial classifier over marker genes.

    Attributes
    ----------
    classes
        Ontology ids or words, one a column of the answer.
    genes
        Columns of the gene order, shape (m,), int.
    centre
        Mean log CPM of each marker over all classes, shape (m,).
    coefficients, intercept
        Shapes (m, classes) and (classes,), already divided by the temperature.
    """

    classes: tuple[str, ...]
    genes: NDArray[np.int32]
    centre: Floats
    coefficients: Floats
    intercept: Floats

    def probabilities(self, log_cpm: Floats) -> Floats:
        """Return probabilities, shape (n, classes), of log1p CPM of `genes`, shape (n, m)."""
        return softmax(contrast(log_cpm, self.centre) @ self.coefficients + self.intercept)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what a weights file keeps, in half precision where that suffices."""
        return {
            "classes": np.array(self.classes),
            "genes": self.genes,
            "centre": self.centre.astype(np.float16),
            "coefficients": self.coefficients.astype(np.float16),
            "intercept": self.intercept.astype(np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> SoftmaxHead:
        """Return the head that `arrays` described."""
        return cls(
            classes=tuple(str(name) for name in arrays["classes"]),
            genes=arrays["genes"].astype(np.int32),
            centre=arrays["centre"].astype(np.float64),
            coefficients=arrays["coefficients"].astype(np.float64),
            intercept=arrays["intercept"].astype(np.float64),
        )
