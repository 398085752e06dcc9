"""Each way of serving, asked by the vendor's own client and by us: the same values everywhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import uvicorn
from predictions_lab import hash_of
from scipy import sparse

from gem_assets.embedded.app import create_app
from gem_assets.embedded.model import BULK, SINGLE_CELL, load_model
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.labels.fields import field_of_api_name
from gem_assets.predictions.flow import predict_counts
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import observe
from gem_assets.predictions.query_records import AskedSample
from gem_assets.predictions.run import PredictionRun
from gem_assets.predictions.store import Store
from gem_assets.predictions.tables import prediction_tables
from gem_assets.settings import EndpointMode, Modality, ModelFamily

pysynthbio = pytest.importorskip("pysynthbio")

KEY = "sk-loopback-0123456789abcdef"
SEED = 42
SAMPLES = ["example", "shallow", "mixed", "empty"]

WAYS: list[tuple[EndpointMode, ModelFamily]] = [
    ("hosted", "gem-1"),
    ("self_hosted", "gem-1"),
    ("hosted", "gem-2"),
    ("hosted", "gem-2-alias"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    config = uvicorn.Config(create_app(), host="127.0.0.1", port=0, log_level="warning")
    listening = config.bind_socket()
    listening.listen()
    uvicorn_server = uvicorn.Server(config)
    thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    uvicorn_server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(autouse=True)
def _vendors_environment(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHESIZE_API_KEY", KEY)
    monkeypatch.setenv("SYNTHESIZE_API_BASE_URL", server)
    # Its client polls at whole seconds; the server is quicker.
    monkeypatch.setattr("pysynthbio.call_model_api.time.sleep", lambda _: None)


def samples_of(modality: Modality) -> sparse.csr_array:
    """Return samples with different answers; the last has no answer in any field."""
    example = load_model(BULK if modality == "bulk" else SINGLE_CELL).example_counts()
    rng = np.random.default_rng(11)
    rows = [example, example // 7, rng.permutation(example) + example, np.zeros_like(example)]
    return sparse.csr_array(np.array(rows, dtype=np.int32))


@dataclass
class Asked:
    """What we made of some samples, and what the vendor's client did."""

    tables: dict[str, pd.DataFrame]
    frames: dict[str, pd.DataFrame]
    gene_ids: list[str]
    family: ModelFamily


def predict(
    folder: Path, modality: Modality, mode: EndpointMode, family: ModelFamily
) -> tuple[Any, ...]:
    store = Store(folder / "predictions")
    settings = EndpointSettings.from_environment(mode, modality, family=family)
    # The server is quicker than a service: nobody needs to wait 2 s for it.
    settings = replace(settings, poll_interval=0.02)
    counts = samples_of(modality)
    hashes = [hash_of(row.tolist()) for row in counts.toarray()]
    with (
        EndpointConnection(settings) as connection,
        Ledger(f"sqlite:///{folder}/ledger.sqlite") as ledger,
    ):
        model = observe(connection, ledger, store)
        run = predict_counts(connection, counts, SAMPLES, hashes, model, ledger, store)
    assert run.failures == {}
    return model, prediction_tables("study", SAMPLES, run, store, counts, modality)


def official_frames(
    modality: Modality, mode: EndpointMode, family: ModelFamily, model_id: str
) -> dict[str, pd.DataFrame]:
    inputs = [{"counts": row.tolist()} for row in samples_of(modality).toarray()]
    query: dict[str, Any] = {"inputs": inputs, "seed": SEED}
    if family == "gem-2":
        word = "bulk" if modality == "bulk" else "single-cell"
        query = {
            "operation": "predict-metadata",
            "inputs": {"modality": word, "items": inputs},
            "options": {"seed": SEED},
        }
    frames: dict[str, pd.DataFrame] = pysynthbio.predict_query(
        query, model_id, auto_authenticate=False, self_hosted=mode == "self_hosted"
    )
    return frames


@pytest.fixture(scope="module", params=["bulk", "sc"])
def modality(request: pytest.FixtureRequest) -> Modality:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=WAYS, ids=" ".join)
def asked(request: pytest.FixtureRequest, modality: Modality, tmp_path: Path) -> Asked:
    mode, family = request.param
    model, tables = predict(tmp_path, modality, mode, family)
    assert model.served_by == "embedded"
    model_id = "gem-2" if family == "gem-2" else model.model_id
    frames = official_frames(modality, mode, family, model_id)
    ours = {name: table.to_pandas() for name, table in tables.items()}
    assert {len(frame) for frame in frames.values()} == {len(SAMPLES)}
    return Asked(ours, frames, list(model.gene_order), family)


