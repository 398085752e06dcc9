"""Write a dataset's report again from what lies in the warehouse: no run, no endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.problems import refuse
from gem_assets.settings import Settings

if TYPE_CHECKING:
    from gem_assets.reporting import ReportFiles


def rebuild_reports(settings: Settings, dataset: str) -> dict[str, ReportFiles]:
    """Write a dataset's report, and the page over all datasets, from the warehouse.

    Thresholds and reviews are read from the dataset's folder as they are now; verdicts are those
    of the last run.

    Parameters
    ----------
    settings
        Locations.
    dataset
        ``NAME`` (in both modalities) or ``bulk/NAME``.

    Returns
    -------
    dict of str to ReportFiles
        Of each modality that has a dataset of this name, by ``bulk/NAME``.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no such dataset, nothing was judged of it, or its thresholds or reviews can't
        be understood.
    gem_assets.report.corrected_samples.SheetChangedError
        If its sheet was read again since it was judged.
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read.
    """
    from dataclasses import replace

    from upath import UPath

    from gem_assets.assets.reviews import calibrations_of, reviews_in
    from gem_assets.datasets import choose_datasets, dataset_config, review_path
    from gem_assets.qc.settings import QcSettings
    from gem_assets.report_index import write_index
    from gem_assets.reporting import read_report, write_report
    from gem_assets.warehouse import Warehouse

    results = Path(settings.results)
    written = {}
    for modality, [name] in choose_datasets(settings.data, [dataset]).items():
        warehouse = Warehouse(results / "warehouse.duckdb", f"gem_{modality}")
        if not warehouse.exists("qc_samples", name):
            raise refuse(
                "nothing_judged",
                f"Nothing was judged of {modality}/{name} yet in {settings.results!r}.",
                f"Run gem-assets run {modality}/{name} first.",
            )
        config = dataset_config(settings.data, modality, name)
        thresholds = QcSettings.from_mapping(config.thresholds)
        path = review_path(UPath(settings.data) / modality / name)
        reviews = reviews_in(path) if path.exists() else None
        given = read_report(warehouse, name, thresholds)
        calibrated = calibrations_of(given, reviews, settings.data, warehouse, thresholds)
        folder = results / "reports" / warehouse.schema
        given = replace(given, calibrations=calibrated)
        written[f"{modality}/{name}"] = write_report(folder, given)
    write_index(results / "reports", results / "warehouse.duckdb")
    return written
