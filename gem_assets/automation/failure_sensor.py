"""The sensor that tells people of runs that failed: dataset, step, and the sentence of why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import dagster as dg
import msgspec

from gem_assets.automation.event_log import failed_after, follow
from gem_assets.automation.step_failures import step_sentence
from gem_assets.automation.telling import LOOKING_SECONDS, TELLING_SECONDS, clock, told
from gem_assets.graph import AssetGraph
from gem_assets.notifications.outbox import Item, Outbox, deliver
from gem_assets.notifications.run_failures import FailedRun, failure_message

if TYPE_CHECKING:
    from gem_assets.notifications.message import Message
    from gem_assets.notifications.notifier import Notifier

MOST_WAITING = 200
"""Failed runs that wait at most; with more, the event log is left where it is for a while."""

_PARTITION = "dagster/partition"

_KINDS = dg.DagsterEventType


def failure_sensor(graph: AssetGraph, notifiers: Sequence[Notifier]) -> dg.SensorDefinition:
    """Return the sensor; off until turned on.

    It tells of every failed run that was to make an asset of this instance, whatever started it,
    from the time it was turned on. Dagster's own run-failure sensor goes on when a webhook is down,
    and the message is lost; this one keeps it.

    Parameters
    ----------
    graph
        The instance.
    notifiers
        Who is told.
    """

    @dg.sensor(
        name=graph.failure_sensor,
        minimum_interval_seconds=60,
        description=f"Tells of failed runs of {graph.key_prefix}: "
        f"{', '.join(notifier.name for notifier in notifiers)}.",
    )
    def _failure_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        instance = context.instance
        is_looked, is_told = clock(LOOKING_SECONDS), clock(TELLING_SECONDS)
        outbox, new = _news(context, is_looked)
        delivered = deliver(
            outbox,
            new,
            lambda run_id: None if is_looked() else Item(_message(graph, instance, run_id)),
            notifiers,
            what=f"runs of {graph.key_prefix} failed",
            is_time_up=is_told,
        )
        return told(context, delivered)

    return _failure_sensor


def _news(
    context: dg.SensorEvaluationContext, is_time_up: Callable[[], bool]
) -> tuple[Outbox, list[str]]:
    """Return the outbox with the events that were followed, and the runs that failed in them."""
    outbox = Outbox.from_cursor(context.cursor)
    if outbox.seen is None:
        last = context.instance.fetch_run_status_changes(
            dg.DagsterEventType.RUN_FAILURE, limit=1
        ).records
        return msgspec.structs.replace(outbox, seen=last[0].storage_id if last else 0), []
    waiting = outbox.waits()
    records, seen = follow(
        failed_after(context.instance),
        outbox.seen,
        lambda n: is_time_up() or waiting + n >= MOST_WAITING,
    )
    return msgspec.structs.replace(outbox, seen=seen), [record.run_id for record in records]


def _message(graph: AssetGraph, instance: dg.DagsterInstance, run_id: str) -> Message | None:
    """Return what to tell of a failed run; None if it was not to make an asset of the instance."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return None
    events = _events(instance, run_id)
    planned = [e.asset_key for e in events if e.event_type is _KINDS.ASSET_MATERIALIZATION_PLANNED]
    own = run.job_name in (graph.refresh_job, graph.endpoint_job)
    if not own and not any(key and key.path[0] == graph.key_prefix for key in planned):
        return None
    steps = {
        str(e.step_key).removeprefix(graph.key_prefix).lstrip("_"): step_sentence(e)
        for e in events
        if e.event_type is _KINDS.STEP_FAILURE
    }
    reasons = [e.message or "" for e in events if e.event_type is _KINDS.RUN_FAILURE]
    is_ad_hoc = run.job_name.startswith("__")
    failed = FailedRun(
        run_id,
        "ad-hoc materialisation" if is_ad_hoc else run.job_name,
        run.tags.get(_PARTITION),
        steps,
        reasons[-1] if reasons else "",
    )
    return failure_message(graph.key_prefix, failed)


def _events(instance: dg.DagsterInstance, run_id: str) -> list[dg.DagsterEvent]:
    """Return what a run was to make, and what of it failed."""
    kinds = {_KINDS.ASSET_MATERIALIZATION_PLANNED, _KINDS.STEP_FAILURE, _KINDS.RUN_FAILURE}
    records = instance.get_records_for_run(run_id, of_type=kinds).records
    events = (record.event_log_entry.dagster_event for record in records)
    return [event for event in events if event is not None]
