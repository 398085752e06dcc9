"""GEM-2: asked by its canonical id or by an alias, and answering under names of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from endpoint_server import GENES, RESULT_PATH, Reply, ScriptedServer
from scipy import sparse

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import BadAnswer, QueryRejected
from gem_assets.endpoint.gem2_queries import as_canonical, as_listed
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.settings import EndpointSettings

ALIAS = "gem-2-sc_predict-metadata"
COUNTS = sparse.csr_array(np.array([[1, 0, 2, 3], [0, 0, 0, 5]], dtype=np.int32))
ITEMS = [{"counts": [1, 0, 2, 3]}, {"counts": [0, 0, 0, 5]}]
OUTPUT = {
    "predicted_metadata": {"sex": "female"},
    "classifier_probabilities": {"sex": {"female": 0.8, "male": 0.2}},
    "latents": {"encoded": [0.25, 4.0]},
    "a_key_to_come": 1,
}


@pytest.fixture
def gem2(
    server: ScriptedServer, connect: Callable[..., EndpointConnection]
) -> Callable[..., EndpointConnection]:
    result = {"gene_order": GENES, "model_version": "g2", "outputs": [OUTPUT, OUTPUT]}
    server.on("GET", RESULT_PATH, Reply(json=result))
    for model_id in ("gem-2", ALIAS):
        server.on("POST", f"/api/models/{model_id}/predict", Reply(json={"modelQueryId": "q1"}))

    def gem2(**changes: Any) -> EndpointConnection:
        return connect(model_id=ALIAS, **changes)

    return gem2


async def predict(client: EndpointClient) -> PredictionAnswer:
    query = await client.submit(COUNTS, seed=7, parameters={"release": "r1"})
    return await query.fetch()


def test_the_canonical_id_is_told_operation_and_modality(
    gem2: Callable[..., EndpointConnection], server: ScriptedServer
) -> None:
    answer = gem2(canonical=True).run(predict)
    (sent,) = server.asked("/api/models/gem-2/predict")
    assert sent.json() == {
        "operation": "predict-metadata",
        "inputs": {"modality": "single-cell", "items": ITEMS},
        "options": {"seed": 7},
        "source": "gem-assets",
        "release": "r1",
    }
    assert answer.model_version == "g2"
    assert answer.gene_order == tuple(GENES)
    for output in answer.outputs:
        assert output.metadata == {"sex": "female"}
        assert output.classifier_probs == {"sex": {"female": 0.8, "male": 0.2}}
        assert output.latents == {"encoded": [0.25, 4.0]}
        assert output.counts is None


def test_an_alias_is_asked_as_gem_1_is(
    gem2: Callable[..., EndpointConnection], server: ScriptedServer
) -> None:
    assert len(gem2().run(predict).outputs) == 2
    (sent,) = server.asked(f"/api/models/{ALIAS}/predict")
    assert sent.json() == {"inputs": ITEMS, "seed": 7, "source": "gem-assets", "release": "r1"}


def example(modality: str, operation: str | None = "predict-metadata", n: int = 2) -> Reply:
    query = {"inputs": {"modality": modality, "items": ITEMS[:n]}, "options": {"seed": 1}}
    if operation is not None:
        query["operation"] = operation
    return Reply(json={"example_query": query})


@pytest.mark.parametrize(
    ("canonical_example", "own"),
    [
        (example("single-cell"), False),
        (example("single-cell", None), False),
        (Reply(json={"example_query": {"inputs": ITEMS}}), False),
        (example("bulk"), True),
        (example("single-cell", "autoencode"), True),
    ],
)
def test_the_canary_is_of_the_modality_that_is_asked(
    gem2: Callable[..., EndpointConnection],
    server: ScriptedServer,
    canonical_example: Reply,
    own: bool,
) -> None:
    """The canonical id may show an example of something else; then the alias's serves."""
    server.on("GET", "/api/models/gem-2/example-query", canonical_example)
    alias_path = f"/api/models/{ALIAS}/example-query"
    server.on("GET", alias_path, Reply(json={"example_query": {"inputs": ITEMS, "seed": 3}}))
    connection = gem2(canonical=True)
    model = connection.observe()
    assert (model.model_id, model.model_version) == (ALIAS, "g2")
    assert bool(server.asked(alias_path)) is own
    (sent,) = server.asked("/api/models/gem-2/predict")
    assert sent.json()["inputs"] == {"modality": "single-cell", "items": ITEMS}
    assert sent.json()["operation"] == "predict-metadata"


def test_a_refused_item_is_known_by_its_path(
    gem2: Callable[..., EndpointConnection], server: ScriptedServer
) -> None:
    errors = [{"path": "inputs.items[1].counts", "message": "odd"}]
    server.on("POST", "/api/models/gem-2/predict", Reply(422, json={"errors": errors}))
    with pytest.raises(QueryRejected) as caught:
        gem2(canonical=True).run(predict)
    assert [fault.sample for fault in caught.value.faults] == [1]


def test_an_example_that_is_no_query_is_refused() -> None:
    for body in (b"[]", b'{"inputs": 3}', b'{"inputs": {"modality": "bulk"}}'):
        with pytest.raises(BadAnswer):
            as_listed(body, "bulk")


def test_a_query_without_a_seed_gets_no_options() -> None:
    assert json.loads(as_canonical(b'{"inputs": [], "total_count": 5}', "bulk")) == {
        "operation": "predict-metadata",
        "inputs": {"modality": "bulk", "items": []},
        "total_count": 5,
    }


@pytest.mark.parametrize("modality", ["bulk", "sc"])
def test_the_embedded_endpoint_serves_it_and_says_so(modality: Any) -> None:
    settings = EndpointSettings.from_environment("embedded", modality, {}, family="gem-2")
    with EndpointConnection(settings) as connection:
        model = connection.observe()
    assert model.model_id == f"gem-2-{modality}_predict-metadata"
    assert model.model_version.startswith("embedded")
    assert model.served_by == "embedded"
