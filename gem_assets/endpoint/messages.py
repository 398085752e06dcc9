"""The result of a query, typed.

Names drift between releases, so the reader takes what the vendor's documentation, tests and
clients have shown so far: ``metadata`` or ``predicted_metadata``, ``classifier_probs`` or
``classifier_probabilities``, a ``decoder_sample`` that is there, empty, null or absent. Keys it
does not know are ignored. What it does read it checks, and says where the fault is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Raw, Struct

from gem_assets.endpoint.errors import BadAnswer, QueryFailed
from gem_assets.endpoint.lifted_counts import LIFTED, lift_counts
from gem_assets.endpoint.redaction import quote
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL, decode_as


@dataclass(frozen=True, slots=True)
class SampleOutput:
    """What a model says of one sample.

    Attributes
    ----------
    metadata
        Predicted value by the API's field name (``tissue_ontology_id``, ``sex``, ``age_years``).
    classifier_probs
        Probability by value, by field, as answered: not normalised, not sorted. A value whose
        probability is null is left out.
    latents
        Vector by the name of its space.
    counts
        Decoded counts in gene order, int32; None where the model gives none.
    fault
        Why this output can't be read, while others of its query can; None for a good one.
    """

    metadata: dict[str, str | float | None]
    classifier_probs: dict[str, dict[str, float]]
    latents: dict[str, list[float]]
    counts: npt.NDArray[np.int32] | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class PredictionAnswer:
    """The answer to one query: one output per input, in the order of the inputs.

    Attributes
    ----------
    gene_order
        The model's Ensembl gene ids in the order of counts, or None if the answer has none.
    model_version
        As answered, as text; None if the answer has none.
    outputs
        One per submitted sample.
    """

    gene_order: tuple[str, ...] | None
    model_version: str | None
    outputs: list[SampleOutput]


class _DecoderSample(Struct):
    counts: list[float] | None = None
    lifted: int | None = msgspec.field(name=LIFTED, default=None)


class _Output(Struct):
    metadata: dict[str, object] | None = None
    predicted_metadata: dict[str, object] | None = None
    classifier_probs: dict[str, dict[str, float | None] | None] | None = None
    classifier_probabilities: dict[str, dict[str, float | None] | None] | None = None
    latents: dict[str, list[float] | None] | None = None
    # Kept as text until its sample's turn: a list of Python numbers takes ten times the room.
    decoder_sample: Raw = Raw()


class _PlainOutput(_Output):
    # As answers are: without nulls, which would have to be looked for.
    classifier_probs: dict[str, dict[str, float]] | None = None  # type: ignore[assignment]
    classifier_probabilities: dict[str, dict[str, float]] | None = None  # type: ignore[assignment]


class _Result(Struct):
    outputs: list[_Output] | None = None
    # Text, too: it is the same in every answer, and is made into 44,592 strings once.
    gene_order: Raw = Raw()
    model_version: str | int | float | None = None
    error: object = None
    errors: object = None


class _PlainResult(_Result):
    outputs: list[_PlainOutput] | None = None  # type: ignore[assignment]


class _Envelope(_Result):
    # What is wrong with one output is wrong with one sample.
    outputs: list[Raw] | None = None  # type: ignore[assignment]


_RESULT = "the result of a query"

# Not JSON, but what Python's own encoder makes of numbers that are none. Strings are passed over.
_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?Infinity|NaN')


def decode_answer(body: bytes, samples: int | None = None) -> PredictionAnswer:
    """Return the result of a query.

    An output that can't be read has a `fault`, as long as there is one that can be.

    Parameters
    ----------
    body
        The result's JSON.
    samples
        How many samples were submitted, if known: an answer of another length is refused, since
        nothing would tell which output belongs to which sample.

    Raises
    ------
    BadAnswer
        If it isn't a result, or outputs and inputs differ in number.
    QueryFailed
        If it is an error report in place of a result.
    """
    try:
        return _decode_all(body, samples)
    except BadAnswer:
        answer = _decode_each(body, samples)
        if answer is None:
            raise
        return answer


def _decode_all(body: bytes, samples: int | None) -> PredictionAnswer:
    rest, lifted = lift_counts(body)
    try:
        result: _Result = decode_as(rest, _PlainResult, _RESULT)
    except BadAnswer:
        result = decode_as(rest, _Result, _RESULT)
    taken = _Taken(lifted)
    answer = _answer(result, samples, taken)
    if taken.places == list(range(len(lifted))):
        return answer
    # Something else than a decoder sample has counts: nothing is lifted then.
    return _answer(decode_as(body, _Result, _RESULT), samples, _Taken([]))


def _decode_each(body: bytes, samples: int | None) -> PredictionAnswer | None:
    """Return the result with a fault for each output that can't be read; None if none can be."""
    finite = _NO_NUMBER.sub(lambda at: at[0] if at[0].startswith(b'"') else b"null", body)
    try:
        result = decode_as(finite, _Envelope, _RESULT)
        gene_order = _gene_order(bytes(result.gene_order))
    except BadAnswer:
        return None
    texts = result.outputs or []
    if samples not in (None, len(texts)):
        return None
    n_genes = len(gene_order) if gene_order else None
    outputs = [_one_output(bytes(text), i, n_genes) for i, text in enumerate(texts)]
    if all(output.fault is not None for output in outputs):
        return None
    version = None if result.model_version is None else str(result.model_version)
    return PredictionAnswer(gene_order, version, outputs)


