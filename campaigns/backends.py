"""Whom a campaign asks: the embedded endpoint, or a small one that speaks the same protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np
from scipy import sparse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gem_assets.embedded.app import create_app
from gem_assets.embedded.faults.tally import content_digest
from gem_assets.embedded.model import BULK, load_model
from gem_assets.genes.alignment import hash_counts

REPLAY_GENES = tuple(f"ENSG{i:011d}" for i in range(1, 201))


@dataclass(frozen=True, slots=True)
class Backend:
    """One endpoint to ask.

    Attributes
    ----------
    name
        ``embedded`` (44,592 genes, the embedded bulk model) or ``replay`` (200 genes, for tests).
    app
        Makes its ASGI application.
    gene_ids
        Its own gene order.
    patience
        Seconds after which a request, and a query, is given up.
    """

    name: str
    app: Callable[[], Starlette]
    gene_ids: tuple[str, ...]
    patience: float


def backend(name: str) -> Backend:
    """Return the backend of a name."""
    if name == "embedded":
        return Backend(name, create_app, load_model(BULK).gene_ids, 6.0)
    return Backend("replay", _replay_app, REPLAY_GENES, 1.0)


@dataclass(frozen=True, eq=False)
class Cohort:
    """Samples to predict.

    Attributes
    ----------
    names
        ``s000``, ``s001`` ...
    counts
        Samples x genes, in ``gene_ids``.
    """

    names: tuple[str, ...]
    gene_ids: tuple[str, ...]
    counts: sparse.csr_array

    def in_order(self, gene_order: tuple[str, ...]) -> tuple[sparse.csr_array, list[str]]:
        """Return the counts in another gene order, and the hash of each row."""
        column_of = {gene: i for i, gene in enumerate(self.gene_ids)}
        columns = [column_of[gene] for gene in gene_order]
        counts = sparse.csr_array(self.counts[:, columns])
        counts.sort_indices()
        return counts, hash_counts(counts)

    def digests(self) -> dict[str, str]:
        """Return the endpoint's name of each sample's counts, by our name of the sample."""
        return {
            name: content_digest(msgspec.json.encode(self.counts[[row]].toarray()[0].tolist()))
            for row, name in enumerate(self.names)
        }


@cache
def cohort(backend_name: str, samples: int) -> Cohort:
    """Return samples that differ from each other as replicates of different depth do."""
    rng = np.random.default_rng(7)
    if backend_name == "embedded":
        genes = load_model(BULK).gene_ids
        mean = load_model(BULK).example_counts().astype(np.float64)
    else:
        genes = REPLAY_GENES
        mean = rng.gamma(0.4, 200, len(genes))
    rows = []
    for _ in range(samples):
        spread = rng.gamma(5, 0.2, len(genes)) * rng.uniform(0.3, 1.7)
        rows.append(sparse.csr_array(rng.poisson(mean * spread)[None, :].astype(np.int32)))
    return Cohort(
        tuple(f"s{i:03d}" for i in range(samples)), genes, sparse.csr_array(sparse.vstack(rows))
    )


def _replay_app() -> Starlette:
    """Return an endpoint that is ready at once, and whose answers follow from the counts alone."""
    asked: list[list[list[int]]] = []
    path = f"/api/models/{BULK}"

    def answer(content: object) -> Response:
        return Response(json.dumps(content), media_type="application/json")

    async def example(_: Request) -> Response:
        query = {"inputs": [{"counts": [1] * len(REPLAY_GENES)}], "seed": 1}
        return answer({"example_query": query})

    async def predict(request: Request) -> Response:
        inputs = msgspec.json.decode(await request.body())["inputs"]
        asked.append([item["counts"] for item in inputs])
        return answer({"modelQueryId": f"q{len(asked)}"})

    async def status(request: Request) -> Response:
        name = request.path_params["name"]
        return answer({"status": "ready", "downloadUrl": f"{request.base_url}downloads/{name}"})

    async def download(request: Request) -> Response:
        samples = asked[int(request.path_params["name"][1:]) - 1]
        outputs = [_output(counts) for counts in samples]
        return answer({"gene_order": REPLAY_GENES, "model_version": "1", "outputs": outputs})

    return Starlette(
        routes=[
            Route(f"{path}/example-query", example),
            Route(f"{path}/predict", predict, methods=["POST"]),
            Route("/api/model-queries/{name}/status", status),
            Route("/downloads/{name}", download),
        ]
    )


def _output(counts: list[int]) -> dict[str, object]:
    share = (counts[0] + 1) / (counts[0] + counts[1] + 2)
    liver, lung = "UBERON:0002107", "UBERON:0002048"
    return {
        "metadata": {
            "tissue_ontology_id": liver if share >= 0.5 else lung,
            "age_years": float(sum(counts)),
        },
        "classifier_probs": {"tissue_ontology_id": {liver: share, lung: 1 - share}},
        "latents": {"biological": [share, 0.5], "technical": [0.25], "perturbation": []},
        "decoder_sample": {"counts": counts},
    }
