"""Bounds on what a small file may unpack to: no file of a few MB fills the memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gem_assets.problems import refuse

if TYPE_CHECKING:
    from typing_extensions import Buffer

MOST_EXPANSION = 400
"""So many times its stored size a file may unpack to, once it is past `HARMLESS_BYTES`. Measured:
count tables gzip to between a third and a thirtieth, a table of zeros alone to a thousandth."""

HARMLESS_BYTES = 1 << 30
"""Up to 1 GiB nothing is refused: however small the file was, that much is read in seconds."""


class Readable(Protocol):
    """What is read by chunks, e.g. ``pyarrow.CompressedInputStream``."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        ...


def check_expansion(stored: int, unpacked: int) -> None:
    """Hold what a file unpacks to to the bounds.

    Parameters
    ----------
    stored, unpacked
        Bytes as they lie in the file, and as they are needed in memory.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``expands_too_far``.
    """
    if unpacked > HARMLESS_BYTES and unpacked > MOST_EXPANSION * max(stored, 1):
        raise refuse(
            "expands_too_far",
            f"it unpacks to more than {MOST_EXPANSION} times its size: {_spoken(stored)} became "
            f"{_spoken(unpacked)}. No real counts do, so it is not read on.",
            "Check where the file comes from. If it is right, unpack it and give it uncompressed.",
        )


class BoundedStream(io.RawIOBase):
    """A decompressed stream that ends with a refusal when it unpacks too far.

    Parameters
    ----------
    stream
        The decompressed bytes.
    consumed
        Tells how many compressed bytes have been taken so far.
    """

    def __init__(self, stream: Readable, consumed: Callable[[], int]) -> None:
        self._stream = stream
        self._consumed = consumed
        self._given = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill a buffer with the next bytes, and return how many there were."""
        view = memoryview(buffer).cast("B")
        found = self._stream.read(len(view))
        view[: len(found)] = found
        self._given += len(found)
        check_expansion(self._consumed(), self._given)
        return len(found)


def _spoken(size: int) -> str:
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
