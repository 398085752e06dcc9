"""A GEM endpoint that answers at once, from answers made beforehand; a process of its own.

``python benchmarks/parts/replay_server.py`` prints its port. It costs its clients nothing: it does
not read the counts, and has every answer ready before the first question. An answer is as large as
a real one: the gene order once, and for each sample about 240 kB: the counts of all genes, ten
classifiers of up to 300 values, and latents.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice

import numpy as np

GENES = 44_592
MODEL_ID = "gem-1-bulk_predict-metadata"
VERSION = "2"
TEMPLATES = 32
"""Different outputs; sample i is answered by number i mod this."""

TERMS = {
    "tissue_ontology_id": "UBERON",
    "cell_type_ontology_id": "CL",
    "disease_ontology_id": "MONDO",
    "cell_line_ontology_id": "CVCL",
}
TERMS_A_FIELD = 300
WORDS = {
    "developmental_stage": 300,
    "ethnicity": 100,
    "perturbation_type": 300,
    "library_selection": 30,
    "sample_type": 6,
    "sex": 2,
}
LATENTS = {"biological": 1024, "technical": 512, "perturbation": 512}


def gene_order() -> list[str]:
    """Return names of as many genes as the model takes."""
    return [f"ENSG{number:011d}" for number in range(GENES)]


def bulk_counts(rng: np.random.Generator) -> np.ndarray:
    """Return the counts of one bulk sample, int32: about 25,000 genes above 0, 30 million reads."""
    counts = np.zeros(GENES, dtype=np.int32)
    detected = rng.choice(GENES, 25_000, replace=False)
    counts[detected] = np.ceil(rng.lognormal(4.2, 2.2, detected.size))
    return counts


def output(rng: np.random.Generator) -> dict[str, object]:
    """Return one sample's output."""
    values = {
        field: [f"{prefix}:{7 * number:07d}" for number in range(TERMS_A_FIELD)]
        for field, prefix in TERMS.items()
    }
    values |= {field: [f"{field} {k}" for k in range(n)] for field, n in WORDS.items()}
    probs = {
        field: dict(zip(names, rng.dirichlet(np.full(len(names), 0.1)).tolist(), strict=True))
        for field, names in values.items()
    }
    metadata: dict[str, object] = {field: max(p, key=p.__getitem__) for field, p in probs.items()}
    return {
        "metadata": {**metadata, "age_years": float(rng.uniform(0, 90))},
        "classifier_probs": probs,
        "latents": {space: rng.normal(size=n).round(6).tolist() for space, n in LATENTS.items()},
        "decoder_sample": {"counts": bulk_counts(rng).tolist()},
    }


class Answers:
    """The texts of answers, put together from parts that are ready."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self.outputs = [_json(output(rng)) for _ in range(TEMPLATES)]
        self.before = (
            b'{"gene_order":'
            + _json(gene_order())
            + b',"model_version":'
            + _json(VERSION)
            + b',"outputs":['
        )

    def parts(self, samples: int) -> list[bytes]:
        """Return the pieces of the answer to a query of so many samples."""
        pieces = [self.before]
        for i, text in enumerate(islice(cycle(self.outputs), samples)):
            pieces += [b"," if i else b"", text]
        return [*pieces, b"]}"]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Replay(BaseHTTPRequestHandler):
    """The hosted protocol; the id of a query is its number of samples and a running number."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answers: Answers
    queries = 0

    def do_POST(self) -> None:
        """Accept a query."""
        left = int(self.headers["Content-Length"])
        samples, tail = 0, b""
        while left:
            part = self.rfile.read(min(left, 1 << 20))
            left -= len(part)
            # A key may be cut in two by the end of a part, and is then found with the next one.
            samples += (tail + part).count(b'"counts"')
            tail = part[-7:]
        Replay.queries += 1
        self._send([_json({"modelQueryId": f"{samples}-{Replay.queries}"})])

    def do_GET(self) -> None:
        """Answer a question after the state or the result of a query."""
        last = self.path.rpartition("/")[2]
        if last == "status":
            query = self.path.split("/")[-2]
            url = f"http://{self.headers['Host']}/results/{query}"
            self._send([_json({"status": "ready", "downloadUrl": url})])
        elif last == "example-query":
            example = {"inputs": [{"counts": [1] * GENES}], "seed": 42}
            self._send([_json({"example_query": example})])
        else:
            self._send(self.answers.parts(int(last.partition("-")[0])))

    def _send(self, parts: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(sum(map(len, parts))))
        self.end_headers()
        for part in parts:
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until killed."""
    Replay.answers = Answers()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
