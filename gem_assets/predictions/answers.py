"""Answers as rows: what an endpoint said of each sample, checked and ready to be kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

import numpy as np
import pyarrow as pa

from gem_assets.endpoint.messages import SampleOutput
from gem_assets.predictions.keys import Question
from gem_assets.predictions.probabilities import PROBABILITIES, probability_column

ANSWER_SCHEMA = pa.schema(
    [
        pa.field("content_key", pa.string(), nullable=False),
        pa.field("counts_hash", pa.string(), nullable=False),
        # Values by the endpoint's field name: a text or a number, never both.
        pa.field(
            "metadata",
            pa.list_(
                pa.struct([("name", pa.string()), ("text", pa.string()), ("number", pa.float64())])
            ),
        ),
        pa.field("classifier_probs", PROBABILITIES),
        pa.field(
            "latents",
            pa.list_(pa.struct([("space", pa.string()), ("vector", pa.list_(pa.float32()))])),
        ),
        # Decoded counts above 0; null where the model gives none.
        pa.field("gene_index", pa.list_(pa.int32())),
        pa.field("count", pa.list_(pa.int32())),
        pa.field("notes", pa.list_(pa.string())),
        pa.field("model_id", pa.string(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("served_by", pa.string(), nullable=False),
        pa.field("predicted_at", pa.timestamp("us", "UTC"), nullable=False),
    ]
)
"""One row a sample. Probabilities sum to 1 and descend; everything else is as answered."""


def answer_rows(
    question: Question,
    counts_hashes: Sequence[str],
    outputs: Sequence[SampleOutput],
    predicted_at: datetime,
) -> pa.Table:
    """Return the rows of `ANSWER_SCHEMA` of one answered query.

    Parameters
    ----------
    question
        What was asked, with the model version that answered.
    counts_hashes, outputs
        One of each for a sample, in the same order.
    predicted_at
        When the answer came.

    Raises
    ------
    ValueError
        If there are not as many outputs as hashes.
    """
    if len(outputs) != len(counts_hashes):
        raise ValueError(f"{len(outputs)} outputs for {len(counts_hashes)} samples")
    n = len(outputs)
    probabilities, notes = probability_column(outputs)
    gene_index, count = _decoded_counts(outputs)
    columns = {
        "content_key": [question.key(counts_hash) for counts_hash in counts_hashes],
        "counts_hash": counts_hashes,
        "metadata": [_metadata(output.metadata) for output in outputs],
        "classifier_probs": probabilities,
        "latents": _latents(outputs),
        "gene_index": gene_index,
        "count": count,
        "notes": notes,
        "model_id": [question.model_id] * n,
        "model_version": [question.model_version] * n,
        "served_by": [question.served_by] * n,
        "predicted_at": [predicted_at] * n,
    }
    return pa.table(columns, schema=ANSWER_SCHEMA)


def _metadata(values: Mapping[str, str | float | None]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for name, value in values.items():
        if isinstance(value, str | bool):
            text = value if isinstance(value, str) else str(value).lower()
            rows.append({"name": name, "text": text, "number": None})
        elif value is not None and math.isfinite(value):
            rows.append({"name": name, "text": None, "number": float(value)})
    return rows


def _latents(outputs: Sequence[SampleOutput]) -> pa.ListArray:
    """Return the latents of each output; numbers that are too large for float32 become infinite."""
    vectors = [vector for output in outputs for vector in output.latents.values()]
    numbers = [np.asarray(vector, dtype=np.float32) for vector in vectors]
    flat = np.concatenate([np.empty(0, dtype=np.float32), *numbers])
    spaces = pa.StructArray.from_arrays(
        [
            pa.array([space for output in outputs for space in output.latents], pa.string()),
            pa.ListArray.from_arrays(_offsets(map(len, vectors)), pa.array(flat)),
        ],
        fields=list(ANSWER_SCHEMA.field("latents").type.value_type),
    )
    return pa.ListArray.from_arrays(_offsets(len(o.latents) for o in outputs), spaces)


def _decoded_counts(outputs: Sequence[SampleOutput]) -> tuple[pa.ListArray, pa.ListArray]:
    """Return genes above 0 and their counts; null for an output without counts."""
    nothing = np.empty(0, dtype=np.int32)
    dense = [nothing if output.counts is None else output.counts for output in outputs]
    # Comparing first is three times as fast: numpy finds truths much faster than numbers.
    present = [np.flatnonzero(counts != 0).astype(np.int32) for counts in dense]
    offsets = _offsets(map(len, present))
    absent = pa.array([output.counts is None for output in outputs], pa.bool_())
    indices = np.concatenate([nothing, *present])
    values = np.concatenate([nothing, *(c[p] for c, p in zip(dense, present, strict=True))])
    gene_index, count = (
        pa.ListArray.from_arrays(offsets, pa.array(array, pa.int32()), mask=absent)
        for array in (indices, values)
    )
    return gene_index, count


def _offsets(lengths: Iterable[int]) -> pa.Array:
    return pa.array(list(accumulate(lengths, initial=0)), pa.int32())
