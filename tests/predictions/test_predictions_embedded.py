from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from predictions_lab import hash_of
from scipy import sparse

from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.predictions.flow import predict_counts
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import observe
from gem_assets.predictions.query_records import AskedSample
from gem_assets.predictions.store import Store
from gem_assets.predictions.tables import prediction_tables
from gem_assets.settings import Modality


@pytest.mark.parametrize("modality", ["bulk", "sc"])
def test_the_embedded_endpoint_fills_the_four_tables_once(
    modality: Modality, tmp_path: Path
) -> None:
    store = Store(tmp_path / "predictions")
    settings = EndpointSettings.from_environment("embedded", modality, {})
    with (
        EndpointConnection(settings) as connection,
        Ledger(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger,
    ):
        model = observe(connection, ledger, store)
        assert model.model_version.startswith("embedded")
        random = np.random.default_rng(0)
        dense = random.poisson(2, size=(3, len(model.gene_order))).astype(np.int32)
        counts = sparse.csr_array(dense)
        names = ["a", "b", "c"]
        hashes = [hash_of(row.tolist()) for row in dense]
        runs = [
            predict_counts(connection, counts, names, hashes, model, ledger, store)
            for _ in range(2)
        ]
    assert [(run.asked, run.reused, run.failures) for run in runs] == [(3, 0, {}), (0, 3, {})]
    tables = prediction_tables("study", names, runs[1], store, counts, modality)
    assert set(tables["predicted_metadata"].column("served_by").to_pylist()) == {"embedded"}
    assert set(tables["decoded_counts"].column("sample_id").to_pylist()) == set(names)
    assert tables["classifier_probs"].num_rows > 0
    assert tables["latents"].num_rows > 0


def test_a_query_of_an_embedded_endpoint_dies_with_its_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "predictions")
    settings = EndpointSettings.from_environment("embedded", "bulk", {})
    with (
        EndpointConnection(settings) as connection,
        Ledger(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger,
    ):
        model = observe(connection, ledger, store)
        counts = sparse.csr_array((1, len(model.gene_order)), dtype=np.int32)
        first = predict_counts(connection, counts, ["a"], ["0"], model, ledger, store)
        question: Question = first.question
        died = ledger.sendings.begin(question, [AskedSample(question.key("1"), "1")])
        ledger.sendings.accepted(died, "1")
        second = predict_counts(connection, counts, ["a"], ["1"], model, ledger, store)
        assert (second.asked, second.resumed, second.failures) == (1, 0, {})
        assert second.possibly_paid_twice == 0
        assert ledger.query_states() == {"answered": 2, "failed": 1}
