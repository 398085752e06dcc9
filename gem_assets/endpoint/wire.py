"""From the bytes of an answer to typed values, or to a sentence that says where they part."""

from __future__ import annotations

from types import UnionType
from typing import Any, TypeVar, overload

import msgspec

from gem_assets.endpoint.errors import BadAnswer

NOT_THE_PROTOCOL = "Report this to whoever runs the endpoint: it isn't the GEM protocol."
"""What to do about an answer of the wrong shape."""

T = TypeVar("T")


@overload
def decode_as(body: bytes, kind: type[T], what: str) -> T: ...
@overload
def decode_as(body: bytes, kind: UnionType, what: str) -> Any: ...
def decode_as(body: bytes, kind: type[T] | UnionType, what: str) -> object:
    """Return JSON as a value of a msgspec type.

    Parameters
    ----------
    body
        UTF-8 JSON.
    kind
        A type that msgspec knows, or a union of such.
    what
        What this is, for the sentence: "the result of a query".

    Raises
    ------
    BadAnswer
        If it isn't JSON, or has another shape; names the place, and repeats no content.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        # msgspec's sentence names the place (`$.outputs[0].latents`) and the types.
        why = str(fault) if isinstance(fault, msgspec.DecodeError) else type(fault).__name__
        raise BadAnswer(
            f"{what} is not what the protocol says: {why}", action=NOT_THE_PROTOCOL
        ) from None
