"""Lists of whole numbers as JSON text and back, many numbers at a time.

A sample is a list of 44,592 numbers, most of them small and many of them 0, and nearly all of a
query and of its answer are such lists. So they are not made into Python's integers on their way.
Measured on a bulk sample (123 kB of text): 0.45 ms to write and 0.45 ms to read, where msgspec
and a list of integers take 0.8 and 1.8 ms.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_THOUSAND = 1000
_LONGEST = 8
"""Digits that fit one machine word; numbers from 100 million on are read one by one."""


def _slots(template: str) -> NDArray[np.uint32]:
    """Return the texts of 0 to 999, each in four bytes, filled up with NUL."""
    texts = np.array([template.format(n).encode() for n in range(_THOUSAND)], dtype="S4")
    return texts.view(np.uint32)


# A number is written in slots of three digits: its first is not padded, its last has the comma.
_ALONE, _FIRST = _slots("{},"), _slots("{}")
_MIDDLE, _LAST = _slots("{:03}"), _slots("{:03},")


def json_rows(counts: sparse.csr_array) -> Iterator[bytes]:
    """Yield each row of a matrix as a JSON list, zeros included.

    Parameters
    ----------
    counts
        Whole numbers of 0 or more, of an integer type; at least one column, and no cell twice.
    """
    for start, end in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        yield _json_row(counts.indices[start:end], counts.data[start:end], counts.shape[1])


def _json_row(index: NDArray[np.integer], value: NDArray[np.integer], length: int) -> bytes:
    at = index.astype(np.intp)
    long = np.flatnonzero(value >= _THOUSAND)
    if not long.size:
        slots = np.full(length, _ALONE[0])
        slots[at] = _ALONE.take(value)
        return _list_of(slots)
    rest = value[long].astype(np.int64)
    more = np.zeros(value.size, dtype=np.intp)
    more[long] = _slots_after_the_first(rest)
    # Rows may be unsorted: what comes before a number is counted in the order of the columns.
    order = np.argsort(at) if (at[1:] < at[:-1]).any() else slice(None)
    shift = np.empty_like(more)
    shift[order] = np.cumsum(more[order])
    at += shift
    slots = np.full(length + int(more.sum()), _ALONE[0])
    slots[at] = _ALONE.take(value, mode="clip")
    at = at[long]
    slots[at] = _LAST.take(rest % _THOUSAND)
    while True:
        at, rest = at - 1, rest // _THOUSAND
        is_first = rest < _THOUSAND
        slots[at] = np.where(
            is_first, _FIRST.take(rest % _THOUSAND), _MIDDLE.take(rest % _THOUSAND)
        )
        if is_first.all():
            return _list_of(slots)
        at, rest = at[~is_first], rest[~is_first]


def _slots_after_the_first(values: NDArray[np.int64]) -> NDArray[np.intp]:
    more = np.ones(values.size, dtype=np.intp)
    limit = _THOUSAND**2
    while limit <= values.max():
        more += values >= limit
        limit *= _THOUSAND
    return more


def _list_of(slots: NDArray[np.uint32]) -> bytes:
    return b"[" + slots.tobytes().translate(None, b"\0")[:-1] + b"]"


class IntegerReader:
    """Reads lists of numbers; keeps its working memory between lists, so not for two threads."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, dtype=np.uint8)
        self._allot(1)

    def read(self, text: bytes) -> NDArray[np.int32] | None:
        """Return the numbers of a list, or None if they have to be read in another way.

        Parameters
        ----------
        text
            What stands between the brackets of a JSON list.

        Returns
        -------
        numpy.ndarray or None
            None if there are none, or if they are not all written as JSON writes a whole number
            of 0 to 99,999,999: in digits alone.
        """
        if b" " in text or b"\n" in text:
            text = text.translate(None, b" \t\r\n")
        if not text or text.translate(None, b"0123456789,"):
            return None
        size = len(text) + 1
        self._allot(size)
        content = self._bytes[_LONGEST : _LONGEST + size]
        content[:-1] = np.frombuffer(text, dtype=np.uint8)
        content[-1] = ord(",")
        ends = np.flatnonzero(np.equal(content, ord(","), out=self._is_comma[:size]))
        digits = np.diff(ends, prepend=-1) - 1
        if digits.min() < 1 or digits.max() > _LONGEST:
            return None
        return _values(self._words.take(ends), digits)

    def _allot(self, size: int) -> None:
        if size + _LONGEST <= self._bytes.size:
            return
        self._bytes = np.zeros(2 * size + _LONGEST, dtype=np.uint8)
        self._is_comma = np.empty(2 * size, dtype=np.bool_)
        # The eight bytes before each byte of the content, as one word.
        self._words = np.lib.stride_tricks.as_strided(
            self._bytes[:8].view("<u8"), shape=(2 * size,), strides=(1,), writeable=False
        )


def _values(words: NDArray[np.uint64], digits: NDArray[np.intp]) -> NDArray[np.int32]:
    """Return the values of numbers whose last digit is the highest byte of a word each.

    The eight digits of a word are added up in pairs, then in fours, then in eights: three
    multiplications for any number.
    """
    before = (8 * (_LONGEST - digits)).astype(np.uint64)
    words &= 0x0F0F0F0F0F0F0F0F
    # What stands before the number becomes 0.
    words >>= before
    words <<= before
    for base, shift, mask in (
        (10, 8, 0x00FF00FF00FF00FF),
        (100, 16, 0x0000FFFF0000FFFF),
        (10_000, 32, 0x00000000FFFFFFFF),
    ):
        neighbour = words >> shift
        words *= base
        words += neighbour
        words &= mask
    return words.astype(np.int32)
