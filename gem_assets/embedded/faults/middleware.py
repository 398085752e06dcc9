"""The ASGI application in front of the embedded one, which fails as its script says."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gem_assets.embedded.faults.connections import Connections
from gem_assets.embedded.faults.delivery import Message, Receive, Scope, Send, fail
from gem_assets.embedded.faults.results import ServedModel
from gem_assets.embedded.faults.script import (
    CorruptFault,
    Edit,
    ExpiredFault,
    FailedFault,
    Fault,
    FaultScript,
    InvalidSampleFault,
    LostFault,
    NeverEndsFault,
    NewGeneOrderFault,
    NewVersionFault,
    QueryFault,
    RequestFault,
    RequestKind,
    ResultFault,
    StatusFault,
    TooLargeFault,
    TruncatedFault,
)
from gem_assets.embedded.faults.tally import InjectedFault, Submission, Tally, sample_digests
from gem_assets.embedded.messages import ErrorMessage, InputErrorMessage

App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_KINDS: tuple[tuple[RequestKind, str, re.Pattern[str]], ...] = (
    ("models", "GET", re.compile(r"/api/models")),
    ("example", "GET", re.compile(r"/api/models/[^/]+/example-query")),
    ("submit", "POST", re.compile(r"/api/models/[^/]+/predict")),
    ("status", "GET", re.compile(r"/api/model-queries/(?P<name>[^/]+)/status")),
    ("download", "GET", re.compile(r"/downloads/(?P<name>[^/]+)")),
)

JSON = "application/json"

_GARBLING = (CorruptFault, TruncatedFault)


@dataclass(slots=True)
class _Query:
    """What goes wrong with one accepted query."""

    model: ServedModel
    submission: Submission
    edits: list[Edit] = field(default_factory=list)
    failed: str | None = None
    never_ends: bool = False
    expired_downloads: int = 0


class FaultyApp:
    """An application that answers as another does, except where its script says otherwise.

    Parameters
    ----------
    app
        The embedded endpoint.
    script
        What goes wrong.
    connections
        Of the server that runs this.

    Attributes
    ----------
    tally
        What was submitted, and what went wrong.
    """

    def __init__(self, app: App, script: FaultScript, connections: Connections) -> None:
        self._app = app
        self._script = script
        self._connections = connections
        self.tally = Tally()
        self._model = ServedModel()
        self._largest_query: int | None = None
        self._invalid_samples: set[str] = set()
        self._queries: dict[str, _Query] = {}
        self._query_of_token: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if request.url.path == "/faults":
            shown = Response(msgspec.json.encode(self.tally), media_type=JSON)
            await shown(scope, receive, send)
            return
        kind, name = _kind(request)
        if kind is None:
            await self._app(scope, receive, send)
            return
        self.tally.requests[kind] += 1
        nth = self.tally.requests[kind]
        due = [
            f for f in self._script.faults if f.request == kind and f.nth <= nth < f.nth + f.times
        ]
        fault = next((f for f in due if isinstance(f, RequestFault)), None)
        body = await request.body()
        if fault is not None:
            self._note(fault, nth)
        # Half an answer is of a request that was acted on.
        answer = None
        if fault is None or getattr(fault, "accepted", isinstance(fault, _GARBLING)):
            answer = await self._answer(kind, name, nth, due, scope, body)
        if fault is not None:
            await fail(fault, answer, self._connections, scope, receive, send)
        elif answer is not None:
            await answer(scope, receive, send)
            # Another request's fault may have broken the connection meanwhile.
            if self._connections.is_open(scope["client"]):
                self._note_arrival(kind, answer)

    def _note_arrival(self, kind: RequestKind, answer: Response) -> None:
        if kind == "submit" and answer.status_code == 200 and answer.media_type == JSON:
            query = self._queries[msgspec.json.decode(answer.body)["modelQueryId"]]
            query.submission.answer_arrived = True

    def _note(self, fault: Fault, nth: int) -> None:
        tag = str(fault.__struct_config__.tag)
        name = f"{tag} {fault.edit}" if isinstance(fault, ResultFault) else tag
        if isinstance(fault, StatusFault):
            name = f"{tag} {fault.status}"
        if getattr(fault, "accepted", False):
            name += " after accepting"
        self.tally.injected.append(InjectedFault(name, fault.request, nth))

    # -- what the endpoint answers -----------------------------------------------------------------

    async def _answer(
        self, kind: RequestKind, name: str, nth: int, due: list[Fault], scope: Scope, body: bytes
    ) -> Response:
        if kind == "submit":
            return await self._submit(nth, due, scope, body)
        if kind == "status":
            return await self._status(name, scope)
        if kind == "download":
            return await self._download(name, scope)
        return await _ask(self._app, scope, body)

    async def _submit(self, nth: int, due: list[Fault], scope: Scope, body: bytes) -> Response:
        for fault in due:
            self._change_standing(fault, nth)
        # Another submission may change it while this one is answered.
        model = self._model
        # The same sample has the same name in either gene order.
        body = model.request(body)
        samples = sample_digests(body)
        if self._largest_query is not None and len(samples) > self._largest_query:
            return _json(ErrorMessage(f"more than {self._largest_query} inputs"), 413)
        for fault in due:
            if isinstance(fault, InvalidSampleFault):
                self._note(fault, nth)
                self._invalid_samples.add(samples[min(fault.sample, len(samples) - 1)])
        errors = [
            InputErrorMessage(f"inputs[{i}].counts", "this sample is invalid, says the script")
            for i, sample in enumerate(samples)
            if sample in self._invalid_samples
        ]
        if errors:
            return _json(ErrorMessage("Invalid request", errors), 422)
        answer = await _ask(self._app, scope, body)
        if answer.status_code != 200:
            return answer
        query_id = ""
        if answer.media_type == JSON:
            query_id = msgspec.json.decode(answer.body)["modelQueryId"]
        submission = Submission(query_id, model.name, samples)
        self.tally.submissions.append(submission)
        query = self._queries[query_id] = _Query(model, submission)
        for fault in due:
            if isinstance(fault, QueryFault):
                self._note(fault, nth)
                _afflict(query, fault)
        return answer

    def _change_standing(self, fault: Fault, nth: int) -> None:
        model = self._model
        if isinstance(fault, TooLargeFault):
            self._largest_query = fault.samples
        elif isinstance(fault, NewVersionFault):
            self._model = ServedModel(fault.version, model.reversed_genes)
        elif isinstance(fault, NewGeneOrderFault):
            self._model = ServedModel(model.version, not model.reversed_genes)
        else:
            return
        self._note(fault, nth)

    async def _status(self, query_id: str, scope: Scope) -> Response:
        query = self._queries.get(query_id)
        if query is not None and query.submission.lost:
            return _json(ErrorMessage("no such query"), 404)
        if query is not None and query.never_ends:
            return _json({"status": "running"})
        if query is not None and query.failed is not None:
            return _json({"status": "failed", "message": query.failed})
        answer = await _ask(self._app, scope, b"")
        if answer.status_code == 200:
            url = msgspec.json.decode(answer.body).get("downloadUrl")
            if url is not None:
                self._query_of_token[urlsplit(url).path.rpartition("/")[2]] = query_id
        return answer

    async def _download(self, token: str, scope: Scope) -> Response:
        query = self._queries.get(self._query_of_token.get(token, ""))
        if query is not None and query.expired_downloads:
            query.expired_downloads -= 1
            return _json(ErrorMessage("the signature has expired"), 403)
        answer = await _ask(self._app, scope, b"")
        if query is None or answer.status_code != 200:
            return answer
        result = query.model.result(bytes(answer.body), query.edits)
        return Response(result, media_type=JSON)


def _afflict(query: _Query, fault: QueryFault) -> None:
    match fault:
        case FailedFault():
            query.failed = fault.message
        case NeverEndsFault():
            query.never_ends = True
        case LostFault():
            query.submission.lost = True
        case ExpiredFault():
            query.expired_downloads = fault.downloads
        case ResultFault():
            query.edits.append(fault.edit)


async def _ask(app: App, scope: Scope, body: bytes) -> Response:
    """Return the whole answer of ``app`` to a request whose body was read already."""
    head: list[Message] = []
    parts: list[bytes] = []
    unread = [body]

    async def receive() -> Message:
        if not unread:
            await anyio.sleep_forever()
        return {"type": "http.request", "body": unread.pop(), "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            head.append(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in head[0]["headers"]}
    headers.pop("content-length", None)
    return Response(
        b"".join(parts), head[0]["status"], headers, media_type=headers.get("content-type")
    )


def _json(message: object, status_code: int = 200) -> Response:
    return Response(msgspec.json.encode(message), status_code=status_code, media_type=JSON)


def _kind(request: Request) -> tuple[RequestKind | None, str]:
    for kind, method, pattern in _KINDS:
        found = pattern.fullmatch(request.url.path)
        if found and request.method == method:
            return kind, found.groupdict().get("name", "")
    return None, ""
