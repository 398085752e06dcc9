"""Each fault of a script, as a client sees it over real loopback HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gem_assets.embedded.faults.middleware import FaultyApp
from gem_assets.embedded.faults.script import TRACEBACK, Fault, FaultScript, read_script
from gem_assets.embedded.faults.server import faulty_server
from gem_assets.embedded.faults.tally import content_digest
from gem_assets.problems import RefusedInputError

NAN = pytest.approx(float("nan"), nan_ok=True)
PREDICT = "/api/models/gem-1/predict"
PATHS = {
    "models": "/api/models",
    "example": "/api/models/gem-1/example-query",
    "status": "/api/model-queries/q1/status",
    "download": "/downloads/q1",
}


def small_endpoint() -> Starlette:
    """Return an endpoint of three genes that is ready at once and repeats what it was told."""
    asked: dict[str, list[list[int]]] = {}

    async def predict(request: Request) -> Response:
        name = f"q{len(asked) + 1}"
        asked[name] = [item["counts"] for item in (await request.json())["inputs"]]
        return answer({"modelQueryId": name})

    async def status(request: Request) -> Response:
        name = request.path_params["name"]
        return answer({"status": "ready", "downloadUrl": f"{request.base_url}downloads/{name}"})

    async def download(request: Request) -> Response:
        outputs = [
            {
                "classifier_probs": {"sex": {"male": 0.75, "female": 0.25}},
                "decoder_sample": {"counts": counts},
            }
            for counts in asked[request.path_params["name"]]
        ]
        return answer(
            {"gene_order": ["a", "b", "c"], "model_version": "embedded-1", "outputs": outputs}
        )

    def answer(content: object) -> Response:
        return Response(json.dumps(content), media_type="application/json")

    async def plain(_: Request) -> Response:
        return answer({"models": []})

    return Starlette(
        routes=[
            Route("/api/models", plain),
            Route("/api/models/{model}/example-query", plain),
            Route("/api/models/{model}/predict", predict, methods=["POST"]),
            Route("/api/model-queries/{name}/status", status),
            Route("/downloads/{name}", download),
        ]
    )


@dataclass
class Served:
    """A server of faults, and a client of it."""

    app: FaultyApp
    client: httpx.Client

    def submit(self, *samples: list[int]) -> httpx.Response:
        inputs = [{"counts": list(sample)} for sample in samples or ([1, 2, 3],)]
        return self.client.post(PREDICT, json={"inputs": inputs})

    def result(self, name: str = "q1") -> Any:
        self.client.get(f"/api/model-queries/{name}/status")
        return json.loads(self.client.get(f"/downloads/{name}").content)

    @property
    def injected(self) -> list[str]:
        return [fault.fault for fault in self.app.tally.injected]


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    closing: list[Callable[[], None]] = []

    def start(*faults: dict[str, Any]) -> Served:
        script = msgspec.convert({"faults": list(faults)}, FaultScript)
        server, app = faulty_server(small_endpoint(), script)
        listening = server.config.bind_socket()
        listening.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", trust_env=False
        )

        def close() -> None:
            client.close()
            server.should_exit = True
            thread.join()

        closing.append(close)
        return Served(app, client)

    yield start
    for close in closing:
        close()


def test_what_the_script_does_not_name_goes_well(serve: Serve) -> None:
    served = serve()
    assert served.submit().json() == {"modelQueryId": "q1"}
    assert served.result()["outputs"][0]["decoder_sample"] == {"counts": [1, 2, 3]}
    assert served.client.get("/elsewhere").status_code == 404


@pytest.mark.parametrize("on", ["models", "example", "submit", "status", "download"])
def test_a_fault_meets_the_request_that_it_names(serve: Serve, on: str) -> None:
    served = serve({"request": on, "nth": 2, "times": 2, "fault": "status", "status": 503})

    def ask() -> int:
        return (served.submit() if on == "submit" else served.client.get(PATHS[on])).status_code

    served.submit()
    served.client.get(PATHS["status"])
    before = served.app.tally.requests[on]
    assert [ask() for _ in range(4 - before)] == [200, 503, 503, 200][before:]
    assert served.injected == ["status 503", "status 503"]


@pytest.mark.parametrize(
    ("wish", "said"), [({"retry_after": 7}, "7"), ({"retry_at": 7}, "GMT"), ({}, None)]
)
def test_a_refusal_may_say_when_to_come_again(
    serve: Serve, wish: dict[str, int], said: str | None
) -> None:
    served = serve({"request": "models", "fault": "status", "status": 429, **wish})
    header = served.client.get("/api/models").headers.get("retry-after")
    assert header is None if said is None else said in header


@pytest.mark.parametrize("fault", ["reset", "truncated", "down"])
def test_a_connection_breaks_and_the_next_one_works(serve: Serve, fault: str) -> None:
    served = serve(
        {"request": "download", "fault": fault, **({"seconds": 0} if fault == "down" else {})}
    )
    served.submit()
    with pytest.raises(httpx.TransportError):
        served.result()
    with httpx.Client(
        base_url=served.client.base_url,
        trust_env=False,
        transport=httpx.HTTPTransport(retries=5),
    ) as later:
        assert later.get("/downloads/q1").status_code == 200


def test_a_server_that_is_away_refuses_connections(serve: Serve) -> None:
    served = serve({"request": "models", "fault": "down", "seconds": 60})
    for error in (httpx.TransportError, httpx.ConnectError):
        with pytest.raises(error):
            served.client.get("/api/models")


def test_an_answer_is_held_until_the_client_gives_up(serve: Serve) -> None:
    served = serve({"request": "models", "fault": "hold"})
    with pytest.raises(httpx.ReadTimeout):
        served.client.get("/api/models", timeout=0.05)
    assert served.client.get("/api/models").status_code == 200


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("fault", ["reset", "hold", "html", "status"])
def test_a_submission_is_acted_on_or_not_before_its_answer_fails(
    serve: Serve, fault: str, accepted: bool
) -> None:
    extra = {"status": 500} if fault == "status" else {}
    served = serve({"request": "submit", "fault": fault, "accepted": accepted, **extra})
    try:
        said = served.client.post(
            PREDICT, json={"inputs": [{"counts": [1, 2, 3]}]}, timeout=0.2
        ).content
    except httpx.TransportError:
        said = b""
    assert b"modelQueryId" not in said
    kept = [(s.answer_arrived, len(s.samples)) for s in served.app.tally.submissions]
    assert kept == ([(False, 1)] if accepted else [])


def test_a_garbled_answer_is_no_json(serve: Serve) -> None:
    served = serve({"request": "download", "fault": "corrupt"})
    served.submit()
    with pytest.raises(ValueError, match=r"decode|Expecting|Invalid"):
        served.result()
    assert served.result()


# -- queries ---------------------------------------------------------------------------------------


def test_a_query_fails_with_the_servers_traceback(serve: Serve) -> None:
    served = serve({"fault": "failed"})
    served.submit()
    assert served.client.get(PATHS["status"]).json() == {"status": "failed", "message": TRACEBACK}


def test_a_query_never_ends(serve: Serve) -> None:
    served = serve({"fault": "never_ends"})
    served.submit()
    assert served.client.get(PATHS["status"]).json() == {"status": "running"}


def test_a_query_is_lost(serve: Serve) -> None:
    served = serve({"fault": "lost"})
    served.submit()
    assert served.client.get(PATHS["status"]).status_code == 404
    assert [s.lost for s in served.app.tally.submissions] == [True]


def test_an_address_expires(serve: Serve) -> None:
    served = serve({"fault": "expired", "downloads": 1})
    served.submit()
    assert "expired" in served.result()["error"]
    assert "outputs" in served.result()


@pytest.mark.parametrize(
    ("edit", "outputs", "first"),
    [
        ("fewer_outputs", 1, None),
        ("more_outputs", 3, None),
        (
            "nan_probabilities",
            2,
            {"male": 0.75, "female": pytest.approx(float("nan"), nan_ok=True)},
        ),
        ("null_probabilities", 2, {"male": 0.75, "female": None}),
        ("unnormalised_probabilities", 2, {"male": 0.75, "female": pytest.approx(0.425)}),
    ],
)
def test_a_result_is_edited(
    serve: Serve, edit: str, outputs: int, first: dict[str, float] | None
) -> None:
    served = serve({"fault": "result", "edit": edit})
    served.submit([1, 2, 3], [4, 5, 6])
    result = served.result()["outputs"]
    assert len(result) == outputs
    if first is not None:
        assert result[0]["classifier_probs"]["sex"] == first
        assert result[1]["classifier_probs"]["sex"] == {"male": 0.75, "female": 0.25}


@pytest.mark.parametrize(
    ("edit", "sample"),
    [
        ("empty_decoder_sample", {"counts": []}),
        ("null_decoder_sample", None),
        ("short_decoder_sample", {"counts": [1, 2]}),
    ],
)
def test_a_decoder_sample_is_edited(serve: Serve, edit: str, sample: object) -> None:
    served = serve({"fault": "result", "edit": edit})
    served.submit()
    assert served.result()["outputs"][0]["decoder_sample"] == sample
    assert served.injected == [f"result {edit}"]


# -- from a submission on --------------------------------------------------------------------------


def test_large_queries_are_refused_from_then_on(serve: Serve) -> None:
    served = serve({"fault": "too_large", "nth": 2, "samples": 1})
    two = [1, 2, 3], [4, 5, 6]
    assert [served.submit(*two).status_code for _ in range(3)] == [200, 413, 413]
    assert served.submit(two[0]).status_code == 200


def test_an_invalid_sample_is_named_wherever_it_comes(serve: Serve) -> None:
    served = serve({"fault": "invalid_sample", "sample": 1})
    good, bad = [1, 2, 3], [4, 5, 6]
    for samples in ([good, bad], [bad]):
        refused = served.submit(*samples)
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert error["path"] == f"inputs[{samples.index(bad)}].counts"
    assert served.submit(good).status_code == 200


def test_another_version_answers_what_is_submitted_from_then_on(serve: Serve) -> None:
    served = serve({"fault": "new_version", "nth": 2, "version": "3"})
    served.submit()
    served.submit()
    assert [served.result(q)["model_version"] for q in ("q1", "q2")] == ["embedded-1", "3"]
    assert [s.model for s in served.app.tally.submissions] == ["own", "3"]


def test_another_gene_order_gives_the_same_answers_in_its_order(serve: Serve) -> None:
    served = serve({"fault": "new_gene_order", "nth": 2})
    served.submit([1, 2, 3])
    served.submit([3, 2, 1])
    first, second = served.result("q1"), served.result("q2")
    assert second["gene_order"] == ["c", "b", "a"]
    assert second["outputs"][0]["decoder_sample"]["counts"] == [3, 2, 1]
    assert first["gene_order"] == ["a", "b", "c"]
    one, other = served.app.tally.submissions
    assert one.samples == other.samples == [content_digest(b"[1, 2,3]")]
    assert one.model != other.model


# -- what is told, and what is refused -------------------------------------------------------------


def test_everything_is_told_as_json(serve: Serve) -> None:
    served = serve({"fault": "lost"})
    served.submit([1, 2, 3], [1, 2, 3])
    told = served.client.get("/faults").json()
    digest = content_digest(b"[1,2,3]")
    assert told["submissions"] == [
        {
            "query_id": "q1",
            "model": "own",
            "samples": [digest, digest],
            "answer_arrived": True,
            "lost": True,
        }
    ]
    assert told["injected"] == [{"fault": "lost", "request": "submit", "nth": 1}]
    assert told["requests"] == {"submit": 1}


def test_what_is_refused_is_not_submitted(serve: Serve) -> None:
    served = serve()
    assert served.client.post(PREDICT, content=b"no json").status_code == 500
    assert served.app.tally.submissions == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("faults: [{fault: meteor}]", "meteor"),
        ("faults: [{fault: lost, request: status}]", "request"),
        ("faults: [{fault: lost, nth: 0}]", "nth"),
        ("faults: [{fault: status, request: submit, status: 200}]", "status"),
        ("faults: [{fault: html, request: submit, colour: red}]", "colour"),
        ("faults: [", "no script of faults"),
        ("fault: []", "fault"),
    ],
)
def test_a_file_that_is_no_script_is_refused_with_the_place(
    tmp_path: Path, text: str, what: str
) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    with pytest.raises(RefusedInputError, match=what) as refused:
        read_script(path)
    assert str(path) in str(refused.value)


def test_a_script_is_yaml_or_json_or_empty(tmp_path: Path) -> None:
    path = tmp_path / "faults"
    path.write_text("faults:\n  - {fault: expired, nth: 2, downloads: 3}\n")
    from_yaml = read_script(path)
    path.write_text('{"faults": [{"fault": "expired", "nth": 2, "downloads": 3}]}')
    assert read_script(path) == from_yaml
    fault: Fault = from_yaml.faults[0]
    assert (fault.request, fault.nth, fault.times) == ("submit", 2, 1)
    path.write_text("")
    assert read_script(path) == FaultScript()


def test_a_script_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedInputError, match="can't be read"):
        read_script(tmp_path / "nowhere.yaml")


def test_other_connections_pass_by(serve: Serve) -> None:
    served = serve()
    started: list[str] = []

    async def main() -> None:
        async def receive() -> dict[str, str]:
            started.append("asked")
            return {"type": "lifespan.shutdown"}

        async def send(message: Any) -> None:
            started.append(message["type"])

        await served.app({"type": "lifespan", "app": None, "state": {}}, receive, send)

    asyncio.run(main())
    assert started[0] == "asked"
