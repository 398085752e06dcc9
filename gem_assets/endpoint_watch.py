"""What the endpoint sensor does in one tick: look, remember, and say what is to be done.

A tick never waits. What it has to know of the one before is in the sensor's cursor: the canary
that is under way, what the model was woken for, what was reported and what was requested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from gem_assets.cursor import Cursor

if TYPE_CHECKING:
    from gem_assets.endpoint.glance import Glance
    from gem_assets.endpoint.settings import EndpointSettings
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.predictions.observation_log import Observation
    from gem_assets.predictions.store import Store
    from gem_assets.warehouse import Warehouse

OnNewModel = Literal["mark_stale", "repredict"]
"""What a new model version brings about: predictions are shown as stale, or are made anew."""

MOST_CANARIES = 3
"""Canaries that are sent for one wake at most; each may have to be paid."""

OBSERVED_AFRESH_SECONDS = 600.0
"""How often the embedded endpoint, which costs nothing, is observed."""


class Memory(Cursor, frozen=True, kw_only=True, omit_defaults=True):
    """What one tick leaves for the next.

    Attributes
    ----------
    canary, canary_at
        Id of the canary under way, and when (seconds since 1970) the first of this wake was sent.
    canaries
        How many were sent for this wake.
    woken_for
        Datasets that the model was woken for, and that still wait.
    reported
        Model version and gene order that Dagster was told last.
    requested
        Keys of the runs that were requested for them.
    """

    canary: str | None = None
    canary_at: float | None = None
    canaries: int = 0
    woken_for: tuple[str, ...] = ()
    reported: str = ""
    requested: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """What the datasets wait for.

    Attributes
    ----------
    missing
        Registered datasets without predictions.
    stale
        Datasets whose predictions are of another model version or gene order than the observed.
    order_is_current
        Whether the table ``gene_order`` is the observed model's.
    """

    missing: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    order_is_current: bool = False


@dataclass(frozen=True)
class Found:
    """What came of a tick.

    Attributes
    ----------
    memory
        For the next tick.
    observation
        What Dagster should be told of the model; None if it knows.
    cold_start_seconds
        How long the model took to wake, to the length of a tick; None if it wasn't woken.
    refresh_order
        Key of the run that should fetch the gene order, if one should.
    refresh
        For each dataset to be refreshed, the key of its run.
    sentence
        What happened, for the tick's log.
    """

    memory: Memory
    observation: Observation | None
    cold_start_seconds: float | None
    refresh_order: str | None
    refresh: dict[str, str]
    sentence: str


def find_work(
    registered: Iterable[str], warehouse: Warehouse, observed: Observation | None
) -> Work:
    """Return what registered datasets wait for, as the warehouse's tables say."""
    versions = warehouse.values("predicted_metadata", "model_version")
    missing = frozenset(name for name in registered if name not in versions)
    if observed is None:
        return Work(missing)
    orders = warehouse.values("aligned_counts", "gene_order_hash")
    stale = frozenset(
        name
        for name in registered
        if name in versions
        and (
            versions[name] != {observed.model_version}
            or orders.get(name) != {observed.gene_order_hash}
        )
    )
    current = False
    if warehouse.exists("gene_order"):
        columns = ["model_version", "gene_order_hash"]
        rows = warehouse.read("gene_order", columns=columns).slice(0, 1).to_pylist()
        seen = {"model_version": observed.model_version}
        current = rows == [{**seen, "gene_order_hash": observed.gene_order_hash}]
    return Work(missing, stale, current)


