"""Cell line, primary cells or primary tissue, by what sets the three apart biologically.

A classifier over markers of tissues calls a lymphoblastoid line a lymphoid tissue. Four scores
do not: lines divide; tissues hold vessels and connective tissue; tissues and blood hold cells of
several blood lineages, sorted blood cells of one, and most lines of none.

"Primary cells" means sorted blood cells here, the only ones among the references: primary cells
that divide in culture look like a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats, softmax

SCORES = ("cell cycle", "stroma", "second strongest lineage", "strongest lineage")


@dataclass(frozen=True, slots=True, eq=False)
class SampleTypeHead:
    """Softmax over the scores of a few gene sets.

    Attributes
    ----------
    classes
        Words of the vendor's enumeration.
    cycle, stroma
        Columns of the gene order: genes of dividing cells; genes of tissues that no line expresses.
    lineages
        Columns of the gene order for each blood lineage.
    coefficients, intercept
        Shapes (4, classes) and (classes,), in the order of `SCORES`.
    """

    classes: tuple[str, ...]
    cycle: NDArray[np.int32]
    stroma: NDArray[np.int32]
    lineages: tuple[NDArray[np.int32], ...]
    coefficients: Floats
    intercept: Floats

    def scores(self, log_cpm: Floats) -> Floats:
        """Return `SCORES`, shape (n, 4), of log1p CPM of the whole gene order, shape (n, genes).

        A score is the mean log1p CPM of a set of genes.
        """
        lineages = np.column_stack([log_cpm[:, genes].mean(axis=1) for genes in self.lineages])
        lineages.sort(axis=1)
        return np.column_stack(
            [
                log_cpm[:, self.cycle].mean(axis=1),
                log_cpm[:, self.stroma].mean(axis=1),
                lineages[:, -2:],
            ]
        )

    def probabilities(self, log_cpm: Floats) -> Floats:
        """Return probabilities, shape (n, classes), of log1p CPM of the whole gene order."""
        return softmax(self.scores(log_cpm) @ self.coefficients + self.intercept)

    def with_columns(self, columns: NDArray[np.int32]) -> SampleTypeHead:
        """Return the head for another gene order: its gene ``i`` is ``columns[i]`` there."""
        return replace(
            self,
            cycle=columns[self.cycle],
            stroma=columns[self.stroma],
            lineages=tuple(columns[genes] for genes in self.lineages),
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what a weights file keeps."""
        return {
            "classes": np.array(self.classes),
            "cycle": self.cycle,
            "stroma": self.stroma,
            "lineage_genes": np.concatenate(self.lineages),
            "lineage_sizes": np.array([len(genes) for genes in self.lineages], dtype=np.int32),
            "coefficients": self.coefficients,
            "intercept": self.intercept,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> SampleTypeHead:
        """Return the head that `arrays` described."""
        ends = np.cumsum(arrays["lineage_sizes"].astype(np.int64))[:-1]
        return cls(
            classes=tuple(str(name) for name in arrays["classes"]),
            cycle=arrays["cycle"].astype(np.int32),
            stroma=arrays["stroma"].astype(np.int32),
            lineages=tuple(np.split(arrays["lineage_genes"].astype(np.int32), ends)),
            coefficients=arrays["coefficients"].astype(np.float64),
            intercept=arrays["intercept"].astype(np.float64),
        )
