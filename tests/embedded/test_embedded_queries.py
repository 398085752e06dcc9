"""How queries are queued, computed, kept and forgotten."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import Event

import pytest

from gem_assets.embedded.queries import (
    DOWNLOAD_SECONDS,
    Query,
    QueryStatus,
    QueryStore,
    Work,
)

PATIENCE = 20
"""Seconds that a test waits for the worker thread before it fails."""


class Clock:
    """A clock that a test turns by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[QueryStore]:
    store = QueryStore(cold_start_seconds=0, clock=clock, max_queries=3, max_result_bytes=10)
    yield store
    store.close()


def done(store: QueryStore, work: Work) -> Query:
    query = store.submit(work)
    query.finished.result(PATIENCE)
    return query


def test_a_query_is_queued_then_running_then_ready(store: QueryStore) -> None:
    started, may_end = Event(), Event()

    def work() -> bytes:
        started.set()
        may_end.wait(PATIENCE)
        return b"{}"

    first = store.submit(work)
    second = store.submit(lambda: b"[]")
    assert started.wait(PATIENCE)
    assert first.status is QueryStatus.RUNNING
    assert second.status is QueryStatus.QUEUED
    may_end.set()
    second.finished.result(PATIENCE)
    assert (first.status, first.result) == (QueryStatus.READY, b"{}")
    assert (second.status, second.result) == (QueryStatus.READY, b"[]")


def test_a_query_that_breaks_has_failed_and_says_why(
    store: QueryStore, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> bytes:
        raise ValueError("out of cheese")

    with caplog.at_level(logging.CRITICAL):
        query = done(store, work)
    assert query.status is QueryStatus.FAILED
    assert query.message == "ValueError: out of cheese"
    assert done(store, lambda: b"{}").status is QueryStatus.READY


def test_an_unknown_query_is_not_found(store: QueryStore) -> None:
    assert store.find("nobody") is None


def test_a_token_is_good_for_an_hour_and_then_replaced(store: QueryStore, clock: Clock) -> None:
    query = done(store, lambda: b"{}")
    token = store.token(query)
    assert store.download(token) == b"{}"
    clock.now += DOWNLOAD_SECONDS - 1
    assert store.token(query) == token
    clock.now += 1
    assert store.download(token) is None
    fresh = store.token(query)
    assert fresh != token
    assert store.download(fresh) == b"{}"


def test_old_results_make_room_but_the_newest_stays(store: QueryStore) -> None:
    first = done(store, lambda: b"12345")
    second = done(store, lambda: b"12345")
    store.download(store.token(first))
    third = done(store, lambda: b"12345")
    kept = [q for q in (first, second, third) if store.find(q.query_id)]
    assert kept == [first, third]
    large = done(store, lambda: b"1" * 1000)
    assert [q for q in (*kept, large) if store.find(q.query_id)] == [large]


def test_only_so_many_queries_are_remembered(store: QueryStore) -> None:
    queries = [done(store, lambda: b"") for _ in range(5)]
    assert [q for q in queries if store.find(q.query_id)] == queries[-3:]


def test_a_query_under_way_is_never_forgotten(clock: Clock) -> None:
    store = QueryStore(cold_start_seconds=60, clock=clock, max_queries=2)
    queries = [store.submit(lambda: b"") for _ in range(4)]
    assert all(store.find(q.query_id) for q in queries)
    clock.now += 60
    store.find(queries[-1].query_id)
    for query in queries:
        query.finished.result(PATIENCE)
    assert [q for q in queries if store.find(q.query_id)] == queries[-2:]
    store.close()


def test_a_cold_model_computes_only_after_its_start(clock: Clock) -> None:
    store = QueryStore(cold_start_seconds=90, clock=clock)
    clock.now += 1000
    assert store.find("nobody") is None
    query = store.submit(lambda: b"{}")
    clock.now += 89.9
    found = store.find(query.query_id)
    assert found is not None
    assert found.status is QueryStatus.QUEUED
    clock.now += 0.2
    store.find(query.query_id)
    query.finished.result(PATIENCE)
    assert query.status is QueryStatus.READY
    # It stays awake.
    assert done(store, lambda: b"").status is QueryStatus.READY
    store.close()
