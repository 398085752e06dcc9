"""What predicting datasets would send, and to whom: ``gem-assets plan``. Nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.datasets import choose_datasets
from gem_assets.settings import Modality, Settings

if TYPE_CHECKING:
    from gem_assets.endpoint.observation import ObservedModel
    from gem_assets.endpoint.settings import EndpointSettings
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.predictions.plan import PredictionPlan
    from gem_assets.predictions.store import Store
    from gem_assets.warehouse import Warehouse

SEED = 42
"""Seed of every query that the assets send unless they are configured otherwise."""


@dataclass(frozen=True)
class DatasetOutlook:
    """What predicting one dataset would send.

    Attributes
    ----------
    modality, name
        Which dataset.
    host
        Where its counts would go; ``embedded`` if nowhere.
    model_id
        The model that would be asked.
    model_version, observed_at
        The version that was last observed, and when (UTC); None if it never was.
    plan
        Samples known, under way and new; None as long as something must be materialised first.
    needs
        What that is; empty if nothing.
    """

    modality: Modality
    name: str
    host: str
    model_id: str
    model_version: str | None = None
    observed_at: datetime | None = None
    plan: PredictionPlan | None = None
    needs: str = ""


def plan_datasets(settings: Settings, names: Sequence[str] = ()) -> Iterator[DatasetOutlook]:
    """Yield the outlook of each dataset, by the warehouse, the ledger and the store alone.

    Parameters
    ----------
    settings
        Locations and endpoint mode.
    names
        Datasets, as ``NAME`` or ``bulk/NAME``; all that are found if none is named.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no dataset, or none of a given name.
    gem_assets.endpoint.errors.EndpointMisconfigured
        If mode and environment don't fit, e.g. hosted without a key.
    """
    from contextlib import ExitStack

    from gem_assets.endpoint.settings import EndpointSettings
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.predictions.store import Store
    from gem_assets.warehouse import Warehouse

    results = Path(settings.results)
    file = results / "ledger.sqlite"
    store = Store(results / "predictions")
    with ExitStack() as stack:
        # Looking leaves no ledger behind where there was none.
        ledger = stack.enter_context(Ledger(f"sqlite:///{file}")) if file.exists() else None
        for modality, datasets in choose_datasets(settings.data, names).items():
            endpoint = EndpointSettings.from_environment(
                settings.endpoint, modality, family=settings.model
            )
            warehouse = Warehouse(results / "warehouse.duckdb", f"gem_{modality}")
            for name in datasets:
                yield _outlook(modality, name, endpoint, warehouse, ledger, store)


def _outlook(
    modality: Modality,
    name: str,
    endpoint: EndpointSettings,
    warehouse: Warehouse,
    ledger: Ledger | None,
    store: Store,
) -> DatasetOutlook:
    from gem_assets.predictions.observations import latest_observation

    model = None if ledger is None else latest_observation(endpoint, ledger, store)
    if ledger is None or model is None:
        return DatasetOutlook(
            modality,
            name,
            endpoint.host,
            endpoint.model_id,
            needs="The model was never observed: materialise gene_order.",
        )
    seen = ledger.observations.latest(endpoint.base_url, endpoint.model_id)
    plan = _plan(name, model, warehouse, ledger, store)
    return DatasetOutlook(
        modality,
        name,
        endpoint.host,
        endpoint.model_id,
        model.model_version,
        None if seen is None else seen.observed_at,
        plan=None if isinstance(plan, str) else plan,
        needs=plan if isinstance(plan, str) else "",
    )


def _plan(
    name: str, model: ObservedModel, warehouse: Warehouse, ledger: Ledger, store: Store
) -> PredictionPlan | str:
    """Return the plan, or what must be materialised before there can be one."""
    from gem_assets.genes.order import hash_gene_ids
    from gem_assets.predictions.plan import plan_predictions, question_of

    if not warehouse.exists("aligned_counts", name):
        return "It is not aligned yet: materialise raw_counts and aligned_counts."
    columns = ["content_hash", "gene_order_hash"]
    aligned = warehouse.read("aligned_counts", name, columns).to_pydict()
    if set(aligned["gene_order_hash"]) != {hash_gene_ids(model.gene_order)}:
        return (
            "It is aligned to another gene order than the model's: materialise gene_order and "
            "aligned_counts."
        )
    return plan_predictions(aligned["content_hash"], question_of(model, SEED), ledger, store)
