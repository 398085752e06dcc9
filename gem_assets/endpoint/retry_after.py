"""The ``Retry-After`` header: seconds, or a date."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds to wait that a ``Retry-After`` asks for; None if it asks nothing clear.

    Parameters
    ----------
    value
        The header's text: seconds, or an HTTP date (RFC 9110, 10.2.3).
    now
        The moment to count from, by default the present.

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
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if until.tzinfo is None:  # "-0000", which HTTP doesn't use: UTC without a statement
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
