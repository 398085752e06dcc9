"""The answers to a dataset's samples, as the four prediction tables of the warehouse.

The endpoint's field names become ours (`gem_assets.labels.fields`). A field that we do not know is
kept under the endpoint's own name: nothing that was paid for is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.counts.arrow import lists_to_csr
from gem_assets.predictions.fields import FieldProbabilities, field_probabilities
from gem_assets.predictions.metadata_table import predicted_metadata
from gem_assets.predictions.reconstruction import reconstruction_r
from gem_assets.predictions.run import PredictionRun
from gem_assets.predictions.spool import CountRows
from gem_assets.predictions.store import Store
from gem_assets.settings import Modality

ROWS_AT_A_TIME = 32
"""Answers worked on at once, so that many small files cost no more than one large one."""

PROVENANCE = (
    pa.field("model_id", pa.string(), nullable=False),
    pa.field("model_version", pa.string(), nullable=False),
    pa.field("served_by", pa.string(), nullable=False),
    pa.field("predicted_at", pa.timestamp("us", "UTC"), nullable=False),
)
_SAMPLE = (
    pa.field("dataset", pa.string(), nullable=False),
    pa.field("sample_id", pa.string(), nullable=False),
)

SCHEMAS: dict[str, pa.Schema] = {
    "predicted_metadata": pa.schema(
        [
            *_SAMPLE,
            pa.field("field", pa.string(), nullable=False),
            pa.field("predicted_id", pa.string()),
            pa.field("predicted_label", pa.string()),
            pa.field("value_number", pa.float64()),
            pa.field("probability", pa.float64()),
            pa.field("runner_up", pa.string()),
            pa.field("runner_up_probability", pa.float64()),
            pa.field("entropy", pa.float64()),
            *PROVENANCE,
        ]
    ),
    "classifier_probs": pa.schema(
        [
            *_SAMPLE,
            pa.field("field", pa.string(), nullable=False),
            pa.field("value", pa.list_(pa.string()), nullable=False),
            pa.field("probability", pa.list_(pa.float64()), nullable=False),
            *PROVENANCE,
        ]
    ),
    "latents": pa.schema(
        [
            *_SAMPLE,
            pa.field("space", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32()), nullable=False),
            *PROVENANCE,
        ]
    ),
    "decoded_counts": pa.schema(
        [
            *_SAMPLE,
            pa.field("gene_index", pa.list_(pa.int32())),
            pa.field("count", pa.list_(pa.int32())),
            pa.field("reconstruction_r", pa.float64()),
            *PROVENANCE,
        ]
    ),
}
"""The four tables. Units: probabilities 0 to 1, entropy in nats, counts in reads or UMIs."""


def prediction_pieces(
    dataset: str,
    sample_ids: Sequence[str],
    run: PredictionRun,
    store: Store,
    aligned: CountRows,
    modality: Modality,
) -> Iterator[dict[str, pa.Table]]:
    """Yield ``predicted_metadata``, ``classifier_probs``, ``latents`` and ``decoded_counts``.

    They come some samples at a time, so that memory does not grow with the dataset.

    Parameters
    ----------
    dataset
        Name of the dataset: column ``dataset``.
    sample_ids
        Its samples. One that failed in ``run`` has no row in any table.
    run
        What `gem_assets.predictions.flow.predict_counts` returned for them.
    store
        Where their answers lie.
    aligned
        Counts as they were sent, samples x model genes, rows in the order of ``sample_ids``.
    modality
        In ``sc`` the decoded counts are left out (they are dense: 37,125 genes a cell), so that
        ``gene_index`` and ``count`` are null; ``reconstruction_r`` stays.

    Yields
    ------
    dict
        All rows of about `ROWS_AT_A_TIME` samples, by the name of the table (`SCHEMAS`).

    Raises
    ------
    gem_assets.predictions.errors.UnreadableFileError
        If an answer vanished from the store since the run.
    """
    for batch in _batches(dataset, sample_ids, run, store):
        probabilities = field_probabilities(batch.column("classifier_probs"))
        yield {
            "predicted_metadata": _predicted_metadata(batch, probabilities),
            "classifier_probs": _classifier_probs(batch, probabilities),
            "latents": _latents(batch),
            "decoded_counts": _decoded_counts(batch, aligned, modality),
        }


def prediction_tables(
    dataset: str,
    sample_ids: Sequence[str],
    run: PredictionRun,
    store: Store,
    aligned: CountRows,
    modality: Modality,
) -> dict[str, pa.Table]:
    """Return the tables of `prediction_pieces` whole, for datasets that memory has room for."""
    pieces = list(prediction_pieces(dataset, sample_ids, run, store, aligned, modality))
    return {
        name: pa.concat_tables([schema.empty_table(), *(piece[name] for piece in pieces)])
        for name, schema in SCHEMAS.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Some samples and their answers, row by row."""

    dataset: str
    samples: NDArray[np.int64]
    names: pa.Array
    answers: pa.Table

    def column(self, name: str) -> pa.Array:
        return self.answers.column(name).combine_chunks()

    def table(
        self, name: str, row: NDArray[np.int64], columns: dict[str, pa.Array | None]
    ) -> pa.Table:
        """Return a piece of a table; entry i of its columns is about answer ``row[i]``."""
        take = pa.array(row)
        shared = {
            "dataset": pa.repeat(pa.scalar(self.dataset), len(row)),
            "sample_id": self.names.take(take),
            **{field.name: self.column(field.name).take(take) for field in PROVENANCE},
        }
        schema = SCHEMAS[name]
        every = {**columns, **shared}
        return pa.table([every[field.name] for field in schema], schema=schema)


