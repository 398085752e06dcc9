"""Signatures as rows of the table ``qc_signatures``, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gem_assets.qc.signatures import Signatures

SIGNATURE_COLUMNS = (
    "dataset",
    "sample_id",
    "gene_order_hash",
    "content_hash",
    "cutoff",
    "vector",
)


def signature_table(signatures: Signatures) -> pd.DataFrame:
    """Return the rows of the samples that may be compared."""
    kept = np.flatnonzero(signatures.compared)
    vectors = signatures.vectors
    return pd.DataFrame(
        {
            "dataset": signatures.dataset,
            "sample_id": [signatures.sample_ids[i] for i in kept],
            "gene_order_hash": signatures.gene_order_hash,
            "content_hash": [signatures.content_hashes[i] for i in kept],
            "cutoff": signatures.cutoffs[kept],
            "vector": pd.Series(
                [None] * len(kept) if vectors is None else list(vectors[kept]), dtype=object
            ),
        },
        columns=list(SIGNATURE_COLUMNS),
    )


def signatures_of_table(table: pd.DataFrame) -> tuple[Signatures, ...]:
    """Return the signatures of each dataset of a table."""
    return tuple(
        _of_rows(str(dataset), str(order), rows)
        for (dataset, order), rows in table.groupby(["dataset", "gene_order_hash"], sort=True)
    )


def _of_rows(dataset: str, order: str, rows: pd.DataFrame) -> Signatures:
    known = rows["vector"].notna().all()
    return Signatures(
        dataset=dataset,
        gene_order_hash=order,
        sample_ids=tuple(rows["sample_id"].astype(str)),
        content_hashes=tuple(rows["content_hash"].astype(str)),
        compared=np.ones(len(rows), dtype=np.bool_),
        vectors=np.stack(rows["vector"].tolist()).astype(np.float32) if known else None,
        cutoffs=rows["cutoff"].to_numpy(dtype=np.float64),
    )
