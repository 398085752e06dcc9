"""When things run: jobs, the folder sensor that registers datasets, and the daily schedule."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from gem_assets.graph import PARTITIONED, AssetGraph


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


def daily_schedule(
    graph: AssetGraph, job: dg.UnresolvedAssetJobDefinition
) -> dg.ScheduleDefinition:
    """Return the schedule that refreshes every registered dataset, at 03:00 unless changed.

    A refresh of unchanged counts costs nothing: their predictions are in the store.
    """

    @dg.schedule(
        name=graph.schedule,
        job=job,
        cron_schedule="0 3 * * *",
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
