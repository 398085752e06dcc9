"""Predictions for one counts file, without Dagster and without a warehouse."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from gem_assets.counts.intake import take_in_counts
from gem_assets.counts.matrix import CountMatrix
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.genes.alignment import align_counts, hash_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.predictions.flow import PredictOptions, predict_counts
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import observe
from gem_assets.predictions.standing import Progress
from gem_assets.predictions.store import Store
from gem_assets.predictions.tables import prediction_tables
from gem_assets.problems import RefusedInputError, Severity, refuse
from gem_assets.settings import Modality, Settings

COLUMNS = (
    "sample_id",
    "field",
    "predicted_label",
    "predicted_id",
    "value_number",
    "probability",
    "runner_up",
    "runner_up_probability",
    "model_version",
    "served_by",
)


def predict_file(
    file: Path,
    modality: Modality,
    settings: Settings,
    sample: str | None = None,
    *,
    on_progress: Progress | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Read, align and predict one file; what was predicted before is not asked again.

    Parameters
    ----------
    file
        A counts file.
    modality
        ``bulk`` or ``sc``.
    settings
        Endpoint mode, and the results folder with ledger and store.
    sample
        Predict this one only; None for all.
    on_progress
        Told how many samples are predicted: done, total, known before.

    Returns
    -------
    frame, notes
        A row a sample and predicted field (`COLUMNS`), and what the user should know.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the file can't be used, or has no such sample.
    gem_assets.endpoint.errors.EndpointError, gem_assets.predictions.errors.PredictionsError
        If the endpoint can't answer.
    """
    taken, problems = take_in_counts(file, modality)
    matrix = taken.matrix if sample is None else _one_sample(taken.matrix, sample, file)
    endpoint = EndpointSettings.from_environment(settings.endpoint, modality, family=settings.model)
    notes = [*taken.notes, *map(str, problems), *endpoint.notices]
    results = Path(settings.results)
    results.mkdir(parents=True, exist_ok=True)
    store = Store(results / "predictions")
    with (
        EndpointConnection(endpoint) as connection,
        Ledger(f"sqlite:///{results / 'ledger.sqlite'}") as ledger,
    ):
        model = observe(connection, ledger, store, max_age_seconds=math.inf)
        alignment = align_counts(matrix, GeneOrder(model.gene_order))
        if any(problem.severity is Severity.ERROR for problem in alignment.problems):
            raise RefusedInputError(*alignment.problems)
        notes += map(str, alignment.problems)
        run = predict_counts(
            connection,
            alignment.counts,
            matrix.sample_ids,
            hash_counts(alignment.counts),
            model,
            ledger,
            store,
            PredictOptions(),
            on_progress,
        )
    notes += [f"{name}: {why}" for name, why in run.failures.items()]
    if model.served_by == "embedded":
        notes.append("Predicted by the embedded demonstration model, which is not GEM-1.")
    tables = prediction_tables("", matrix.sample_ids, run, store, alignment.counts, modality)
    frame = tables["predicted_metadata"].select(COLUMNS).to_pandas()
    order = {name: i for i, name in enumerate(matrix.sample_ids)}
    frame = frame.sort_values("sample_id", key=lambda s: s.map(order), kind="stable")
    return frame.dropna(axis="columns", how="all").reset_index(drop=True), notes


def _one_sample(matrix: CountMatrix, sample: str, file: Path) -> CountMatrix:
    if sample not in matrix.sample_ids:
        raise refuse(
            "unknown_sample",
            f"{file} has no sample {sample!r}; it has {matrix.n_samples}, the first is "
            f"{matrix.sample_ids[0]!r}.",
            "Check the spelling.",
        )
    row = matrix.sample_ids.index(sample)
    return CountMatrix((sample,), matrix.gene_ids, matrix.counts[[row]], matrix.gene_symbols)
