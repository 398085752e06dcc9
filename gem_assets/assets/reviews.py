"""A dataset's reviews, and what those of other datasets say about the same model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from upath import UPath

    from gem_assets.datasets import Dataset
    from gem_assets.qc.calibration import Calibration, Evidence
    from gem_assets.qc.settings import QcSettings
    from gem_assets.report.report_input import ReportInput
    from gem_assets.warehouse import Warehouse


def reviews_of(dataset: Dataset) -> pd.DataFrame | None:
    """Return the last word on each label of a dataset, None where nothing was reviewed.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `reviews_in`.
    """
    return None if dataset.reviews is None else reviews_in(dataset.reviews)


def reviews_in(path: UPath) -> pd.DataFrame | None:
    """Return the reviews in a ``review.csv`` that is there, None if it is empty.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it can't be read, and as `gem_assets.qc.review.read_reviews`.
    """
    from gem_assets.datasets import read_review_file
    from gem_assets.qc.review import read_reviews

    table = read_review_file(path)
    if not table.header:
        return None
    return read_reviews(table.frame(), source=str(path), lines=table.lines)


def evidence_elsewhere(
    data: str, warehouse: Warehouse, dataset: str, verdicts: pd.DataFrame, settings: QcSettings
) -> Iterator[dict[str, Evidence | None]]:
    """Yield the reviewed labels of the other datasets that the same model version predicted.

    A dataset whose reviews can't be understood is passed over: its own run says so. Datasets of
    single cells are judged by groups of cells whose probabilities no table holds; they say nothing.

    Parameters
    ----------
    data
        The data location.
    warehouse
        With the verdicts of the modality's datasets.
    dataset
        The one that is judged; it is left out.
    verdicts
        Its verdicts.
    settings
        Its thresholds.
    """
    from upath import UPath

    from gem_assets.datasets import review_path
    from gem_assets.problems import RefusedInputError
    from gem_assets.qc.calibration import field_evidence

    if warehouse.modality == "sc":
        return
    for name in warehouse.datasets("qc_verdicts"):
        if name == dataset:
            continue
        try:
            path = review_path(UPath(data) / warehouse.modality / name)
            reviews = reviews_in(path) if path.exists() else None
        except RefusedInputError:
            continue
        if reviews is None:
            continue
        theirs = warehouse.read("qc_verdicts", name).to_pandas()
        if _model(theirs) == _model(verdicts):
            predicted = warehouse.read("predicted_metadata", name).to_pandas()
            probabilities = warehouse.read("classifier_probs", name).to_pandas()
            yield field_evidence(theirs, reviews, predicted, probabilities, settings)


def calibrations_of(
    given: ReportInput,
    reviews: pd.DataFrame | None,
    data: str,
    warehouse: Warehouse,
    settings: QcSettings,
) -> dict[str, Calibration]:
    """Return what the reviews, of this and of other datasets, say about the probabilities.

    Parameters
    ----------
    given
        What the dataset's report is made from.
    reviews
        The result of `reviews_of`.
    data, warehouse, settings
        As of `evidence_elsewhere`.
    """
    from gem_assets.qc.calibration import calibrations

    if warehouse.modality == "sc":
        return {}  # judged by groups of cells, whose probabilities no table holds
    return calibrations(
        given.verdicts,
        reviews,
        given.predicted,
        given.probabilities,
        settings,
        elsewhere=evidence_elsewhere(data, warehouse, given.dataset, given.verdicts, settings),
    )


def _model(verdicts: pd.DataFrame) -> set[tuple[str, ...]]:
    columns = ["model_id", "model_version", "served_by"]
    return set(verdicts[columns].astype(str).itertuples(index=False, name=None))
