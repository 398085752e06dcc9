"""The endpoint in this process: the same client, no network, no key."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from scipy import sparse

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import QueryRejected, ResourceNotFound
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.model_names import MODEL_IDS
from gem_assets.endpoint.readiness import Readiness
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.settings import Modality

pytest.importorskip("gem_assets.embedded.app", reason="the embedded endpoint is not built yet")

GENES = {"bulk": 44_592, "sc": 37_125}


@pytest.fixture(params=["bulk", "sc"])
def modality(request: pytest.FixtureRequest) -> Modality:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def connection(modality: Modality) -> Iterator[EndpointConnection]:
    settings = EndpointSettings.from_environment("embedded", modality, {})
    with EndpointConnection(settings) as connection:
        yield connection


def some_counts(samples: int, genes: int) -> sparse.csr_array:
    rng = np.random.default_rng(7)
    return sparse.csr_array(rng.poisson(3.0, (samples, genes)).astype(np.int32))


def test_it_is_always_ready(connection: EndpointConnection) -> None:
    assert connection.status() is Readiness.READY
    states: list[Readiness] = []
    connection.wait_until_ready(timeout=0.0, on_state_change=states.append)
    assert states == [Readiness.READY]


def test_it_says_in_every_observation_that_it_is_embedded(
    connection: EndpointConnection, modality: Modality
) -> None:
    model = connection.observe()
    assert model.model_id == MODEL_IDS[modality]
    assert model.served_by == "embedded"
    assert model.model_version.startswith("embedded")
    assert model.base_url == "embedded:"
    assert len(model.gene_order) == GENES[modality]


def test_it_answers_samples_with_the_types_of_the_protocol(
    connection: EndpointConnection, modality: Modality
) -> None:
    counts = some_counts(2, GENES[modality])

    async def predict(client: EndpointClient) -> PredictionAnswer:
        return await (await client.submit(counts)).fetch()

    answer = connection.run(predict)
    assert len(answer.outputs) == 2
    for output in answer.outputs:
        assert output.classifier_probs
        assert output.latents
        assert output.counts is None or output.counts.shape == (GENES[modality],)


def test_it_lists_its_models_and_shows_an_example(
    connection: EndpointConnection, modality: Modality
) -> None:
    assert MODEL_IDS[modality] in connection.run(lambda client: client.models())
    assert connection.run(lambda client: client.example_query()).n_genes == GENES[modality]


def test_it_rejects_counts_of_another_length(connection: EndpointConnection) -> None:
    with pytest.raises(QueryRejected) as caught:
        connection.run(lambda client: client.submit(some_counts(1, 10)))
    assert caught.value.host == "embedded"


def test_it_forgets_queries_with_its_process(connection: EndpointConnection) -> None:
    with pytest.raises(ResourceNotFound):
        connection.run(lambda client: client.query("of another process").status())


def test_it_ends_with_its_connection() -> None:
    before = set(threading.enumerate())
    with EndpointConnection(EndpointSettings.from_environment("embedded", "bulk", {})) as opened:
        opened.observe()
        assert set(threading.enumerate()) - before
    # Threads that were told to end may take a moment.
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
    assert not set(threading.enumerate()) - before


def test_it_reaches_for_no_network(
    monkeypatch: pytest.MonkeyPatch, connection: EndpointConnection
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the embedded endpoint opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert connection.observe().gene_order
