"""A result as the self-hosted container streams it: Arrow IPC, one row a sample.

Columns ``metadata`` (struct), ``classifier_probs`` (struct of structs), ``latents`` (struct of
lists) and ``decoder_sample`` (struct with the list ``counts``); the metadata of the schema holds
``request_type``, ``model_version`` and ``gene_order`` as JSON. A struct has the same members in
each row, so what is not answered of a sample is null there (pysynthbio 4.2.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice

import msgspec
import numpy as np
import pyarrow as pa

from gem_assets.embedded.model import OTHER_CELLS, EmbeddedModel, SamplePrediction
from gem_assets.embedded.prediction_requests import PredictionRequest

ARROW_STREAM = "application/vnd.apache.arrow.stream"
"""Media type by which a client asks for it."""

ROWS = 16
"""Samples in a record batch: 3 MB of bulk counts."""

_LARGEST_INT32 = np.iinfo(np.int32).max


def encode_stream(
    model: EmbeddedModel, request: PredictionRequest, predictions: Iterable[SamplePrediction]
) -> Iterator[bytes]:
    """Yield the bytes of the stream, none empty: each batch as soon as it is computed, the end.

    Parameters
    ----------
    model, request
        What is asked of which model: their fields, and how large a count can get.
    predictions
        One a sample.
    """
    schema = stream_schema(model, _count_type(request))
    sink = BytesIO()
    remaining = iter(predictions)
    with pa.ipc.new_stream(sink, schema) as writer:
        # The schema is written with the first batch.
        while rows := list(islice(remaining, ROWS)):
            writer.write_batch(_batch(rows, schema))
            yield _drained(sink)
    yield _drained(sink)


def stream_schema(model: EmbeddedModel, count: pa.DataType) -> pa.Schema:
    """Return the schema of a model's answers; ``count`` is the type of a decoded count."""
    vocabulary = _vocabulary(model)
    probabilities = {
        field: pa.struct([(value, pa.float64()) for value in values])
        for field, values in vocabulary.items()
    }
    spaces = ("biological", "technical", "perturbation")
    return pa.schema(
        [
            ("metadata", pa.struct([(field, pa.string()) for field in vocabulary])),
            ("classifier_probs", pa.struct(list(probabilities.items()))),
            ("latents", pa.struct([(space, pa.list_(pa.float64())) for space in spaces])),
            ("decoder_sample", pa.struct([("counts", pa.list_(count))])),
        ],
        metadata={
            "request_type": "predict_metadata",
            "model_version": model.model_version,
            "gene_order": msgspec.json.encode(model.gene_ids),
        },
    )


def _vocabulary(model: EmbeddedModel) -> dict[str, tuple[str, ...]]:
    """Return the values that a model can answer, by the API's name of the field."""
    values = {field: head.classes for field, head in model.heads.items()}
    if model.sample_type is not None:
        values["sample_type"] = model.sample_type.classes
    if model.sex is not None:
        values["sex"] = ("female", "male")
    return {f: tuple(v for v in vs if v != OTHER_CELLS) for f, vs in values.items()}


def _count_type(request: PredictionRequest) -> pa.DataType:
    largest = request.options.total_count or int(request.counts.sum(axis=1).max())
    # No gene gets more than all reads; rounding adds none worth the room of 64 bits.
    return pa.int32() if largest < _LARGEST_INT32 else pa.int64()


def _batch(rows: list[SamplePrediction], schema: pa.Schema) -> pa.RecordBatch:
    counts = [row.counts for row in rows]
    offsets = np.cumsum([0, *map(len, counts)], dtype=np.int32)
    count_type = schema.field("decoder_sample").type.field("counts").type
    values = pa.array(np.concatenate(counts)).cast(count_type.value_type)
    columns = [
        pa.array([row.metadata for row in rows], schema.field("metadata").type),
        pa.array([row.classifier_probs for row in rows], schema.field("classifier_probs").type),
        pa.array([row.latents for row in rows], schema.field("latents").type),
        pa.StructArray.from_arrays(
            [pa.ListArray.from_arrays(pa.array(offsets), values)],
            fields=[pa.field("counts", count_type)],
        ),
    ]
    return pa.record_batch(columns, schema=schema)


def _drained(sink: BytesIO) -> bytes:
    """Return what was written since the last call, and forget it."""
    written = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return written
