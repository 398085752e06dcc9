from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from predictions_lab import Clock

from gem_assets.predictions.claims import LEASE, Claims, this_machine
from gem_assets.predictions.errors import LedgerRefusedError
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.ledger_schema import claims as claims_table
from gem_assets.predictions.query_records import AskedSample, QueryState, RecordedQuery

QUESTION = Question("hosted", "https://app.example", "gem-1", "2", "sha256:0", 42, {"a": 1})


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/results/ledger.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger(url, clock=clock, monotonic=clock.monotonic) as ledger:
        yield ledger


def samples(*keys: str) -> list[AskedSample]:
    return [AskedSample(key, f"counts of {key}") for key in keys]


def submit(ledger: Ledger, query_id: str, *keys: str) -> RecordedQuery:
    return ledger.sendings.accepted(ledger.sendings.begin(QUESTION, samples(*keys)), query_id)


def under_way(ledger: Ledger, *keys: str) -> list[RecordedQuery]:
    return ledger.sendings.under_way(QUESTION, [f"counts of {key}" for key in keys])


# -- queries ---------------------------------------------------------------------------------------


def test_a_submitted_query_is_found_again_as_it_was_sent(ledger: Ledger, url: str) -> None:
    sent = submit(ledger, "q1", "b", "a")
    with Ledger(url) as reopened:
        assert under_way(reopened, "a") == [sent]
    assert [sample.content_key for sample in sent.samples] == ["b", "a"]


def test_answered_and_failed_queries_are_not_waited_for(ledger: Ledger) -> None:
    answered = submit(ledger, "q1", "a")
    failed = submit(ledger, "q2", "b")
    submit(ledger, "q3", "c")
    ledger.record_answers("f", ["a"], answered)
    ledger.fail_query(failed, "out of memory")
    assert [query.query_id for query in under_way(ledger, *"abc")] == ["q3"]
    assert ledger.query_states() == {
        QueryState.SUBMITTED: 1,
        QueryState.ANSWERED: 1,
        QueryState.FAILED: 1,
    }


def test_the_newest_query_comes_first(ledger: Ledger, clock: Clock) -> None:
    for query_id in ("q1", "q2"):
        submit(ledger, query_id, "a")
        clock.advance(1)
    assert [query.query_id for query in under_way(ledger, "a")] == ["q2", "q1"]


def test_an_endpoint_may_give_the_same_id_twice(ledger: Ledger) -> None:
    ledger.fail_query(submit(ledger, "1", "a"), "lost")
    second = submit(ledger, "1", "a")
    assert under_way(ledger, "a") == [second]


def test_the_index_takes_more_keys_than_a_statement_does(ledger: Ledger) -> None:
    keys = [f"key {i}" for i in range(1700)]
    ledger.record_answers("f", keys)
    assert ledger.files_of([*keys, "other"]) == dict.fromkeys(keys, "f")
    ledger.forget_files(["f"])
    assert ledger.files_of(keys) == {}
    assert ledger.files() == set()


def test_the_latest_file_of_a_key_counts(ledger: Ledger) -> None:
    ledger.record_answers("f1", ["a", "b"])
    ledger.record_answers("f2", ["b"])
    assert ledger.files_of("ab") == {"a": "f1", "b": "f2"}
    assert ledger.files() == {"f1", "f2"}


# -- the database ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("ledger")
def test_the_default_database_can_be_written_by_several_processes(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "results" / "ledger.sqlite")) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_instants_are_written_in_utc(ledger: Ledger, clock: Clock, tmp_path: Path) -> None:
    clock.now = clock.now.astimezone(timezone(timedelta(hours=9)))
    query = submit(ledger, "q1", "a")
    with closing(sqlite3.connect(tmp_path / "results" / "ledger.sqlite")) as other:
        (written,) = other.execute("SELECT submitted_at FROM queries").fetchone()
    assert written.startswith("2026-01-02 03:04:05")
    (found,) = under_way(ledger, "a")
    assert found.submitted_at == query.submitted_at
    assert found.submitted_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("in_memory", ["sqlite://", "sqlite:///:memory:"])
