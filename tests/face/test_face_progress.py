"""What is told while samples are predicted, and what a run that is cancelled leaves behind."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from face_lab import Done, Project
from face_server import loopback
from rich.console import Console

from gem_assets.assets.failures import plain_failures
from gem_assets.assets.progress import SampleProgress, current_listener, duration, listening
from gem_assets.graph import PREDICTION_TABLES
from gem_assets.predictions.ledger import Ledger
from gem_assets.terminal import RunProgress
from gem_assets.warehouse import WarehouseLockedError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_tells_rate_and_time_left_every_few_seconds_and_at_the_end() -> None:
    clock, lines = Clock(), list[str]()
    progress = SampleProgress(lines.append, seconds_between=5, clock=clock)
    progress(40, 200, 40)
    for done in (60, 80, 100):
        clock.now += 2
        progress(done, 200, 40)
    progress(200, 200, 40)
    assert lines == [
        "40 of 200 samples predicted, 40 known before",
        "100 of 200 samples predicted, 40 known before; 10 a second, 10 s left",
        "200 of 200 samples predicted, 40 known before; 26.7 a second",
    ]
    assert progress.samples_a_second == pytest.approx(160 / 6)


def test_a_listener_hears_of_every_change_as_long_as_it_listens() -> None:
    heard: list[tuple[int, int, int]] = []
    with listening(lambda *counts: heard.append(counts)):
        progress = SampleProgress(lambda _: None, listener=current_listener())
    SampleProgress(lambda _: None, listener=current_listener())(1, 2, 0)
    progress(1, 3, 0)
    progress(2, 3, 0)
    assert heard == [(1, 3, 0), (2, 3, 0)]


def test_whoever_waits_reads_each_new_state_of_the_model(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lines: list[str] = []
    with loopback() as server:
        project = Project(tmp_path, tmp_path / "results", instance, endpoint="hosted")
        with listening(lambda *_: None, lines.append):
            project.observe()
        host = server.base_url.removeprefix("http://")
    assert lines[-1] == f"{host}: the model is ready"
    assert len(set(lines)) == len(lines)


def test_whoever_waits_reads_why_a_step_is_tried_again() -> None:
    lines: list[str] = []
    locked = WarehouseLockedError(Path("w.duckdb"), "python (PID 7)", "write", "60 s", 7)
    with (
        listening(lambda *_: None, lines.append),
        pytest.raises(dg.RetryRequested),
        plain_failures(logging.getLogger("a step")),
    ):
        raise locked
    (line,) = lines
    assert str(locked) in line
    assert line.endswith("This step is tried up to 5 times more, 60 s apart.")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (99, "99 s"), (170, "3 min"), (7300, "2 h 2 min")]
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_gets_a_bar_and_a_file_gets_lines(terminal: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
    with RunProgress(console) as progress:
        progress.start("bulk/one")
        with listening(progress.samples):  # as the steps of a run do
            step = SampleProgress(lambda _: None, listener=current_listener())
            step(0, 8, 0)
            step(8, 8, 0)
        progress.start("bulk/two")
        progress.samples(5, 5, 5)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "bulk/two" in said
    assert ("8 of 8 samples predicted" in said) is not terminal
    assert "5 of 5" not in said


def test_in_a_file_a_long_step_is_told_at_its_end_and_a_short_one_not() -> None:
    clock, console = Clock(), Console(file=io.StringIO(), width=100)
    with RunProgress(console, clock=clock) as progress:
        for seconds, step in ((4, "reading"), (7, "aligning"), (8, "predicting"), (9, "judging")):
            progress.step(f"bulk/one: {step}")
            clock.now += seconds
            if step == "predicting":
                progress.samples(8, 8, 0)
        progress.of("the next")
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "bulk/one: aligning took 7 s",
        "bulk/one: predicting: 8 of 8 samples predicted, 0 known before",
        "bulk/one: judging took 9 s",
    ]


def test_in_a_terminal_a_step_has_a_spinner_its_samples_and_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with RunProgress(console) as progress:
        progress.step("bulk/one: judging")
        progress.step("bulk/[b]one[/b]: predicting")  # a name is no markup
        progress.samples(3, 8, 0)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "bulk/one: judging" in said
    assert "bulk/[b]one[/b]: predicting" in said
    assert "3/8 samples" in said
    assert "0:00:00" in said
    monkeypatch.setenv("TERM", "dumb")
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with RunProgress(console) as progress:
        progress.step("bulk/one: judging")
    assert "\x1b" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_what_was_sent_is_counted_in_the_metadata(shipped: Done) -> None:
    told = shipped.refreshed["lncap"].metadata["predicted_metadata"]
    assert told["samples asked now"] == 7
    assert told["samples possibly paid twice"] == 0
    assert float(str(told["samples a second"])) > 0


PREDICT_LNCAP = """
import sys
import dagster as dg
from gem_assets import Settings, build_gem_assets
from gem_assets.graph import PREDICTION_TABLES, AssetGraph

graph = AssetGraph("bulk", "gem_bulk")
definitions = build_gem_assets("bulk", settings=Settings(*sys.argv[1:], "hosted"))
with dg.DagsterInstance.ephemeral() as instance:
    instance.add_dynamic_partitions("gem_bulk_datasets", ["lncap"])
    definitions.resolve_job_def(graph.refresh_job).execute_in_process(
        instance=instance,
        partition_key="lncap",
        asset_selection=graph.keys(*PREDICTION_TABLES),
    )
"""


def test_a_cancelled_run_leaves_its_query_to_be_fetched_by_the_next(
    project: Project, instance: dg.DagsterInstance, repository: Path
) -> None:
    with loopback() as server:
        project.add_dataset(repository / "data" / "bulk" / "lncap")
        hosted = Project(project.data, project.results, instance, endpoint="hosted")
        assert hosted.observe().success
        before = server.submitted
        server.held = True
        with subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", PREDICT_LNCAP, str(project.data), str(project.results)],
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert server.asked_after.wait(timeout=90)
            process.send_signal(signal.SIGINT)  # as the UI's Terminate does to a run's process
            output, _ = process.communicate(timeout=60)
        assert process.returncode != 0, output
        assert server.submitted == before + 1
        with Ledger(f"sqlite:///{project.ledger}") as ledger:
            assert ledger.query_states()["submitted"] == 1
        server.held = False
        run = hosted.refresh("lncap", PREDICTION_TABLES)
        assert run.success, run.failed
        assert server.submitted == before + 1  # nothing is paid twice
    told = run.metadata["predicted_metadata"]
    assert told["samples asked now"] == 0
    assert told["samples fetched for an earlier run"] == 7
    assert told["samples possibly paid twice"] == 0
