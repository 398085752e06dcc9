"""The embedded endpoint speaks GEM's hosted protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from gem_assets.embedded.app import create_app
from gem_assets.embedded.model import BULK, SINGLE_CELL, load_model

PATIENCE = 20


class Clock:
    """A clock that a test turns by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Client:
    """Asks an application in process; every request has an event loop of its own."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self._ask(httpx.Request("GET", self._url(path), headers=headers))

    def post(
        self,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        url = self._url(path)
        return self._ask(httpx.Request("POST", url, json=json, content=content, headers=headers))

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else f"http://embedded{path}"

    def _ask(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app)) as client:
                return await client.send(request)

        return anyio.run(ask)


@contextmanager
def serving(app: Starlette) -> Iterator[Client]:
    yield Client(app)
    app.state.queries.close()


@pytest.fixture
def client() -> Iterator[Client]:
    with serving(create_app()) as client:
        yield client


def query(model_id: str = BULK, n: int = 1, **options: object) -> dict[str, object]:
    counts = load_model(model_id).example_counts().tolist()
    return {"inputs": [{"counts": counts}] * n, "seed": 42, **options}


def submit(client: Client, model_id: str = BULK, **options: object) -> str:
    answer = client.post(f"/api/models/{model_id}/predict", json=query(model_id, **options))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["modelQueryId"])


def finished(client: Client, query_id: str) -> dict[str, str]:
    """Return the status of a query once it is computed."""
    client.app.state.queries.find(query_id).finished.result(PATIENCE)
    answer: dict[str, str] = client.get(f"/api/model-queries/{query_id}/status").json()
    return answer


@pytest.mark.parametrize("model_id", [BULK, SINGLE_CELL])
def test_a_query_goes_from_submission_to_result(client: Client, model_id: str) -> None:
    status = finished(client, submit(client, model_id, n=2))
    assert set(status) == {"status", "downloadUrl"}
    assert status["status"] == "ready"
    result = client.get(status["downloadUrl"]).json()
    assert set(result) == {"gene_order", "model_version", "outputs"}
    assert result["model_version"].startswith("embedded-")
    assert result["gene_order"] == list(load_model(model_id).gene_ids)
    assert len(result["outputs"]) == 2
    assert result["outputs"][0] == result["outputs"][1]
    output = result["outputs"][0]
    assert set(output) == {"metadata", "classifier_probs", "latents", "decoder_sample"}
    counts = output["decoder_sample"]["counts"]
    assert len(counts) == len(result["gene_order"])
    assert all(type(c) is int and c >= 0 for c in counts)
    assert set(output["latents"]) == {"biological", "technical", "perturbation"}
    assert "null" not in client.get(status["downloadUrl"]).text


def test_the_same_seed_gives_the_same_bytes(client: Client) -> None:
    bodies = [client.get(finished(client, submit(client))["downloadUrl"]).content for _ in range(2)]
    assert bodies[0] == bodies[1]


def test_total_count_is_honoured(client: Client) -> None:
    url = finished(client, submit(client, total_count=1_000_000))["downloadUrl"]
    (output,) = client.get(url).json()["outputs"]
    assert sum(output["decoder_sample"]["counts"]) == 1_000_000


def test_models_are_listed(client: Client) -> None:
    listed = client.get("/api/models").json()["models"]
    assert [m["model_id"] for m in listed][:2] == [BULK, SINGLE_CELL]


@pytest.mark.parametrize("model_id", [BULK, SINGLE_CELL])
def test_the_example_query_can_be_sent_as_it_is(client: Client, model_id: str) -> None:
    example = client.get(f"/api/models/{model_id}/example-query").json()["example_query"]
    assert len(example["inputs"][0]["counts"]) == load_model(model_id).n_genes
    answer = client.post(f"/api/models/{model_id}/predict", json=example)
    assert finished(client, answer.json()["modelQueryId"])["status"] == "ready"


@pytest.mark.parametrize(
    "path", ["/api/models/gem-9/example-query", "/api/model-queries/nobody/status", "/api/nowhere"]
)
def test_what_is_not_there_is_404(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]


def test_an_unknown_model_is_404_for_a_prediction(client: Client) -> None:
    answer = client.post("/api/models/gem-9/predict", json=query())
    assert answer.status_code == 404
    assert "gem-9" in answer.json()["error"]


def test_a_body_that_is_no_json_is_400(client: Client) -> None:
    answer = client.post(f"/api/models/{BULK}/predict", content=b"{")
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


def test_an_invalid_request_is_422_and_says_where(client: Client) -> None:
    body = query(n=2)
    body["inputs"] = [*body["inputs"], {"counts": [1, 2]}]  # type: ignore[misc]
    answer = client.post(f"/api/models/{BULK}/predict", json=body)
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "Invalid request",
        "errors": [{"path": "inputs[2].counts", "message": "expected 44592 values, got 2"}],
    }


def test_the_wrong_method_is_405(client: Client) -> None:
    answer = client.get(f"/api/models/{BULK}/predict")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_too_large_a_request_is_413() -> None:
    with serving(create_app(max_request_bytes=1000)) as client:
        answer = client.post(f"/api/models/{BULK}/predict", json=query())
    assert answer.status_code == 413


def test_a_failed_query_says_why(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    def work() -> bytes:
        raise MemoryError("no room")

    with caplog.at_level("CRITICAL"):
        failing = client.app.state.queries.submit(work)
        failing.finished.result(PATIENCE)
    answer = client.get(f"/api/model-queries/{failing.query_id}/status").json()
    assert answer == {"status": "failed", "message": "MemoryError: no room"}


class TestKeys:
    @pytest.fixture
    def guarded(self) -> Iterator[Client]:
        with serving(create_app(require_key="sesame")) as client:
            yield client

    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer simsim"}])
    @pytest.mark.parametrize(
        "path",
        ["/api/models", f"/api/models/{BULK}/example-query", "/api/model-queries/x/status"],
    )
    def test_without_the_key_nothing_is_told(
        self, guarded: Client, path: str, header: dict[str, str]
    ) -> None:
        answer = guarded.get(path, headers=header)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"

    def test_without_the_key_nothing_is_computed(self, guarded: Client) -> None:
        assert guarded.post(f"/api/models/{BULK}/predict", json=query()).status_code == 401

    def test_with_the_key_everything_works_and_the_download_needs_none(
        self, guarded: Client
    ) -> None:
        key = {"Authorization": "Bearer sesame"}
        answer = guarded.post(f"/api/models/{BULK}/predict", json=query(), headers=key)
        query_id = answer.json()["modelQueryId"]
        guarded.app.state.queries.find(query_id).finished.result(PATIENCE)
        status = guarded.get(f"/api/model-queries/{query_id}/status", headers=key).json()
        assert guarded.get(status["downloadUrl"]).status_code == 200
        # Whoever sends the key to a signed URL leaks it to a stranger.
        assert guarded.get(status["downloadUrl"], headers=key).status_code == 400


def test_an_unknown_download_is_403(client: Client) -> None:
    assert client.get("/downloads/guess").status_code == 403


def test_download_urls_can_have_another_base() -> None:
    with serving(create_app(base_url="http://elsewhere.example/")) as client:
        status = finished(client, submit(client))
    assert status["downloadUrl"].startswith("http://elsewhere.example/downloads/")


def test_only_a_prediction_wakes_a_cold_model() -> None:
    clock = Clock()
    with serving(create_app(cold_start_seconds=90, clock=clock)) as client:
        client.get("/api/models")
        client.get(f"/api/models/{BULK}/example-query")
        clock.now += 1000
        query_id = submit(client)
        status_url = f"/api/model-queries/{query_id}/status"
        assert client.get(status_url).json() == {"status": "queued"}
        clock.now += 89
        assert client.get(status_url).json() == {"status": "queued"}
        clock.now += 2
        client.get(status_url)
        assert finished(client, query_id)["status"] == "ready"