def test_a_ledger_in_memory_is_refused(in_memory: str) -> None:
    with pytest.raises(LedgerRefusedError, match="must outlive a killed run"):
        Ledger(in_memory)


def test_a_database_without_its_driver_is_refused() -> None:
    with pytest.raises(LedgerRefusedError, match="needs the Python package 'mysql'"):
        Ledger("mysql+mysqlconnector://host/ledger")


def test_a_ledger_of_another_version_is_refused(ledger: Ledger, url: str, tmp_path: Path) -> None:
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "results" / "ledger.sqlite")) as other:
        other.execute("UPDATE ledger_info SET version = 99")
        other.commit()
    with pytest.raises(LedgerRefusedError, match="has version 99"):
        Ledger(url)


def test_a_database_that_another_process_never_lets_go_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gem_assets.predictions.ledger_schema.BUSY_TIMEOUT_SECONDS", 0)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerRefusedError, match="locked"):
            Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("not a database " * 100)
    with pytest.raises(LedgerRefusedError, match=r"can't be opened .*move it away"):
        Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")


def test_a_new_ledger_can_be_opened_by_many_at_once(url: str) -> None:
    failures: list[Exception] = []
    start = threading.Barrier(8)

    def open_it() -> None:
        start.wait()
        try:
            Ledger(url).close()
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# -- claims ----------------------------------------------------------------------------------------


def test_a_key_is_claimed_by_one_run(ledger: Ledger) -> None:
    one, other = ledger.claims(), ledger.claims()
    assert one.claim(["a", "b"]) == {"a", "b"}
    assert other.claim(["b", "c"]) == {"c"}
    assert one.claim(["a", "b", "c"]) == {"a", "b"}


def test_released_keys_are_free(ledger: Ledger) -> None:
    one, other = ledger.claims(), ledger.claims()
    one.claim(["a", "b", "c"])
    one.release(["a"])
    assert other.claim(["a", "b"]) == {"a"}
    one.release()
    assert other.claim(["a", "b", "c"]) == {"a", "b", "c"}


def test_a_claim_without_renewal_for_a_lease_is_taken_over_and_a_renewed_one_is_not(
    ledger: Ledger, clock: Clock
) -> None:
    one, other = ledger.claims(), ledger.claims()
    one.claim(["a"])
    assert other.claim(["a"]) == set()
    clock.advance(LEASE.total_seconds() - 1)
    one.renew()
    clock.advance(2)
    assert other.claim(["a"]) == set()
    clock.advance(LEASE.total_seconds())
    assert other.claim(["a"]) == {"a"}
    assert one.claim(["a"]) == set()


@pytest.mark.parametrize("jump", [365 * 86400.0, -365 * 86400.0])
def test_a_wall_clock_that_jumps_neither_frees_a_claim_nor_holds_it(
    ledger: Ledger, clock: Clock, jump: float
) -> None:
    one, other = ledger.claims(), ledger.claims()
    one.claim(["a"])
    assert other.claim(["a"]) == set()
    clock.jump(jump)
    assert other.claim(["a"]) == set()
    one.renew()
    clock.advance(LEASE.total_seconds() - 1)
    assert other.claim(["a"]) == set()
    clock.advance(LEASE.total_seconds())
    assert other.claim(["a"]) == {"a"}


