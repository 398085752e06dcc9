"""The embedded endpoint: GEM's protocols as an ASGI application.

A prediction is answered as the hosted service does, with the id of a query to be asked after; or,
to whoever accepts Arrow, as a self-hosted container does: at once, as a stream.

Used in process, through an ASGI transport, or over HTTP by `gem_assets.embedded.serve`. Written
against the vendor's public client (pysynthbio 4.2.4), which must work unchanged.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gem_assets.embedded.arrow_messages import ARROW_STREAM, encode_stream
from gem_assets.embedded.messages import ErrorMessage, StatusMessage, SubmittedMessage
from gem_assets.embedded.model import MODEL_VERSION
from gem_assets.embedded.prediction_requests import InvalidRequestError, MalformedRequestError
from gem_assets.embedded.queries import MAX_RESULT_BYTES, Clock, QueryStatus, QueryStore
from gem_assets.embedded.services import SERVICES, Asked, Service

MAX_REQUEST_BYTES = 512 * 2**20
"""A larger body is answered with 413, and the client is expected to send fewer inputs at once."""

# Seconds between two looks at whether the model is awake: a test may turn the clock by hand.
_LONGEST_NAP = 0.1


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
        listed = [{"model_id": name, "model_version": MODEL_VERSION} for name in SERVICES]
        return _json({"models": listed})

    async def example_query(self, request: Request) -> Response:
        self._authorize(request)
        example = await anyio.to_thread.run_sync(_service(request).example)
        return Response(example, media_type="application/json")

    async def predict(self, request: Request) -> Response:
        self._authorize(request)
        service = _service(request)
        in_arrow = ARROW_STREAM in request.headers.get("accept", "")
        if in_arrow and not service.in_arrow:
            raise HTTPException(406, "this model answers in JSON only")
        body = await self._body(request)
        try:
            asked = await anyio.to_thread.run_sync(service.read, body)
        except MalformedRequestError as error:
            return _json(ErrorMessage(str(error)), 400)
        except InvalidRequestError as error:
            return _json(ErrorMessage("Invalid request", error.errors), 422)
        if in_arrow:
            return await self._stream(asked)
        query = self.queries.submit(asked.result)
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

    async def _stream(self, asked: Asked) -> Response:
        """Answer at once, once awake; the next samples are computed when the last are sent."""
        while (left := self.queries.wake()) > 0:
            await anyio.sleep(min(left, _LONGEST_NAP))
        parts = encode_stream(asked.model, asked.request, asked.predictions())

        async def stream() -> AsyncIterator[bytes]:
            while part := await anyio.to_thread.run_sync(next, parts, b""):
                yield part

        return StreamingResponse(stream(), media_type=ARROW_STREAM)

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


def _service(request: Request) -> Service:
    model_id = request.path_params["model_id"]
    if model_id not in SERVICES:
        raise HTTPException(404, f"no model {model_id!r}; there are {', '.join(SERVICES)}")
    return SERVICES[model_id]


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
