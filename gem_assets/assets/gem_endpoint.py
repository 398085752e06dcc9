"""The asset that stands for the endpoint: its data version is the model's version."""

import warnings

import dagster as dg

from gem_assets.assets.failures import plain_failures
from gem_assets.assets.progress import state_teller
from gem_assets.graph import COLD_START, AssetGraph


def gem_endpoint(graph: AssetGraph) -> dg.SourceAsset:
    """Return the observable source asset; a new model version makes what lies downstream stale."""
    with warnings.catch_warnings():
        # Beta in Dagster 1.13; plain observations of an AssetSpec never make anything stale.
        warnings.filterwarnings("ignore", message="Function `observable_source_asset`")

        @dg.observable_source_asset(
            key=graph.key("gem_endpoint"),
            group_name=graph.key_prefix,
            description=(
                "The model that serves. Observing it runs the endpoint's example query (no data "
                "of yours), unless it was seen within the last ten minutes."
            ),
            required_resource_keys={graph.endpoint},
        )
        def _gem_endpoint(context: dg.AssetExecutionContext) -> dg.ObserveResult:
            from gem_assets.predictions.observations import observe_awake

            endpoint = getattr(context.resources, graph.endpoint)
            with (
                plain_failures(context.log, graph.retries),
                endpoint.connect() as connection,
                endpoint.ledger() as ledger,
            ):
                model, woken_after = observe_awake(
                    connection,
                    ledger,
                    endpoint.store(),
                    ready_timeout=endpoint.ready_timeout,
                    on_state_change=state_teller(context.log, connection.settings.host),
                )
            return dg.ObserveResult(
                asset_key=graph.key("gem_endpoint"),
                data_version=dg.DataVersion(model.model_version),
                metadata={
                    "model": model.model_id,
                    "model version": model.model_version,
                    "served by": model.served_by,
                    "genes": len(model.gene_order),
                    **({} if woken_after is None else {COLD_START: woken_after}),
                },
            )

    return _gem_endpoint
