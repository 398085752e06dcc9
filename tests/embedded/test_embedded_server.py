"""The embedded endpoint over HTTP on loopback, asked by the vendor's own client."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pandas as pd
import pysynthbio
import pytest
import uvicorn
from pysynthbio.get_example_query import get_example_query
from pysynthbio.http_client import NotFoundError, ValidationError

from gem_assets.embedded.app import create_app
from gem_assets.embedded.model import BULK, SINGLE_CELL
from gem_assets.embedded.serve import serve
from gem_assets.embedded.services import SERVICES


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
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHESIZE_API_KEY", "dummy")
    monkeypatch.delenv("SYNTHESIZE_SELF_HOSTED", raising=False)
    # Its client polls at whole seconds; the server is quicker.
    monkeypatch.setattr("pysynthbio.call_model_api.time.sleep", lambda _: None)


@pytest.mark.parametrize(
    ("model_id", "field", "value", "genes"),
    [
        (BULK, "tissue_ontology_id", "UBERON:0002107", 44_592),
        (SINGLE_CELL, "cell_type_ontology_id", "CL:0000860", 37_125),
    ],
)
def test_the_official_client_works_unchanged(
    server: str, model_id: str, field: str, value: str, genes: int
) -> None:
    query = get_example_query(model_id, api_base_url=server)["example_query"]
    query["inputs"] = query["inputs"] * 2
    result = pysynthbio.predict_query(query, model_id, api_base_url=server)
    assert set(result) == {"metadata", "latents", "classifier_probs", "expression"}
    assert list(result["metadata"][field]) == [value, value]
    assert max(result["classifier_probs"][field][0], key=result["classifier_probs"][field][0].get)
    assert result["expression"].shape == (2, genes)
    assert isinstance(result["expression"], pd.DataFrame)
    assert list(result["latents"].columns) == ["biological", "technical", "perturbation"]


def test_the_official_client_lists_the_models(server: str) -> None:
    listed = pysynthbio.list_models(api_base_url=server)
    assert [model["model_id"] for model in listed["models"]] == list(SERVICES)


def test_the_official_client_shows_what_is_wrong(server: str) -> None:
    query = {"inputs": [{"counts": [1, 2, 3]}]}
    with pytest.raises(ValidationError, match=r"inputs\[0\]\.counts: expected 44592 values, got 3"):
        pysynthbio.predict_query(query, BULK, api_base_url=server)


def test_the_official_client_is_told_of_an_unknown_model(server: str) -> None:
    with pytest.raises(NotFoundError):
        pysynthbio.predict_query({"inputs": []}, "gem-9", api_base_url=server)


def test_serve_prints_where_it_is_and_that_it_is_not_gem_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = []

    def run(_: uvicorn.Server, sockets: list[socket.socket]) -> None:
        served.extend(sockets)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    serve(port=0, cold_start_seconds=1)
    (listening,) = served
    host, port = listening.getsockname()
    listening.close()
    assert host == "127.0.0.1"
    line = capsys.readouterr().out
    assert re.fullmatch(rf"[^\n]*http://127\.0\.0\.1:{port}[^\n]*not GEM-1[^\n]*\n", line)


def test_serve_answers_at_the_address_it_prints() -> None:
    code = "from gem_assets.embedded.serve import serve; serve(port=0)"
    # The interpreter's own code, no user input.
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address is not None
        assert pysynthbio.list_models(api_base_url=address[0])["models"]
        process.terminate()
