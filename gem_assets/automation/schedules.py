"""The schedules: every dataset once a day, and a model that is awake by then."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from gem_assets.automation.dataset_folders import FoldersUnknownError, dataset_folders
from gem_assets.graph import AssetGraph

DAILY_HOUR = 3
"""Hour (UTC unless the schedule is told otherwise) of the daily refresh."""

_MOST_PREWARM_MINUTES = 120


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

    A refresh of unchanged counts costs nothing: their predictions are in the store. A dataset whose
    folder was removed is left out, or its run would fail every day; the folder sensor tells of it.
    """

    @dg.schedule(
        name=graph.schedule,
        job=job,
        cron_schedule=f"0 {DAILY_HOUR} * * *",
        required_resource_keys={graph.datasets},
        description="Refreshes every registered dataset; unchanged counts are not predicted again.",
    )
    def _daily(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        registered = context.instance.get_dynamic_partitions(graph.partitions.name or "")
        if not registered:
            yield dg.SkipReason(
                f"No dataset is registered yet; turn on {graph.folder_sensor} or run "
                "`gem-assets run`."
            )
            return
        try:
            present, _ = dataset_folders(getattr(context.resources, graph.datasets), registered)
        except FoldersUnknownError as unknown:
            yield dg.SkipReason(str(unknown))
            return
        names = [name for name in registered if name in present]
        if not names:
            yield dg.SkipReason(
                f"None of the {len(registered)} registered datasets has a folder any more."
            )
        # Dagster takes several requests of one tick only if each has a key; it starts a key once.
        tick = context.scheduled_execution_time.isoformat()
        for name in names:
            yield dg.RunRequest(run_key=f"{name}:{tick}", partition_key=name)

    return _daily
