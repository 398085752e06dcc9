"""The gene orders of the embedded models.

The vendor publishes how many genes its models take, not which. These orders are ours: of the
published lengths, ascending Ensembl ids of our gene table, so that requests and answers have their
real size. A hosted model's own order comes with its answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gem_assets.genes.table import load_gene_table

BULK_GENES = 44_592
"""Length of the input of GEM-1 bulk (vendor's documentation)."""

SINGLE_CELL_GENES = 37_125
"""Length of the input of GEM-1 single cell (vendor's public client)."""

_ALWAYS = r"protein_coding|Mt_rRNA|Mt_tRNA|(?:IG|TR)_[CDJV]_gene"
_BULK_FILL = (
    r"lncRNA|processed_pseudogene|unprocessed_pseudogene"
    r"|transcribed_(?:processed|unprocessed|unitary)_pseudogene"
)
_SINGLE_CELL_FILL = r"lncRNA"


def bulk_gene_order() -> tuple[str, ...]:
    """Return the 44,592 genes of the bulk model.

    Coding, immune receptor and mitochondrial genes, then the oldest ids of long non-coding RNAs
    and pseudogenes, for those are in most users' files.
    """
    return _gene_order(BULK_GENES, _BULK_FILL)


def single_cell_gene_order() -> tuple[str, ...]:
    """Return the 37,125 genes of the single-cell model.

    As `bulk_gene_order`, but without pseudogenes, like the references that droplet data are
    counted against.
    """
    return _gene_order(SINGLE_CELL_GENES, _SINGLE_CELL_FILL)


def gene_numbers(gene_ids: tuple[str, ...]) -> NDArray[np.int32]:
    """Return the numbers of Ensembl gene ids: ``ENSG00000000003`` -> 3."""
    return np.array([int(gene_id.removeprefix("ENSG")) for gene_id in gene_ids], dtype=np.int32)


def _gene_order(length: int, fill: str) -> tuple[str, ...]:
    genes = load_gene_table()
    always = genes["biotype"].str.fullmatch(_ALWAYS)
    filling = genes.loc[genes["biotype"].str.fullmatch(fill) & ~always, "gene_id"]
    chosen = [*genes.loc[always, "gene_id"], *sorted(filling)[: length - int(always.sum())]]
    return tuple(sorted(chosen))
