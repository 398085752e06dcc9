from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest
from predictions_lab import Lab, cohort, no_sleep

from gem_assets.predictions.cancellation import finish_despite_cancellation
from gem_assets.predictions.run import PredictionRun

KILLED_RUN = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[3])
from predictions_lab import Lab, cohort
from scripted_endpoint import ScriptedEndpoint
from gem_assets.predictions.claims import utc_now

lab = Lab(ScriptedEndpoint(base_url=sys.argv[1]), Path(sys.argv[2]), utc_now)
lab.predict(cohort(4))
"""


def test_two_runs_of_the_same_samples_ask_each_sample_once(lab: Lab) -> None:
    runs: list[PredictionRun] = []
    start = threading.Barrier(3)

    def run(samples: dict[str, list[int]]) -> None:
        start.wait()
        runs.append(lab.predict(samples, chunk_size=2))

    threads = [
        threading.Thread(target=run, args=(samples,))
        for samples in (cohort(12), cohort(12), cohort(12, first=6))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lab.endpoint.asked) == sorted(map(tuple, cohort(18).values()))
    assert [run.failures for run in runs] == [{}, {}, {}]
    assert sum(run.asked for run in runs) == 18
    assert all(set(run.keys.values()) == set(run.files) for run in runs)


def test_a_run_waits_for_what_a_live_run_asks(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "gem_assets.predictions")
    lab.endpoint.held = True
    waited = threading.Event()

    async def wait(seconds: float) -> None:
        assert seconds == 5
        waited.set()
        lab.endpoint.held = False
        await no_sleep(seconds)

    first: list[PredictionRun] = []
    sent = threading.Event()
    lab.endpoint.on_status = sent.set
    thread = threading.Thread(target=lambda: first.append(lab.predict(cohort(3))))
    thread.start()
    assert sent.wait(20)
    second = lab.predict(cohort(3), sleep=wait, poll_seconds=5)
    thread.join()
    assert waited.is_set()
    assert (first[0].asked, second.asked, second.reused) == (3, 0, 3)
    assert "3 samples are being asked by another run" in caplog.text


def test_a_run_takes_over_when_the_lease_of_another_expires(lab: Lab) -> None:
    with lab.ledger() as ledger:
        elsewhere = ledger.claims()
        run = lab.predict(cohort(2))
        lab.store.folder.rename(lab.folder / "gone")
        elsewhere.claim(run.keys.values())

        async def wait(_: float) -> None:
            lab.clock.advance(100)
            await no_sleep(0)

        before = lab.clock()
        assert lab.predict(cohort(2), sleep=wait).asked == 2
        assert lab.clock() - before >= elsewhere.lease


@pytest.mark.skipif(os.name != "posix", reason="kills a process the POSIX way")
def test_a_killed_process_leaves_its_query_to_the_next_run(lab: Lab, tmp_path: Path) -> None:
    lab.endpoint.held = True
    sent = threading.Event()
    lab.endpoint.on_status = sent.set
    process = subprocess.Popen(  # noqa: S603 (our own script)
        [
            sys.executable,
            "-c",
            KILLED_RUN,
            lab.endpoint.base_url,
            str(tmp_path),
            str(Path(__file__).parent),
        ]
    )
    try:
        assert sent.wait(60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    lab.endpoint.held = False
    assert len(lab.endpoint.asked) == 4
    run = lab.predict(cohort(4))
    assert len(lab.endpoint.asked) == 4
    assert (run.asked, run.resumed, run.failures) == (0, 4, {})


# -- cancellation ----------------------------------------------------------------------------------


def test_what_must_finish_finishes_when_cancelled() -> None:
    finished: list[str] = []

    async def submit() -> str:
        scopes[0].cancel()
        await anyio.lowlevel.checkpoint()
        finished.append("recorded")
        return "query-1"

    async def main() -> None:
        scopes.append(anyio.CancelScope())
        with scopes[0]:
            await finish_despite_cancellation(submit, grace_seconds=60)
            finished.append("went on")

    scopes: list[anyio.CancelScope] = []
    anyio.run(main)
    assert finished == ["recorded"]


def test_what_must_finish_is_broken_off_after_its_grace() -> None:
    async def main() -> bool:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await finish_despite_cancellation(anyio.sleep_forever, grace_seconds=0)
        return scope.cancelled_caught

    assert anyio.run(main)


def test_a_failure_comes_out_as_it_is() -> None:
    async def fail() -> None:
        raise KeyError("a")

    async def main() -> None:
        await finish_despite_cancellation(fail, grace_seconds=1)

    with pytest.raises(KeyError):
        anyio.run(main)
