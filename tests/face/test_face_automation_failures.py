"""The failure sensor: which dataset, which step, and the sentence; of any run of ours, and once."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
from face_lab import Project
from face_ticks import Ticking
from webhook_receiver import Receiver, receiving

SENSOR = "gem_bulk_failure_sensor"
VARIABLE = "LAB_WEBHOOK"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv(VARIABLE, receiver.url)
        yield receiver


def sensor_of(project: Project) -> Ticking:
    """Return the sensor after its first tick: it tells what fails from then on."""
    sensor = Ticking(project, SENSOR, slack_webhook_env=VARIABLE)
    assert sensor.said() == "Nothing new to tell."
    return sensor


def test_a_failed_refresh_is_told_with_dataset_step_and_sentence(
    stored_project: Project, receiver: Receiver
) -> None:
    sensor = sensor_of(stored_project)
    failed = stored_project.refresh("ghost")
    assert not failed.success
    assert sensor.said() == "1 message(s) told."
    [text] = receiver.texts
    lines = text.splitlines()
    assert lines[0].startswith("gem_bulk/ghost: a run failed at raw_counts")
    assert lines[1].startswith("• raw_counts: There is no dataset 'ghost': the folder ")
    assert lines[-1] == f"gem_bulk_refresh, run {failed.run_id}"
    assert "Traceback" not in text
    assert sensor.said() == "Nothing new to tell."


def test_what_failed_before_the_sensor_was_turned_on_is_no_news(
    stored_project: Project, receiver: Receiver
) -> None:
    stored_project.refresh("ghost", ["raw_counts"])
    sensor = sensor_of(stored_project)
    assert sensor.said() == "Nothing new to tell."
    assert not receiver.posts


def test_an_ad_hoc_materialisation_is_told_and_other_peoples_runs_are_not(
    stored_project: Project, receiver: Receiver
) -> None:
    @dg.asset
    def theirs() -> None:
        raise ZeroDivisionError

    sensor = sensor_of(stored_project)
    dg.materialize([theirs], instance=stored_project.instance, raise_on_error=False)
    assert sensor.said() == "Nothing new to tell."
    stored_project.instance.add_dynamic_partitions("gem_bulk_datasets", ["ghost"])
    definitions = stored_project.definitions
    dg.materialize(
        list(definitions.assets or ()),  # type: ignore[arg-type]
        selection=[stored_project.graph.key("raw_counts")],
        partition_key="ghost",
        instance=stored_project.instance,
        resources=dict(definitions.resources or {}),
        raise_on_error=False,
    )
    sensor.tick()
    [text] = receiver.texts
    assert text.startswith("gem_bulk/ghost: a run failed at raw_counts\n")
    assert "ad-hoc materialisation, run" in text


def test_a_webhook_that_is_down_loses_no_failure_and_many_are_told_as_one(
    stored_project: Project, receiver: Receiver
) -> None:
    sensor = sensor_of(stored_project)
    receiver.mood = 503
    stored_project.refresh("ghost", ["raw_counts"])
    assert sensor.said() == (
        f"The webhook in {VARIABLE} answered 503. 1 wait(s) for the next tick."
    )
    for i in range(5):
        stored_project.refresh(f"ghost{i}", ["raw_counts"])
    assert sensor.said().endswith("6 wait(s) for the next tick.")
    receiver.mood = 200
    assert sensor.said() == "1 message(s) told."
    lines = receiver.texts[-1].splitlines()
    assert lines[0] == "6 runs of gem_bulk failed."
    assert lines[1] == "• gem_bulk/ghost: a run failed at raw_counts"
    assert len(lines) == 7


def test_an_exception_without_a_sentence_is_told_by_its_name_alone(
    stored_project: Project, receiver: Receiver
) -> None:
    @dg.asset(key=["gem_bulk", "mine"])
    def mine() -> None:
        raise ZeroDivisionError("of something")

    sensor = sensor_of(stored_project)
    dg.materialize([mine], instance=stored_project.instance, raise_on_error=False)
    sensor.tick()
    [text] = receiver.texts
    assert "ZeroDivisionError: of something" in text
    assert "File " not in text
    assert "dataset" not in text
