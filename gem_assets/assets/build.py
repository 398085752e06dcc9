"""``build_gem_assets()``: everything that one instance of the graph brings to a Dagster project."""

from __future__ import annotations

import dagster as dg

from gem_assets import automation
from gem_assets.assets.aligned_counts import aligned_counts
from gem_assets.assets.gem_endpoint import gem_endpoint
from gem_assets.assets.gene_order import gene_order
from gem_assets.assets.predictions import predictions
from gem_assets.assets.qc import quality_control
from gem_assets.assets.qc_report import qc_report
from gem_assets.assets.raw_counts import raw_counts
from gem_assets.assets.sample_labels import sample_labels
from gem_assets.graph import AssetGraph
from gem_assets.resources import GemDatasets, GemEndpoint, GemWarehouse
from gem_assets.settings import Modality, Settings


def build_gem_assets(
    modality: Modality,
    *,
    key_prefix: str | None = None,
    settings: Settings | None = None,
    max_new_samples_per_run: int = 10_000,
) -> dg.Definitions:
    """Return assets, checks, jobs, sensor, schedule and resources of one instance.

    Parameters
    ----------
    modality
        ``bulk`` or ``sc``.
    key_prefix
        First part of every asset key, and the DuckDB schema; ``gem_bulk`` or ``gem_sc`` unless
        said otherwise. Give each instance in a project its own.
    settings
        Locations and endpoint mode; read from the ``GEM_ASSETS_*`` variables unless given.
    max_new_samples_per_run
        A run that would send more samples than this stops before it sends any.

    Returns
    -------
    dagster.Definitions
        To be used as they are, or merged with a project's own.

    Raises
    ------
    ValueError
        If modality, key prefix or endpoint mode are none.

    Examples
    --------
    >>> import dagster as dg
    >>> from gem_assets import build_gem_assets
    >>> defs = dg.Definitions.merge(
    ...     build_gem_assets("bulk"),
    ...     build_gem_assets("bulk", key_prefix="mouse_trap"),
    ... )
    """
    graph = AssetGraph(modality, key_prefix or f"gem_{modality}")
    chosen = settings or Settings.from_environment()
    refresh = automation.refresh_job(graph)
    return dg.Definitions(
        assets=[
            gem_endpoint(graph),
            gene_order(graph),
            raw_counts(graph),
            aligned_counts(graph),
            predictions(graph),
            sample_labels(graph),
            quality_control(graph),
            qc_report(graph),
        ],
        jobs=[refresh, automation.endpoint_job(graph)],
        sensors=[automation.folder_sensor(graph)],
        schedules=[automation.daily_schedule(graph, refresh)],
        resources={
            graph.datasets: GemDatasets(data=chosen.data, modality=modality),
            graph.warehouse: GemWarehouse(
                results=chosen.results, schema_name=graph.key_prefix, modality=modality
            ),
            graph.endpoint: GemEndpoint(
                mode=chosen.endpoint,
                modality=modality,
                results=chosen.results,
                max_new_samples_per_run=max_new_samples_per_run,
            ),
        },
    )
