"""The embedded endpoint: GEM's hosted protocol as an ASGI application.

Used in process, through an ASGI transport, or over HTTP by `gem_assets.embedded.serve`. Written
against the vendor's public client (pysynthbio 4.2.4), which must work unchanged.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gem_assets.embedded.messages import (
    ErrorMessage,
    StatusMessage,
    SubmittedMessage,
    encode_example,
    encode_result,
)
from gem_assets.embedded.model import MODEL_IDS, MODEL_VERSION, EmbeddedModel, load_model
from gem_assets.embedded.prediction_requests import (
    InvalidRequestError,
    MalformedRequestError,
    PredictionRequest,
    read_request,
)
from gem_assets.embedded.queries import MAX_RESULT_BYTES, Clock, QueryStatus, QueryStore

MAX_REQUEST_BYTES = 512 * 2**20
"""A larger body is answered with 413, and the client is expected to send fewer inputs at once."""


def create_app(
    *,
    cold_start_seconds: float = 0.0,
    clock: Clock = time.monotonic,
    base_url: str | None = None,
    require_key: str | None = None,
    max_request_bytes: int = MAX_REQUEST_BYTES,
    max_result_bytes: int = MAX_RESULT_BYTES,
) -> Starlette:
    """Return the application; `app.state.queries` is its `QueryStore`.

    Parameters
    ----------
    cold_start_seconds
        How long the first prediction request waits, as with a model that was scaled down.
    clock
        Seconds, monotonic; tests inject theirs.
    base_url
        What download URLs begin with; None: what the client called us by.
    require_key
        The only bearer token that is let in; None: whoever comes.
    max_request_bytes, max_result_bytes
        Limits of one request's body and of all results that are kept.
    """
    endpoint = _Endpoint(
        QueryStore(
            cold_start_seconds=cold_start_seconds, clock=clock, max_result_bytes=max_result_bytes
        ),
        base_url,
        require_key,
        max_request_bytes,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        endpoint.queries.close()

    app = Starlette(
        routes=[
            Route("/api/models", endpoint.models),
            Route("/api/models/{model_id}/example-query", endpoint.example_query),
            Route("/api/models/{model_id}/predict", endpoint.predict, methods=["POST"]),
            Route("/api/model-queries/{query_id}/status", endpoint.status),
            Route("/downloads/{token}", endpoint.download),
        ],
        exception_handlers={HTTPException: _error},
        lifespan=lifespan,
    )
    app.state.queries = endpoint.queries
    return app


class _Endpoint:
    def __init__(
        self,
        queries: QueryStore,
        base_url: str | None,
        require_key: str | None,
        max_request_bytes: int,
    ) -> None:
        self.queries = queries
        self._base_url = base_url
        self._require_key = require_key
        self._max_request_bytes = max_request_bytes

    async def models(self, request: Request) -> Response:
        self._authorize(request)
        listed = [{"model_id": name, "model_version": MODEL_VERSION} for name in MODEL_IDS]
        return _json({"models": listed})

    async def example_query(self, request: Request) -> Response:
        self._authorize(request)
        model = await _model(request)
        return Response(
            await anyio.to_thread.run_sync(encode_example, model), media_type="application/json"
        )

    async def predict(self, request: Request) -> Response:
        self._authorize(request)
        model = await _model(request)
        body = await self._body(request)
        try:
            asked = await anyio.to_thread.run_sync(read_request, body, model.n_genes)
        except MalformedRequestError as error:
            return _json(ErrorMessage(str(error)), 400)
        except InvalidRequestError as error:
            return _json(ErrorMessage("Invalid request", error.errors), 422)
        query = self.queries.submit(partial(_result, model, asked))
        return _json(SubmittedMessage(query.query_id))

    async def status(self, request: Request) -> Response:
        self._authorize(request)
        query = self.queries.find(request.path_params["query_id"])
        if query is None:
            raise HTTPException(404, "no such query; finished ones are forgotten after a while")
        # Read once: the worker may finish between two looks.
        status = query.status
        if status is not QueryStatus.READY:
            return _json(StatusMessage(status, message=query.message))
        base = self._base_url or str(request.base_url)
        url = f"{base.rstrip('/')}/downloads/{self.queries.token(query)}"
        return _json(StatusMessage(status, download_url=url))

    async def download(self, request: Request) -> Response:
        if "authorization" in request.headers:
            # As storage services do; whoever sends it would leak the key to another host.
            raise HTTPException(400, "a signed URL takes no Authorization header")
        result = self.queries.download(request.path_params["token"])
        if result is None:
            raise HTTPException(403, "the signature is unknown or has expired; ask the status anew")
        return Response(result, media_type="application/json")

    def _authorize(self, request: Request) -> None:
        if self._require_key is None:
            return
        sent = request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {self._require_key}".encode()):
            raise HTTPException(401, "missing or wrong API key", {"WWW-Authenticate": "Bearer"})

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > self._max_request_bytes:
                raise HTTPException(413, f"more than {self._max_request_bytes} bytes in a request")
        return bytes(body)


async def _model(request: Request) -> EmbeddedModel:
    model_id = request.path_params["model_id"]
    if model_id not in MODEL_IDS:
        raise HTTPException(404, f"no model {model_id!r}; there are {', '.join(MODEL_IDS)}")
    return await anyio.to_thread.run_sync(load_model, model_id)


def _result(model: EmbeddedModel, asked: PredictionRequest) -> bytes:
    return encode_result(model, model.predict(asked.counts, asked.options))


def _json(message: object, status_code: int = 200) -> Response:
    return Response(
        msgspec.json.encode(message), status_code=status_code, media_type="application/json"
    )


def _error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for HTTPException
        raise TypeError(f"not an HTTPException: {error!r}")
    response = _json(ErrorMessage(error.detail), error.status_code)
    response.headers.update(error.headers or {})
    return response
