"""The endpoint sensor: it looks once a tick, waits for nothing, and wakes only for work."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from face_lab import Done, Project
from face_server import KEY, Loopback, loopback

from gem_assets.assets.build import build_gem_assets
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.glance import hasty
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.endpoint_watch import Found, Memory, OnNewModel, tick
from gem_assets.graph import COLD_START
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.store import Store
from gem_assets.settings import EndpointMode, Settings

if TYPE_CHECKING:  # the types of what a tick returns are not public
    from dagster._core.definitions.sensor_definition import SensorExecutionData

MODEL = "gem-1-bulk_predict-metadata"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback(cold_start_seconds=75) as server:
        yield server


class Watched:
    """A project in which two datasets were predicted, and its sensor, tick by tick."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.cursor: str | None = None

    def register(self, *names: str) -> None:
        self.project.instance.add_dynamic_partitions("gem_bulk_datasets", list(names))

    def tick(
        self, endpoint: EndpointMode = "hosted", on_new_model: OnNewModel = "mark_stale"
    ) -> SensorExecutionData:
        settings = Settings(str(self.project.data), str(self.project.results), endpoint)
        definitions = build_gem_assets("bulk", settings=settings, on_new_model=on_new_model)
        sensor = definitions.resolve_sensor_def("gem_bulk_endpoint_sensor")
        assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
        with dg.build_sensor_context(
            instance=self.project.instance,
            cursor=self.cursor,
            instance_ref=self.project.instance.get_ref(),
            repository_def=definitions.get_repository_def(),
            resources={
                name: resource
                for name, resource in (definitions.resources or {}).items()
                if name in sensor.required_resource_keys
            },
        ) as context:
            result = sensor.evaluate_tick(context)
        self.cursor = result.cursor or self.cursor
        return result

    def observe_version(self, version: str, base_url: str) -> None:
        """Let a run have seen another version of the model."""
        hashes = self.project.warehouse.values("aligned_counts", "gene_order_hash")["lncap"]
        with Ledger(f"sqlite:///{self.project.ledger}") as ledger:
            ledger.observations.record("hosted", base_url, MODEL, version, *hashes)


@pytest.fixture
def watched(project: Project, tmp_path: Path) -> Iterator[Watched]:
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        project.instance = instance
        watched = Watched(project)
        watched.register("lncap")
        yield watched


def model_is_awake(server: Loopback) -> None:
    """Let the cold start end, and the canary be answered."""
    server.now += 75
    for query_id in list(server.app.state.queries._queries):  # noqa: SLF001 - there is no list
        server.app.state.queries.find(query_id).finished.result(timeout=30)


def test_without_work_no_request_is_made(watched: Watched, server: Loopback) -> None:
    result = watched.tick()
    assert not server.requests
    assert "Nothing waits" in str(result.skip_message)
    assert not result.asset_events


def test_it_wakes_the_model_once_for_a_dataset_and_reports_its_cold_start(
    watched: Watched, server: Loopback
) -> None:
    watched.register("never_predicted")
    assert "starting" in str(watched.tick().skip_message)
    assert server.submitted == 1
    assert Memory.from_cursor(watched.cursor).canary
    for _ in range(2):  # still cold: one look a tick, and no second canary
        before = len(server.requests)
        assert not watched.tick().asset_events
        assert len(server.requests) == before + 2
    assert server.submitted == 1
    model_is_awake(server)
    [event] = watched.tick().asset_events
    assert isinstance(event, dg.AssetObservation)
    assert event.asset_key == dg.AssetKey(["gem_bulk", "gem_endpoint"])
    assert (event.tags or {})["dagster/data_version"] == "embedded-2"
    seconds = event.metadata[COLD_START]
    assert isinstance(seconds, dg.FloatMetadataValue)
    with Ledger(f"sqlite:///{watched.project.ledger}") as ledger:
        [wake] = ledger.wakes.of(server.base_url, MODEL)
    assert wake.seconds == seconds.value
    before = len(server.requests)
    assert not watched.tick().asset_events
    assert len(server.requests) == before  # a paid model may sleep again
    watched.register("another_one")
    watched.tick()
    assert server.submitted == 2


def test_an_endpoint_that_fails_gets_three_canaries_and_no_more(
    watched: Watched, server: Loopback
) -> None:
    watched.register("never_predicted")
    server.broken = True
    assert "unreachable" in str(watched.tick().skip_message)
    assert not server.submitted
    server.broken = False
    for _ in range(6):
        watched.tick()
        server.app.state.queries._queries.clear()  # noqa: SLF001 - it forgets what it was asked
    assert server.submitted == 3
    assert "gave up after 3 canaries" in str(watched.tick().skip_message)


def test_mark_stale_tells_dagster_of_a_new_version_and_runs_nothing(
    watched: Watched, server: Loopback
) -> None:
    watched.observe_version("2", server.base_url)
    result = watched.tick()
    [event] = result.asset_events
    assert (event.tags or {})["dagster/data_version"] == "2"
    assert not result.run_requests
    assert not watched.tick().asset_events
    assert not server.requests


