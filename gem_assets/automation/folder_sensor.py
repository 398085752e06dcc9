"""The sensor that registers datasets, and requests their refresh when their files have changed.

What it does in a tick is `gem_assets.folder_watch`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial

import dagster as dg

from gem_assets.automation.dataset_folders import FoldersUnknownError, dataset_folders
from gem_assets.folder_watch import Found, Looks, Memory, look_at, tick
from gem_assets.graph import AssetGraph

LOOK_SECONDS = 20.0
"""How long a tick looks at files; of the 60 s that it has, the rest is for telling and requesting.
What it does not reach, the next tick looks at first."""

MISSING = "missing folder"
CHANGED = "changed files"
"""What the sensor's observations of ``raw_counts`` tell, by the name of their metadata."""


def folder_sensor(
    graph: AssetGraph,
    job: dg.UnresolvedAssetJobDefinition,
    *,
    auto_run: bool = False,
    look_seconds: float = LOOK_SECONDS,
) -> dg.SensorDefinition:
    """Return the sensor that watches the dataset folders.

    It registers each new folder as a partition. When a dataset's files are the same for two ticks,
    and others than before, it requests its refresh; or it only says so. A folder that was removed
    is told once; nothing is ever deleted.

    Parameters
    ----------
    graph
        The instance.
    job
        The refresh.
    auto_run
        Whether to request refreshes. Since predictions may have to be paid, the sensor is off then
        until it is turned on. Without, it runs from the start, and costs nothing: who opens the UI
        finds the datasets there.
    look_seconds
        How long a tick looks at files.
    """
    does = (
        "requests the refresh of each whose files have changed"
        if auto_run
        else "tells whose files have changed"
    )

    @dg.sensor(
        name=graph.folder_sensor,
        job=job,
        minimum_interval_seconds=30,
        required_resource_keys={graph.datasets},
        description=f"Registers every folder of {graph.modality}/ as a dataset, and {does}.",
        default_status=dg.DefaultSensorStatus.STOPPED
        if auto_run
        else dg.DefaultSensorStatus.RUNNING,
    )
    def _folder_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        datasets = getattr(context.resources, graph.datasets)
        known = set(context.instance.get_dynamic_partitions(graph.partitions.name or ""))
        place = f"{datasets.data.rstrip('/')}/{graph.modality}"
        memory = Memory.from_cursor(context.cursor)
        deadline = time.monotonic() + look_seconds
        try:
            names, problems = dataset_folders(datasets, known)
        except FoldersUnknownError as unknown:
            return dg.SkipReason(str(unknown))
        looks = look_at(names, datasets.stamp, memory.left_off, lambda: time.monotonic() > deadline)
        found = tick(memory, looks, names, known, auto_run=auto_run)
        for sentence in (*map(str, problems), *looks.problems):
            context.log.warning(sentence)
        new = [name for name in names if name not in known]
        return _result(graph, place, found, looks, names, new, context)

    return _folder_sensor


def _result(
    graph: AssetGraph,
    place: str,
    found: Found,
    looks: Looks,
    names: Iterable[str],
    new: list[str],
    context: dg.SensorEvaluationContext,
) -> dg.SensorResult:
    requests = [
        dg.RunRequest(run_key=key, partition_key=name) for name, key in found.refresh.items()
    ]
    gone = {
        name: f"{name} is registered, but its folder {place}/{name} is not there any more. What "
        f"was made of it is kept; `gem-assets forget {graph.key_prefix}/{name}` deletes it."
        for name in found.gone
    }
    changed = {
        name: f"The files of {name} have changed. Run {graph.refresh_job} for it, or give the "
        "instance auto_run."
        for name in found.changed
    }
    for sentence in (*gone.values(), *changed.values()):
        context.log.warning(sentence)
    total = len(tuple(names))
    said = [f"{len(new)} new dataset(s): {_listed(new)}." if new else ""]
    if looks.problems:
        said.append(f"{len(looks.problems)} can't be looked at: {looks.problems[0]}")
    said += [_some(gone), _some(changed)]
    if looks.left_off:
        said.append(f"There was time for {len(looks.stamps)} of them; the rest is next.")
    skip = " ".join(filter(None, [f"No new dataset among {total} folder(s)." * (not new), *said]))
    observe = partial(_observation, graph)
    return dg.SensorResult(
        run_requests=requests or None,
        skip_reason=None if requests else dg.SkipReason(skip),
        dynamic_partitions_requests=[graph.partitions.build_add_request(new)] if new else None,
        asset_events=[
            *(observe(name, MISSING, sentence) for name, sentence in gone.items()),
            *(observe(name, CHANGED, sentence) for name, sentence in changed.items()),
        ],
        cursor=found.memory.cursor(),
    )


def _observation(graph: AssetGraph, name: str, what: str, sentence: str) -> dg.AssetObservation:
    return dg.AssetObservation(graph.key("raw_counts"), partition=name, metadata={what: sentence})


def _some(sentences: dict[str, str]) -> str:
    """Return one sentence in full, or of many the first and how many there are."""
    first = next(iter(sentences.values()), "")
    left = len(sentences) - 1
    return f"{first} And so for {left} more: {_listed([*sentences][1:])}." if left > 0 else first


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
