"""Rules of single columns, computed on whole Arrow arrays.

The values of list columns are looked at flattened, never row by row: 200 samples x 44,592 counts
are checked in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.warehouse.contract import Held, ValueRule

ROUNDING = 1e-9
"""How far outside of its interval the rounding of sums may leave a number."""

SUM_TOLERANCE = 1e-6
"""How far the probabilities of a row may be from summing to 1."""


def one_of(words: Iterable[str]) -> ValueRule:
    """Return the rule that a text is one of a closed list of words."""
    allowed = sorted(words)
    values = pa.array(allowed, pa.string())
    return ValueRule(
        f"is one of {', '.join(allowed)}",
        lambda array: _truth(pc.is_in(array, value_set=values), array),
    )


def matching(pattern: str, meaning: str) -> ValueRule:
    """Return the rule that a text matches a regular expression from start to end."""
    return ValueRule(
        meaning, lambda array: _truth(pc.match_substring_regex(array, f"^(?:{pattern})$"), array)
    )


def between(low: float, high: float) -> ValueRule:
    """Return the rule that a number lies in the closed interval; NaN lies in none.

    It may be outside by `ROUNDING`: a sum of probabilities may well be 1.0000000000000002.
    """
    return ValueRule(
        f"lies in [{low:g}, {high:g}]",
        lambda array: _truth(
            pc.and_(pc.greater_equal(array, low - ROUNDING), pc.less_equal(array, high + ROUNDING)),
            array,
        ),
        _all_within(low, high),
    )


def _all_within(low: float, high: float) -> Callable[[pa.Array], bool]:
    def holds(array: pa.Array) -> bool:
        if array.null_count:
            return False
        numbers = array.to_numpy(zero_copy_only=False)
        # NaN is within nothing, and so is the least of numbers with a NaN.
        return not numbers.size or bool(low <= numbers.min() and numbers.max() <= high)

    return holds


IS_TEXT = ValueRule(
    "is not empty", lambda array: _truth(pc.greater(pc.binary_length(array), 0), array)
)

IS_FINITE = ValueRule("is a finite number", lambda array: _truth(pc.is_finite(array), array))

IS_COUNT = ValueRule(
    "is a finite number of at least 0",
    lambda array: _truth(pc.and_(pc.is_finite(array), pc.greater_equal(array, 0)), array),
    _all_within(0, np.finfo(np.float64).max),
)


def each(rule: ValueRule) -> ValueRule:
    """Return the rule that every value of a list keeps ``rule``."""

    def holds(lists: pa.ListArray) -> Held:
        values = lists.flatten()
        if rule.plainly_holds(values):
            return np.ones(len(lists), dtype=bool)
        broken = np.flatnonzero(~rule.holds(values))
        return _rows_without(broken, _ends(lists))

    return ValueRule(f"has only values of which each {rule.says}", holds)


def _no_nulls(lists: pa.ListArray) -> Held:
    values = lists.flatten()
    if not values.null_count:
        return np.ones(len(lists), dtype=bool)
    broken = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
    return _rows_without(broken, _ends(lists))


NO_NULL_VALUES = ValueRule("has no missing values within a list", _no_nulls)


def _ascending(lists: pa.ListArray) -> Held:
    values = numbers_of(lists)
    return _without_step(lists, values[1:] <= values[:-1])


IS_ASCENDING = ValueRule("ascends strictly within each list", _ascending)


def _descending(lists: pa.ListArray) -> Held:
    values = numbers_of(lists)
    return _without_step(lists, values[1:] > values[:-1])


IS_DESCENDING = ValueRule("never rises within a list", _descending)

HAS_VALUES = ValueRule(
    "is not an empty list", lambda lists: _truth(pc.greater(pc.list_value_length(lists), 0), lists)
)


def _sums_to_one(lists: pa.ListArray) -> Held:
    off = np.abs(row_sums(lists) - 1.0)
    return _truth(pa.array(off <= SUM_TOLERANCE), lists)


SUMS_TO_ONE = ValueRule(f"sums to 1 within {SUM_TOLERANCE:g}", _sums_to_one)


def _distinct(lists: pa.ListArray) -> Held:
    rows = pc.list_parent_indices(lists)
    pairs = pa.table({"row": rows, "value": lists.flatten()})
    counts = pairs.group_by(["row", "value"]).aggregate([([], "count_all")])
    repeated = counts.filter(pc.greater(counts["count_all"], 1))["row"]
    held = np.ones(len(lists), dtype=bool)
    held[repeated.to_numpy()] = False
    return held


ARE_DISTINCT = ValueRule("has no value twice in a list", _distinct)


def numbers_of(lists: pa.ListArray) -> NDArray[np.float64 | np.int32]:
    """Return the numbers of all lists end to end; a null becomes NaN."""
    values: NDArray[np.float64 | np.int32] = lists.flatten().to_numpy(zero_copy_only=False)
    return values


def row_sums(lists: pa.ListArray, *, of_positives: bool = False) -> NDArray[np.float64]:
    """Return the sum of each list, or with ``of_positives`` its number of values above 0."""
    values = numbers_of(lists)
    lengths = _lengths(lists)
    if of_positives and values.size and values.min() > 0:
        return lengths.astype(np.float64)
    filled = lengths > 0
    starts = (np.cumsum(lengths) - lengths)[filled]
    sums = np.zeros(len(lists), dtype=np.float64)
    if starts.size:
        terms = values > 0 if of_positives else values
        sums[filled] = np.add.reduceat(terms, starts, dtype=np.float64)
    return sums


def _lengths(lists: pa.ListArray) -> NDArray[np.int64]:
    lengths: NDArray[np.int64] = (
        pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    )
    return lengths


def _ends(lists: pa.ListArray) -> NDArray[np.int64]:
    """Return the position behind the last value of each list, in the flattened values."""
    return np.cumsum(_lengths(lists), dtype=np.int64)


def _rows_without(broken: NDArray[np.intp], ends: NDArray[np.int64]) -> Held:
    """Return the rows that hold none of the broken positions of the flattened values."""
    held = np.ones(len(ends), dtype=bool)
    held[np.searchsorted(ends, broken, side="right")] = False
    return held


def _without_step(lists: pa.ListArray, steps: Held) -> Held:
    """Return the rows with no forbidden step between two neighbours of the same list."""
    ends = _ends(lists)
    broken = np.flatnonzero(steps) + 1
    return _rows_without(broken[~np.isin(broken, ends)], ends)


def _truth(mask: pa.Array, array: pa.Array) -> Held:
    """Return the mask as numpy truths, where a null of ``array`` keeps every rule."""
    held = pc.or_(pc.fill_null(mask, False), array.is_null())
    truths: Held = held.to_numpy(zero_copy_only=False)
    return truths
