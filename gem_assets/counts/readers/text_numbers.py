"""Read plain numbers out of text, all at once: eight digits in one 64-bit word.

A number of up to 16 characters, digits with at most one point among them, is two words. Its
digits without the point are an integer below 2**53, or one of 16 digits without a point, and a
power of ten up to 10**15 is exact in float64: so one conversion or one division rounds correctly,
and the value is the one that ``float`` gives (Clinger 1990, doi:10.1145/93542.93557). The way to
add up eight digits by three multiplications is Lemire's
(https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LONGEST = 16
"""Characters of the longest number that is read here; as many must stand before the first one."""

Words = NDArray[np.uint64]


def read_numbers(
    text: NDArray[np.uint8], ends: NDArray[np.integer], lengths: NDArray[np.integer]
) -> tuple[NDArray[np.int64] | NDArray[np.float64], NDArray[np.bool_] | None]:
    """Read the numbers that end at some places of a text.

    Parameters
    ----------
    text
        Bytes, shape (n_bytes,).
    ends
        Position behind the last character of each number, shape (n,); at least ``LONGEST``.
    lengths
        Characters of each number, shape (n,).

    Returns
    -------
    numbers
        Shape (n,); int64 if no number holds a point, else float64.
    strange
        Which of them are no plain numbers, and mean nothing; None if all are plain.
    """
    short = (lengths > 0) & (lengths <= 8)
    all_short = bool(short.all())
    word, points = _digits(_words(text, ends, lengths))
    strange = _no_digits(word) | ((points != 0) & (lengths == 1))
    whole = _sum_of_digits(word).view(np.int64)
    decimals = _decimals(points)
    if not all_short:
        strange |= (lengths < 1) | (lengths > LONGEST)
        long = np.flatnonzero((lengths > 8) & ~strange)
        high, high_points = _digits(_words(text, ends[long] - 8, lengths[long] - 8))
        strange[long] = _no_digits(high) | ((high_points != 0) & (points[long] != 0))
        # A point among the last eight characters leaves seven digits.
        scale = np.where(points[long] != 0, 10**7, 10**8)
        whole[long] += _sum_of_digits(high).view(np.int64) * scale
        decimals[long] += _decimals(high_points) + 8 * (high_points != 0)
        points[long] |= high_points
    numbers = whole / _POWERS.take(decimals, mode="clip") if points.any() else whole
    return numbers, strange if strange.any() else None


_ZEROS = np.uint64(0x3030303030303030)
_ONES = np.uint64(0x0101010101010101)
_TOPS = np.uint64(0x8080808080808080)
_LAST = np.array([(2**64 - 1) >> 8 * n << 8 * n for n in range(8, -1, -1)], np.uint64)
"""The last n bytes of a word, those of the highest value, for n from 0 to 8."""

_POWERS = 10.0 ** np.arange(LONGEST)


def _words(
    text: NDArray[np.uint8], ends: NDArray[np.integer], lengths: NDArray[np.integer]
) -> Words:
    """Return the last characters before each end, at most 8, as digits (0 to 9), 0 before them.

    The first character is the lowest byte.
    """
    everywhere = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    words: Words = everywhere[ends - 8]
    words ^= _ZEROS
    words &= _LAST.take(lengths, mode="clip")
    return words


def _digits(words: Words) -> tuple[Words, Words]:
    """Take one point out of each word; return the words, and 1 in the byte where it was, or 0."""
    # As ^ 0x30 made it, a point is 0x1e: find the lowest byte that is equal to it.
    points = words ^ np.uint64(0x1E1E1E1E1E1E1E1E)
    points = (points - _ONES) & ~points & _TOPS
    if not points.any():
        return words, points
    points &= ~points + np.uint64(1)
    points >>= np.uint64(7)
    before = points - (points != 0)
    behind = ~(before | (points * np.uint64(0xFF)))
    return ((words & before) << np.uint64(8)) | (words & behind), points


def _no_digits(words: Words) -> NDArray[np.bool_]:
    """Tell which words hold a byte above 9."""
    above: NDArray[np.bool_] = ((words + np.uint64(0x7676767676767676)) | words) & _TOPS != 0
    return above


def _decimals(points: Words) -> NDArray[np.int64]:
    """Return how many characters of its word stand behind a point."""
    return ((points * np.uint64(0x0706050403020100)) >> np.uint64(56)).view(np.int64)


def _sum_of_digits(words: Words) -> Words:
    """Return the number that eight digits make."""
    words = (words * np.uint64(1 + (10 << 8))) >> np.uint64(8)
    words &= np.uint64(0x00FF00FF00FF00FF)
    words *= np.uint64(1 + (100 << 16))
    words >>= np.uint64(16)
    words &= np.uint64(0x0000FFFF0000FFFF)
    words *= np.uint64(1 + (10_000 << 32))
    words >>= np.uint64(32)
    return words
