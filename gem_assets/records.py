"""What the commands have to say, as JSON for machines: docs/commands.md has the keys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gem_assets import __version__
from gem_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.exporting.export import Exported
    from gem_assets.forgetting import Forgotten
    from gem_assets.headless import DatasetOutcome
    from gem_assets.open_reviews import OpenReviews
    from gem_assets.outlook import DatasetOutlook
    from gem_assets.reporting import ReportFiles

_FLAGGED = (
    *("sample_id", "field", "status", "reason", "provided_text", "provided_id", "provided_label"),
    *("predicted_id", "predicted_label", "p_top", "p_compatible", "reviewed_by"),
)
"""Columns of ``qc_verdicts`` that a flagged label is told by."""


def json_text(record: Mapping[str, Any]) -> str:
    """Return a record as JSON, with the version that wrote it."""
    return json.dumps({"gem_assets": __version__, **record}, indent=1, allow_nan=False)


def run_record(settings: Settings, outcomes: Sequence[DatasetOutcome]) -> dict[str, Any]:
    """Return what became of datasets, and all that was found in them.

    Raises
    ------
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read.
    """
    return {
        "endpoint": settings.endpoint,
        "index": _index(settings),
        "datasets": [_outcome_record(settings, outcome) for outcome in outcomes],
    }


def _index(settings: Settings) -> str | None:
    from gem_assets.report_index import index_page

    page = index_page(Path(settings.results) / "reports")
    return None if page is None else str(page.resolve())


def _outcome_record(settings: Settings, outcome: DatasetOutcome) -> dict[str, Any]:
    from gem_assets.warehouse import Warehouse

    record: dict[str, Any] = {
        "dataset": f"{outcome.modality}/{outcome.name}",
        "failures": list(outcome.failures),
        "warnings": list(outcome.warnings),
        "report": None if outcome.report is None else str(outcome.report),
        "statuses": None,
        "flagged": None,
        "findings": None,
    }
    if outcome.failures:
        return record
    warehouse = Warehouse(Path(settings.results) / "warehouse.duckdb", outcome.schema)
    statuses = warehouse.read("qc_samples", outcome.name, ["status"]).to_pandas()["status"]
    flagged = warehouse.read("qc_mismatches", outcome.name).to_pandas()
    findings = warehouse.read("qc_findings", outcome.name).to_pandas()
    return record | {
        "statuses": {str(status): int(n) for status, n in statuses.value_counts().items()},
        "flagged": _rows(flagged, _FLAGGED),
        "findings": _rows(findings, ("kind", "reason", "sample_ids", "sentence")),
    }


def plan_record(outlooks: Sequence[DatasetOutlook]) -> dict[str, Any]:
    """Return what predicting datasets would send."""
    datasets = []
    for outlook in outlooks:
        plan, seen = outlook.plan, outlook.observed_at
        datasets.append(
            {
                "dataset": f"{outlook.modality}/{outlook.name}",
                "host": outlook.host,
                "model_id": outlook.model_id,
                "model_version": outlook.model_version,
                "observed_at": None if seen is None else seen.isoformat(),
                "samples": None if plan is None else plan.samples,
                "known": None if plan is None else plan.known,
                "under_way": None if plan is None else plan.under_way,
                "to_send": None if plan is None else plan.new,
                "needs": outlook.needs or None,
            }
        )
    return {"datasets": datasets}


def review_record(found: OpenReviews) -> dict[str, Any]:
    """Return what of a dataset waits for a person."""
    return {
        "dataset": found.name,
        "flagged": _rows(found.verdicts, _FLAGGED),
        "findings": list(found.findings),
        "problems": [str(problem) for problem in found.problems],
        "calibrations": {
            field: {"sentence": calibration.sentence, "next": list(found.next_samples[field])}
            for field, calibration in found.calibrations.items()
        },
    }


def report_record(settings: Settings, written: Mapping[str, ReportFiles]) -> dict[str, Any]:
    """Return where reports were written, by the datasets' names."""
    return {
        "index": _index(settings),
        "datasets": [
            {
                "dataset": name,
                "report": str(files.report),
                "suggested_sheet": (
                    str(files.corrected_sheet) if files.corrected_sheet.exists() else None
                ),
                "multiqc": str(files.multiqc),
            }
            for name, files in written.items()
        ],
    }


def export_record(exported: Exported) -> dict[str, Any]:
    """Return what files were written of a dataset."""
    return {
        "dataset": exported.name,
        "counts": exported.counts,
        "files": [
            {"path": str(file), "rows": rows, "bytes": file.stat().st_size}
            for file, rows in exported.rows.items()
        ],
    }


def forget_record(forgotten: Sequence[Forgotten], *, done: bool) -> dict[str, Any]:
    """Return what was, or would be, deleted."""
    return {
        "deleted": done,
        "datasets": [
            {
                "dataset": one.title,
                "rows": dict(one.rows),
                "answers": one.answers,
                "shared": one.shared,
                "report": None if one.report is None else str(one.report),
                "exports": None if one.exports is None else str(one.exports),
                "partition": one.partition,
                "published": one.published,
            }
            for one in forgotten
        ],
    }


def _rows(frame: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows of a frame; what is missing in them is null."""
    rows: list[dict[str, Any]] = json.loads(
        frame[list(columns)].to_json(orient="records", double_precision=6)
    )
    return rows
