"""The QC sensor: open findings are told when they have changed, whoever made them, and once."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import dagster as dg
import duckdb
import pytest
from face_lab import Project
from face_ticks import Ticking
from webhook_receiver import SECRET, Receiver, receiving

from gem_assets.notifications import Message
from gem_assets.notifications.findings import NOT_GEM

SENSOR = "gem_bulk_qc_sensor"
PLANTED = "geuvadis_planted"
FAILING = ("NA20502", "NA20509", "NA20512")
VARIABLE = "LAB_WEBHOOK"


class Person:
    """A notifier of the user's own."""

    name = "kim"

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def notify(self, message: Message) -> None:
        self.heard.append(message)


@pytest.fixture
def judged(project: Project, stored_project: Project) -> Project:
    """Return a project whose datasets are judged, with an empty history."""
    project.instance = stored_project.instance
    return project


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv(VARIABLE, receiver.url)
        yield receiver


def materialise(project: Project, *names: str) -> None:
    """Let somebody have materialised the samples: a job of any name, or a person."""
    for name in names:
        project.instance.report_runless_asset_event(
            dg.AssetMaterialization(project.graph.key("qc_samples"), partition=name)
        )


def review(project: Project, *samples: str, by: str | None = "kim") -> None:
    """Let a run have judged with the reviews of these samples, or without them."""
    verdicts = project.table("qc_verdicts", PLANTED)
    verdicts.loc[verdicts["sample_id"].isin(samples), "reviewed_by"] = by
    project.warehouse.replace_partition({"qc_verdicts": verdicts}, PLANTED)
    materialise(project, PLANTED)


def test_at_first_all_that_is_open_is_told_with_where_the_report_lies(judged: Project) -> None:
    kim = Person()
    sensor = Ticking(judged, SENSOR, notifiers=[kim])
    assert sensor.said() == "1 message(s) told."
    [message] = kim.heard
    assert message.title == f"gem_bulk/{PLANTED}: 3 samples to look at"
    assert any("contradict their label" in line for line in message.lines)
    for sample in FAILING:
        assert any(line.startswith(f"• {sample}: ") for line in message.lines)
    assert f"Report: {judged.report(PLANTED)}" in message.lines
    assert judged.report(PLANTED).exists()
    assert message.note == NOT_GEM
    assert sensor.said() == "Nothing new to tell."


def test_a_daily_refresh_repeats_nothing_and_a_change_is_told(judged: Project) -> None:
    kim = Person()
    sensor = Ticking(judged, SENSOR, notifiers=[kim])
    sensor.tick()
    materialise(judged, PLANTED, "lncap")
    assert sensor.said() == "Nothing new to tell."
    review(judged, FAILING[0])
    assert sensor.said() == "1 message(s) told."
    assert kim.heard[-1].title.endswith("2 samples to look at")
    assert not any(FAILING[0] in line for line in kim.heard[-1].lines)
    review(judged, *FAILING)
    assert sensor.said() == "Nothing new to tell."  # nothing is open: nobody has to look
    review(judged, *FAILING, by=None)
    sensor.tick()
    assert kim.heard[-1].title.endswith("3 samples to look at")


def test_a_webhook_that_is_down_is_tried_again_and_loses_nothing(
    judged: Project, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    kim = Person()
    served = "https://qc.lab"
    sensor = Ticking(
        judged, SENSOR, notifiers=[kim], slack_webhook_env=VARIABLE, reports_url=served
    )
    receiver.mood = 500
    assert sensor.said() == (
        f"1 message(s) told. The webhook in {VARIABLE} answered 500. 1 wait(s) for the next tick."
    )
    assert "answered 500" in sensor.said()
    receiver.mood = 200
    assert sensor.said() == "1 message(s) told."
    assert len(receiver.posts) == 3
    assert FAILING[0] in receiver.texts[-1]
    assert receiver.texts[-1].endswith(f"Report: <{served}/gem_bulk/{PLANTED}.html>")
    assert len(kim.heard) == 1  # who was told is not told again
    assert SECRET not in str(sensor.cursor) + capfd.readouterr().err
    assert receiver.url not in str(sensor.sensor.description)


def test_a_webhook_that_is_not_set_is_told_in_the_tick(judged: Project) -> None:
    sensor = Ticking(judged, SENSOR, slack_webhook_env=VARIABLE)
    said = sensor.said()
    assert said.startswith(f"{VARIABLE} is not set")
    assert said.endswith("1 wait(s) for the next tick.")


def test_a_warehouse_that_somebody_writes_is_asked_the_next_time(judged: Project) -> None:
    kim = Person()
    sensor = Ticking(judged, SENSOR, notifiers=[kim])
    with held(judged):
        assert "lock" in sensor.said()
    assert sensor.cursor is None
    sensor.tick()
    assert len(kim.heard) == 1
    review(judged, FAILING[0])
    with held(judged):
        said = sensor.said()
    assert "lock" in said
    assert said.endswith("1 wait(s) for the next tick.")
    sensor.tick()
    assert len(kim.heard) == 2


def held(project: Project) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(project.results / "warehouse.duckdb"))


def test_what_a_tick_has_no_time_to_look_at_is_told_by_the_next(
    judged: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kim = Person()
    sensor = Ticking(judged, SENSOR, notifiers=[kim])
    module = import_module("gem_assets.automation.qc_sensor")
    monkeypatch.setattr(module, "LOOKING_SECONDS", -1.0)
    assert sensor.said() == "2 wait(s) for the next tick."
    monkeypatch.undo()
    assert sensor.said() == "1 message(s) told."
    assert len(kim.heard) == 1


def test_where_nothing_was_ever_judged_the_sensor_rests(stored_project: Project) -> None:
    sensor = Ticking(stored_project, SENSOR)
    assert sensor.said() == "Nothing new to tell."
    materialise(stored_project, "ghost")
    assert sensor.said() == "Nothing new to tell."


def test_without_a_notifier_the_log_is_told(
    judged: Project, caplog: pytest.LogCaptureFixture
) -> None:
    Ticking(judged, SENSOR).tick()
    told = [r.getMessage() for r in caplog.records if r.name == "gem_assets.notifications"]
    assert len(told) == 1
    assert PLANTED in told[0]


def test_two_notifiers_of_one_name_are_refused(stored_project: Project) -> None:
    with pytest.raises(ValueError, match="Two notifiers are called 'kim'"):
        Ticking(stored_project, SENSOR, notifiers=[Person(), Person()])


@pytest.mark.usefixtures("receiver")
def test_no_definition_holds_the_webhook(stored_project: Project) -> None:
    sensor = Ticking(stored_project, SENSOR, slack_webhook_env=VARIABLE)
    for key in (SENSOR, "gem_bulk_failure_sensor"):
        told = sensor.definitions.resolve_sensor_def(key)
        assert VARIABLE in str(told.description)
        assert SECRET not in f"{told.description} {told.metadata} {told.tags}"
    assert SECRET not in str(sensor.definitions.resources)
