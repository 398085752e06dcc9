"""Levels of marker genes by tissue, coarse on purpose.

``python -m gem_assets.embedded.training.tissue_levels --references FOLDER --levels
gem_assets/qc/data/tissue-levels.npz`` writes what the quality control compares with. For each
tissue, the lowest and the highest level that a gene has over the references that hold it, in steps
of a factor of two: enough to tell which gene is present in one tissue and absent from another, and
too little to be the references themselves.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats
from gem_assets.embedded.train import SEED
from gem_assets.embedded.training.fitting import class_means, marker_genes
from gem_assets.embedded.training.gene_orders import gene_numbers
from gem_assets.embedded.training.references import References, read_references
from gem_assets.embedded.training.selection import tissue_profiles
from gem_assets.embedded.weights import Arrays, save_arrays

SOURCES = ("hpa_counts", "hpa_tpm", "tissues_nx")
"""The references that agree which tissue each gene is of. The table of GTEx means is left out: what
it has of most genes of one tissue had to be taken from the others
(:func:`~gem_assets.embedded.training.references.misplaced_genes`)."""

MARKERS = 120
"""Marker genes per tissue, as the tissue head has; every pair of tissues shares their union."""


def tissue_levels(references: References, sources: Sequence[str] = SOURCES) -> Arrays:
    """Return the arrays of a levels file.

    ``genes`` (numbers of Ensembl ids, shape (m,)), ``classes`` (UBERON ids, shape (k,)), ``low``
    and ``high`` (uint8, shape (k, m)): the rounded log2 of 1 + reads per million nuclear coding
    reads, the lowest and the highest over the tissue's reference profiles.
    """
    profiles, terms, _ = tissue_profiles(references, sources, np.random.default_rng(SEED))
    classes, means = class_means(profiles, terms, 1e6)
    genes = marker_genes(means, MARKERS)
    steps = _steps(profiles, genes)
    of_class = [steps[terms == name] for name in classes]
    return {
        "genes": gene_numbers(tuple(references.gene_ids[i] for i in genes)),
        "classes": np.array(classes),
        "low": np.array([of_one.min(axis=0) for of_one in of_class]),
        "high": np.array([of_one.max(axis=0) for of_one in of_class]),
    }


def _steps(profiles: Floats, genes: NDArray[np.int64]) -> NDArray[np.uint8]:
    cpm = profiles / profiles.sum(axis=1, keepdims=True) * 1e6
    return np.asarray(np.rint(np.log2(1 + cpm[:, genes])), dtype=np.uint8)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the levels file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=Path, required=True, help="folder of reference files")
    parser.add_argument("--levels", type=Path, required=True, help="file to write")
    options = parser.parse_args(arguments)
    levels = tissue_levels(read_references(options.references))
    save_arrays(options.levels, {"levels": levels})


if __name__ == "__main__":
    main()
