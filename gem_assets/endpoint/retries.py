"""When to try again: after which errors, and after how long."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gem_assets.endpoint.errors import EndpointError, SubmitUncertain


def try_again(fault: Exception, longest: float) -> bool | float:
    """Return whether a request that failed may be tried again by itself.

    Parameters
    ----------
    fault
        What the request failed with. A `SubmitUncertain` is not tried again: the protocol has no
        key by which the endpoint would know the second query for the first, so it may pay twice.
    longest
        Seconds of pause that are waited for here; a longer wish is left to the caller.

    Returns
    -------
    bool or float
        A float is the pause that the endpoint asks for, in seconds.
    """
    if not isinstance(fault, EndpointError) or isinstance(fault, SubmitUncertain):
        return False
    if fault.retry_after is None or not fault.retryable:
        return fault.retryable
    return fault.retry_after if fault.retry_after <= longest else False


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds to wait that a ``Retry-After`` asks for; None if it asks nothing clear.

    Parameters
    ----------
    value
        The header's text: seconds, or an HTTP date (RFC 9110, 10.2.3).
    now
        The moment to count from, by default the present. The ``Date`` of the same answer is better:
        the clock of this machine may be wrong.

    Examples
    --------
    >>> parse_retry_after("120"), parse_retry_after("soon")
    (120.0, None)
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until = parse_http_date(text)
    if until is None:
        return None
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def parse_http_date(value: str | None) -> datetime | None:
    """Return the instant of an HTTP date (RFC 9110, 5.6.7), None if it is none."""
    if value is None:
        return None
    try:
        instant = parsedate_to_datetime(value.strip())
    except (TypeError, ValueError):
        return None
    # "-0000", which HTTP doesn't use: UTC without a statement.
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
