"""A few schedules and kills of the campaigns, on the small backend."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from campaigns import faults, kills
from campaigns.schedules import KINDS, schedule

SAMPLES = 200
SCHEDULES = 36


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The process that is killed is `python -m campaigns.kills`.
    monkeypatch.chdir(Path(__file__).parents[2])
    hooks = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks([])
    yield
    stamina.instrumentation.set_on_retry_hooks(hooks)


# Chosen for what they hold: queries that are lost, stay, fail; a new version; a new gene order.
@pytest.mark.parametrize("seed", [1, 3, 11, 14, 18])
def test_no_sample_is_lost_doubled_or_asked_twice_without_cause(seed: int) -> None:
    outcome = faults.run_schedule(seed, schedule(seed, SCHEDULES), "replay", SAMPLES)
    assert outcome.faults
    assert outcome.good, outcome
    assert outcome.predicted + outcome.failed == SAMPLES


@pytest.mark.skipif(os.name != "posix", reason="kills a process the POSIX way")
@pytest.mark.parametrize("seed", [0, 1, 6])
def test_a_killed_run_is_gone_on_with(seed: int) -> None:
    outcome = kills.run_kill(seed, "replay", SAMPLES)
    assert outcome.good, outcome


def test_every_kind_of_fault_is_scheduled() -> None:
    scheduled = {
        (fault.request, fault.__struct_config__.tag, getattr(fault, "edit", None))
        for seed in range(SCHEDULES)
        for fault in schedule(seed, SCHEDULES).faults
    }
    assert scheduled == {
        (kind.get("request", "submit"), kind["fault"], kind.get("edit")) for kind in KINDS
    }
