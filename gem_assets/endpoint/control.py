"""The small answers: which models there are, a query's id and state, and why one was refused."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gem_assets.endpoint.errors import BadAnswer, InputFault
from gem_assets.endpoint.redaction import quote
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL, decode_as

LONGEST_ID = 200
"""Characters that a query's id may have."""


class SubmitAnswer(Struct, rename="camel"):
    """Answer to a submitted query: ``{"modelQueryId": ...}``."""

    model_query_id: str | int


class QueryStatus(Struct, rename="camel"):
    """State of a query. Every word but ``ready`` and ``failed`` means that it is in progress."""

    status: str
    download_url: str | None = None
    message: str | None = None

    @property
    def ready(self) -> bool:
        """Whether the result can be fetched."""
        return self.status == "ready"

    @property
    def failed(self) -> bool:
        """Whether the query ended without a result."""
        return self.status == "failed"

    @property
    def final(self) -> bool:
        """Whether the state won't change any more."""
        return self.ready or self.failed

    def __repr__(self) -> str:
        # Never the URL: whoever has a signed URL has the result.
        return f"QueryStatus(status={self.status!r})"


class _Model(Struct):
    model_id: str


class _Models(Struct):
    models: list[_Model | str]


class _Issue(Struct):
    message: str
    path: str = ""


class _Refusal(Struct):
    error: str = ""
    errors: list[_Issue] = []


def decode_models(body: bytes) -> tuple[str, ...]:
    """Return the model ids of a listing: ``{"models": [...]}`` or a plain list."""
    listed = decode_as(body, _Models | list[_Model | str], "the list of models")
    models = listed.models if isinstance(listed, _Models) else listed
    return tuple(model if isinstance(model, str) else model.model_id for model in models)


def decode_submitted(body: bytes) -> str:
    """Return the id of a query that was accepted."""
    query_id = str(decode_as(body, SubmitAnswer, "the answer to a query").model_query_id).strip()
    # It becomes part of paths, messages and the ledger.
    if not query_id or len(query_id) > LONGEST_ID or not query_id.isprintable():
        raise BadAnswer(
            "the answer to a query has a modelQueryId that is empty, too long or unprintable",
            action=NOT_THE_PROTOCOL,
        )
    return query_id


def decode_status(body: bytes) -> QueryStatus:
    """Return the state of a query."""
    return decode_as(body, QueryStatus, "the status of a query")


def decode_refusal(body: bytes, key: Secret | None = None) -> tuple[str, tuple[InputFault, ...]]:
    """Return what an error answer says, and its validation errors; never raises.

    The body is ``{"error": "...", "errors": [{"path": "inputs[1].counts", "message": "..."}]}``,
    or any text.
    """
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        refusal = _Refusal()
    faults = tuple(
        InputFault(quote(issue.path, key), quote(issue.message, key), _sample_of(issue.path))
        for issue in refusal.errors
    )
    if refusal.error or faults:
        return quote(refusal.error, key), faults
    return quote(body.decode("utf-8", errors="replace"), key), ()


def _sample_of(path: str) -> int | None:
    """Return the row that a path names: ``inputs[1].counts``, ``inputs.1.counts``, GEM-2's too."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    if parts[:2] == ["inputs", "items"]:
        del parts[1]
    name, index = [*parts, ""][:2]
    return int(index) if name == "inputs" and index.isascii() and index.isdigit() else None
