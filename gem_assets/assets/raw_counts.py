"""The asset ``raw_counts``: read the counts file, and refuse what isn't raw counts."""

from collections.abc import Iterator

import dagster as dg

from gem_assets.assets.failures import plain_failures, write_tables
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import (
    contract_result,
    contract_spec,
    input_results,
    input_specs,
    refuse_input,
)
from gem_assets.graph import AssetGraph


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
        from gem_assets.counts.content_hash import hash_matrix
        from gem_assets.counts.intake import take_in_counts
        from gem_assets.counts.tables import raw_tables
        from gem_assets.problems import RefusedInputError
        from gem_assets.report.thumbnails import library_sizes

        name = context.partition_key
        try:
            dataset = getattr(context.resources, graph.datasets).open(name)
            file, problems = take_in_counts(dataset.counts, graph.modality, dataset.config.severity)
        except RefusedInputError as refusal:
            yield from refuse_input(graph, "raw_counts", refusal.problems)
            return
        with plain_failures(context.log):
            yield from write_tables(
                graph,
                getattr(context.resources, graph.warehouse).open(),
                raw_tables(name, file.matrix, graph.modality),
                name,
            )
        yield from input_results(graph, "raw_counts", problems)
        yield contract_result(graph, "raw_counts")
        yield dg.MaterializeResult(
            asset_key=graph.key("raw_counts"),
            data_version=dg.DataVersion(hash_matrix(file.matrix)),
            metadata={
                "dagster/partition_row_count": file.matrix.n_samples,
                "genes": file.matrix.n_genes,
                "file": str(dataset.counts),
                "format": file.format,
                "assumed": "; ".join(file.notes) or "nothing",
                "reads (median)": _median(file.matrix.total_counts),
                "library sizes": dg.MetadataValue.md(library_sizes(file.matrix.total_counts)),
            },
        )

    return _raw_counts


def _median(values: object) -> float:
    import numpy as np

    return float(np.median(np.asarray(values)))
