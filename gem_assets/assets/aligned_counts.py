"""The asset ``aligned_counts``: bring raw counts into the model's gene order."""

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from statistics import median
from typing import TYPE_CHECKING

import dagster as dg

from gem_assets.assets.column_lineage import column_lineage
from gem_assets.assets.failures import plain_failures, require_rows, write_pieces
from gem_assets.assets.progress import RowProgress, tell
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import (
    contract_result,
    contract_spec,
    input_results,
    input_specs,
    refuse_input,
)
from gem_assets.graph import AssetGraph

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from gem_assets.genes.alignment import GenesAligned
    from gem_assets.genes.order import GeneOrder
    from gem_assets.problems import InputProblem
    from gem_assets.stored_counts import StoredCounts

TABLES = ("aligned_counts", "gene_alignment")


def aligned_counts(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the asset, with the checks of its input and ``contract``."""

    @dg.multi_asset(
        name=f"{graph.key_prefix}_aligned_counts",
        specs=[table_spec(graph, "aligned_counts", deps=["raw_counts", "gene_order"])],
        check_specs=[
            *input_specs(graph, "aligned_counts"),
            contract_spec(graph, "aligned_counts"),
        ],
        required_resource_keys={graph.datasets, graph.warehouse},
        partitions_def=graph.partitions,
    )
    def _aligned_counts(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.genes.order import GeneOrder
        from gem_assets.problems import RefusedInputError
        from gem_assets.report.thumbnails import matched_shares
        from gem_assets.stored_counts import stored_counts

        name, begun = context.partition_key, time.monotonic()
        warehouse = getattr(context.resources, graph.warehouse).open()
        with plain_failures(context.log, graph.retries):
            require_rows(graph, warehouse, name, "raw_counts")
            require_rows(graph, warehouse, None, "gene_order")
            order = GeneOrder(tuple(warehouse.read("gene_order").column("gene_id").to_pylist()))
            counts = stored_counts(warehouse, name)
            try:
                severity = getattr(context.resources, graph.datasets).config(name).severity
                pieces = _Pieces(counts, order, severity, context.log)
                yield from write_pieces(graph, warehouse, TABLES, pieces, name)
            except RefusedInputError as refusal:
                yield from refuse_input(graph, "aligned_counts", refusal.problems)
                return
        seconds = time.monotonic() - begun
        genes, shares = pieces.genes, pieces.matched_shares()
        yield dg.MaterializeResult(
            asset_key=graph.key("aligned_counts"),
            data_version=dg.DataVersion(pieces.version.hexdigest()),
            metadata={
                "dagster/partition_row_count": len(counts.sample_ids),
                **column_lineage(graph, "aligned_counts"),
                "coverage": genes.model_genes_share,
                "matched share": genes.counts_share,
                "matched share (median)": float(median(shares.tolist())),
                "samples a second": round(len(counts.sample_ids) / seconds, 1),
                "gene order": order.hash,
                "genes by action": _actions(genes.record["action"]),
                "matched shares": dg.MetadataValue.md(matched_shares(shares)),
            },
        )
        yield from input_results(graph, "aligned_counts", pieces.problems)
        yield contract_result(graph, "aligned_counts")

    return _aligned_counts


class _Pieces:
    """The rows of `TABLES` as they are aligned; at their end, what became of the genes.

    The data version is the content of every sample in its order, and the gene order.
    """

    genes: "GenesAligned"
    problems: "tuple[InputProblem, ...]"

    def __init__(
        self,
        counts: "StoredCounts",
        order: "GeneOrder",
        severity: Mapping[str, str],
        log: logging.Logger,
    ) -> None:
        self._counts = counts
        self._order = order
        self._severity = severity
        self._progress = RowProgress(
            lambda line: tell(log, line), "samples aligned", len(counts.sample_ids)
        )
        self.version = hashlib.sha256()
        self._shares: list[np.ndarray] = []

    def __iter__(self) -> "Iterator[dict[str, pa.Table]]":
        from gem_assets.genes.alignment import Aligner
        from gem_assets.genes.tables import aligned_rows_table, gene_alignment_table
        from gem_assets.severities import accept

        counts, order = self._counts, self._order
        aligner = Aligner(counts.gene_ids, counts.gene_symbols, order)
        for chunk in counts.chunks():
            rows = aligned_rows_table(counts.dataset, chunk.sample_ids, aligner.align(chunk), order)
            columns = ("sample_id", "content_hash", "gene_order_hash")
            for row in zip(*(rows.column(name).to_pylist() for name in columns), strict=True):
                self.version.update("\n".join((*row, "")).encode())
            self._shares.append(rows.column("matched_share").to_numpy())
            yield {"aligned_counts": rows}
            self._progress.add(chunk.n_samples)
        self.genes = aligner.genes()
        self.problems = accept(self.genes.problems, self._severity)
        yield {"gene_alignment": gene_alignment_table(counts.dataset, self.genes.record)}

    def matched_shares(self) -> "np.ndarray":
        """Return the share of each sample's counts that found a gene, shape (n_samples,)."""
        import numpy as np

        return np.concatenate(self._shares)


def _actions(actions: object) -> dict[str, int]:
    import pandas as pd

    return {str(k): int(v) for k, v in pd.Series(actions).value_counts().items()}
