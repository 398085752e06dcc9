"""The asset ``raw_counts``: read the counts file, and refuse what isn't raw counts."""

import logging
import time
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

import dagster as dg

from gem_assets.assets.failures import plain_failures, write_pieces
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
    import pyarrow as pa

    from gem_assets.counts.content_hash import CountsHash
    from gem_assets.counts.intake import Intake

TABLES = ("raw_genes", "raw_counts")


def raw_counts(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the asset, with the checks of its input and ``contract``."""

    @dg.multi_asset(
        name=f"{graph.key_prefix}_raw_counts",
        specs=[table_spec(graph, "raw_counts", deps=[])],
        check_specs=[
            *input_specs(graph, "raw_counts"),
            contract_spec(graph, "raw_counts"),
        ],
        required_resource_keys={graph.datasets, graph.warehouse},
        partitions_def=graph.partitions,
    )
    def _raw_counts(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.counts.content_hash import CountsHash
        from gem_assets.counts.intake import Intake
        from gem_assets.problems import RefusedInputError
        from gem_assets.report.thumbnails import library_sizes

        name, begun = context.partition_key, time.monotonic()
        warehouse = getattr(context.resources, graph.warehouse).open()
        try:
            dataset = getattr(context.resources, graph.datasets).open(name)
            intake = Intake(dataset.counts, graph.modality, dataset.config.severity)
            content = CountsHash(intake.file.counts)
            pieces = _pieces(graph, name, intake, content, context.log)
            with plain_failures(context.log, graph.retries):
                yield from write_pieces(graph, warehouse, TABLES, pieces, name)
            seconds = time.monotonic() - begun
        except RefusedInputError as refusal:
            yield from refuse_input(graph, "raw_counts", refusal.problems)
            return
        facts = intake.facts
        yield dg.MaterializeResult(
            asset_key=graph.key("raw_counts"),
            data_version=dg.DataVersion(content.hexdigest()),
            metadata={
                "dagster/partition_row_count": facts.n_samples,
                "genes": facts.n_genes,
                "file": str(dataset.counts),
                "format": intake.file.format,
                "assumed": " ".join(intake.file.notes) or "nothing",
                "library size (median)": float(median(facts.total_counts.tolist())),
                "detected genes (median)": float(median(facts.detected_genes.tolist())),
                "samples a second": round(facts.n_samples / seconds, 1),
                "library sizes": dg.MetadataValue.md(library_sizes(facts.total_counts)),
            },
        )
        yield from input_results(graph, "raw_counts", intake.problems)
        yield contract_result(graph, "raw_counts")

    return _raw_counts


def _pieces(
    graph: AssetGraph, dataset: str, intake: "Intake", content: "CountsHash", log: logging.Logger
) -> "Iterator[dict[str, pa.Table]]":
    """Yield the rows of `TABLES` as they are read; a refusal comes with the last of them."""
    from gem_assets.counts.tables import raw_counts_table, raw_genes_table

    counts = intake.file.counts
    progress = RowProgress(lambda line: tell(log, line), "samples read", len(counts.sample_ids))
    yield {"raw_genes": raw_genes_table(dataset, counts)}
    for chunk in intake.chunks():
        content.add(chunk)
        yield {"raw_counts": raw_counts_table(dataset, chunk, graph.modality)}
        progress.add(chunk.n_samples)