def test_every_value_is_the_official_clients(asked: Asked) -> None:
    assert metadata_compared(asked) == len(asked.tables["predicted_metadata"]) > 0
    assert probabilities_compared(asked) == len(asked.tables["classifier_probs"]) > 0
    assert latents_compared(asked) == len(asked.tables["latents"]) > 0
    decoded = asked.tables["decoded_counts"].set_index("sample_id")
    if asked.family != "gem-1":
        assert decoded[["gene_index", "count", "reconstruction_r"]].isna().all(axis=None)
        assert asked.frames["expression"].shape == (len(SAMPLES), 0)
        return
    theirs = asked.frames["expression"]
    assert theirs.columns.tolist() == asked.gene_ids
    for sample, counts in zip(SAMPLES, theirs.to_numpy(), strict=True):
        row = decoded.loc[sample]
        if row["count"] is None:  # single cells: kept as agreement only
            assert row["reconstruction_r"] <= 1 or sample == "empty"
            continue
        mine = np.zeros(len(asked.gene_ids), dtype=np.int64)
        mine[row["gene_index"]] = row["count"]
        np.testing.assert_array_equal(mine, counts)


def our_name(api_name: str) -> str:
    field = field_of_api_name(api_name)
    return api_name if field is None else field.name


def given(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the official client's without what it has no value for."""
    return {k: v for k, v in row.items() if isinstance(v, dict | list) or not pd.isna(v)}


def metadata_compared(asked: Asked) -> int:
    ours = asked.tables["predicted_metadata"].set_index(["sample_id", "field"])["predicted_id"]
    compared = 0
    for sample, row in zip(SAMPLES, asked.frames["metadata"].to_dict("records"), strict=True):
        for name, value in given(row).items():
            assert ours[sample, our_name(name)] == value
            compared += 1
    return compared


def probabilities_compared(asked: Asked) -> int:
    ours = asked.tables["classifier_probs"].set_index(["sample_id", "field"])
    compared = 0
    frame = asked.frames["classifier_probs"]
    for sample, row in zip(SAMPLES, frame.to_dict("records"), strict=True):
        for name, by_value in given(row).items():
            theirs = {value: p for value, p in by_value.items() if p is not None}
            found = ours.loc[(sample, our_name(name))]
            mine = dict(zip(found["value"], found["probability"], strict=True))
            assert mine.keys() == theirs.keys()
            # Ours sum to exactly 1, where the rounding of the answer misses it.
            scaled = np.array([theirs[value] for value in mine]) / sum(theirs.values())
            np.testing.assert_allclose(list(mine.values()), scaled, rtol=1e-12, atol=0)
            compared += 1
    return compared


def latents_compared(asked: Asked) -> int:
    ours = asked.tables["latents"].set_index(["sample_id", "space"])["vector"]
    compared = 0
    for sample, row in zip(SAMPLES, asked.frames["latents"].to_dict("records"), strict=True):
        for space, vector in row.items():
            if len(vector):
                theirs = np.asarray(vector, dtype=np.float32)
                np.testing.assert_array_equal(ours[sample, space], theirs)
                compared += 1
    return compared


def test_the_same_model_says_the_same_however_it_is_served(
    modality: Modality, tmp_path: Path
) -> None:
    tables = []
    for mode in ("hosted", "self_hosted", "embedded"):
        folder = tmp_path / mode
        folder.mkdir()
        _, found = predict(folder, modality, mode, "gem-1")  # type: ignore[arg-type]
        tables.append({n: t.drop_columns("predicted_at").to_pandas() for n, t in found.items()})
    for other in tables[1:]:
        for name, table in tables[0].items():
            pd.testing.assert_frame_equal(table, other[name])


@pytest.mark.parametrize("accepted", [True, False])
def test_a_query_to_a_container_that_was_interrupted_is_asked_anew_and_shown_as_paid_twice(
    tmp_path: Path, accepted: bool
) -> None:
    store = Store(tmp_path / "predictions")
    settings = EndpointSettings.from_environment("self_hosted", "sc")
    counts = samples_of("sc")[:1]

    def ask(hashed: str) -> PredictionRun:
        return predict_counts(connection, counts, ["a"], [hashed], model, ledger, store)

    with (
        EndpointConnection(settings) as connection,
        Ledger(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger,
    ):
        model = observe(connection, ledger, store)
        question = ask("0").question
        died = ledger.sendings.begin(question, [AskedSample(question.key("1"), "1")])
        if accepted:
            ledger.sendings.accepted(died, "container-of-a-dead-process")
        run = ask("1")
        assert (run.asked, run.resumed, run.failures) == (1, 0, {})
        assert run.possibly_paid_twice == 1
        assert (ask("1").asked, ask("1").reused) == (0, 1)
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
