"""The answer of a self-hosted container: an Arrow IPC stream, one row a sample.

A struct has the same members in every row, so a label that a sample has not got arrives as null
inside it. It is dropped: it is neither a label nor a probability of 0. The stream is read batch by
batch, and of each batch only the outputs are kept.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.endpoint.errors import BadAnswer
from gem_assets.endpoint.faults import too_large
from gem_assets.endpoint.messages import PredictionAnswer, SampleOutput
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL

ARROW_STREAM = "application/vnd.apache.arrow.stream"
"""Media type of the answer."""

REQUEST_TYPE = "predict_metadata"
"""What the schema says that it answers, if it says it."""

_LARGEST = np.iinfo(np.int32).max

# GEM-1's names of the columns, and GEM-2's.
_METADATA = ("metadata", "predicted_metadata")
_PROBABILITIES = ("classifier_probs", "classifier_probabilities")


def read_arrow_answer(source: io.RawIOBase, samples: int | None, limit: int) -> PredictionAnswer:
    """Return the answer that an Arrow stream holds, reading it to its end.

    A row that can't be read has a `fault`, as long as there is one that can be.

    Parameters
    ----------
    source
        The stream.
    samples
        How many samples were submitted, if known: an answer of another length is refused.
    limit
        Bytes that all record batches may take: a compressed one takes more than it travels with.

    Raises
    ------
    BadAnswer
        If it isn't such a stream, or is larger than the limit.
    """
    try:
        with pa.ipc.open_stream(source) as stream:
            gene_order, version = _said_of_the_model(stream.schema.metadata or {})
            n_genes = None if gene_order is None else len(gene_order)
            outputs: list[SampleOutput] = []
            size = 0
            for batch in stream:
                size += batch.nbytes
                if size > limit:
                    raise too_large(limit)
                batch.validate(full=True)
                outputs.extend(_outputs(batch, len(outputs), n_genes))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        # Arrow raises any of these at garbled bytes, and its sentence may hold some of them.
        raise _bad(f"is no Arrow stream ({type(fault).__name__})") from None
    if samples is not None and len(outputs) != samples:
        raise _bad(f"has {len(outputs)} rows for {samples} samples")
    faults = [output.fault for output in outputs if output.fault is not None]
    if faults and len(faults) == len(outputs):
        raise BadAnswer(faults[0], action=NOT_THE_PROTOCOL)
    return PredictionAnswer(gene_order, version, outputs)


def _said_of_the_model(
    metadata: Mapping[bytes, bytes],
) -> tuple[tuple[str, ...] | None, str | None]:
    request_type = metadata.get(b"request_type", REQUEST_TYPE.encode())
    if request_type != REQUEST_TYPE.encode():
        raise _bad(f"is of another request type than {REQUEST_TYPE}")
    text, version = metadata.get(b"gene_order"), metadata.get(b"model_version", b"")
    try:
        order = None if text is None else json.loads(text)
        stated = version.decode()
    except (ValueError, RecursionError):
        raise _bad("has metadata that can't be read") from None
    if order is not None and not (
        isinstance(order, list) and all(isinstance(gene, str) for gene in order)
    ):
        raise _bad("has a gene_order that is no list of names")
    return tuple(order) if order else None, stated or None


def _outputs(batch: pa.RecordBatch, first: int, n_genes: int | None) -> Iterator[SampleOutput]:
    metadata = _rows(batch, _METADATA)
    probabilities = _rows(batch, _PROBABILITIES)
    if metadata is None and probabilities is None:
        raise _bad("has neither a column metadata nor classifier_probs")
    nothing: list[dict[str, Any]] = [{}] * batch.num_rows
    latents = _rows(batch, ("latents",))
    counts = _decoded_counts(batch)
    columns = zip(metadata or nothing, probabilities or nothing, latents or nothing, strict=True)
    for i, (values, by_field, by_space) in enumerate(columns):
        try:
            yield SampleOutput(
                metadata={k: v for k, v in values.items() if isinstance(v, str | int | float)},
                classifier_probs={k: _probabilities(v, k, first + i) for k, v in by_field.items()},
                latents={k: _vector(v, k, first + i) for k, v in by_space.items()},
                counts=None if counts is None else counts.of(i, first + i, n_genes),
            )
        except BadAnswer as fault:
            yield SampleOutput({}, {}, {}, None, fault=fault.what)


def _rows(batch: pa.RecordBatch, names: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """Return a column of structs or maps as dictionaries without their nulls; None if absent."""
    for name in names:
        if name in batch.schema.names:
            column = batch.column(name)
            if not (pa.types.is_struct(column.type) or pa.types.is_map(column.type)):
                raise _bad(f"has a column {name} of type {column.type}, not a struct")
            try:
                values = column.to_pylist(maps_as_pydicts="strict")
            except (KeyError, ValueError):
                raise _bad(f"has a column {name} with a name twice in a row") from None
            return [_without_nulls(value or {}) for value in values]
    return None


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in values.items() if value is not None}


def _probabilities(value: object, name: str, row: int) -> dict[str, float]:
    if isinstance(value, dict):
        given = _without_nulls(value)
        if all(isinstance(p, int | float) for p in given.values()):
            return given
    raise _bad(f"has no probabilities in classifier_probs.{name} of row {row}")


def _vector(value: object, name: str, row: int) -> list[float]:
    if isinstance(value, list) and all(isinstance(x, int | float) for x in value):
        return value
    raise _bad(f"has no list of numbers in latents.{name} of row {row}")


@dataclass(frozen=True, slots=True, eq=False)
class _DecodedCounts:
    """Decoded counts of a batch: the rows' numbers one after the other, and where rows end."""

    values: NDArray[np.int32]
    ends: NDArray[np.integer]
    lengths: NDArray[np.integer]
    wrong: frozenset[int]

    def of(self, i: int, row: int, n_genes: int | None) -> NDArray[np.int32] | None:
        """Return the counts of one row, None if it has none."""
        length, end = int(self.lengths[i]), int(self.ends[i])
        if not length:
            return None
        if i in self.wrong:
            raise _bad(f"has counts in row {row} that are no whole numbers of 0 to {_LARGEST}")
        if n_genes is not None and length != n_genes:
            raise _bad(f"has {length} counts in row {row} for {n_genes} genes")
        return self.values[end - length : end]


