"""What the tests of the room of counts share: small matrices, and the real cohorts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.readers import read_counts

MakeMatrix = Callable[..., CountMatrix]

BULK = ("bodymap", "castle", "geuvadis_lcl", "lncap")


@pytest.fixture(scope="session")
def make_matrix() -> MakeMatrix:
    """Return a function from a dense table (samples x genes) to a matrix with names."""

    def make(
        table: ArrayLike,
        gene_ids: Sequence[str] | None = None,
        sample_ids: Sequence[str] | None = None,
    ) -> CountMatrix:
        dense = np.atleast_2d(np.asarray(table))
        n_samples, n_genes = dense.shape
        return CountMatrix(
            tuple(sample_ids or (f"S{i}" for i in range(n_samples))),
            tuple(gene_ids or (f"ENSG{i:011d}" for i in range(n_genes))),
            sparse.csr_array(dense),
        )

    return make


@pytest.fixture(scope="session")
def cohorts(shared_data: Path) -> dict[str, CountMatrix]:
    """Return the real bulk cohorts by name."""
    folder = shared_data / "cohorts"
    return {name: read_counts(folder / f"{name}_counts.tsv.gz").matrix for name in BULK}


@pytest.fixture(params=BULK)
def cohort(request: pytest.FixtureRequest, cohorts: dict[str, CountMatrix]) -> CountMatrix:
    """Return each real bulk cohort in turn."""
    return cohorts[request.param]