def test_repredict_fetches_the_gene_order_first_and_then_refreshes_what_was_predicted(
    watched: Watched, server: Loopback
) -> None:
    watched.register("geuvadis_planted")
    watched.observe_version("2", server.base_url)
    [order] = watched.tick(on_new_model="repredict").run_requests or ()
    assert order.job_name == "gem_bulk_endpoint"
    # Its run is not done yet: nothing is predicted on the old gene order.
    assert not watched.tick(on_new_model="repredict").run_requests
    genes = watched.project.table("gene_order")
    genes["model_version"] = "2"
    watched.project.warehouse.replace_partition({"gene_order": genes}, None)
    requests = watched.tick(on_new_model="repredict").run_requests or ()
    assert [r.partition_key for r in requests] == ["geuvadis_planted", "lncap"]
    assert {r.job_name for r in requests} == {"gem_bulk_refresh"}
    assert len({r.run_key for r in requests}) == 2
    assert not watched.tick(on_new_model="repredict").run_requests
    watched.observe_version("3", server.base_url)
    [again] = watched.tick(on_new_model="repredict").run_requests or ()
    assert again.run_key != order.run_key


def test_the_embedded_endpoint_is_always_ready_and_just_observed(watched: Watched) -> None:
    watched.register("never_predicted")
    [event] = watched.tick("embedded").asset_events
    assert (event.tags or {})["dagster/data_version"] == "embedded-2"
    assert COLD_START not in event.metadata
    assert not watched.tick("embedded").asset_events


def test_a_tick_ends_within_five_seconds_whatever_the_endpoint_does(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.register("never_predicted")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        monkeypatch.setenv("SYNTHESIZE_API_KEY", KEY)
        monkeypatch.setenv("SYNTHESIZE_API_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        result = watched.tick()
        assert time.monotonic() - begun < 5
    assert "unreachable" in str(result.skip_message) or "did not answer" in str(result.skip_message)


def test_a_missing_key_is_told_in_a_sentence(watched: Watched) -> None:
    assert "SYNTHESIZE_API_KEY" in str(watched.tick().skip_message)


def test_a_cursor_that_can_not_be_read_is_forgotten() -> None:
    assert Memory.from_cursor("{") == Memory()
    memory = Memory(canary="q1", canary_at=3.5, canaries=1, woken_for=("a",))
    assert Memory.from_cursor(memory.cursor()) == memory


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_cold_start_seconds_run_from_the_first_canary_to_the_answer(
    shipped: Done, server: Loopback, tmp_path: Path
) -> None:
    clock = Clock()
    settings = hasty(EndpointSettings.from_environment("hosted", "bulk"))
    memory = Memory()

    def look(memory: Memory) -> Found:
        with (
            Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", clock=clock) as ledger,
            EndpointConnection(settings) as connection,
        ):
            return tick(
                memory,
                ["never_predicted"],
                settings,
                lambda canary, may_wake: connection.glance(canary, may_wake=may_wake),
                shipped.project.warehouse,
                ledger,
                Store(tmp_path / "predictions"),
                "mark_stale",
            )

    for _ in range(3):
        found = look(memory)
        memory = found.memory
        assert found.cold_start_seconds is None
        clock.now += timedelta(seconds=30)
    model_is_awake(server)
    assert look(memory).cold_start_seconds == 90
    assert server.submitted == 1
    # A canary that never ends is given up, and another is sent.
    stuck = Memory(canary=memory.canary, canary_at=memory.canary_at, canaries=1)
    server.now = 0.0
    clock.now += timedelta(seconds=settings.prediction_timeout + 1)
    assert look(stuck).memory.canary is None


@pytest.mark.parametrize(("minutes", "cron"), [(10, "50 2 * * *"), (120, "0 1 * * *")])
def test_prewarming_runs_the_endpoints_job_before_the_refresh(minutes: int, cron: str) -> None:
    definitions = build_gem_assets(
        "bulk", settings=Settings(endpoint="hosted"), prewarm_minutes=minutes
    )
    schedule = definitions.resolve_schedule_def("gem_bulk_prewarm")
    assert schedule.cron_schedule == cron
    assert schedule.job_name == "gem_bulk_endpoint"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED


def test_nothing_is_prewarmed_unasked_or_embedded() -> None:
    for definitions in (
        build_gem_assets("bulk", settings=Settings(endpoint="hosted")),
        build_gem_assets("bulk", settings=Settings(endpoint="embedded"), prewarm_minutes=10),
    ):
        assert [s.name for s in definitions.schedules or ()] == ["gem_bulk_daily"]


def test_policies_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="prewarm_minutes is 500"):
        build_gem_assets("bulk", prewarm_minutes=500)
    with pytest.raises(ValueError, match="on_new_model is 'never'"):
        build_gem_assets("bulk", on_new_model="never")  # type: ignore[arg-type]
