"""From what HTTP says to what it means: statuses and broken connections as errors of our tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from gem_assets.endpoint.control import decode_refusal
from gem_assets.endpoint.errors import (
    BadAnswer,
    EndpointError,
    EndpointFaulted,
    EndpointMisconfigured,
    EndpointUnauthorized,
    EndpointUnreachable,
    InputFault,
    QueryRejected,
    QueryTooLarge,
    RateLimited,
    ResourceNotFound,
    ResultExpired,
    SubmitUncertain,
)
from gem_assets.endpoint.model_names import BASE_URL_VARIABLE
from gem_assets.endpoint.redaction import quote
from gem_assets.endpoint.retries import parse_http_date, parse_retry_after
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.settings import API_KEY_VARIABLE
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL

# What an object store says of a signed URL that is no longer good.
_EXPIRED = frozenset({403, 404, 410})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in full: status, headers, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Where:
    """What an error says of its place. The path of a signed URL is left out, not only its query."""

    host: str
    path: str | None = None
    query_id: str | None = None


def no_answer(fault: BaseException, key: Secret | None) -> EndpointUnreachable:
    """Return the error of a request that got no answer, and can have had no effect."""
    return EndpointUnreachable(
        f"the endpoint gave no answer: {_reason(fault, key)}",
        action=f"Check the network, the proxy and {BASE_URL_VARIABLE}.",
    )


def uncertain(fault: BaseException | Answer, key: Secret | None) -> SubmitUncertain:
    """Return the error of a query that was sent and not answered for."""
    status = fault.status if isinstance(fault, Answer) else None
    if isinstance(fault, Answer):
        got = "a fault"
    elif isinstance(fault, BadAnswer):
        got = f"no id, for {fault.what}"
    else:
        got = f"no answer ({_reason(fault, key)})"
    return SubmitUncertain(
        f"the query was sent and got {got}: it may run, and be paid for",
        action="Submitting it again may pay twice.",
        http_status=status,
    )


def broken_answer(fault: BaseException, key: Secret | None) -> BadAnswer:
    """Return the error of an answer that came, and can't be read as HTTP."""
    return BadAnswer(f"the answer can't be read: {_reason(fault, key)}", action=NOT_THE_PROTOCOL)


def too_large(limit: int) -> BadAnswer:
    """Return the error of an answer that was cut off at the limit."""
    return BadAnswer(
        f"the answer is larger than {limit:,} bytes",
        action="Send fewer samples in one query, or raise max_answer_bytes.",
    )


def fault_of(answer: Answer, where: Where, key: Secret | None) -> EndpointError | None:
    """Return what an answer of the API's means, None if it is a success."""
    status = answer.status
    if 200 <= status < 300:
        return None
    said, faults = decode_refusal(answer.body, key)
    says = f": {said}" if said else ""
    # A date is the server's; so is the clock that it is counted from.
    retry_after = parse_retry_after(
        answer.headers.get("retry-after"), parse_http_date(answer.headers.get("date"))
    )
    if 300 <= status < 400:
        target = urlsplit(urljoin(f"https://{where.host}/", answer.headers.get("location", "")))
        return EndpointMisconfigured(
            f"the endpoint redirects to {target.scheme}://{target.hostname or ''}, where the key "
            "is not sent",
            action=f"If you trust that address, set {BASE_URL_VARIABLE} to it.",
            http_status=status,
        )
    if status in (401, 403):
        return EndpointUnauthorized(
            f"the endpoint refuses the API key{says}",
            action=f"Check that {API_KEY_VARIABLE} is valid, and may use this model.",
            http_status=status,
        )
    if status == 404 and where.query_id is not None:
        return ResourceNotFound(
            "the endpoint knows no such query, or has forgotten it",
            action="Submit its samples again.",
            http_status=status,
        )
    if status == 404:
        return ResourceNotFound(
            f"the endpoint knows no such address{says}",
            action=f"Check the model's name and {BASE_URL_VARIABLE}.",
            http_status=status,
        )
    if status in (400, 422):
        return QueryRejected(
            f"the endpoint rejects the query{says}{_listed(faults)}",
            faults=faults,
            action="Check that the counts are aligned to the model's current gene order.",
            http_status=status,
        )
    if status == 413:
        return QueryTooLarge(
            f"the endpoint finds the query too large{says}{_listed(faults)}",
            faults=faults,
            action="Send fewer samples in one query.",
            http_status=status,
        )
    if status == 429:
        return RateLimited(
            f"the endpoint has had too many requests{says}",
            action="Try again later.",
            http_status=status,
            retry_after=retry_after,
        )
    # 408: the endpoint did not get the whole request in its time.
    if status >= 500 or status == 408:
        return EndpointFaulted(
            f"the endpoint has a fault{says}",
            action="Try again later.",
            http_status=status,
            retry_after=retry_after,
        )
    return BadAnswer(
        f"the endpoint answers with an unexpected status{says}",
        action=NOT_THE_PROTOCOL,
        http_status=status,
    )


def download_fault_of(answer: Answer, where: Where, key: Secret | None) -> EndpointError | None:
    """Return what the answer of a signed URL's host means, None if it is a success.

    That host knows no API key, so its refusals are not about one.
    """
    status = answer.status
    if status in _EXPIRED:
        return ResultExpired(
            "the address of the result is refused as expired",
            action="The query is still good: ask for its result again.",
            http_status=status,
        )
    if 300 <= status < 500 and status not in (408, 429):
        return BadAnswer(
            "the result can't be downloaded", action=NOT_THE_PROTOCOL, http_status=status
        )
    return fault_of(answer, where, key)


@contextmanager
def located(where: Where) -> Iterator[None]:
    """Tell the errors that are raised inside where they happened."""
    try:
        yield
    except EndpointError as fault:
        fault.locate(host=where.host, path=where.path, query_id=where.query_id)
        raise


def _listed(faults: tuple[InputFault, ...]) -> str:
    if not faults:
        return ""
    more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
    return f" [{'; '.join(str(fault) for fault in faults[:3])}{more}]"


def _reason(fault: BaseException, key: Secret | None) -> str:
    text = quote(str(fault), key)
    return f"{type(fault).__name__}{f', {text}' if text else ''}"
