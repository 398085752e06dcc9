"""The folder sensor: it registers, sees whose files have changed, and deletes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from face_lab import Project
from face_ticks import Ticking

SENSOR = "gem_bulk_folder_sensor"


def registered(project: Project) -> set[str]:
    return set(project.instance.get_dynamic_partitions("gem_bulk_datasets"))


def put(project: Project, name: str, text: str = "gene,S1\n") -> Path:
    counts = project.data / "bulk" / name / "counts.csv"
    counts.parent.mkdir(parents=True, exist_ok=True)
    counts.write_text(text)
    return counts


def observed(project: Project, name: str) -> list[str]:
    """Return what the history of a dataset's counts says that was seen of it."""
    records = project.instance.fetch_observations(
        dg.AssetRecordsFilter(project.graph.key("raw_counts"), [name]), limit=10
    ).records
    return [
        str(value.value)
        for record in records
        if record.asset_observation
        for value in record.asset_observation.metadata.values()
    ]


def test_the_sensor_registers_the_shipped_datasets(
    repository: Path, stored_project: Project
) -> None:
    stored_project.data = repository / "data"
    Ticking(stored_project, SENSOR).tick()
    # `gem-assets demo bodymap` may have added one.
    assert registered(stored_project) - {"bodymap"} == {"geuvadis_lcl", "geuvadis_planted", "lncap"}


def test_the_sensor_registers_only_what_is_new_and_then_rests(stored_project: Project) -> None:
    folder = stored_project.data / "bulk"
    (folder / "first").mkdir(parents=True)
    sensor = Ticking(stored_project, SENSOR)
    sensor.tick()
    (folder / "second").mkdir()
    result = sensor.tick()
    [request] = result.dynamic_partitions_requests or ()
    assert request.partition_keys == ["second"]
    assert result.skip_message == "1 new dataset(s): second."
    assert sensor.said() == "No new dataset among 2 folder(s)."
    assert registered(stored_project) == {"first", "second"}


def test_a_data_folder_that_is_not_there_yet_is_no_error(stored_project: Project) -> None:
    result = Ticking(stored_project, SENSOR).tick()
    assert not result.dynamic_partitions_requests
    assert result.skip_message == "No new dataset among 0 folder(s)."


