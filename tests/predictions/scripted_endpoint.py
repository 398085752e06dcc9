"""A GEM endpoint on loopback that does as it is told and counts what it is asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GENES = tuple(f"ENSG{i:011d}" for i in range(12))

Counts = tuple[int, ...]


def plain_output(counts: Counts) -> dict[str, Any]:
    """Return an output that depends on the counts alone."""
    share = (counts[0] + 1) / (counts[0] + counts[1] + 2)
    liver, lung = "UBERON:0002107", "UBERON:0002048"
    return {
        "metadata": {
            "tissue_ontology_id": liver if share >= 0.5 else lung,
            "sex": "female",
            "age_years": float(counts[2]),
        },
        "classifier_probs": {
            "tissue_ontology_id": {lung: 1 - share, liver: share},
            "sex": {"female": 0.9, "male": 0.1},
        },
        "latents": {"biological": [share, 0.5], "technical": [0.25]},
        "decoder_sample": {"counts": list(counts)},
    }


@dataclass
class ScriptedEndpoint:
    """What it answers, and what it was asked.

    Attributes
    ----------
    asked
        Every sample that was accepted, in order; one that is asked twice is there twice.
    on_submit, on_accepted
        Given the number of the submission, or of the accepted one: another answer to it, or None.
    """

    model_version: str = "2"
    gene_order: tuple[str, ...] | None = GENES
    output: Callable[[Counts], dict[str, Any]] = plain_output
    refuse: Callable[[Counts], str | None] = lambda _: None
    refuse_query: str | None = None
    refuse_input: str | None = None
    largest_query: int = 10_000
    fails: Callable[[list[Counts]], str | None] = lambda _: None
    drop_outputs: int = 0
    held: bool = False
    on_status: Callable[[], None] = lambda: None
    stays: Callable[[list[Counts]], bool] = lambda _: False
    on_submit: Callable[[int], tuple[int, object] | None] = lambda _: None
    on_accepted: Callable[[int], tuple[int, object] | None] = lambda _: None
    submits: int = 0
    asked: list[Counts] = field(default_factory=list)
    queries: dict[str, list[Counts]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    base_url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, query: dict[str, Any]) -> tuple[int, object]:
        samples = [tuple(item["counts"]) for item in query["inputs"]]
        self.submits += 1
        if answer := self.on_submit(self.submits):
            return answer
        if len(samples) > self.largest_query:
            return 413, {"error": "too large"}
        if self.refuse_query:
            return 422, {"error": self.refuse_query}
        if self.refuse_input:
            return 422, {"errors": [{"path": self.refuse_input, "message": "bad"}]}
        errors = [
            {"path": f"inputs[{i}].counts", "message": message}
            for i, sample in enumerate(samples)
            if (message := self.refuse(sample))
        ]
        if errors:
            return 422, {"error": "invalid", "errors": errors}
        with self.lock:
            query_id = f"query-{len(self.queries) + 1}"
            self.queries[query_id] = samples
            self.asked += samples
            self.bodies.append(query)
        if answer := self.on_accepted(len(self.queries)):
            return answer
        return 200, {"modelQueryId": query_id}

    def status(self, query_id: str) -> tuple[int, object]:
        self.on_status()
        if query_id not in self.queries:
            return 404, {"error": "no such query"}
        if self.held or self.stays(self.queries[query_id]):
            return 200, {"status": "running"}
        if message := self.fails(self.queries[query_id]):
            return 200, {"status": "failed", "message": message}
        url = f"{self.base_url}/results/{query_id}?signature=hush"
        return 200, {"status": "ready", "downloadUrl": url}

    def result(self, query_id: str) -> tuple[int, object]:
        outputs = [self.output(sample) for sample in self.queries[query_id]]
        result: dict[str, Any] = {"outputs": outputs[self.drop_outputs :]}
        result["model_version"] = self.model_version
        if self.gene_order is not None:
            result["gene_order"] = self.gene_order
        return 200, result

    def get(self, path: str) -> tuple[int, object]:
        if match := re.fullmatch(r"/api/model-queries/([^/]+)/status", path):
            return self.status(match[1])
        if match := re.fullmatch(r"/results/([^/?]+)\?signature=hush", path):
            return self.result(match[1])
        if path.endswith("/example-query"):
            return 200, {"example_query": {"inputs": [{"counts": [0] * len(GENES)}], "seed": 1}}
        return 404, {"error": path}


def serve(endpoint: ScriptedEndpoint) -> ThreadingHTTPServer:
    """Return a server of the endpoint on a free port, serving in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(*endpoint.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*endpoint.submit(json.loads(body)))

        def answer(self, status: int, content: object) -> None:
            endpoint.requests.append(f"{self.command} {self.path}")
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.base_url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
