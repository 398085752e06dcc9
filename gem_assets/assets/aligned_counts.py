"""The asset ``aligned_counts``: bring raw counts into the model's gene order."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from gem_assets.assets.failures import plain_failures, require_rows, write_tables
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import (
    check_spec,
    contract_result,
    contract_spec,
    problems_result,
    refuse_partition,
)
from gem_assets.graph import AssetGraph

if TYPE_CHECKING:
    import pyarrow as pa

COVERS = "covers_model_genes"


def aligned_counts(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the asset, with its checks ``covers_model_genes`` and ``contract``."""

    @dg.multi_asset(
        name=f"{graph.key_prefix}_aligned_counts",
        specs=[table_spec(graph, "aligned_counts", deps=["raw_counts", "gene_order"])],
        check_specs=[
            check_spec(
                graph,
                "aligned_counts",
                COVERS,
                "Enough of the model's genes are in the file, and enough of its counts found a "
                "place.",
            ),
            contract_spec(graph, "aligned_counts"),
        ],
        required_resource_keys={graph.warehouse},
        partitions_def=graph.partitions,
    )
    def _aligned_counts(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.counts.tables import matrix_of_tables
        from gem_assets.genes.alignment import align_counts
        from gem_assets.genes.order import GeneOrder
        from gem_assets.genes.tables import alignment_tables
        from gem_assets.problems import RefusedInputError, Severity

        name = context.partition_key
        warehouse = getattr(context.resources, graph.warehouse).open()
        with plain_failures(context.log):
            require_rows(graph, warehouse, name, "raw_counts")
            require_rows(graph, warehouse, None, "gene_order")
            order = GeneOrder(tuple(warehouse.read("gene_order").column("gene_id").to_pylist()))
            matrix = matrix_of_tables(
                warehouse.read("raw_counts", name), warehouse.read("raw_genes", name)
            )
            try:
                alignment = align_counts(matrix, order)
            except RefusedInputError as refusal:
                yield from refuse_partition(
                    problems_result(graph, "aligned_counts", COVERS, refusal.problems)
                )
                return
            covers = problems_result(graph, "aligned_counts", COVERS, alignment.problems)
            if any(problem.severity is Severity.ERROR for problem in alignment.problems):
                yield from refuse_partition(covers)
            tables = alignment_tables(name, matrix.sample_ids, alignment, order)
            yield from write_tables(graph, warehouse, tables, name)
        yield covers
        yield contract_result(graph, "aligned_counts")
        yield dg.MaterializeResult(
            asset_key=graph.key("aligned_counts"),
            data_version=dg.DataVersion(_version(tables["aligned_counts"])),
            metadata={
                "dagster/partition_row_count": matrix.n_samples,
                "model genes in the file": alignment.model_genes_share,
                "counts that found a place": alignment.counts_share,
                "gene order": order.hash,
                "genes by action": _actions(alignment.record["action"]),
            },
        )

    return _aligned_counts


def _version(aligned: "pa.Table") -> str:
    """Return the data version: the content of every sample in its order, and the gene order."""
    digest = hashlib.sha256()
    for column in ("sample_id", "content_hash", "gene_order_hash"):
        digest.update("\n".join(aligned.column(column).to_pylist()).encode())
    return digest.hexdigest()


def _actions(actions: object) -> dict[str, int]:
    import pandas as pd

    return {str(k): int(v) for k, v in pd.Series(actions).value_counts().items()}
