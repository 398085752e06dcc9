"""Other people's text, made fit for our messages: no secrets, no tracebacks, not too long."""

from __future__ import annotations

import re

from gem_assets.endpoint.secret import MASK, Secret

_QUERY_STRING = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)[?#][^\s\"'<>]*", re.IGNORECASE)
_USER = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/?#@\"'<>]*@", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BEARER = re.compile(r"(\bbearer\s+)[^\s\"',;]+", re.IGNORECASE)
# A traceback inside JSON that is quoted as it came has its line break escaped.
_TRACEBACK = re.compile(r"(?:\n|\\n)Traceback")

LONGEST = 500
"""Characters of a server's text that a message repeats."""

LONGEST_READ = 100 * LONGEST
"""Characters of it that are looked at: an error page may be of any size."""


def quote(text: str, key: Secret | None = None) -> str:
    r"""Return a text of the endpoint's in a form that may be shown and logged.

    Cut where a traceback begins (``\nTraceback``, as the vendor's client does), in one line, at
    most `LONGEST` characters; query strings and user names of URLs, bearer tokens and the key
    itself are replaced.

    Examples
    --------
    >>> quote("no such\nthing at https://host/a?signature=123\nTraceback (most recent ...")
    'no such thing at https://host/a?***'
    """
    text = _TRACEBACK.split(text[:LONGEST_READ], maxsplit=1)[0]
    if key is not None:
        text = text.replace(key.reveal(), MASK)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _USER.sub(r"\1", _QUERY_STRING.sub(rf"\1?{MASK}", text))
    text = _CONTROL.sub(" ", text).strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
