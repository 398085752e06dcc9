"""What an endpoint serves: looked up where it was seen lately, else asked."""

from __future__ import annotations

from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.observation import ObservedModel
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
