"""Following Dagster's event log from where the last tick stopped."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
from dagster import EventLogRecord, EventRecordsResult

PAGE = 200
"""Events of one query."""


def follow(
    fetch: Callable[[int], EventRecordsResult],
    seen: int,
    is_enough: Callable[[int], bool],
) -> tuple[list[EventLogRecord], int]:
    """Return the events after ``seen``, oldest first, and the storage id of the last of them.

    Parameters
    ----------
    fetch
        Returns a page of events after a storage id, oldest first.
    seen
        Storage id of the last event that is known.
    is_enough
        Told how many events were read; whether to leave the rest for another time.
    """
    records: list[EventLogRecord] = []
    while not is_enough(len(records)):
        page = fetch(seen)
        records += page.records
        if not page.records:
            break
        seen = page.records[-1].storage_id
        if not page.has_more:
            break
    return records, seen


def judged_after(
    instance: dg.DagsterInstance, key: dg.AssetKey
) -> Callable[[int], EventRecordsResult]:
    """Return what fetches the materialisations of an asset, whatever has made them."""
    return lambda seen: instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=key, after_storage_id=seen), limit=PAGE, ascending=True
    )


def failed_after(instance: dg.DagsterInstance) -> Callable[[int], EventRecordsResult]:
    """Return what fetches the failures of runs, of any job."""
    return lambda seen: instance.fetch_run_status_changes(
        dg.RunStatusChangeRecordsFilter(
            event_type=dg.DagsterEventType.RUN_FAILURE, after_storage_id=seen
        ),
        limit=PAGE,
        ascending=True,
    )