def test_the_claims_of_a_process_that_ended_are_taken_over_at_once(
    ledger: Ledger, url: str
) -> None:
    script = (
        "import sys; from gem_assets.predictions.ledger import Ledger\n"
        "with Ledger(sys.argv[1]) as ledger: print(ledger.claims().claim(['a']))"
    )
    done = subprocess.run(  # noqa: S603 (our own script)
        [sys.executable, "-c", script, url], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "{'a'}"
    # Its lease goes by the real clock, which may be behind or ahead of ours.
    assert ledger.claims().claim(["a"]) == {"a"}


@pytest.mark.parametrize("owner", [f"elsewhere/1|{2**22 + 1}|x", f"{this_machine()}|1|x"])
def test_the_claims_of_other_machines_and_live_processes_are_left_alone(
    ledger: Ledger, clock: Clock, owner: str
) -> None:
    engine = ledger._engine  # noqa: SLF001 (no other way to be another machine)
    with engine.begin() as connection:
        connection.execute(
            claims_table.insert().values(
                content_key="a",
                owner=owner,
                claimed_at=clock.now,
                expires_at=clock.now + timedelta(seconds=5),
            )
        )
    claims = ledger.claims()
    assert claims.claim(["a"]) == set()
    clock.advance(LEASE.total_seconds() - 1)
    assert claims.claim(["a"]) == set()
    clock.advance(1)
    assert claims.claim(["a"]) == {"a"}


def test_a_process_of_another_user_counts_as_alive(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.claims().claim(["a"])

    def forbidden(pid: int, signal: int) -> None:
        raise PermissionError(pid, signal)

    monkeypatch.setattr(os, "kill", forbidden)
    assert ledger.claims().claim(["a"]) == set()


def test_claims_are_renewed_while_they_are_held_and_released_after(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[None] = []
    renewed = threading.Event()
    plain = Claims.renew

    def fail_the_first_time(claims: Claims) -> None:
        tries.append(None)
        if len(tries) == 1:
            raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))
        plain(claims)
        renewed.set()

    monkeypatch.setattr(Claims, "renew", fail_the_first_time)
    with Ledger(url, lease=timedelta(milliseconds=30)) as ledger:
        with ledger.claims().held() as claims:
            claims.claim(["a"])
            assert renewed.wait(20)
        assert ledger.claims().claim(["a"]) == {"a"}


def test_many_threads_that_claim_the_same_keys_get_each_key_once(url: str) -> None:
    keys = [f"key {i}" for i in range(60)]
    granted: list[set[str]] = []
    start = threading.Barrier(4)

    def claim(mine: list[str]) -> None:
        with Ledger(url) as ledger:
            start.wait()
            granted.append(ledger.claims().claim(mine))

    threads = [
        threading.Thread(target=claim, args=(keys[i * 10 :] + keys[: i * 10],)) for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for keys in granted for key in keys) == sorted(keys)


def test_a_race_that_a_database_server_lets_happen_is_run_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = ledger.claims()
    plain = claims._claim_within  # noqa: SLF001 (SQLite itself has one writer at a time)
    tries: list[int] = []

    def lose_the_first_time(connection: sa.Connection, keys: list[str]) -> set[str]:
        tries.append(1)
        if len(tries) == 1:
            raise sa.exc.IntegrityError("INSERT", {}, Exception("duplicate key"))
        return plain(connection, keys)

    monkeypatch.setattr(claims, "_claim_within", lose_the_first_time)
    assert claims.claim(["a"]) == {"a"}


# -- observations ----------------------------------------------------------------------------------


def test_the_latest_observation_of_an_endpoint_counts(ledger: Ledger, clock: Clock) -> None:
    assert ledger.observations.latest("https://app.example", "gem-1") is None
    for version in ("2", "3"):
        ledger.observations.record("hosted", "https://app.example", "gem-1", version, "sha256:0")
    ledger.observations.record("hosted", "https://app.example", "gem-2", "9", "sha256:1")
    seen = ledger.observations.latest("https://App.Example/", "gem-1")
    assert seen is not None
    assert (seen.model_version, seen.observed_at) == ("3", clock.now)
    ledger.observations.forget("https://app.example", "gem-1")
    assert ledger.observations.latest("https://app.example", "gem-1") is None
    assert ledger.observations.latest("https://app.example", "gem-2") is not None
