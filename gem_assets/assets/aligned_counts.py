"""The asset ``aligned_counts``: bring raw counts into the model's gene order."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from gem_assets.assets.failures import plain_failures, require_rows, write_tables
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
    import pyarrow as pa


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
        from gem_assets.counts.tables import matrix_of_tables
        from gem_assets.genes.alignment import align_counts
        from gem_assets.genes.order import GeneOrder
        from gem_assets.genes.tables import alignment_tables
        from gem_assets.problems import RefusedInputError
        from gem_assets.severities import accept

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
                severity = getattr(context.resources, graph.datasets).config(name).severity
                alignment = align_counts(matrix, order)
                problems = accept(alignment.problems, severity)
            except RefusedInputError as refusal:
                yield from refuse_input(graph, "aligned_counts", refusal.problems)
                return
            tables = alignment_tables(name, matrix.sample_ids, alignment, order)
            yield from write_tables(graph, warehouse, tables, name)
        yield from input_results(graph, "aligned_counts", problems)
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
