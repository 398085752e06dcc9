"""The asset ``qc_report``: one self-contained HTML file a dataset."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg

from gem_assets.assets.failures import plain_failures, require_rows
from gem_assets.assets.progress import tell
from gem_assets.checks import fail_for_good
from gem_assets.graph import QC_TABLES, AssetGraph

if TYPE_CHECKING:
    from pathlib import Path

    from gem_assets.warehouse import Warehouse


def qc_report(
    graph: AssetGraph, freshness: dg.FreshnessPolicy | None = None
) -> dg.AssetsDefinition:
    """Return the asset.

    Beside the page lie files for MultiQC and, where labels seem to have changed places, a suggested
    sample sheet.

    Parameters
    ----------
    graph
        The instance.
    freshness
        How old the youngest report may be, if that is to be watched.
    """

    @dg.asset(
        key=graph.key("qc_report"),
        deps=graph.keys(*QC_TABLES),
        group_name=graph.key_prefix,
        kinds={"html"},
        partitions_def=graph.partitions,
        freshness_policy=freshness,
        required_resource_keys={graph.datasets, graph.warehouse},
        description="What people read: the samples whose labels their expression contradicts.",
    )
    def _qc_report(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.assets.reviews import calibrations_of, reviews_of
        from gem_assets.problems import RefusedInputError
        from gem_assets.report.corrected_samples import SheetChangedError
        from gem_assets.report.thumbnails import status_bar
        from gem_assets.report_index import write_index
        from gem_assets.reporting import content_hash, read_report, write_report

        name = context.partition_key
        resource = getattr(context.resources, graph.warehouse)
        warehouse = resource.open()
        datasets = getattr(context.resources, graph.datasets)
        try:
            dataset = datasets.open(name)
            settings = datasets.judged_by(dataset.config)
            with plain_failures(context.log, graph.retries):
                require_rows(graph, warehouse, name, "qc_samples")
                given = read_report(warehouse, name, settings)
                calibrated = calibrations_of(
                    given, reviews_of(dataset), datasets.data, warehouse, settings
                )
        except RefusedInputError as refusal:
            fail_for_good(str(refusal))
        try:
            given = replace(given, calibrations=calibrated)
            files = write_report(resource.reports, given)
        except SheetChangedError as change:
            fail_for_good(
                f"What the findings suggest for the sample sheet of {name} is about another sheet "
                f"than the one that was read last: {change}. Materialise the asset "
                f"{graph.key_prefix}/qc_findings of {name} first."
            )
        with plain_failures(context.log, graph.retries):
            write_index(resource.reports.parent, warehouse.path)
        metadata: dict[str, dg.MetadataValue[Any]] = {
            "path": dg.MetadataValue.path(files.report),
            "MultiQC files": dg.MetadataValue.path(files.multiqc),
            "kilobytes": dg.MetadataValue.int(files.report.stat().st_size // 1000),
            "samples by status": dg.MetadataValue.md(status_bar(given.samples)),
        }
        if url := resource.report_url(name):  # browsers open no file:// address from a web page
            metadata["open"] = dg.MetadataValue.url(url)
        if files.corrected_sheet.exists():
            metadata["suggested sample sheet"] = dg.MetadataValue.path(files.corrected_sheet)
        copy = _publish(context, warehouse)
        if copy is not None:
            metadata["copy to query"] = dg.MetadataValue.path(copy)
        yield dg.MaterializeResult(
            asset_key=graph.key("qc_report"),
            data_version=dg.DataVersion(content_hash(given)),
            metadata=metadata,
        )

    return _qc_report


def _publish(context: dg.AssetExecutionContext, warehouse: "Warehouse") -> "Path | None":
    """Bring the copy to query up to date; where that fails, the report is there all the same."""
    from gem_assets.warehouse import WarehouseError
    from gem_assets.warehouse.published import publish

    try:
        return publish(warehouse.path, warehouse.patience)
    except WarehouseError as error:
        tell(context.log, str(error), logging.WARNING)
        return None
