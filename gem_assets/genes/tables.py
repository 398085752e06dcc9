"""Gene order and alignment as the rows of their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from gem_assets.counts.arrow import csr_to_lists
from gem_assets.genes.alignment import AlignedRows, hash_counts
from gem_assets.genes.order import GeneOrder

if TYPE_CHECKING:
    import pandas as pd


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


def aligned_rows_table(
    dataset: str, sample_ids: Sequence[str], rows: AlignedRows, order: GeneOrder
) -> pa.Table:
    """Return the rows of ``aligned_counts``: one a sample.

    Parameters
    ----------
    dataset
        Name of the dataset.
    sample_ids
        Names of the rows.
    rows
        Counts in the model's order.
    order
        That order.
    """
    gene_index, count = csr_to_lists(rows.counts)
    n = len(sample_ids)
    return pa.table(
        {
            "dataset": pa.repeat(dataset, n),
            "sample_id": pa.array(sample_ids, pa.string()),
            "gene_index": gene_index,
            "count": count,
            "total_count": pa.array(rows.total_counts),
            "matched_share": pa.array(rows.matched_share),
            "gene_order_hash": pa.repeat(order.hash, n),
            "content_hash": pa.array(hash_counts(rows.counts), pa.string()),
        }
    )


def gene_alignment_table(dataset: str, record: pd.DataFrame) -> pa.Table:
    """Return the rows of ``gene_alignment``: one a raw gene, as `GenesAligned.record` has them."""
    return pa.table(
        {
            "dataset": pa.repeat(dataset, len(record)),
            **{
                name: pa.array(record[name], pa.string(), from_pandas=True)
                for name in ("raw_gene_id", "action", "model_gene_id")
            },
            "share_of_counts": pa.array(record["share_of_counts"], pa.float64()),
            **{
                name: pa.array(record[name], pa.string(), from_pandas=True)
                for name in ("evidence", "read_as", "candidates")
            },
        }
    )
