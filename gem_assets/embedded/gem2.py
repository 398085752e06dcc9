"""GEM-2's dialect of metadata prediction, as far as the vendor's public client shows it.

The canonical id ``gem-2`` serves several operations and both modalities, and says in the query
which it wants; an alias stands for one of them and takes queries as GEM-1 does. Answers have other
key names than GEM-1's, one latent space, and no counts (pysynthbio 4.2.4).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gem_assets.embedded.messages import InputErrorMessage, ResultMessage
from gem_assets.embedded.model import (
    BULK,
    SINGLE_CELL,
    EmbeddedModel,
    SamplePrediction,
    load_model,
)
from gem_assets.embedded.prediction_requests import (
    InvalidRequestError,
    MalformedRequestError,
    PredictionRequest,
    RequestBody,
    decode_body,
    judge_request,
)

CANONICAL = "gem-2"
OPERATION = "predict-metadata"

MODALITIES: dict[str, str] = {"bulk": BULK, "single-cell": SINGLE_CELL}
"""GEM-2's word for a modality -> the embedded model behind it."""

ALIASES: dict[str, str] = {
    "gem-2-bulk_predict-metadata": BULK,
    "gem-2-sc_predict-metadata": SINGLE_CELL,
}
"""Id of one operation and modality -> the embedded model behind it."""

ITEMS = "inputs.items"
"""Where the inputs of a canonical query are, in the paths of errors."""


class Gem2OutputMessage(msgspec.Struct):
    """The answer about one input."""

    predicted_metadata: dict[str, str]
    classifier_probabilities: dict[str, dict[str, float]]
    latents: dict[str, list[float]]


class _Inputs(msgspec.Struct):
    modality: str = ""
    items: msgspec.Raw = msgspec.Raw(b"null")


class _Options(msgspec.Struct):
    seed: msgspec.Raw = msgspec.Raw(b"null")


class _Envelope(msgspec.Struct):
    operation: str = ""
    inputs: _Inputs = msgspec.field(default_factory=_Inputs)
    options: _Options = msgspec.field(default_factory=_Options)


def read_canonical_request(body: bytes) -> tuple[EmbeddedModel, PredictionRequest]:
    """Return what a query to ``gem-2`` asks, and the embedded model that answers it.

    Raises
    ------
    MalformedRequestError, InvalidRequestError
        As `read_request` does; also for another operation or modality than there are.
    """
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except msgspec.ValidationError as error:
        wrong = "expected an object with `operation`, and `inputs` of `modality` and `items`"
        raise InvalidRequestError([InputErrorMessage("", wrong)]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequestError(f"the body is not JSON: {error}") from error
    errors = [
        InputErrorMessage(path, f"expected one of {', '.join(allowed)}")
        for path, given, allowed in (
            ("operation", envelope.operation, (OPERATION,)),
            ("inputs.modality", envelope.inputs.modality, tuple(MODALITIES)),
        )
        if given not in allowed
    ]
    if errors:
        raise InvalidRequestError(errors)
    plain = decode_body(body)
    seed = plain.seed if bytes(envelope.options.seed) == b"null" else envelope.options.seed
    listed = RequestBody(
        inputs=envelope.inputs.items,
        seed=seed,
        total_count=plain.total_count,
        deterministic_latents=plain.deterministic_latents,
    )
    model = load_model(MODALITIES[envelope.inputs.modality])
    return model, judge_request(listed, model.n_genes, ITEMS)


def encode_gem2_result(model: EmbeddedModel, predictions: Iterable[SamplePrediction]) -> bytes:
    """Return the JSON of a result, with GEM-2's key names and without counts."""
    outputs = [msgspec.Raw(msgspec.json.encode(_output(p))) for p in predictions]
    return msgspec.json.encode(ResultMessage(model.gene_ids, model.model_version, outputs))


def encode_canonical_example() -> bytes:
    """Return the JSON of the example query of ``gem-2``: one bulk sample."""
    items = [{"counts": load_model(BULK).example_counts().tolist()}]
    query = {
        "operation": OPERATION,
        "inputs": {"modality": "bulk", "items": items},
        "options": {"seed": 42},
    }
    return msgspec.json.encode({"example_query": query})


def _output(prediction: SamplePrediction) -> Gem2OutputMessage:
    latents = prediction.latents
    return Gem2OutputMessage(
        predicted_metadata=prediction.metadata,
        classifier_probabilities=prediction.classifier_probs,
        latents={"encoded": latents["biological"] + latents["technical"]},
    )
