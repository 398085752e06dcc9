"""The two jobs of an instance: refresh a dataset, and see which model serves."""

from __future__ import annotations

import dagster as dg

from gem_assets.graph import PARTITIONED, AssetGraph


def refresh_job(graph: AssetGraph) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that materialises the whole chain of one dataset."""
    return dg.define_asset_job(
        graph.refresh_job,
        selection=dg.AssetSelection.assets(*graph.keys(*PARTITIONED, "qc_report")),
        description="Read, align, predict, judge and report one dataset.",
    )


def endpoint_job(graph: AssetGraph) -> dg.UnresolvedAssetJobDefinition:
    """Return the job that observes the endpoint's model and refreshes its gene order."""
    return dg.define_asset_job(
        graph.endpoint_job,
        selection=dg.AssetSelection.assets(*graph.keys("gem_endpoint", "gene_order")),
        description="See which model serves, and fetch its gene order.",
    )
