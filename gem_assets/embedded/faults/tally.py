"""What was submitted, sample by sample, so that a campaign can tell what was lost or paid twice."""

from __future__ import annotations

import hashlib
from collections import Counter

import msgspec
from msgspec import Raw, Struct

LONGEST_DIGEST = 16


class Submission(Struct):
    """One query that the endpoint accepted.

    Attributes
    ----------
    query_id
        Empty for one that was answered at once.
    model
        Version and gene order that answer it: the same sample is a new question to another model.
    samples
        `content_digest` of each input, in order.
    answer_arrived
        Whether the client was told that it was accepted, as far as the server can know; not known
        of one that was answered at once.
    lost
        Whether the endpoint has forgotten it.
    """

    query_id: str
    model: str
    samples: list[str]
    answer_arrived: bool = False
    lost: bool = False


class InjectedFault(Struct):
    """One fault that happened: its name, and the request that it happened to."""

    fault: str
    request: str
    nth: int


class Tally(Struct):
    """Everything that a server of faults has seen and done; ``GET /faults`` shows it as JSON.

    Attributes
    ----------
    requests
        Number of requests by kind.
    submissions
        Accepted queries, in order.
    injected
        Faults, in order.
    """

    requests: Counter[str] = msgspec.field(default_factory=Counter)
    submissions: list[Submission] = []
    injected: list[InjectedFault] = []


def content_digest(counts: bytes) -> str:
    """Return a name of one input's counts: 32 hex digits of their JSON text, white space aside."""
    text = counts.translate(None, b" \t\r\n")
    return hashlib.blake2b(text, digest_size=LONGEST_DIGEST).hexdigest()


class _Input(Struct):
    counts: Raw = Raw(b"null")


class _Body(Struct):
    inputs: list[_Input] = []


def sample_digests(body: bytes) -> list[str]:
    """Return the `content_digest` of each input of a prediction request, none for other bodies."""
    try:
        asked = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [content_digest(bytes(item.counts)) for item in asked.inputs]
