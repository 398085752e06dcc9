"""When things run by themselves: the daily schedule, and what is observed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from face_lab import Done, Project

from gem_assets.assets.build import build_gem_assets

if TYPE_CHECKING:  # the types of what a tick returns are not public
    from dagster._core.definitions.schedule_definition import ScheduleExecutionData

THREE_O_CLOCK = datetime(2026, 3, 1, 3, tzinfo=UTC)


def evaluate(project: Project, at: datetime = THREE_O_CLOCK) -> ScheduleExecutionData:
    schedule = project.definitions.resolve_schedule_def(project.graph.schedule)
    assert isinstance(schedule, dg.ScheduleDefinition)
    with dg.build_schedule_context(
        project.instance,
        scheduled_execution_time=at,
        repository_def=project.definitions.get_repository_def(),
        resources=project.definitions.resources,
    ) as context:
        return schedule.evaluate_tick(context)


def test_the_schedule_refreshes_every_registered_dataset_once_a_day(
    stored_project: Project,
) -> None:
    registered = ["one", "two"]
    for name in registered:
        (stored_project.data / "bulk" / name).mkdir(parents=True)
    stored_project.instance.add_dynamic_partitions("gem_bulk_datasets", registered)
    requests = [
        request
        for day in range(2)
        for request in evaluate(stored_project, THREE_O_CLOCK + timedelta(day)).run_requests or ()
    ]
    assert [request.partition_key for request in requests] == ["one", "two"] * 2
    assert len({request.run_key for request in requests}) == 4


def test_the_schedule_leaves_a_removed_dataset_out_and_fails_no_run_a_day(
    stored_project: Project,
) -> None:
    stored_project.instance.add_dynamic_partitions("gem_bulk_datasets", ["here", "gone"])
    assert "bulk is not there, though 2 dataset(s) are registered" in str(
        evaluate(stored_project).skip_message
    )
    bulk = stored_project.data / "bulk"
    bulk.mkdir(parents=True)
    nobody = evaluate(stored_project)
    assert not nobody.run_requests
    assert "None of the 2 registered datasets has a folder" in str(nobody.skip_message)
    (bulk / "here").mkdir()
    (request,) = evaluate(stored_project).run_requests or ()
    assert request.partition_key == "here"


def test_the_schedule_says_how_to_register_where_nothing_is(stored_project: Project) -> None:
    data = evaluate(stored_project)
    assert not data.run_requests
    assert "gem_bulk_folder_sensor" in str(data.skip_message)


def test_the_schedule_is_daily_and_off_until_turned_on(stored_project: Project) -> None:
    schedule = stored_project.definitions.resolve_schedule_def("gem_bulk_daily")
    assert schedule.cron_schedule == "0 3 * * *"
    assert schedule.job_name == "gem_bulk_refresh"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED


def test_a_report_may_be_asked_to_be_fresh_and_is_not_unless_it_is() -> None:
    def policies(hours: float | None) -> dict[str, dg.FreshnessPolicy]:
        assets = build_gem_assets("bulk", fresh_within_hours=hours).resolve_asset_graph()
        found = {node.key.path[-1]: node.freshness_policy for node in assets.asset_nodes}
        return {name: policy for name, policy in found.items() if policy is not None}

    assert policies(25) == {
        "qc_report": dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=25))
    }
    assert not policies(None)
    with pytest.raises(ValueError, match=r"fresh_within_hours is 0\.5; it must be at least 1"):
        policies(0.5)


def test_only_what_registers_datasets_is_on_and_all_is_named_by_its_instance() -> None:
    definitions = build_gem_assets("bulk", key_prefix="liver_lab", prewarm_minutes=30)
    sensors = {f"liver_lab_{name}_sensor" for name in ("folder", "endpoint", "qc", "failure")}
    assert {sensor.name for sensor in definitions.sensors or ()} == sensors
    running = [s.name for s in definitions.sensors or () if s.default_status.value == "RUNNING"]
    assert running == ["liver_lab_folder_sensor"]


def test_the_job_of_the_schedule_makes_the_whole_chain(shipped: Done) -> None:
    assert shipped.refreshed["lncap"].started == {
        "raw_counts",
        "aligned_counts",
        "predictions",
        "sample_labels",
        "qc",
        "qc_report",
    }


def test_seeing_the_same_model_again_makes_nothing_stale(project: Project, shipped: Done) -> None:
    def version(run: object) -> str | None:
        [event] = run.result.get_asset_observation_events()  # type: ignore[attr-defined]
        tags = event.asset_observation_data.asset_observation.tags or {}
        return tags.get("dagster/data_version")

    again = project.observe()
    assert version(again) == version(shipped.observed)
    assert str(version(again)).startswith("embedded-")
    assert again.data_versions == shipped.observed.data_versions
