"""What the embedded endpoint serves: public model ids, and the dialect that each of them speaks.

Behind all of them stand the same two small models. GEM-1's ids and GEM-2's differ in what a query
and an answer look like, not in what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from gem_assets.embedded.gem2 import (
    ALIASES,
    CANONICAL,
    encode_canonical_example,
    encode_gem2_result,
    read_canonical_request,
)
from gem_assets.embedded.messages import encode_example, encode_result
from gem_assets.embedded.model import MODEL_IDS, EmbeddedModel, SamplePrediction, load_model
from gem_assets.embedded.prediction_requests import PredictionRequest, read_request

Encode = Callable[[EmbeddedModel, Iterable[SamplePrediction]], bytes]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A request that was understood: which model computes it, and how its result is written."""

    model: EmbeddedModel
    request: PredictionRequest
    encode: Encode

    def predictions(self) -> Iterator[SamplePrediction]:
        """Yield the prediction of each input."""
        return self.model.predict(self.request.counts, self.request.options)

    def result(self) -> bytes:
        """Return the result's JSON."""
        return self.encode(self.model, self.predictions())


@dataclass(frozen=True, slots=True)
class Service:
    """One public model id.

    Attributes
    ----------
    read
        From the body of a request to what it asks; raises as `read_request` does.
    example
        Returns the JSON of the example query.
    in_arrow
        Whether it may be asked for an Arrow stream. For GEM-2 no container's layout is known.
    """

    read: Callable[[bytes], Asked]
    example: Callable[[], bytes]
    in_arrow: bool


def _listed(model_id: str, encode: Encode, body: bytes) -> Asked:
    model = load_model(model_id)
    return Asked(model, read_request(body, model.n_genes), encode)


def _example(model_id: str) -> bytes:
    return encode_example(load_model(model_id))


def _canonical(body: bytes) -> Asked:
    return Asked(*read_canonical_request(body), encode_gem2_result)


SERVICES: dict[str, Service] = {
    **{
        model_id: Service(
            partial(_listed, model_id, encode_result), partial(_example, model_id), in_arrow=True
        )
        for model_id in MODEL_IDS
    },
    CANONICAL: Service(_canonical, encode_canonical_example, in_arrow=False),
    **{
        alias: Service(
            partial(_listed, model_id, encode_gem2_result),
            partial(_example, model_id),
            in_arrow=False,
        )
        for alias, model_id in ALIASES.items()
    },
}
"""By public model id, in the order in which they are listed."""
