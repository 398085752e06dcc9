"""Write a dataset's report from the warehouse: by tables and counts alone, nobody is asked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.qc.dataset import QcInput
    from gem_assets.qc.marker_evidence import MarkerEvidence
    from gem_assets.qc.settings import QcSettings
    from gem_assets.report.report_input import ReportInput
    from gem_assets.warehouse import Warehouse

_QC_TABLES = {
    "qc_samples": "samples",
    "qc_verdicts": "verdicts",
    "qc_findings": "findings",
    "qc_suggestions": "suggestions",
    "qc_changes": "changes",
    "qc_history": "history",
    "qc_selftest": "selftest",
}
"""Tables of a report that the judgement fills, and what its input calls them."""


class ReportFiles(NamedTuple):
    """Where the files of a dataset's report lie, whether or not they are there.

    Attributes
    ----------
    report
        The page.
    corrected_sheet
        The suggested sample sheet beside it.
    multiqc
        Folder of the files that MultiQC reads.
    """

    report: Path
    corrected_sheet: Path
    multiqc: Path

    def delete(self) -> None:
        """Delete what is there of them."""
        self.report.unlink(missing_ok=True)
        self.corrected_sheet.unlink(missing_ok=True)
        if self.multiqc.exists():
            shutil.rmtree(self.multiqc)


def report_files(folder: Path, dataset: str) -> ReportFiles:
    """Return the files of a dataset's report in a folder."""
    from gem_assets.report.corrected_samples import corrected_sheet_name

    return ReportFiles(
        folder / f"{dataset}.html",
        folder / corrected_sheet_name(dataset),
        folder / f"{dataset}.multiqc",
    )


def read_report(warehouse: Warehouse, dataset: str, settings: QcSettings) -> ReportInput:
    """Return what a dataset's report is made from; whether it is calibrated is not known here.

    Parameters
    ----------
    warehouse
        The schema that holds the judged dataset.
    dataset
        Its name.
    settings
        The thresholds that it was judged by.

    Raises
    ------
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.judging import read_input
    from gem_assets.labels.sheet_cells import sheet_of_cells
    from gem_assets.report.report_input import ReportInput

    given = read_input(warehouse, dataset, compared=False)
    stored = warehouse.read_tables(dict.fromkeys(_QC_TABLES), dataset)
    frames = {name: stored[table].to_pandas() for table, name in _QC_TABLES.items()}
    is_cells = warehouse.modality == "sc"
    markers = _markers(given, frames["verdicts"], settings)
    return ReportInput(
        dataset=dataset,
        modality=warehouse.modality,
        **frames,
        predicted=given.tables["predicted_metadata"],
        probabilities=given.tables["classifier_probs"],
        latents=given.tables["latents"],
        group_predictions=_of_groups(given) if is_cells else None,
        group_latents=_latents_of_groups(given) if is_cells else None,
        markers=None if markers is None else _marker_table(markers),
        quality=_quality(given, frames["verdicts"], is_cells),
        votes=None if markers is None else _vote_table(markers),
        # That of single cells is what their counts file says, which nobody corrects by hand.
        sheet=None if is_cells else sheet_of_cells(given.tables["sample_sheet"]),
        batches=None if is_cells else _batches(given, frames["findings"]),
    )


def write_report(folder: Path, given: ReportInput) -> ReportFiles:
    """Write the report, MultiQC's files and, where labels changed places, the suggested sheet.

    Each file is replaced at once, so that a reader never sees half of it. What an earlier run wrote
    and this one has no more to say of is deleted.

    Parameters
    ----------
    folder
        Of the reports of one instance of the assets; its name is the instance's key prefix.
    given
        What the report is made from.

    Raises
    ------
    gem_assets.report.corrected_samples.SheetChangedError
        If the sheet was read again since it was judged.
    """
    from gem_assets.report.corrected_samples import corrected_samples
    from gem_assets.report.multiqc import multiqc_files
    from gem_assets.report.page import build_report
    from gem_assets.safe_csv import safe_csv

    files = report_files(folder.resolve(), given.dataset)
    corrected = corrected_samples(given)
    html = build_report(given)
    multiqc = multiqc_files(given, files.report.parent.name)
    folder.mkdir(parents=True, exist_ok=True)
    if corrected is None:
        files.corrected_sheet.unlink(missing_ok=True)
    else:
        replace_text(files.corrected_sheet, safe_csv(corrected))
    files.multiqc.mkdir(exist_ok=True)
    for name, content in multiqc.items():
        replace_text(files.multiqc / name, json.dumps(content, ensure_ascii=False, allow_nan=False))
    for path in files.multiqc.glob("*_mqc.json"):
        if path.name not in multiqc:
            path.unlink()
    replace_text(files.report, html)
    return files


def content_hash(given: ReportInput) -> str:
    """Return a sha256 of all that the page says, but of what changed since the run before.

    That is another with every run, of the same verdicts too.
    """
    from gem_assets.report.content import report_content

    said = replace(report_content(given), changes=None)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _markers(given: QcInput, verdicts: pd.DataFrame, settings: QcSettings) -> MarkerEvidence | None:
    """Return what the marker genes say; None of single cells, and where nothing is judged."""
    from gem_assets.qc.marker_evidence import hear_markers

    if given.raw_counts is None or verdicts.empty:
        return None
    return hear_markers(given.raw_counts, given.tables, verdicts, settings)


def _of_groups(given: QcInput) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return what the model answered for each group of cells; None where no cell has a label."""
    from gem_assets.qc.cell_groups import group_predictions

    return None if given.tables["sample_labels"].empty else group_predictions(given)


def _latents_of_groups(given: QcInput) -> pd.DataFrame | None:
    from gem_assets.qc.cell_groups import group_latents

    return None if given.tables["sample_labels"].empty else group_latents(given)


def _quality(given: QcInput, verdicts: pd.DataFrame, is_cells: bool) -> pd.DataFrame | None:
    """Return how well each sample could be read; None of groups of cells."""
    if is_cells and not verdicts.empty:
        return None
    aligned = given.tables["aligned_counts"][["sample_id", "matched_share"]]
    return aligned.merge(given.tables["decoded_counts"], on="sample_id", how="left")


def _marker_table(markers: MarkerEvidence) -> pd.DataFrame:
    sexes = markers.sexes
    return sexes.assign(haemoglobin_cpm=sexes["sample_id"].map(markers.haemoglobin))


def _vote_table(markers: MarkerEvidence) -> pd.DataFrame:
    import pandas as pd

    rows = [(sample, str(vote.vote), vote.sentence) for sample, vote in markers.votes.items()]
    return pd.DataFrame(rows, columns=["sample_id", "vote", "sentence"], dtype=object)


def _batches(given: QcInput, findings: pd.DataFrame) -> str | None:
    """Return what is known of the batches, unless a finding says it already."""
    from gem_assets.qc.batches import report_batches

    cells = given.tables["sample_sheet"]
    batch = cells[cells["sheet_column"].eq("batch")].set_index("sample_id")["text"]
    if findings["kind"].eq("batch").any() or batch.nunique() < 2:
        return None
    found = report_batches(batch, given.tables["sample_labels"], given.tables["latents"])
    return None if found is None else found.sentence


def replace_text(path: Path, text: str) -> None:
    """Write a file at once, so that a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
