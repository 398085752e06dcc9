"""What can go wrong with an endpoint: one tree, so that one ``except`` can hold all of it.

::

    EndpointError
     ├── EndpointMisconfigured   a setting can't work (no key, plain http, a redirect)
     ├── EndpointUnreachable     no answer came, and none can have been missed    retryable
     ├── EndpointUnauthorized    401, 403
     ├── EndpointFaulted         5xx                                              retryable
     ├── EndpointNotReady        did not become ready in the time given           retryable
     ├── RateLimited             429                                              retryable
     ├── ResourceNotFound        404: no such model, or the query was forgotten
     ├── SubmitUncertain         sent, no answer: the query may run and be paid   retryable
     ├── QueryRejected           400, 422: validation, with the errors per input
     │    └── QueryTooLarge      413: send fewer samples at once
     ├── QueryFailed             accepted, then failed
     ├── QueryTimedOut           accepted, not final in the time given            retryable
     ├── ResultExpired           ready, but the download URLs had expired         retryable
     └── BadAnswer               not the protocol: no JSON, a missing part, too large

No message holds the API key or the query string of a URL (where a signed URL carries its
signature), and none holds a traceback of the server's.
"""

# The classes are named for what is the case, as httpx does (ConnectTimeout, TooManyRedirects):
# ruff: noqa: N818

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class EndpointError(Exception):
    """An endpoint did not do what it was asked to.

    Parameters
    ----------
    what
        What happened, a sentence without its full stop.
    action
        What to do about it, whole sentences.
    host, path
        Where: host (with its port, if any) and path of the request; never a query string.
    query_id
        The model query concerned: a query that was accepted can still be fetched by its id.
    http_status
        Status of the answer, if there was one.
    retry_after
        Seconds after which the endpoint asks to be tried again.

    Attributes
    ----------
    retryable
        Whether the same call may succeed later with nothing changed. For `SubmitUncertain` that
        is a matter of policy, since trying again may pay twice.
    """

    retryable: ClassVar[bool] = False

    def __init__(
        self,
        what: str,
        *,
        action: str = "",
        host: str | None = None,
        path: str | None = None,
        query_id: str | None = None,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.what = what
        self.action = action
        self.host = host
        self.path = path
        self.query_id = query_id
        self.http_status = http_status
        self.retry_after = retry_after
        super().__init__(self._sentence())

    def locate(self, *, host: str, path: str | None = None, query_id: str | None = None) -> None:
        """Fill in where it happened, as far as that isn't said already."""
        self.host = self.host or host
        self.path = self.path or path
        self.query_id = self.query_id or query_id
        self.args = (self._sentence(),)

    def _sentence(self) -> str:
        where = [
            f"{self.host or ''}{self.path or ''}",
            f"HTTP {self.http_status}" if self.http_status is not None else "",
            f"query {self.query_id}" if self.query_id is not None else "",
        ]
        said = ", ".join(part for part in where if part)
        return f"{self.what}{f' ({said})' if said else ''}. {self.action}".strip()


class EndpointMisconfigured(EndpointError):
    """A setting can't work; nothing was sent, or the answer was a redirect."""


class EndpointUnreachable(EndpointError):
    """No answer came: no connection, or none in time to a request that is safe to repeat."""

    retryable = True


class EndpointUnauthorized(EndpointError):
    """The endpoint wants a key, or another one (401, 403)."""


class EndpointFaulted(EndpointError):
    """The endpoint answered that something is wrong on its side (5xx)."""

    retryable = True


class EndpointNotReady(EndpointError):
    """The endpoint did not become ready in the time given."""

    retryable = True


class RateLimited(EndpointError):
    """Too many requests (429)."""

    retryable = True


class ResourceNotFound(EndpointError):
    """There is no such thing (404): a model of another name, or a query that was forgotten."""


class SubmitUncertain(EndpointError):
    """A query was sent and no answer came: it may have been accepted, and be paid for.

    The protocol has no key by which a second try would be recognised, so this room does not try
    again by itself.
    """

    retryable = True


@dataclass(frozen=True, slots=True)
class InputFault:
    """One validation error of the endpoint's, e.g. ``inputs[1].counts``: "wrong length".

    Attributes
    ----------
    path
        Where in the request; empty for the request as a whole.
    message
        What is wrong there.
    sample
        Row of the submitted counts, if the path names one.
    """

    path: str
    message: str
    sample: int | None = None

    def __str__(self) -> str:
        return f"{self.path or '(request)'}: {self.message}"


class QueryRejected(EndpointError):
    """The endpoint found the query invalid (400, 422), or too large (413).

    Attributes
    ----------
    faults
        The validation errors, one by one, where the answer lists them.
    """

    def __init__(
        self,
        what: str,
        *,
        faults: tuple[InputFault, ...] = (),
        action: str = "",
        http_status: int | None = None,
    ) -> None:
        self.faults = faults
        super().__init__(what, action=action, http_status=http_status)


class QueryTooLarge(QueryRejected):
    """The request is larger than the endpoint takes (413): send fewer samples at once."""


class QueryFailed(EndpointError):
    """The query was accepted, and then failed on the endpoint."""


class QueryTimedOut(EndpointError):
    """The query was not final in the time given; it goes on, and its id stays good."""

    retryable = True


class ResultExpired(EndpointError):
    """The query is ready, but each download URL it gave was refused as expired."""

    retryable = True


class BadAnswer(EndpointError):
    """An answer that isn't the protocol: no JSON, a part missing or of a wrong shape, too large."""
