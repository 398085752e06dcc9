"""The sensor that observes the endpoint; what it does in a tick is `gem_assets.endpoint_watch`."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from gem_assets.endpoint_watch import Found, Memory, OnNewModel
from gem_assets.graph import COLD_START, AssetGraph

_LOCK_PATIENCE_SECONDS = 0.5


def endpoint_sensor(
    graph: AssetGraph,
    jobs: Sequence[dg.UnresolvedAssetJobDefinition],
    on_new_model: OnNewModel,
) -> dg.SensorDefinition:
    """Return the sensor that observes the endpoint a look a tick; off until turned on.

    It wakes a sleeping model only for registered datasets that wait for predictions, and only once
    for each. A tick takes less than five seconds, whatever the endpoint does.

    Parameters
    ----------
    graph
        The instance.
    jobs
        The endpoint's job and the refresh.
    on_new_model
        ``mark_stale``: a new model is observed, and Dagster shows what lies downstream as stale.
        ``repredict``: the gene order is fetched, then every dataset that was predicted before is
        refreshed.
    """

    @dg.sensor(
        name=graph.endpoint_sensor,
        minimum_interval_seconds=30,
        jobs=list(jobs),
        required_resource_keys={graph.endpoint, graph.warehouse},
        description=f"Observes the model that serves {graph.key_prefix}; new model: "
        f"{on_new_model.replace('_', ' ')}.",
    )
    def _endpoint_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from gem_assets.endpoint.errors import EndpointError
        from gem_assets.endpoint_watch import tick
        from gem_assets.predictions.errors import PredictionsError
        from gem_assets.warehouse import LockPatience, WarehouseError

        endpoint = getattr(context.resources, graph.endpoint)
        warehouse = getattr(context.resources, graph.warehouse).open(
            LockPatience(timeout=_LOCK_PATIENCE_SECONDS)
        )
        try:
            with endpoint.connect_hastily() as connection, endpoint.ledger() as ledger:
                found = tick(
                    Memory.from_cursor(context.cursor),
                    context.instance.get_dynamic_partitions(graph.partitions.name or ""),
                    connection.settings,
                    lambda canary, may_wake: connection.glance(canary, may_wake=may_wake),
                    warehouse,
                    ledger,
                    endpoint.store(),
                    on_new_model,
                )
        except (EndpointError, WarehouseError, PredictionsError) as error:
            return dg.SkipReason(str(error))
        context.log.info(found.sentence)
        return _sensor_result(graph, found)

    return _endpoint_sensor


def _sensor_result(graph: AssetGraph, found: Found) -> dg.SensorResult:
    requests = [
        dg.RunRequest(run_key=key, job_name=graph.refresh_job, partition_key=name)
        for name, key in found.refresh.items()
    ]
    if found.refresh_order is not None:
        requests.append(dg.RunRequest(run_key=found.refresh_order, job_name=graph.endpoint_job))
    events = []
    if (seen := found.observation) is not None:
        metadata: dict[str, str | float] = {
            "model": seen.model_id,
            "model version": seen.model_version,
            "served by": seen.served_by,
            "gene order": seen.gene_order_hash,
        }
        if found.cold_start_seconds is not None:
            metadata[COLD_START] = found.cold_start_seconds
        events.append(
            dg.AssetObservation(
                graph.key("gem_endpoint"),
                metadata=metadata,
                # What makes things downstream stale, as the observable source asset itself does.
                tags={"dagster/data_version": seen.model_version},
            )
        )
    return dg.SensorResult(
        run_requests=requests or None,
        skip_reason=None if requests else dg.SkipReason(found.sentence),
        asset_events=events,
        cursor=found.memory.cursor(),
    )
