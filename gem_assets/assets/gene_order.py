"""The asset ``gene_order``: the genes that the model takes, in its order."""

from collections.abc import Iterator

import dagster as dg

from gem_assets.assets.failures import plain_failures, write_tables
from gem_assets.assets.progress import state_teller
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import contract_result, contract_spec
from gem_assets.graph import AssetGraph


def gene_order(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the asset; it asks the endpoint's example query, or takes a recent observation."""

    @dg.multi_asset(
        name=f"{graph.key_prefix}_gene_order",
        specs=[table_spec(graph, "gene_order", deps=["gem_endpoint"], partitioned=False)],
        check_specs=[contract_spec(graph, "gene_order", partitioned=False)],
        required_resource_keys={graph.endpoint, graph.warehouse},
        pool=graph.pool,
    )
    def _gene_order(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.genes.order import GeneOrder
        from gem_assets.genes.tables import gene_order_table
        from gem_assets.predictions.observations import observe_awake

        endpoint = getattr(context.resources, graph.endpoint)
        with plain_failures(context.log, graph.retries):
            with endpoint.connect() as connection, endpoint.ledger() as ledger:
                model, _ = observe_awake(
                    connection,
                    ledger,
                    endpoint.store(),
                    ready_timeout=endpoint.ready_timeout,
                    on_state_change=state_teller(context.log, connection.settings.host),
                )
            order = GeneOrder(model.gene_order)
            yield from write_tables(
                graph,
                getattr(context.resources, graph.warehouse).open(),
                {"gene_order": gene_order_table(model.model_id, model.model_version, order)},
                None,
            )
        yield dg.MaterializeResult(
            asset_key=graph.key("gene_order"),
            data_version=dg.DataVersion(f"{model.model_version}:{order.hash}"),
            metadata={
                "dagster/row_count": len(order.gene_ids),
                "model": model.model_id,
                "model version": model.model_version,
                "served by": model.served_by,
                "gene order": order.hash,
            },
        )
        yield contract_result(graph, "gene_order")

    return _gene_order
