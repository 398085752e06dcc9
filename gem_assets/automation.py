"""When things run: jobs, the sensors of folder and endpoint, and the schedules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from gem_assets.endpoint_watch import Found, Memory, OnNewModel
from gem_assets.graph import COLD_START, PARTITIONED, AssetGraph

DAILY_HOUR = 3
"""Hour (UTC unless the schedule is told otherwise) of the daily refresh."""

_MOST_PREWARM_MINUTES = 120
_LOCK_PATIENCE_SECONDS = 0.5


def refresh_job(graph: AssetGraph) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that materialises the whole chain of one dataset."""
    return dg.define_asset_job(
        graph.refresh_job,
        selection=dg.AssetSelection.assets(*graph.keys(*PARTITIONED, "qc_report")),
        description="Read, align, predict, judge and report one dataset.",
    )


def endpoint_job(graph: AssetGraph) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that observes the endpoint's model and refreshes its gene order."""
    return dg.define_asset_job(
        graph.endpoint_job,
        selection=dg.AssetSelection.assets(*graph.keys("gem_endpoint", "gene_order")),
        description="See which model serves, and fetch its gene order.",
    )


def folder_sensor(graph: AssetGraph) -> dg.SensorDefinition:
    """Return the sensor that registers each new dataset folder as a partition."""

    @dg.sensor(
        name=graph.folder_sensor,
        minimum_interval_seconds=30,
        required_resource_keys={graph.datasets},
        description=f"Registers every folder of {graph.modality}/ as a dataset.",
    )
    def _folder_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        names, problems = getattr(context.resources, graph.datasets).names()
        for problem in problems:
            context.log.warning(str(problem))
        known = set(context.instance.get_dynamic_partitions(graph.partitions.name or ""))
        new = [name for name in names if name not in known]
        if not new:
            return dg.SkipReason(f"No new dataset among {len(names)} folder(s).")
        return dg.SensorResult(
            dynamic_partitions_requests=[graph.partitions.build_add_request(new)]
        )

    return _folder_sensor


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


def prewarm_schedule(
    graph: AssetGraph, job: dg.UnresolvedAssetJobDefinition, minutes: int
) -> dg.ScheduleDefinition:
    """Return the schedule that wakes the model some minutes before the daily refresh.

    It runs the endpoint's job: its canary wakes the model, and its answer says which version
    serves, so that the refresh finds model and gene order as they are.

    Raises
    ------
    ValueError
        If the minutes aren't 1 to 120.
    """
    if not 1 <= minutes <= _MOST_PREWARM_MINUTES:
        raise ValueError(
            f"prewarm_minutes is {minutes}; it must be 1 to {_MOST_PREWARM_MINUTES}, or None for "
            "no pre-warming."
        )
    hour, minute = divmod(DAILY_HOUR * 60 - minutes, 60)
    return dg.ScheduleDefinition(
        name=graph.prewarm_schedule,
        job=job,
        cron_schedule=f"{minute} {hour} * * *",
        description=f"Wakes the model {minutes} minutes before {graph.schedule}.",
    )


def daily_schedule(
    graph: AssetGraph, job: dg.UnresolvedAssetJobDefinition
) -> dg.ScheduleDefinition:
    """Return the schedule that refreshes every registered dataset, at 03:00 unless changed.

    A refresh of unchanged counts costs nothing: their predictions are in the store.
    """

    @dg.schedule(
        name=graph.schedule,
        job=job,
        cron_schedule=f"0 {DAILY_HOUR} * * *",
        description="Refreshes every registered dataset; unchanged counts are not predicted again.",
    )
    def _daily(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        names = context.instance.get_dynamic_partitions(graph.partitions.name or "")
        if not names:
            yield dg.SkipReason(
                f"No dataset is registered yet; turn on {graph.folder_sensor} or run "
                "`gem-assets run`."
            )
        # Dagster takes several requests of one tick only if each has a key; it starts a key once.
        tick = context.scheduled_execution_time.isoformat()
        for name in names:
            yield dg.RunRequest(run_key=f"{name}:{tick}", partition_key=name)

    return _daily
