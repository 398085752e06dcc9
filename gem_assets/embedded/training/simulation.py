"""Simulated libraries: what a real sample does to the profile of its tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats


@dataclass(frozen=True, slots=True)
class LibraryNoise:
    """How simulated libraries differ from their reference profile.

    Attributes
    ----------
    laboratory
        Standard deviation of a factor per gene (natural log) that a round of libraries shares.
        HPA and GTEx differ by 0.6 (expressed genes, mean over matched tissues).
    donor
        The same for each library alone. Beyond the shared part, the means of HPA and GTEx differ by
        0.4, or 0.3 each; the rest is a single donor's, which no mean shows: an assumption.
    connective, connective_rate
        Largest share of a connective tissue mixed in, and how often: dissected organs carry fat,
        muscle, vessels, nerves and blood.
    other, other_rate
        The same for any other profile.
    depth
        Smallest and largest number of reads, drawn log-uniformly.
    genes_dropped_rate
        How often genes are missing from the matrix: half at random (another annotation), half the
        lowest (a filtered matrix).
    least_genes_kept
        Smallest share of genes kept at random.
    """

    laboratory: float = 0.6
    donor: float = 0.5
    connective: float = 0.6
    connective_rate: float = 0.5
    other: float = 0.1
    other_rate: float = 0.3
    depth: tuple[float, float] = (2e5, 2e7)
    genes_dropped_rate: float = 0.4
    least_genes_kept: float = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Simulator:
    """Draws libraries of some genes from profiles of all.

    Attributes
    ----------
    profiles
        Shape (profiles, genes), any scale.
    labels
        The class of each profile; each class gets the same number of libraries.
    genes
        Columns that are drawn, shape (m,).
    connective
        Rows of ``profiles`` that may be mixed in as connective tissue.
    noise
        See `LibraryNoise`.
    per
        Reads that log1p is taken per: 1e6 for bulk, 1e4 for single cells.
    """

    profiles: Floats
    labels: NDArray[np.str_]
    genes: NDArray[np.int64]
    connective: NDArray[np.int64]
    noise: LibraryNoise
    per: float = 1e6

    def draw(self, per_class: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.str_]]:
        """Return (libraries x m, log1p of reads per `per`) and the class of each.

        Libraries come in rounds of one a class; a round shares its laboratory.
        """
        shares = self.profiles / self.profiles.sum(axis=1, keepdims=True)
        classes = sorted(set(self.labels))
        members = {name: np.flatnonzero(self.labels == name) for name in classes}
        drawn, labels = [], []
        for _ in range(per_class):
            laboratory = np.exp(rng.normal(0, self.noise.laboratory, len(self.genes)))
            for name in classes:
                row = shares[rng.choice(members[name])]
                drawn.append(self._library(row, shares, laboratory, rng))
                labels.append(name)
        return np.array(drawn), np.array(labels)

    def _library(
        self, row: Floats, shares: Floats, laboratory: Floats, rng: np.random.Generator
    ) -> Floats:
        noise = self.noise
        if len(self.connective) and rng.random() < noise.connective_rate:
            part = rng.uniform(0, noise.connective)
            row = (1 - part) * row + part * shares[rng.choice(self.connective)]
        if rng.random() < noise.other_rate:
            part = rng.uniform(0, noise.other)
            row = (1 - part) * row + part * shares[rng.integers(len(shares))]
        depth = np.exp(rng.uniform(*np.log(noise.depth)))
        kept = np.ones(len(row), dtype=bool)
        fate = rng.random()
        if fate < noise.genes_dropped_rate / 2:
            kept = rng.random(len(row)) < rng.uniform(noise.least_genes_kept, 1)
        elif fate < noise.genes_dropped_rate:
            kept = row >= np.quantile(row, rng.uniform(0.3, 0.6))
        # Noise is drawn for the genes in use only: over all genes it leaves the sum as it is.
        donor = np.exp(rng.normal(0, noise.donor, len(self.genes)))
        expected = row[self.genes] * laboratory * donor * depth
        reads = rng.poisson(expected) * kept[self.genes]
        return np.asarray(np.log1p(reads / max(row[kept].sum() * depth, 1) * self.per))
