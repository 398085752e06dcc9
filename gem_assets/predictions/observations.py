"""What an endpoint serves: looked up where it was seen lately, else asked."""

from __future__ import annotations

from collections.abc import Callable

from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.observation import ObservedModel
from gem_assets.endpoint.readiness import DEFAULT_WAIT, Readiness
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.store import Store


def observe(
    connection: EndpointConnection, ledger: Ledger, store: Store, max_age_seconds: float = 600.0
) -> ObservedModel:
    """Return the model's version and gene order, from the ledger if they were seen lately.

    Parameters
    ----------
    connection
        An open connection. Observing through it costs a prediction of the example query.
    ledger, store
        Where the observation is remembered, and its gene order kept.
    max_age_seconds
        An older observation is made anew; 0 always observes.

    Raises
    ------
    gem_assets.endpoint.errors.EndpointError
        If the endpoint has to be asked, and can't be.
    """
    settings = connection.settings
    seen = ledger.observations.latest(settings.base_url, settings.model_id)
    if seen is not None and (ledger.now() - seen.observed_at).total_seconds() < max_age_seconds:
        remembered = latest_observation(settings, ledger, store)
        if remembered is not None:
            return remembered
    model = connection.observe()
    remember(model, ledger, store)
    return model


def observe_awake(
    connection: EndpointConnection,
    ledger: Ledger,
    store: Store,
    *,
    max_age_seconds: float = 600.0,
    ready_timeout: float = DEFAULT_WAIT,
    on_state_change: Callable[[Readiness], object] | None = None,
) -> tuple[ObservedModel, float | None]:
    """Return the model as `observe` does, after waiting until it is awake.

    Parameters
    ----------
    connection, ledger, store, max_age_seconds
        As `observe` takes them; a model that was seen lately is awake.
    ready_timeout
        Seconds to wait for the model at most.
    on_state_change
        Told the endpoint's first state and each new one.

    Returns
    -------
    model, seconds
        What is served, and how long the model took to wake; None if it wasn't woken.

    Raises
    ------
    gem_assets.endpoint.errors.EndpointNotReady
        If it isn't awake in time.
    gem_assets.endpoint.errors.EndpointError
        If it can't be asked.
    """
    settings = connection.settings
    seen = ledger.observations.latest(settings.base_url, settings.model_id)
    if seen is not None and (ledger.now() - seen.observed_at).total_seconds() < max_age_seconds:
        return observe(connection, ledger, store, max_age_seconds), None
    seconds = connection.wait_until_ready(ready_timeout, on_state_change)
    if seconds is not None:
        ledger.wakes.record(settings.base_url, settings.model_id, seconds)
    # The canary that woke it is the one whose answer is observed: nothing is paid for twice.
    return observe(connection, ledger, store, 0), seconds


def latest_observation(
    settings: EndpointSettings, ledger: Ledger, store: Store
) -> ObservedModel | None:
    """Return what was last seen of an endpoint however long ago, None if it never was.

    Asks nobody.
    """
    seen = ledger.observations.latest(settings.base_url, settings.model_id)
    gene_order = None if seen is None else store.gene_order(seen.gene_order_hash)
    if seen is None or gene_order is None:
        return None
    return ObservedModel(
        model_id=seen.model_id,
        model_version=seen.model_version,
        gene_order=gene_order,
        served_by=seen.served_by,
        base_url=settings.base_url,
    )


def remember(model: ObservedModel, ledger: Ledger, store: Store) -> None:
    """Record an observation, and keep its gene order in the store."""
    gene_order_hash = hash_gene_ids(model.gene_order)
    store.keep_gene_order(gene_order_hash, model.gene_order)
    ledger.observations.record(
        model.served_by, model.base_url, model.model_id, model.model_version, gene_order_hash
    )
