"""Encoder and decoder: log CPM to a few coordinates and back to expected counts.

The coordinates are principal components of the reference profiles; the technical ones are plain
measurements of the library. There is no perturbation among the references, so that space is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats

TECHNICAL = (
    "log10 library size",
    "log10 detected genes",
    "mitochondrial share",
    "ribosomal protein share",
    "share of the 50 highest genes",
)
"""The technical coordinates, in order, before they are standardised."""


HIGHEST_LOG_CPM = np.log1p(5e5)
"""Half of all reads: no expected gene is decoded above it."""


@dataclass(frozen=True, slots=True, eq=False)
class Latents:
    """A linear encoder, its decoder, and the scale of the technical coordinates.

    Attributes
    ----------
    genes
        Columns of the gene order that the encoder sees, shape (m,).
    centre
        Mean log1p CPM of all genes of the order, shape (genes,), float32.
    encoder
        Shape (m, dimensions).
    loadings
        Log1p CPM per coordinate, shape (dimensions, genes), float32; files keep eight bits of each.
    mitochondrial, ribosomal
        Columns of the gene order.
    technical_centre, technical_scale
        Shapes (5,): mean and standard deviation over the references, in the order of `TECHNICAL`.
    example
        Coordinates of the example query's sample, shape (dimensions,).
    """

    genes: NDArray[np.int32]
    centre: NDArray[np.float32]
    encoder: Floats
    loadings: NDArray[np.float32]
    mitochondrial: NDArray[np.int32]
    ribosomal: NDArray[np.int32]
    technical_centre: Floats
    technical_scale: Floats
    example: Floats

    def biological(self, log_cpm: Floats) -> Floats:
        """Return coordinates, shape (n, dimensions), of log1p CPM of the whole gene order."""
        return np.asarray((log_cpm[:, self.genes] - self.centre[self.genes]) @ self.encoder)

    def technical(self, counts: Floats) -> Floats:
        """Return standardised technical coordinates, shape (n, 5), of counts (n, genes)."""
        return (
            technical_measurements(counts, self.mitochondrial, self.ribosomal)
            - self.technical_centre
        ) / self.technical_scale

    def expected_fractions(self, coordinates: Floats) -> Floats:
        """Return each gene's expected share of the reads, shape (n, genes); rows sum to 1."""
        log_cpm = coordinates.astype(np.float32) @ self.loadings + self.centre
        cpm = np.expm1(np.clip(log_cpm, 0, HIGHEST_LOG_CPM, out=log_cpm), out=log_cpm)
        shares = cpm.astype(np.float64)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what a weights file keeps."""
        step = np.maximum(np.abs(self.loadings).max(axis=0), 1e-6) / 127
        return {
            "genes": self.genes,
            "centre": self.centre.astype(np.float16),
            "encoder": self.encoder.astype(np.float16),
            "loadings": np.rint(self.loadings / step).astype(np.int8),
            "loading_step": step.astype(np.float32),
            "mitochondrial": self.mitochondrial,
            "ribosomal": self.ribosomal,
            "technical_centre": self.technical_centre,
            "technical_scale": self.technical_scale,
            "example": self.example,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Latents:
        """Return the coder that `arrays` described."""
        return cls(
            genes=arrays["genes"].astype(np.int32),
            centre=arrays["centre"].astype(np.float32),
            encoder=arrays["encoder"].astype(np.float64),
            loadings=arrays["loadings"].astype(np.float32)
            * arrays["loading_step"].astype(np.float32),
            mitochondrial=arrays["mitochondrial"].astype(np.int32),
            ribosomal=arrays["ribosomal"].astype(np.int32),
            technical_centre=arrays["technical_centre"].astype(np.float64),
            technical_scale=arrays["technical_scale"].astype(np.float64),
            example=arrays["example"].astype(np.float64),
        )


def technical_measurements(
    counts: Floats, mitochondrial: NDArray[np.int32], ribosomal: NDArray[np.int32]
) -> Floats:
    """Return the measurements of `TECHNICAL`, shape (n, 5), of counts, shape (n, genes)."""
    total = np.maximum(counts.sum(axis=1), 1)
    # Row by row and without the zeros: numpy's partition is slow on ties.
    highest = [np.sort(row[row > 0])[-50:].sum() for row in counts]
    return np.column_stack(
        [
            np.log10(total),
            np.log10(np.maximum((counts > 0).sum(axis=1), 1)),
            counts[:, mitochondrial].sum(axis=1) / total,
            counts[:, ribosomal].sum(axis=1) / total,
            highest / total,
        ]
    )
