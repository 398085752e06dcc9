"""The asset ``sample_labels``: what the sample sheet states, resolved to ontology terms."""

from collections.abc import Iterator

import dagster as dg

from gem_assets.assets.column_lineage import column_lineage
from gem_assets.assets.failures import plain_failures, require_rows, write_tables
from gem_assets.assets.statements import labels_of
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import (
    contract_result,
    contract_spec,
    input_results,
    input_specs,
    refuse_input,
)
from gem_assets.graph import AssetGraph


def sample_labels(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the asset.

    A dataset without a sheet has the labels in the ``obs`` of its h5ad, if it is one; without any
    labels nothing of it is judged.

    It depends on ``raw_counts``, because whether a sheet fits can only be told beside the counts:
    a sheet of another dataset must stop the verdicts.
    """

    @dg.multi_asset(
        name=f"{graph.key_prefix}_sample_labels",
        specs=[table_spec(graph, "sample_labels", deps=["raw_counts"])],
        check_specs=[
            *input_specs(graph, "sample_labels"),
            contract_spec(graph, "sample_labels"),
        ],
        required_resource_keys={graph.datasets, graph.warehouse},
        partitions_def=graph.partitions,
    )
    def _sample_labels(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.problems import RefusedInputError

        name = context.partition_key
        warehouse = getattr(context.resources, graph.warehouse).open()
        try:
            with plain_failures(context.log, graph.retries):
                require_rows(graph, warehouse, name, "raw_counts")
                samples = warehouse.read("raw_counts", name, columns=["sample_id"])
                dataset = getattr(context.resources, graph.datasets).open(name)
                stated = labels_of(dataset, tuple(samples.column("sample_id").to_pylist()))
                rows = yield from write_tables(
                    graph,
                    warehouse,
                    {"sample_labels": stated.table, "sample_sheet": stated.cells},
                    name,
                )
        except RefusedInputError as refusal:
            yield from refuse_input(graph, "sample_labels", refusal.problems)
            return
        yield dg.MaterializeResult(
            asset_key=graph.key("sample_labels"),
            data_version=dg.DataVersion(stated.content_hash()),
            metadata={
                "dagster/partition_row_count": rows["sample_labels"],
                **column_lineage(graph, "sample_labels"),
                "labels without a term": int(stated.table.column("provided_id").null_count),
                "sheet": stated.source or "none: nothing is judged",
                "sheet_format": stated.format or "none",
                "assumed": " ".join(stated.notes) or "nothing",
                "resolutions": stated.resolutions(),
            },
        )
        yield from input_results(graph, "sample_labels", stated.problems)
        yield contract_result(graph, "sample_labels")

    return _sample_labels
