"""A secret that has to be asked for: printing, formatting or pickling it shows nothing."""

from __future__ import annotations

import hmac
from typing import Never, Self

MASK = "***"


class Secret:
    """A text that hides itself wherever objects get written down.

    ``repr``, ``str`` and every format show three stars, so that a settings object can be logged;
    pickling is refused, since a pickle is a file with the key in it.

    Examples
    --------
    >>> key = Secret("sk-123")
    >>> f"{key}", key.reveal()
    ('***', 'sk-123')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself: for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return format(MASK, format_spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is not pickled; read it from the environment where it is needed")