def _batches(
    dataset: str, sample_ids: Sequence[str], run: PredictionRun, store: Store
) -> Iterator[_Batch]:
    """Yield the samples that have an answer, in about the order of ``sample_ids``."""
    samples_of: dict[str, list[int]] = {}
    for i, sample_id in enumerate(sample_ids):
        if sample_id not in run.failures:
            samples_of.setdefault(run.keys[sample_id], []).append(i)
    for answers in _gathered(store.read({key: run.files[key] for key in samples_of})):
        keys = answers.column("content_key").to_pylist()
        row = np.repeat(np.arange(len(keys)), [len(samples_of[key]) for key in keys])
        samples = np.array([i for key in keys for i in samples_of[key]], dtype=np.int64)
        names = pa.array([sample_ids[i] for i in samples], pa.string())
        repeated = answers if len(row) == len(keys) else answers.take(pa.array(row))
        yield _Batch(dataset, samples, names, repeated)


def _gathered(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(len(t) for t in held) >= ROWS_AT_A_TIME:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _predicted_metadata(batch: _Batch, probabilities: FieldProbabilities) -> pa.Table:
    rows = predicted_metadata(batch.column("metadata"), probabilities)
    schema = SCHEMAS["predicted_metadata"]
    names = [name for name in schema.names if name in rows]
    columns = {
        name: pa.array(rows[name], type=schema.field(name).type, from_pandas=True) for name in names
    }
    return batch.table("predicted_metadata", rows["sample"].to_numpy(), columns)


def _classifier_probs(batch: _Batch, probabilities: FieldProbabilities) -> pa.Table:
    columns = {
        "field": probabilities.field,
        "value": probabilities.value,
        "probability": probabilities.probability,
    }
    return batch.table("classifier_probs", probabilities.sample, columns)


def _latents(batch: _Batch) -> pa.Table:
    column = batch.column("latents")
    row = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    space, vector = column.flatten().flatten()
    # A model without evidence for a space answers an empty vector: that is no place in it.
    given = pc.greater(pc.list_value_length(vector), 0).fill_null(False)
    chosen = {"space": space.filter(given), "vector": vector.filter(given)}
    return batch.table("latents", row[given.to_numpy(zero_copy_only=False)], chosen)


def _decoded_counts(batch: _Batch, aligned: CountRows, modality: Modality) -> pa.Table:
    gene_index, count = batch.column("gene_index"), batch.column("count")
    given = gene_index.is_valid().to_numpy(zero_copy_only=False)
    n = len(given)
    r = np.full(n, np.nan)
    if given.any():
        lists = gene_index, count
        if not given.all():
            lists = gene_index.filter(pa.array(given)), count.filter(pa.array(given))
        decoded = lists_to_csr(*lists, aligned.shape[1])
        r[given] = reconstruction_r(aligned[batch.samples[given]], decoded)
    if modality == "sc":
        gene_index = count = pa.nulls(n, pa.list_(pa.int32()))
    columns = {
        "gene_index": gene_index,
        "count": count,
        "reconstruction_r": pa.array(r, from_pandas=True),
    }
    return batch.table("decoded_counts", np.arange(n), columns)
