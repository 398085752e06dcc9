"""What other people's text looks like in our messages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.endpoint.errors import (
    EndpointError,
    EndpointFaulted,
    QueryFailed,
    RateLimited,
    SubmitUncertain,
)
from gem_assets.endpoint.redaction import LONGEST, quote
from gem_assets.endpoint.retries import parse_retry_after, try_again
from gem_assets.endpoint.secret import Secret

KEY = Secret("sk-77")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CUDA out of memory\nTraceback (most recent call last):\n ...", "CUDA out of memory"),
        ('{"detail": "boom\\nTraceback (most recent"}', '{"detail": "boom'),
        ("see https://h.example/a?sig=1&x=2 now", "see https://h.example/a?*** now"),
        ("see https://h.example/a#sig=1", "see https://h.example/a?***"),
        ("at https://me:pw@h.example/", "at https://h.example/"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("your key sk-77 is wrong", "your key *** is wrong"),
        ("two\r\nlines\x1b[31m", "two lines [31m"),
    ],
)
def test_secrets_and_tracebacks_are_taken_out(text: str, shown: str) -> None:
    assert quote(text, KEY) == shown


@given(st.text(), st.text())
def test_no_text_gets_the_key_through_or_grows_long(before: str, after: str) -> None:
    shown = quote(f"{before}sk-77{after}", KEY)
    assert "sk-77" not in shown
    assert len(shown) <= LONGEST + 1
    assert "\n" not in shown


NOON = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 17 ", 17.0),
        ("Wed, 21 Oct 2026 12:01:30 GMT", 90.0),
        ("Wed, 21 Oct 2026 12:01:30 -0000", 90.0),
        ("Wed, 21 Oct 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOON) == seconds


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (RateLimited("x", retry_after=7.0), 7.0),
        (RateLimited("x", retry_after=500.0), False),
        (EndpointFaulted("x"), True),
        (QueryFailed("x"), False),
        (SubmitUncertain("x"), False),
        (ValueError("x"), False),
    ],
)
def test_what_is_tried_again_and_after_how_long(fault: Exception, again: bool | float) -> None:
    assert try_again(fault, longest=120.0) == again


def test_an_error_says_what_where_and_what_to_do() -> None:
    fault = EndpointFaulted("it broke", action="Wait.", http_status=502)
    fault.locate(host="h.example", path="/a", query_id="q1")
    fault.locate(host="other.example")
    assert str(fault) == "it broke (h.example/a, HTTP 502, query q1). Wait."
    assert str(EndpointError("it broke")) == "it broke."
