"""The reads that the rules on marker genes look at, and no others.

Whoever judges one dataset many times would otherwise read sixty thousand gene names each time.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.contamination import HAEMOGLOBIN
from gem_assets.qc.markers import CHRY_GENES, XIST
from gem_assets.qc.tissue_levels import TissueLevels

ALL_OTHERS = "all other genes"
"""Name of the column that holds the rest, so that a sample keeps its number of reads."""


def marker_reads(matrix: CountMatrix, alignment: pd.DataFrame, levels: TissueLevels) -> CountMatrix:
    """Return the counts with all genes that no rule looks at summed up to one.

    Shares of the reads are what they were: what :mod:`gem_assets.qc.marker_evidence` says of a
    sample is the same.

    Parameters
    ----------
    matrix
        Raw counts.
    alignment
        Columns raw_gene_id and model_gene_id of ``gene_alignment``: a gene that the file names
        otherwise is looked at under the model's name.
    levels
        Which genes mark tissues.
    """
    wanted = {
        *levels.gene_ids,
        *(name for gene in (XIST, *CHRY_GENES, *HAEMOGLOBIN) for name in gene),
    }
    known = alignment.dropna(subset="model_gene_id")
    named = dict(zip(known["raw_gene_id"], known["model_gene_id"], strict=True))
    symbols = matrix.gene_symbols or ("",) * matrix.n_genes
    looked_at = np.zeros(matrix.n_genes, dtype=np.bool_)
    for names in (matrix.gene_ids, [named.get(gene, "") for gene in matrix.gene_ids], symbols):
        looked_at |= np.array([name in wanted for name in _genes(names)], dtype=np.bool_)
    columns = np.flatnonzero(looked_at)
    rest = matrix.counts @ (~looked_at).astype(np.float64)
    counts = sparse.hstack([matrix.counts[:, columns], sparse.csr_array(rest[:, None])])
    return CountMatrix(
        matrix.sample_ids,
        (*(matrix.gene_ids[i] for i in columns), ALL_OTHERS),
        sparse.csr_array(counts.astype(np.float64)),
        None if matrix.gene_symbols is None else (*(symbols[i] for i in columns), ALL_OTHERS),
    )


def _genes(names: Iterable[str]) -> list[str]:
    """Return names as the rules compare them: upper case, without their version."""
    return [str(name).strip().partition(".")[0].upper() for name in names]
