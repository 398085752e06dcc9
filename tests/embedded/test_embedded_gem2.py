"""GEM-2's dialect: the canonical id with its operation, and the aliases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx
import pytest

from gem_assets.embedded.app import create_app
from gem_assets.embedded.gem2 import read_canonical_request
from gem_assets.embedded.model import BULK, SINGLE_CELL, load_model
from gem_assets.embedded.prediction_requests import InvalidRequestError, MalformedRequestError

PATIENCE = 20

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask() -> Iterator[Ask]:
    app = create_app()

    def ask(method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://e") as client:
                return await client.request(method, path, **options)

        answer = anyio.run(send)
        if method == "POST" and answer.status_code == 200:
            query_id = answer.json()["modelQueryId"]
            app.state.queries.find(query_id).finished.result(PATIENCE)
            status = ask("GET", f"/api/model-queries/{query_id}/status").json()
            return ask("GET", status["downloadUrl"])
        return answer

    yield ask
    app.state.queries.close()


def canonical(modality: str, n: int = 1, **changes: Any) -> dict[str, Any]:
    model = load_model(BULK if modality == "bulk" else SINGLE_CELL)
    items = [{"counts": model.example_counts().tolist()}] * n
    inputs = {"modality": modality, "items": items}
    return {"operation": "predict-metadata", "inputs": inputs} | changes


@pytest.mark.parametrize(
    ("modality", "alias", "model_id"),
    [
        ("bulk", "gem-2-bulk_predict-metadata", BULK),
        ("single-cell", "gem-2-sc_predict-metadata", SINGLE_CELL),
    ],
)
def test_both_ids_give_the_same_answer_under_gem_2s_names(
    ask: Ask, modality: str, alias: str, model_id: str
) -> None:
    query = canonical(modality, 2, options={"seed": 7})
    result = ask("POST", "/api/models/gem-2/predict", json=query).json()
    listed = {"inputs": query["inputs"]["items"], "seed": 7}
    assert ask("POST", f"/api/models/{alias}/predict", json=listed).json() == result
    model = load_model(model_id)
    assert result["gene_order"] == list(model.gene_ids)
    assert result["model_version"].startswith("embedded-")
    assert len(result["outputs"]) == 2
    (expected,) = model.predict(model.example_counts()[None, :])
    for output in result["outputs"]:
        assert set(output) == {"predicted_metadata", "classifier_probabilities", "latents"}
        assert output["predicted_metadata"] == expected.metadata
        assert output["classifier_probabilities"] == expected.classifier_probs
        latents = expected.latents
        assert output["latents"] == {"encoded": latents["biological"] + latents["technical"]}


@pytest.mark.parametrize(
    "model_id", ["gem-2", "gem-2-bulk_predict-metadata", "gem-2-sc_predict-metadata"]
)
def test_an_example_can_be_sent_as_it_is(ask: Ask, model_id: str) -> None:
    example = ask("GET", f"/api/models/{model_id}/example-query").json()["example_query"]
    answer = ask("POST", f"/api/models/{model_id}/predict", json=example)
    assert len(answer.json()["outputs"]) == 1


def test_the_seed_is_taken_from_the_options_or_from_the_query_itself() -> None:
    for changes in ({"options": {"seed": 9}}, {"seed": 9}):
        _, request = read_canonical_request(json.dumps(canonical("bulk", **changes)).encode())
        assert request.options.seed == 9


def complaints(body: object) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as caught:
        read_canonical_request(json.dumps(body).encode())
    return {error.path: error.message for error in caught.value.errors}


def test_what_is_wrong_is_said_with_its_place() -> None:
    assert complaints([]) == {
        "": "expected an object with `operation`, and `inputs` of `modality` and `items`"
    }
    assert complaints({"operation": "autoencode", "inputs": {"modality": "atac"}}) == {
        "operation": "expected one of predict-metadata",
        "inputs.modality": "expected one of bulk, single-cell",
    }
    wrong = canonical("bulk")
    wrong["inputs"]["items"] = [{"counts": [1]}]
    assert complaints(wrong) == {"inputs.items[0].counts": "expected 44592 values, got 1"}
    wrong["inputs"]["items"] = []
    assert complaints(wrong) == {"inputs.items": "expected at least one input"}
    with pytest.raises(MalformedRequestError):
        read_canonical_request(b"{")