def test_a_folder_that_can_be_no_dataset_is_told_and_left_out(
    stored_project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("good-one", "bad name", "naïve", ".hidden"):
        (stored_project.data / "bulk" / name).mkdir(parents=True)
    Ticking(stored_project, SENSOR).tick()
    assert registered(stored_project) == {"good-one"}
    said = capfd.readouterr().err
    assert "bad name is not taken as a dataset" in said
    assert "naïve is not taken as a dataset" in said
    assert "hidden" not in said


def test_datasets_of_the_other_modality_are_none_of_the_sensors(stored_project: Project) -> None:
    (stored_project.data / "sc" / "cells").mkdir(parents=True)
    assert "among 0 folder(s)" in Ticking(stored_project, SENSOR).said()


def test_with_auto_run_files_that_have_settled_are_refreshed_once(
    stored_project: Project,
) -> None:
    sensor = Ticking(stored_project, SENSOR, auto_run=True)
    counts = put(stored_project, "lungs")
    assert not sensor.tick().run_requests  # it may still be growing
    counts.write_text("gene,S1\nENSG00000000003,1\n")
    assert not sensor.tick().run_requests
    [request] = sensor.tick().run_requests or ()
    assert request.partition_key == "lungs"
    assert sensor.sensor.job_name == "gem_bulk_refresh"
    assert not sensor.tick().run_requests
    os.utime(counts, ns=(0, 0))
    sensor.tick()
    sensor.tick()
    assert [key.split(":")[0] for key in sensor.run_keys] == ["lungs", "lungs"]
    assert len(set(sensor.run_keys)) == 2


def test_a_folder_without_counts_is_registered_and_waits(stored_project: Project) -> None:
    sensor = Ticking(stored_project, SENSOR, auto_run=True)
    (put(stored_project, "lungs").rename(stored_project.data / "bulk/lungs/samples.csv"))
    for _ in range(3):
        assert not sensor.tick().run_requests
    assert registered(stored_project) == {"lungs"}


def test_without_auto_run_a_change_is_told_where_people_look(stored_project: Project) -> None:
    sensor = Ticking(stored_project, SENSOR)
    counts = put(stored_project, "lungs")
    for _ in range(3):
        assert "changed" not in sensor.said()
    counts.write_text("gene,S1\nENSG00000000003,1\n")
    said = [sensor.said() for _ in range(3)]
    assert not sensor.run_keys
    sentence = (
        "The files of lungs have changed. Run gem_bulk_refresh for it, or give the instance "
        "auto_run."
    )
    assert said[1] == f"No new dataset among 1 folder(s). {sentence}"
    assert said[2] == "No new dataset among 1 folder(s)."
    assert observed(stored_project, "lungs") == [sentence]


def test_a_removed_folder_is_told_once_and_nothing_is_deleted(stored_project: Project) -> None:
    sensor = Ticking(stored_project, SENSOR)
    counts = put(stored_project, "lungs")
    put(stored_project, "heart")
    sensor.tick()
    counts.unlink()
    counts.parent.rmdir()
    said = sensor.said()
    place = stored_project.data / "bulk"
    assert said == (
        f"No new dataset among 1 folder(s). lungs is registered, but its folder {place}/lungs is "
        "not there any more. What was made of it is kept; `gem-assets forget gem_bulk/lungs` "
        "deletes it."
    )
    assert sensor.said() == "No new dataset among 1 folder(s)."
    assert registered(stored_project) == {"lungs", "heart"}
    [trace] = observed(stored_project, "lungs")
    assert trace in said


def test_a_location_that_is_gone_is_one_sentence_and_not_a_thousand(
    stored_project: Project,
) -> None:
    sensor = Ticking(stored_project, SENSOR)
    put(stored_project, "lungs")
    sensor.tick()
    cursor = sensor.cursor
    stored_project.data.rename(stored_project.data.with_name("elsewhere"))
    said = sensor.said()
    assert said.startswith(f"{stored_project.data}/bulk is not there, though 1 dataset(s) are")
    assert sensor.cursor == cursor
    assert not observed(stored_project, "lungs")


def test_a_location_that_can_not_be_reached_is_a_sentence(stored_project: Project) -> None:
    stored_project.data = "nosuchsystem://bucket"  # type: ignore[assignment]  # no local path
    said = Ticking(stored_project, SENSOR).said()
    assert "nosuchsystem" in said
    assert "Traceback" not in said


def test_a_location_that_may_not_be_read_is_a_sentence(
    stored_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stored_project, "lungs")
    forbid(monkeypatch, stored_project.data / "bulk")
    assert Ticking(stored_project, SENSOR).said() == (
        f"{stored_project.data}/bulk can't be listed (Permission denied). Nothing was done; give "
        "Dagster's code server the right to read it."
    )


def forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let a folder be one that may not be listed; tests run as root, whom no mode stops."""

    def refusing(true: Callable[[Any], object]) -> Callable[[Any], object]:
        def listing(path: str | Path = ".") -> object:
            if Path(path) == folder:
                raise PermissionError(13, "Permission denied")
            return true(path)

        return listing

    for lists in ("scandir", "listdir"):
        monkeypatch.setattr(os, lists, refusing(getattr(os, lists)))


def test_a_dataset_that_can_not_be_listed_hides_no_other(
    stored_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stored_project, "lungs")
    forbid(monkeypatch, put(stored_project, "locked").parent)
    sensor = Ticking(stored_project, SENSOR, auto_run=True)
    assert "1 can't be looked at: locked can't be looked at: Permission denied." in sensor.said()
    [request] = sensor.tick().run_requests or ()
    assert request.partition_key == "lungs"


def test_datasets_of_a_bucket_are_watched_alike(stored_project: Project) -> None:
    from upath import UPath

    data = UPath("memory://face_automation_folder")
    stored_project.data = str(data)  # type: ignore[assignment]
    sensor = Ticking(stored_project, SENSOR, auto_run=True)
    (data / "bulk" / "lungs").mkdir(parents=True)
    (data / "bulk" / "lungs" / "counts.csv").write_text("gene,S1\n")
    sensor.tick()
    assert registered(stored_project) == {"lungs"}
    [request] = sensor.tick().run_requests or ()
    assert request.partition_key == "lungs"
    (data / "bulk" / "lungs" / "counts.csv").write_text("gene,S1\nENSG00000000003,1\n")
    sensor.tick()
    sensor.tick()
    assert len(sensor.run_keys) == 2
