"""A server of the protocol on loopback that can be told to fail, over real HTTP."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEY = "sk-test-4f9a1c"
SIGNATURE = "sig-77b3e0"
MODEL = "gem-1-bulk_predict-metadata"
GENES = ["ENSG00000000003", "ENSG00000000005", "ENSG00000000419", "ENSG00000000457"]

MODELS_PATH = "/api/models"
EXAMPLE_PATH = f"/api/models/{MODEL}/example-query"
PREDICT_PATH = f"/api/models/{MODEL}/predict"
STATUS_PATH = "/api/model-queries/q1/status"
RESULT_PATH = "/results/q1"


@dataclass(frozen=True)
class Reply:
    """One scripted answer."""

    status: int = 200
    json: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        content = json.dumps(self.json).encode() if self.body is None else self.body
        return Response(content, self.status, {"content-type": "application/json", **self.headers})


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedServer:
    """Answers as it was told to, in order; the last answer to a path repeats."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._script: dict[tuple[str, str], deque[Reply]] = {}
        self._app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            self._app, log_level="critical", lifespan="off", ws="none", http="h11"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    def on(self, method: str, path: str, *replies: Reply) -> None:
        self._script[method, path] = deque(replies)

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    def reset(self) -> None:
        """Forget the script and what was seen."""
        self.seen.clear()
        self._script.clear()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    async def _answer(self, request: Request) -> Response:
        self.seen.append(
            Seen(
                request.method,
                request.url.path,
                request.url.query,
                dict(request.headers),
                await request.body(),
            )
        )
        replies = self._script.get((request.method, request.url.path))
        if replies is None:
            return Reply(404, json={"error": "no such path"}).response()
        return (replies.popleft() if len(replies) > 1 else replies[0]).response()


def result_of(samples: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a result as GEM-1 gives it."""
    output = {
        "metadata": {"tissue_ontology_id": "UBERON:0002107", "sex": "male", "age_years": 43.1},
        "classifier_probs": {"sex": {"male": 0.9, "female": 0.1}},
        "latents": {"biological": [0.5, -1.0], "technical": [0.0], "perturbation": []},
        "decoder_sample": {"counts": [3, 0, 17, 1]},
    }
    return {
        "gene_order": GENES,
        "model_version": "2",
        "outputs": [output] * samples,
    } | changes


class FakeTime:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class RawServer:
    """Takes one connection at a time, reads a request's head and says whatever it is told to."""

    def __init__(self, say: bytes) -> None:
        self.heard: list[bytes] = []
        self._say = say
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        # A blocked accept() is woken by a connection, not by closing its socket.
        self._say = b"end"
        with socket.create_connection(self._socket.getsockname()):
            pass
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            taken, _ = self._socket.accept()
            with taken:
                if self._say == b"end":
                    return
                self.heard.append(taken.recv(65536))
                taken.sendall(self._say)