def _decoded_counts(batch: pa.RecordBatch) -> _DecodedCounts | None:
    """Return the counts of a batch; None where the model gives none."""
    if "decoder_sample" not in batch.schema.names:
        return None
    column = batch.column("decoder_sample")
    if pa.types.is_null(column.type):
        return None
    if not pa.types.is_struct(column.type) or column.type.get_field_index("counts") < 0:
        raise _bad(f"has a column decoder_sample of type {column.type}, not a struct with counts")
    lists = pc.struct_field(column, "counts")
    if pa.types.is_null(lists.type):
        return None
    if not (
        pa.types.is_list(lists.type)
        or pa.types.is_large_list(lists.type)
        or pa.types.is_fixed_size_list(lists.type)
    ):
        raise _bad(f"has decoder_sample.counts of type {lists.type}, not lists of numbers")
    numbers = lists.flatten()
    if not (pa.types.is_integer(numbers.type) or pa.types.is_floating(numbers.type)):
        raise _bad(f"has decoded counts of type {numbers.type}")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    ends = np.cumsum(lengths)
    values = numbers.to_numpy(zero_copy_only=False)
    # NaN, which a null has become too, is in no range.
    right = (values >= 0) & (values <= _LARGEST) & (values == np.rint(values))
    wrong = np.searchsorted(ends, np.flatnonzero(~right), side="right").tolist()
    whole = np.where(right, values, 0) if wrong else values
    return _DecodedCounts(whole.astype(np.int32, copy=False), ends, lengths, frozenset(wrong))


def _bad(what: str) -> BadAnswer:
    return BadAnswer(f"the container's answer {what}", action=NOT_THE_PROTOCOL)
