"""Fitting encoder and decoder: principal components of the reference profiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats
from gem_assets.embedded.latents import Latents, technical_measurements
from gem_assets.embedded.training.references import References
from gem_assets.genes.table import load_gene_table

DIMENSIONS = 48
"""Components kept; they hold 85 % of the variance among the references."""

ENCODER_GENES = 3000
"""Genes of the highest variance among the references."""

RESIDUAL_VARIANCE = 0.5
"""Of log1p CPM about the decoded value, in squared natural logs: 0.2 of HPA against GTEx, beyond
the difference that all tissues share, and the rest for what sets single donors apart."""

RIDGE = 10.0
"""Penalty of the loadings of genes that only HPA's 32 pooled libraries have."""

RIBOSOMAL = r"RP[LS]P?\d+[AXYL]?\d*"


def fit_latents(
    references: References,
    gene_ids: Sequence[str],
    *,
    per: float,
    example: tuple[str, str],
    single_cell_depth: tuple[float, float] | None,
    rng: np.random.Generator,
) -> Latents:
    """Return the coder of one gene order.

    Parameters
    ----------
    references
        See `References`.
    gene_ids
        The gene order.
    per
        Reads that log1p is taken per.
    example
        (table, column) of the profile that the example query shows.
    single_cell_depth
        Smallest and largest number of UMIs of a cell, None for bulk: libraries of that size give
        the scale of the technical coordinates.
    rng
        Source of those libraries.
    """
    scale = per / 1e6
    tables = references.tables
    log = np.log1p(np.hstack([table.to_numpy() for table in tables.values()]).T * scale)
    centre = log.mean(axis=0)
    left, singular, right = np.linalg.svd(log - centre, full_matrices=False)
    deviation = singular[:DIMENSIONS] / np.sqrt(len(log))
    loadings = right[:DIMENSIONS] * deviation[:, None]
    coordinates = left[:, :DIMENSIONS] * np.sqrt(len(log))
    columns = [(name, c) for name, table in tables.items() for c in table.columns]

    order = pd.Index(gene_ids)
    known = order.get_indexer(pd.Index(references.gene_ids))
    all_loadings = np.zeros((DIMENSIONS, len(order)))
    all_centre = np.zeros(len(order))
    all_loadings[:, known], all_centre[known] = loadings, centre
    pooled = references.all_counts.reindex(order).fillna(0.0).to_numpy().T
    pooled_log = np.log1p(pooled / pooled[:, known].sum(axis=1, keepdims=True) * per)
    rows = [i for i, (name, _) in enumerate(columns) if name == "hpa_counts"]
    others = np.setdiff1d(np.arange(len(order)), known)
    all_loadings[:, others], all_centre[others] = _ridge(coordinates[rows], pooled_log[:, others])

    top = np.sort(np.argsort(-log.var(axis=0), kind="stable")[:ENCODER_GENES])
    seen = loadings[:, top]
    encoder = np.linalg.solve(seen @ seen.T + RESIDUAL_VARIANCE * np.eye(DIMENSIONS), seen).T

    mitochondrial, ribosomal = _technical_genes(order)
    libraries = pooled if single_cell_depth is None else _cells(pooled, single_cell_depth, rng)
    measured = technical_measurements(libraries, mitochondrial, ribosomal)
    return Latents(
        genes=known[top].astype(np.int32),
        centre=all_centre.astype(np.float32),
        encoder=encoder,
        loadings=all_loadings.astype(np.float32),
        mitochondrial=mitochondrial,
        ribosomal=ribosomal,
        technical_centre=measured.mean(axis=0),
        technical_scale=measured.std(axis=0),
        example=coordinates[columns.index(example)],
    )


def _ridge(coordinates: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return loadings (dimensions, genes) and centre of values (profiles, genes)."""
    middle = coordinates.mean(axis=0)
    x = coordinates - middle
    mean = values.mean(axis=0)
    loadings = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (values - mean))
    return loadings, mean - middle @ loadings


def _technical_genes(order: pd.Index[str]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    genes = load_gene_table().set_index("gene_id").loc[order]
    mitochondrial = np.flatnonzero(genes["chromosome"] == "MT")
    protein = genes["symbol"].fillna("").str.fullmatch(RIBOSOMAL)
    ribosomal = np.flatnonzero(protein & (genes["biotype"] == "protein_coding"))
    return mitochondrial.astype(np.int32), ribosomal.astype(np.int32)


def _cells(pooled: Floats, depth: tuple[float, float], rng: np.random.Generator) -> Floats:
    rows = np.tile(np.arange(len(pooled)), 8)
    sizes = np.exp(rng.uniform(np.log(depth[0]), np.log(depth[1]), size=len(rows)))
    shares = pooled / pooled.sum(axis=1, keepdims=True)
    return np.array(
        [rng.multinomial(int(n), shares[r]) for r, n in zip(rows, sizes, strict=True)], dtype=float
    )
