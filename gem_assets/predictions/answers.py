"""Answers as rows: what an endpoint said of each sample, checked and ready to be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa

from gem_assets.endpoint.messages import SampleOutput
from gem_assets.predictions.keys import Question

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
        pa.field(
            "classifier_probs",
            pa.list_(
                pa.struct(
                    [
                        ("name", pa.string()),
                        ("value", pa.list_(pa.string())),
                        ("probability", pa.list_(pa.float64())),
                    ]
                )
            ),
        ),
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

ROUNDING = 0.01
"""Probabilities whose sum is off 1 by less than this were rounded, which is not worth a note."""


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
    columns: dict[str, list[object]] = {name: [] for name in ANSWER_SCHEMA.names}
    for counts_hash, output in zip(counts_hashes, outputs, strict=True):
        notes: list[str] = []
        row: dict[str, object] = {
            "content_key": question.key(counts_hash),
            "counts_hash": counts_hash,
            "metadata": _metadata(output.metadata),
            "classifier_probs": _probabilities(output.classifier_probs, notes),
            "latents": [
                {"space": space, "vector": np.asarray(vector, dtype=np.float32)}
                for space, vector in output.latents.items()
            ],
            "notes": notes,
            "model_id": question.model_id,
            "model_version": question.model_version,
            "served_by": question.served_by,
            "predicted_at": predicted_at,
        }
        if output.counts is not None:
            present = np.flatnonzero(output.counts)
            row["gene_index"] = present.astype(np.int32)
            row["count"] = output.counts[present].astype(np.int32)
        for name, values in columns.items():
            values.append(row.get(name))
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


def _probabilities(
    by_field: Mapping[str, Mapping[str, float]], notes: list[str]
) -> list[dict[str, object]]:
    """Return each field's values by descending probability, summing to 1; tell what was amiss."""
    rows: list[dict[str, object]] = []
    for name, by_value in by_field.items():
        given = np.array(list(by_value.values()), dtype=np.float64)
        # An infinite or negative probability is as little a probability as NaN is.
        usable = np.isfinite(given) & (given >= 0)
        if not usable.all():
            notes.append(
                f"{name}: {np.count_nonzero(~usable)} of {given.size} probabilities were negative "
                "or no numbers and were dropped"
            )
        probability = given[usable]
        total = float(probability.sum())
        if total <= 0:
            if given.size:
                notes.append(f"{name}: no probability was above 0, the field was dropped")
            continue
        if abs(total - 1) > ROUNDING:
            notes.append(f"{name}: probabilities summed to {total:.4g} and were brought to 1")
        value = [v for v, use in zip(by_value, usable, strict=True) if use]
        order = sorted(range(len(value)), key=lambda i: (-probability[i], value[i]))
        rows.append(
            {
                "name": name,
                "value": [value[i] for i in order],
                "probability": probability[order] / total,
            }
        )
    return rows
