"""The asset ``qc_report``: one self-contained HTML file a dataset."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from gem_assets.assets.failures import plain_failures, require_rows
from gem_assets.checks import fail_for_good
from gem_assets.graph import AssetGraph

_TABLES = (
    "qc_samples",
    "qc_verdicts",
    "qc_findings",
    "predicted_metadata",
    "classifier_probs",
    "latents",
    "sample_labels",
)


def qc_report(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the asset; the file is replaced at once, so that a reader never sees half of it."""

    @dg.asset(
        key=graph.key("qc_report"),
        deps=graph.keys("qc_verdicts", "qc_samples", "qc_findings", "latents", "raw_counts"),
        group_name=graph.key_prefix,
        kinds={"html"},
        partitions_def=graph.partitions,
        required_resource_keys={graph.datasets, graph.warehouse},
        description="What people read: the samples whose labels their expression contradicts.",
    )
    def _qc_report(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.counts.tables import matrix_of_tables
        from gem_assets.problems import RefusedInputError
        from gem_assets.qc.dataset import marker_calls
        from gem_assets.qc.settings import QcSettings
        from gem_assets.report.content import ReportInput
        from gem_assets.report.page import build_report
        from gem_assets.report.thumbnails import status_bar

        name = context.partition_key
        resource = getattr(context.resources, graph.warehouse)
        try:
            dataset = getattr(context.resources, graph.datasets).open(name)
            settings = QcSettings.from_mapping(dataset.config.thresholds)
        except RefusedInputError as refusal:
            fail_for_good(str(refusal))
        warehouse = resource.open()
        with plain_failures(context.log):
            require_rows(graph, warehouse, name, "qc_samples")
            frames = {table: warehouse.read(table, name).to_pandas() for table in _TABLES}
            markers = None
            if graph.modality == "bulk":
                raw = matrix_of_tables(
                    warehouse.read("raw_counts", name), warehouse.read("raw_genes", name)
                )
                markers = marker_calls(raw, frames, settings)
        html = build_report(
            ReportInput(
                dataset=name,
                modality=graph.modality,
                samples=frames["qc_samples"],
                verdicts=frames["qc_verdicts"],
                findings=frames["qc_findings"],
                predicted=frames["predicted_metadata"],
                probabilities=frames["classifier_probs"],
                latents=frames["latents"],
                markers=markers,
            )
        )
        path = _replace_file(resource.reports, f"{name}.html", html)
        yield dg.MaterializeResult(
            asset_key=graph.key("qc_report"),
            data_version=dg.DataVersion(hashlib.sha256(html.encode()).hexdigest()),
            metadata={
                "path": dg.MetadataValue.path(path),
                "open": dg.MetadataValue.url(path.as_uri()),
                "kilobytes": path.stat().st_size // 1000,
                "samples by status": dg.MetadataValue.md(status_bar(frames["qc_samples"])),
            },
        )

    return _qc_report


def _replace_file(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / name).resolve()
    temporary = path.with_name(f".{name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
