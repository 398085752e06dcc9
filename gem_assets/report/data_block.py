"""Data that a page's script reads, written so that no text in it can end the block or mean HTML."""

from __future__ import annotations

import json

_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def data_block(value: object) -> str:
    """Return a value as the text of a ``<script type="application/json">`` block.

    Everything but printable ASCII is escaped by JSON itself, U+2028 and U+2029 too; ``<``, ``>``
    and ``&``, which only occur within strings, are here.

    Raises
    ------
    ValueError
        If a number is infinite or none.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.translate(_UNSAFE)