def _one_output(text: bytes, index: int, n_genes: int | None) -> SampleOutput:
    try:
        output = decode_as(text, _Output, f"output {index} of {_RESULT}")
        return _output(output, index, n_genes, _Taken([]))
    except BadAnswer as fault:
        return SampleOutput({}, {}, {}, None, fault=fault.what)


@dataclass(slots=True)
class _Taken:
    """The counts that were lifted, and which of them the outputs referred to, in order."""

    lifted: list[npt.NDArray[np.int32]]
    places: list[int] = field(default_factory=list)

    def take(self, place: int) -> npt.NDArray[np.int32] | None:
        self.places.append(place)
        return self.lifted[place] if 0 <= place < len(self.lifted) else None


def _answer(result: _Result, samples: int | None, taken: _Taken) -> PredictionAnswer:
    gene_order = _gene_order(bytes(result.gene_order))
    if result.outputs is None:
        report = result.error or result.errors
        if report:
            text = report if isinstance(report, str) else msgspec.json.encode(report).decode()
            raise QueryFailed(f"the result is an error report: {quote(text)}")
        raise BadAnswer(f"{_RESULT} has no outputs", action=NOT_THE_PROTOCOL)
    if samples is not None and len(result.outputs) != samples:
        raise BadAnswer(
            f"{_RESULT} has {len(result.outputs)} outputs for {samples} samples",
            action=NOT_THE_PROTOCOL,
        )
    n_genes = len(gene_order) if gene_order else None
    return PredictionAnswer(
        gene_order=gene_order,
        model_version=None if result.model_version is None else str(result.model_version),
        outputs=[_output(output, i, n_genes, taken) for i, output in enumerate(result.outputs)],
    )


@lru_cache(maxsize=2)
def _gene_order(text: bytes) -> tuple[str, ...] | None:
    if not text:
        return None
    order: tuple[str, ...] | None = decode_as(
        text, tuple[str, ...] | None, f"the gene_order of {_RESULT}"
    )
    return order or None


def _output(output: _Output, index: int, n_genes: int | None, taken: _Taken) -> SampleOutput:
    probs = output.classifier_probs
    if probs is None:
        probs = output.classifier_probabilities or {}
    metadata = output.metadata
    if metadata is None:
        metadata = output.predicted_metadata or {}
    if not isinstance(output, _PlainOutput):
        probs = {
            field: {value: p for value, p in by_value.items() if p is not None}
            for field, by_value in probs.items()
            if by_value is not None
        }
    return SampleOutput(
        metadata={k: v for k, v in metadata.items() if isinstance(v, str | int | float | None)},
        classifier_probs=cast(dict[str, dict[str, float]], probs),
        latents={k: v for k, v in (output.latents or {}).items() if v is not None},
        counts=_decoded_counts(output.decoder_sample, index, n_genes, taken),
    )


def _decoded_counts(
    sample: Raw, index: int, n_genes: int | None, taken: _Taken
) -> npt.NDArray[np.int32] | None:
    text = bytes(sample)
    if not text:
        return None
    what = f"decoder_sample of output {index}"
    # An empty list has been seen in place of the object.
    decoded = decode_as(text, _DecoderSample | list[float] | None, what)
    counts = decoded.counts if isinstance(decoded, _DecoderSample) else decoded
    if isinstance(decoded, _DecoderSample) and decoded.lifted is not None:
        counts = taken.take(decoded.lifted)
    if counts is None or not len(counts):
        return None
    if n_genes is not None and len(counts) != n_genes:
        raise BadAnswer(
            f"{what} has {len(counts)} counts for {n_genes} genes", action=NOT_THE_PROTOCOL
        )
    if isinstance(counts, np.ndarray):
        return counts
    values = np.array(counts)
    limit = np.iinfo(np.int32).max
    if values.min() < 0 or values.max() > limit or not np.array_equal(values, np.rint(values)):
        raise BadAnswer(
            f"{what} has counts that are no whole numbers of 0 to {limit}", action=NOT_THE_PROTOCOL
        )
    return values.astype(np.int32)
