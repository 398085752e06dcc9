"""Gene order and alignment as the rows of their tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from gem_assets.counts.arrow import csr_to_lists
from gem_assets.genes.alignment import Alignment, hash_counts
from gem_assets.genes.order import GeneOrder


def gene_order_table(model_id: str, model_version: str, order: GeneOrder) -> pa.Table:
    """Return the rows of ``gene_order``: one a gene of the model, in its order."""
    n = len(order)
    return pa.table(
        {
            "model_id": pa.repeat(model_id, n),
            "model_version": pa.repeat(model_version, n),
            "gene_order_hash": pa.repeat(order.hash, n),
            "gene_index": pa.array(np.arange(n, dtype=np.int32)),
            "gene_id": pa.array(order.gene_ids, pa.string()),
            "gene_symbol": pa.array(order.symbols(), pa.string()),
        }
    )


def alignment_tables(
    dataset: str, sample_ids: Sequence[str], alignment: Alignment, order: GeneOrder
) -> dict[str, pa.Table]:
    """Return the rows of ``aligned_counts`` (one a sample) and ``gene_alignment`` (one a raw gene).

    Parameters
    ----------
    dataset
        Name of the dataset.
    sample_ids
        Names of the alignment's rows.
    alignment
        Counts in the model's order.
    order
        That order.
    """
    gene_index, count = csr_to_lists(alignment.counts)
    n = len(sample_ids)
    aligned = pa.table(
        {
            "dataset": pa.repeat(dataset, n),
            "sample_id": pa.array(sample_ids, pa.string()),
            "gene_index": gene_index,
            "count": count,
            "total_count": pa.array(alignment.total_counts),
            "matched_share": pa.array(alignment.matched_share),
            "gene_order_hash": pa.repeat(order.hash, n),
            "content_hash": pa.array(hash_counts(alignment.counts), pa.string()),
        }
    )
    record = alignment.record
    genes = pa.table(
        {
            "dataset": pa.repeat(dataset, len(record)),
            **{
                name: pa.array(record[name], pa.string(), from_pandas=True)
                for name in ("raw_gene_id", "action", "model_gene_id")
            },
            "share_of_counts": pa.array(record["share_of_counts"], pa.float64()),
        }
    )
    return {"aligned_counts": aligned, "gene_alignment": genes}
