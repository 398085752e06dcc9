"""What a sensor remembers from one tick to the next: the text of its cursor."""

from __future__ import annotations

from typing import Self

import msgspec


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of what a sensor remembers: fields with defaults, kept as JSON."""

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Self:
        """Read a cursor; one that can't be understood is forgotten."""
        try:
            return msgspec.json.decode(cursor or "{}", type=cls)
        except msgspec.DecodeError:
            return cls()

    def cursor(self) -> str:
        """Return the cursor to keep."""
        return msgspec.json.encode(self).decode()
