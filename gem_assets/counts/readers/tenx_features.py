"""The features of a 10x matrix: which of them are genes, of which genome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gem_assets.counts.gene_names import ensembl_share
from gem_assets.problems import refuse

GENE_EXPRESSION = "Gene Expression"

_OTHER_TYPES = frozenset([
    "Antibody Capture", "CRISPR Guide Capture", "Multiplexing Capture", "Antigen Capture",
    "VDJ", "VDJ-T", "VDJ-B", "VDJ-T-GD", "Custom", "Peaks",
])  # fmt: skip
"""Types of features that CellRanger writes beside genes (10x: "Feature types")."""


@dataclass(frozen=True, slots=True)
class TenxFeatures:
    """The rows of a 10x matrix.

    Attributes
    ----------
    ids, names
        Ensembl ids and symbols, one a feature; the names may be missing.
    types
        What each feature is, e.g. ``Gene Expression``; empty if the file doesn't say (v2).
    genomes
        The genome of each; empty if the file doesn't say.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...] | None = None
    types: tuple[str, ...] = ()
    genomes: tuple[str, ...] = ()

    def genes(self) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
        """Return which features are genes, and notes on the others.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            ``no_genes`` if none is, ``several_genomes`` if they are of more than one genome.
        """
        found = Counter(self.types)
        if GENE_EXPRESSION not in found and not _OTHER_TYPES.intersection(found):
            mask = np.ones(len(self.ids), dtype=bool)
        else:
            mask = np.array([kind == GENE_EXPRESSION for kind in self.types])
        others = ", ".join(f"{n:,} {kind}" for kind, n in found.items() if kind != GENE_EXPRESSION)
        if not mask.any():
            raise refuse(
                "no_genes",
                f"no feature is of type {GENE_EXPRESSION!r}; there are {others or 'none'}.",
                "Give the matrix of gene expression of this experiment.",
            )
        if self.genomes:
            _refuse_several([g for g, gene in zip(self.genomes, mask, strict=True) if gene])
        if mask.all():
            return mask, ()
        return mask, (f"Kept {int(mask.sum()):,} features of gene expression; left out {others}.",)

    def gene_names(
        self, genes: NDArray[np.bool_]
    ) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        """Return ids and symbols of the genes; Ensembl ids win as ids wherever they stand."""
        ids = _taken(self.ids, genes)
        if self.names is None:
            return ids, None
        names = _taken(self.names, genes)
        return (names, ids) if ensembl_share(names) > ensembl_share(ids) else (ids, names)


def _taken(names: Sequence[str], mask: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, taken in zip(names, mask, strict=True) if taken)


def _refuse_several(genomes: Sequence[str]) -> None:
    found = Counter(genome for genome in genomes if genome)
    if len(found) > 1:
        listed = ", ".join(f"{genome} ({n:,} genes)" for genome, n in found.items())
        raise refuse(
            "several_genomes",
            f"the cells were counted on {len(found)} genomes at once: {listed}.",
            "Count the human cells on the human genome alone, or take its genes into a file of "
            "their own.",
            tuple(found),
        )
