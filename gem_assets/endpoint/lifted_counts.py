"""Decoded counts, taken out of an answer before it is read as JSON.

They are most of an answer's text. Each list that can be read as numbers at once is replaced by a
reference; what is left is small, and read as any JSON is. A list that is written in another way
stays where it is.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gem_assets.endpoint.integers import IntegerReader

LIFTED = "counts lifted by gem-assets"
"""Key that stands in place of ``counts``; its value is the place of the list among the lifted."""

_KEY = b'"counts"'
_OPENING = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*\[")


def lift_counts(body: bytes) -> tuple[bytes, list[NDArray[np.int32]]]:
    """Return an answer with references in place of its lists of counts, and the lists.

    Parameters
    ----------
    body
        JSON, possibly broken; where it is, it stays so.

    Returns
    -------
    rest, lifted
        The answer, where ``"counts": [...]`` became ``LIFTED: i``, and the lists by ``i``.
    """
    reader = IntegerReader()
    lifted: list[NDArray[np.int32]] = []
    kept: list[bytes | memoryview] = []
    done = 0
    at = body.find(_KEY)
    while at >= 0:
        opening = _OPENING.match(body, at + len(_KEY))
        # Within a text a quotation mark follows a backslash: this isn't a whole key then.
        if opening is None or body[at - 1 : at] == b"\\":
            at = body.find(_KEY, at + len(_KEY))
            continue
        end = body.find(b"]", opening.end())
        numbers = reader.read(body[opening.end() : end])
        if numbers is not None:
            kept += [memoryview(body)[done:at], b'"%b":%d' % (LIFTED.encode(), len(lifted))]
            lifted.append(numbers)
            done = end + 1
        at = body.find(_KEY, opening.end())
    if not lifted:
        return body, lifted
    return b"".join([*kept, memoryview(body)[done:]]), lifted
