"""A backfill of several datasets, as Dagster's daemon makes it of what the assets declare."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

# There is no public way to run a backfill but two more processes, which take half a minute.
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from face_lab import Project

from gem_assets.graph import PARTITIONED

LOCATION = """
from gem_assets import Settings, build_gem_assets

defs = build_gem_assets("bulk", settings=Settings({data!r}, {results!r}, "embedded"))
"""


def backfill(project: Project, module: Path, names: list[str], *tables: str) -> list[dg.DagsterRun]:
    """Ask for a backfill, and return the runs that the daemon queues for it."""
    module.write_text(LOCATION.format(data=str(project.data), results=str(project.results)))
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, python_file=str(module)), "here"
    )
    instance = project.instance
    with WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace:
        graph = workspace.create_request_context().asset_graph
        asked = PartitionBackfill.from_asset_partitions(
            "fill",
            graph,
            names,
            project.graph.keys(*tables),
            time.time(),
            {},
            instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
        instance.add_backfill(asked)
        errors = list(execute_backfill_iteration(workspace, logging.getLogger("backfill")))
        assert not any(errors)
    return list(instance.get_runs())


# Dagster's own, when it describes a code location and when it takes a backfill.
@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`")
@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources`")
def test_a_backfill_makes_one_run_a_dataset_and_one_that_is_broken_stops_no_other(
    stored_project: Project, repository: Path, tmp_path: Path
) -> None:
    project = stored_project
    names = ["broken", "first", "second"]
    for name in names:
        project.add_dataset(repository / "data" / "bulk" / "lncap", name)
    (project.data / "bulk" / "broken" / "counts.tsv.gz").write_bytes(b"no counts")
    project.instance.add_dynamic_partitions("gem_bulk_datasets", names)
    chain = (*PARTITIONED, "qc_report")
    runs = {
        run.tags["dagster/partition"]: run
        for run in backfill(project, tmp_path / "location.py", names, *chain)
    }
    assert sorted(runs) == names
    assert len(project.instance.get_runs()) == len(names)
    succeeded = set()
    for name, run in runs.items():
        assert set(run.asset_selection or ()) == set(project.graph.keys(*chain))
        # Of the chain only the counts are read here: the rest is made by other tests.
        done = project.definitions.resolve_job_def(project.graph.refresh_job).execute_in_process(
            instance=project.instance,
            tags=dict(run.tags),
            partition_key=name,
            asset_selection=project.graph.keys("raw_counts"),
            raise_on_error=False,
        )
        succeeded |= {name} if done.success else set()
    assert succeeded == {"first", "second"}
    assert project.warehouse.datasets("raw_counts") == ["first", "second"]


def test_every_asset_of_a_dataset_is_backfilled_alike(fresh_project: Project) -> None:
    """No asset asks for several datasets in a run: each has one ``partition_key`` to work on."""
    graph = fresh_project.graph
    assets = fresh_project.definitions.resolve_asset_graph()
    for key in graph.keys(*PARTITIONED, "qc_report"):
        node = assets.get(key)
        assert node.partitions_def == graph.partitions
        assert node.backfill_policy is None  # a run a partition
