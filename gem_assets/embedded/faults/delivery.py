"""How an answer fails to arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeAlias

import msgspec
from starlette.responses import Response

from gem_assets.embedded.faults.connections import Connections
from gem_assets.embedded.faults.script import (
    CorruptFault,
    DownFault,
    HoldFault,
    HtmlFault,
    RequestFault,
    StatusFault,
    TruncatedFault,
)
from gem_assets.embedded.messages import ErrorMessage

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in to continue."


async def fail(
    fault: RequestFault,
    answer: Response | None,
    connections: Connections,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer a request as ``fault`` says.

    Parameters
    ----------
    fault
        What goes wrong.
    answer
        What the client would get, None if the request was not acted on.
    connections
        Of the server.
    scope, receive, send
        As ASGI gives them.
    """
    match fault:
        case StatusFault():
            await refusal(fault)(scope, receive, send)
        case HtmlFault():
            await Response(PAGE, media_type="text/html")(scope, receive, send)
        case HoldFault():
            while (await receive())["type"] != "http.disconnect":
                pass
        case DownFault():
            connections.go_away(fault.seconds)
        case CorruptFault() if answer is not None:
            half = len(answer.body) // 2
            body = bytes(answer.body)
            answer.body = body[:half] + b"\x00\xff"[: len(body) - half] + body[half + 2 :]
            await answer(scope, receive, send)
        case TruncatedFault() if answer is not None:
            # The length of the whole is in its head already.
            start = {"status": answer.status_code, "headers": answer.raw_headers}
            body = bytes(answer.body)
            half_body = {"body": body[: len(body) // 2], "more_body": True}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", **half_body})
            connections.hang_up(_peer(scope))
        case _:
            connections.reset(_peer(scope))


def refusal(fault: StatusFault) -> Response:
    """Return the answer of a `StatusFault`."""
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    elif fault.retry_at is not None:
        until = datetime.now(UTC) + timedelta(seconds=fault.retry_at)
        headers["Retry-After"] = format_datetime(until, usegmt=True)
    return Response(
        msgspec.json.encode(ErrorMessage(fault.message)),
        fault.status,
        headers,
        media_type="application/json",
    )


def _peer(scope: Scope) -> tuple[str, int]:
    host, port = scope["client"]
    return str(host), int(port)
