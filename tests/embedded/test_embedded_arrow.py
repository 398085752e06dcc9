"""The embedded endpoint answers as a self-hosted container does, to whoever accepts Arrow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import numpy as np
import pyarrow as pa
import pytest
from starlette.applications import Starlette

from gem_assets.embedded.app import create_app
from gem_assets.embedded.arrow_messages import ARROW_STREAM, ROWS, encode_stream
from gem_assets.embedded.model import BULK, SINGLE_CELL, EmbeddedModel, load_model
from gem_assets.embedded.prediction_requests import PredictionRequest, read_request


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(
    app: Starlette, body: dict[str, Any], model_id: str = BULK, path: str = "predict"
) -> httpx.Response:
    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as client:
            return await client.post(
                f"/api/models/{model_id}/{path}", json=body, headers={"Accept": ARROW_STREAM}
            )

    return anyio.run(post)


@pytest.fixture
def app() -> Iterator[Starlette]:
    app = create_app()
    yield app
    app.state.queries.close()


def example(model_id: str, **changes: Any) -> dict[str, Any]:
    counts = load_model(model_id).example_counts().tolist()
    return {"inputs": [{"counts": counts}, {"counts": [0] * len(counts)}], "seed": 42} | changes


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("model_id", [BULK, SINGLE_CELL])
def test_the_stream_holds_what_the_json_holds(app: Starlette, model_id: str) -> None:
    body = example(model_id)
    answer = ask(app, body, model_id)
    assert answer.headers["content-type"] == ARROW_STREAM
    table = pa.ipc.open_stream(answer.content).read_all()
    model = load_model(model_id)
    metadata = table.schema.metadata
    assert metadata[b"request_type"] == b"predict_metadata"
    assert metadata[b"model_version"] == model.model_version.encode()
    assert json.loads(metadata[b"gene_order"]) == list(model.gene_ids)
    assert table.column_names == ["metadata", "classifier_probs", "latents", "decoder_sample"]
    request = read_request(json.dumps(body).encode(), model.n_genes)
    rows = table.to_pylist()
    for row, expected in zip(rows, model.predict(request.counts, request.options), strict=True):
        assert without_nulls(row["metadata"]) == expected.metadata
        probabilities = without_nulls(row["classifier_probs"])
        assert {f: without_nulls(p) for f, p in probabilities.items()} == expected.classifier_probs
        assert row["latents"] == expected.latents
        np.testing.assert_array_equal(row["decoder_sample"]["counts"], expected.counts)
    # An empty sample has no answer in any field, and the stream says so without a label.
    assert set(rows[1]["metadata"].values()) == {None}
    assert set(rows[1]["classifier_probs"].values()) == {None}


def request_of(model: EmbeddedModel, n: int, **options: Any) -> PredictionRequest:
    counts = model.example_counts().tolist()
    body = {"inputs": [{"counts": counts}] * n, **options}
    return read_request(json.dumps(body).encode(), model.n_genes)


def test_it_comes_in_batches_each_computed_when_the_last_is_taken() -> None:
    model = load_model(SINGLE_CELL)
    request = request_of(model, ROWS + 1)
    computed = 0

    def predictions() -> Iterator[Any]:
        nonlocal computed
        for prediction in model.predict(request.counts, request.options):
            computed += 1
            yield prediction

    parts = encode_stream(model, request, predictions())
    first = next(parts)
    assert computed == ROWS
    reader = pa.ipc.open_stream(b"".join([first, *parts]))
    assert [batch.num_rows for batch in reader] == [ROWS, 1]


@pytest.mark.parametrize(("total", "kind"), [(None, pa.int32()), (10**11, pa.int64())])
def test_counts_take_32_bits_unless_one_might_not_fit(total: int | None, kind: pa.DataType) -> None:
    model = load_model(SINGLE_CELL)
    request = request_of(model, 1, total_count=total, deterministic_latents=True)
    predictions = model.predict(request.counts, request.options)
    table = pa.ipc.open_stream(b"".join(encode_stream(model, request, predictions))).read_all()
    counts = table.column("decoder_sample").combine_chunks().field("counts")
    assert counts.type.value_type == kind
    assert total is None or sum(counts[0].as_py()) == pytest.approx(total, rel=1e-6)


def test_a_refusal_is_json_as_ever(app: Starlette) -> None:
    answer = ask(app, {"inputs": [{"counts": [1]}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "inputs[0].counts"


def test_gem_2_is_not_served_in_arrow(app: Starlette) -> None:
    assert ask(app, {}, "gem-2").status_code == 406


def test_a_cold_model_lets_the_request_wait() -> None:
    clock = Clock()
    app = create_app(cold_start_seconds=75, clock=clock)

    async def ask_and_wake() -> pa.Table:
        answers = []

        async def post() -> None:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://e") as client:
                answers.append(
                    await client.post(
                        f"/api/models/{SINGLE_CELL}/predict",
                        json=example(SINGLE_CELL),
                        headers={"Accept": ARROW_STREAM},
                    )
                )

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(post)
                while app.state.queries.wake() < 75:  # pragma: no cover - woken by the request
                    await anyio.lowlevel.checkpoint()
                assert not answers
                clock.now = 75.0
        return pa.ipc.open_stream(answers[0].content).read_all()

    assert anyio.run(ask_and_wake).num_rows == 2
    app.state.queries.close()
