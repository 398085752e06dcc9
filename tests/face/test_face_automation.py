"""When things run by themselves: the folder sensor, the daily schedule, and what is observed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from face_lab import Done, Project

from gem_assets.automation import folder_sensor
from gem_assets.resources import GemDatasets

if TYPE_CHECKING:  # the types of what a tick returns are not public
    from dagster._core.definitions.schedule_definition import ScheduleExecutionData
    from dagster._core.definitions.sensor_definition import SensorExecutionData

THREE_O_CLOCK = datetime(2026, 3, 1, 3, tzinfo=UTC)


@pytest.fixture
def stored_project(tmp_path: Path) -> Iterator[Project]:
    """Return a project whose history lies on disk, as sensors and schedules ask for."""
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield Project(tmp_path / "data", tmp_path / "results", instance)


def tick(project: Project) -> SensorExecutionData:
    """Let the folder sensor look once, and do what it asks for."""
    data = GemDatasets(data=str(project.data), modality=project.modality)
    with dg.build_sensor_context(
        instance=project.instance, resources={project.graph.datasets: data}
    ) as context:
        result = folder_sensor(project.graph).evaluate_tick(context)
    for request in result.dynamic_partitions_requests or ():
        assert request.partitions_def_name == "gem_bulk_datasets"
        assert isinstance(request, dg.AddDynamicPartitionsRequest)
        project.instance.add_dynamic_partitions("gem_bulk_datasets", request.partition_keys)
    return result


def registered(project: Project) -> set[str]:
    return set(project.instance.get_dynamic_partitions("gem_bulk_datasets"))


def test_the_sensor_registers_the_shipped_datasets(
    repository: Path, stored_project: Project
) -> None:
    stored_project.data = repository / "data"
    tick(stored_project)
    assert registered(stored_project) == {"geuvadis_lcl", "geuvadis_planted", "lncap"}


def test_the_sensor_registers_only_what_is_new_and_then_rests(stored_project: Project) -> None:
    folder = stored_project.data / "bulk"
    (folder / "first").mkdir(parents=True)
    tick(stored_project)
    (folder / "second").mkdir()
    result = tick(stored_project)
    [request] = result.dynamic_partitions_requests or ()
    assert request.partition_keys == ["second"]
    assert not result.run_requests  # no paid prediction without being asked
    rest = tick(stored_project)
    assert rest.skip_message == "No new dataset among 2 folder(s)."
    assert registered(stored_project) == {"first", "second"}


def test_a_data_folder_that_is_not_there_yet_is_no_error(stored_project: Project) -> None:
    result = tick(stored_project)
    assert not result.dynamic_partitions_requests
    assert result.skip_message == "No new dataset among 0 folder(s)."


def test_a_folder_that_can_be_no_dataset_is_told_and_left_out(
    stored_project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("good-one", "bad name", "naïve", ".hidden"):
        (stored_project.data / "bulk" / name).mkdir(parents=True)
    tick(stored_project)
    assert registered(stored_project) == {"good-one"}
    said = capfd.readouterr().err
    assert "bad name is not taken as a dataset" in said
    assert "naïve is not taken as a dataset" in said
    assert "hidden" not in said


def test_datasets_of_the_other_modality_are_none_of_the_sensors(stored_project: Project) -> None:
    (stored_project.data / "sc" / "cells").mkdir(parents=True)
    assert "among 0 folder(s)" in str(tick(stored_project).skip_message)


def evaluate(project: Project, at: datetime = THREE_O_CLOCK) -> ScheduleExecutionData:
    schedule = project.definitions.resolve_schedule_def(project.graph.schedule)
    assert isinstance(schedule, dg.ScheduleDefinition)
    with dg.build_schedule_context(
        project.instance,
        scheduled_execution_time=at,
        repository_def=project.definitions.get_repository_def(),
    ) as context:
        return schedule.evaluate_tick(context)


def test_the_schedule_refreshes_every_registered_dataset_once_a_day(
    stored_project: Project,
) -> None:
    stored_project.instance.add_dynamic_partitions("gem_bulk_datasets", ["one", "two"])
    requests = [
        request
        for day in range(2)
        for request in evaluate(stored_project, THREE_O_CLOCK + timedelta(day)).run_requests or ()
    ]
    assert [request.partition_key for request in requests] == ["one", "two"] * 2
    assert len({request.run_key for request in requests}) == 4


def test_the_schedule_says_how_to_register_where_nothing_is(stored_project: Project) -> None:
    data = evaluate(stored_project)
    assert not data.run_requests
    assert "gem_bulk_folder_sensor" in str(data.skip_message)


def test_the_schedule_is_daily_and_off_until_turned_on(stored_project: Project) -> None:
    schedule = stored_project.definitions.resolve_schedule_def("gem_bulk_daily")
    assert schedule.cron_schedule == "0 3 * * *"
    assert schedule.job_name == "gem_bulk_refresh"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    sensor = stored_project.definitions.resolve_sensor_def("gem_bulk_folder_sensor")
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED


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
