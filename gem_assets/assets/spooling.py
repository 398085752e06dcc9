"""A dataset's aligned counts on disk, for as long as its predictions take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gem_assets.checks import fail_for_good

if TYPE_CHECKING:
    from gem_assets.predictions.spool import SpooledCounts
    from gem_assets.warehouse import Warehouse

ROWS_AT_A_TIME = 256
"""Rows read at once: 50 MB of bulk counts."""


@contextmanager
def aligned_counts_on_disk(
    warehouse: Warehouse, dataset: str, content_hashes: Sequence[str], n_genes: int
) -> Iterator[SpooledCounts]:
    """Yield the aligned counts of a dataset; the warehouse is closed again by then.

    Parameters
    ----------
    warehouse
        Where they lie.
    dataset
        Whose they are.
    content_hashes
        Hash of each row, as read before: rows that were replaced since are not taken for them.
    n_genes
        Number of the model's genes.
    """
    from gem_assets.counts.arrow import lists_to_csr
    from gem_assets.predictions.spool import spool_counts

    found: list[str] = []
    with spool_counts(n_genes, warehouse.path.parent) as rows:
        columns = ("gene_index", "count", "content_hash")
        with warehouse.read_batches(
            "aligned_counts", dataset, ROWS_AT_A_TIME, columns=columns
        ) as batches:
            for batch in batches:
                gene_index, count, content_hash = batch.columns
                rows.append(lists_to_csr(gene_index, count, n_genes))
                found += content_hash.to_pylist()
        if found != list(content_hashes):
            fail_for_good(
                f"aligned_counts of {dataset} was replaced while its predictions began. "
                "Materialise the predictions again."
            )
        yield rows
