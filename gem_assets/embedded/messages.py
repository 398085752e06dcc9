"""What travels: the request as it is read and the answers as they are written."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gem_assets.embedded.model import EmbeddedModel, SamplePrediction


class InputErrorMessage(msgspec.Struct):
    """One thing that is wrong with a request: where (``inputs[1].counts``) and what."""

    path: str
    message: str


class ErrorMessage(msgspec.Struct, omit_defaults=True):
    """Body of every answer of status 400 and above."""

    error: str
    errors: list[InputErrorMessage] | None = None


class SubmittedMessage(msgspec.Struct, rename="camel"):
    """Answer to a prediction request."""

    model_query_id: str


class StatusMessage(msgspec.Struct, rename="camel", omit_defaults=True):
    """Answer to a status request: ``queued``, ``running``, ``ready`` or ``failed``."""

    status: str
    download_url: str | None = None
    message: str | None = None


class DecoderSample(msgspec.Struct):
    """Counts that the decoder drew, in the gene order."""

    counts: list[int]


class OutputMessage(msgspec.Struct):
    """The answer about one input."""

    metadata: dict[str, str]
    classifier_probs: dict[str, dict[str, float]]
    latents: dict[str, list[float]]
    decoder_sample: DecoderSample


class ResultMessage(msgspec.Struct):
    """A finished query, as it is downloaded."""

    gene_order: tuple[str, ...]
    model_version: str
    outputs: list[msgspec.Raw]


def encode_result(model: EmbeddedModel, predictions: Iterable[SamplePrediction]) -> bytes:
    """Return the JSON of a result.

    Each output is encoded before the next is computed: a list of Python integers takes ten times
    the room of its JSON.
    """
    outputs = [msgspec.Raw(msgspec.json.encode(_output(p))) for p in predictions]
    return msgspec.json.encode(ResultMessage(model.gene_ids, model.model_version, outputs))


def encode_example(model: EmbeddedModel) -> bytes:
    """Return the JSON of the model's example query."""
    query = {"inputs": [{"counts": model.example_counts().tolist()}], "seed": 42}
    return msgspec.json.encode({"example_query": query})


def _output(prediction: SamplePrediction) -> OutputMessage:
    return OutputMessage(
        metadata=prediction.metadata,
        classifier_probs=prediction.classifier_probs,
        latents=prediction.latents,
        decoder_sample=DecoderSample(prediction.counts.tolist()),
    )
