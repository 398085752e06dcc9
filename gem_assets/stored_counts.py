"""The raw counts of a dataset as they lie in the warehouse, read in chunks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gem_assets.counts.matrix import VALUES_A_CHUNK, CountMatrix

if TYPE_CHECKING:
    from gem_assets.warehouse import Warehouse


@dataclass(frozen=True, slots=True, eq=False)
class StoredCounts:
    """Counts (`gem_assets.counts.matrix.Counts`) of one dataset; made by `stored_counts`."""

    warehouse: Warehouse
    dataset: str
    sample_ids: tuple[str, ...]
    gene_ids: tuple[str, ...]
    gene_symbols: tuple[str, ...] | None
    values_a_sample: float = field(default=1.0)

    def chunks(self, values: int = VALUES_A_CHUNK) -> Iterator[CountMatrix]:
        """Yield all rows in their order; the warehouse is open for reading until the last."""
        from gem_assets.counts.arrow import lists_to_csr

        rows = max(1, int(values / self.values_a_sample))
        columns = ("sample_id", "gene_index", "count")
        with self.warehouse.read_batches(
            "raw_counts", self.dataset, rows, columns=columns
        ) as batches:
            for batch in batches:
                sample_ids, gene_index, count = batch.columns
                yield CountMatrix(
                    tuple(sample_ids.to_pylist()),
                    self.gene_ids,
                    lists_to_csr(gene_index, count, len(self.gene_ids)),
                    self.gene_symbols,
                )


def stored_counts(warehouse: Warehouse, dataset: str) -> StoredCounts:
    """Return the raw counts of a dataset; only their names are read now."""
    import pyarrow.compute as pc

    wanted = {"raw_counts": ["sample_id", "detected_genes"], "raw_genes": None}
    stored = warehouse.read_tables(wanted, dataset)
    samples, genes = stored["raw_counts"], stored["raw_genes"].sort_by("gene_index")
    symbols = genes.column("gene_symbol")
    return StoredCounts(
        warehouse,
        dataset,
        tuple(samples.column("sample_id").to_pylist()),
        tuple(genes.column("gene_id").to_pylist()),
        None if symbols.null_count else tuple(symbols.to_pylist()),
        max(1.0, pc.mean(samples.column("detected_genes")).as_py() or 0.0),
    )