def tick(
    memory: Memory,
    registered: Iterable[str],
    settings: EndpointSettings,
    look: Callable[[str | None, bool], Glance],
    warehouse: Warehouse,
    ledger: Ledger,
    store: Store,
    on_new_model: OnNewModel,
) -> Found:
    """Look at the endpoint if there is reason to, and return what is to be done.

    Parameters
    ----------
    memory
        What the last tick left.
    registered
        Datasets that are partitions.
    settings
        Of the endpoint.
    look
        Looks at the endpoint: takes the canary under way, and whether one may be sent.
    warehouse, ledger, store
        What was made, asked and answered. The ledger's clock is the tick's.
    on_new_model
        Whether runs are requested for datasets whose predictions are of another model.
    """
    names = tuple(registered)
    now = ledger.now()
    observed = ledger.observations.latest(settings.base_url, settings.model_id)
    work = find_work(names, warehouse, observed)
    pending = work.missing | (work.stale if on_new_model == "repredict" else frozenset())
    new = pending.difference(memory.woken_for)
    may_wake = bool(new) and memory.canaries < MOST_CANARIES
    memory = msgspec.structs.replace(
        memory,
        woken_for=tuple(sorted(pending.intersection(memory.woken_for))),
        # Whoever gave up goes on when there is no more work, or other work.
        canaries=memory.canaries if new else 0,
    )

    seconds: float | None = None
    sentence = "Nothing waits for the model."
    if _is_to_be_looked_at(memory, may_wake, settings, observed, now):
        seen = look(memory.canary, may_wake)
        memory = _after_look(memory, seen, settings, now)
        sentence = seen.trouble or f"{settings.host}: the model is {seen.readiness.value}."
        if seen.model is not None:
            from gem_assets.predictions.observations import remember

            remember(seen.model, ledger, store)
            if memory.canary_at is not None:
                seconds = max(0.0, now.timestamp() - memory.canary_at)
                ledger.wakes.record(settings.base_url, settings.model_id, seconds)
            observed = ledger.observations.latest(settings.base_url, settings.model_id)
            work = find_work(names, warehouse, observed)
            memory = msgspec.structs.replace(
                memory,
                canary_at=None,
                canaries=0,
                woken_for=tuple(sorted(work.missing | work.stale)),
            )
    elif new:
        sentence = f"{settings.host}: gave up after {MOST_CANARIES} canaries."

    report = None
    if observed is not None:
        identity = f"{observed.model_version} {observed.gene_order_hash}"
        if identity != memory.reported:
            memory = msgspec.structs.replace(memory, reported=identity, requested=())
            report = observed
        elif seconds is not None:
            report = observed
    memory, order_key, refresh = _requests(memory, work, on_new_model)
    return Found(memory, report, seconds, order_key, refresh, sentence)


def _is_to_be_looked_at(
    memory: Memory,
    may_wake: bool,
    settings: EndpointSettings,
    observed: Observation | None,
    now: datetime,
) -> bool:
    if settings.mode == "embedded":
        age = None if observed is None else (now - observed.observed_at).total_seconds()
        return age is None or not 0 <= age < OBSERVED_AFRESH_SECONDS
    return memory.canary is not None or may_wake


def _after_look(memory: Memory, seen: Glance, settings: EndpointSettings, now: datetime) -> Memory:
    """Return what is to be remembered of the canary."""
    at = memory.canary_at
    if seen.sent and at is None:
        at = now.timestamp()
    canary = seen.canary
    waited = 0.0 if at is None else now.timestamp() - at
    if canary is not None and waited > settings.prediction_timeout * (memory.canaries or 1):
        canary = None  # it never ends: the next tick may send another
    return msgspec.structs.replace(
        memory, canary=canary, canary_at=at, canaries=memory.canaries + seen.sent
    )


def _requests(
    memory: Memory, work: Work, on_new_model: OnNewModel
) -> tuple[Memory, str | None, dict[str, str]]:
    """Return the keys of runs to request: the gene order first, and datasets once it is there."""
    if on_new_model != "repredict" or not work.stale:
        return memory, None, {}
    order_key: str | None = None
    refresh: dict[str, str] = {}
    if work.order_is_current:
        keys = {name: f"{name}:{memory.reported}" for name in sorted(work.stale)}
        refresh = {name: key for name, key in keys.items() if key not in memory.requested}
    else:
        key = f"gene_order:{memory.reported}"
        order_key = key if key not in memory.requested else None
    made = (*([order_key] if order_key else []), *refresh.values())
    return (
        msgspec.structs.replace(memory, requested=(*memory.requested, *made)),
        order_key,
        refresh,
    )
