"""Rules of single columns, computed on whole Arrow arrays.

The values of list columns are looked at flattened, never row by row: 200 samples x 44,592 counts
are checked in a fraction of a second. A null keeps every rule.

`ValueRule.holds` calls these functions by the names that `gem_assets.warehouse.value_rules` gives.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gem_assets.warehouse.contract import Held, ValueRule

ROUNDING = 1e-9
"""How far outside of its interval the rounding of sums may leave a number."""


def is_one_of(array: pa.Array, words: Sequence[str]) -> Held:
    """Tell which texts are one of the words."""
    return _truth(pc.is_in(array, value_set=pa.array(words, pa.string())), array)


def matches(array: pa.Array, pattern: str) -> Held:
    """Tell which texts match a regular expression from start to end."""
    return _truth(pc.match_substring_regex(array, f"^(?:{pattern})$"), array)


def is_text(array: pa.Array) -> Held:
    """Tell which texts are not empty."""
    return _truth(pc.greater(pc.binary_length(array), 0), array)


def is_finite(array: pa.Array) -> Held:
    """Tell which numbers are finite."""
    return _truth(pc.is_finite(array), array)


def is_count(array: pa.Array) -> Held:
    """Tell which numbers are finite and at least 0."""
    return _truth(pc.and_(pc.is_finite(array), pc.greater_equal(array, 0)), array)


def is_between(array: pa.Array, low: float, high: float) -> Held:
    """Tell which numbers lie in the closed interval, but for `ROUNDING`; NaN lies in none."""
    return _truth(
        pc.and_(pc.greater_equal(array, low - ROUNDING), pc.less_equal(array, high + ROUNDING)),
        array,
    )


def plainly_holds(rule: ValueRule, array: pa.Array) -> bool:
    """Tell at a glance whether all values keep a rule; False says nothing.

    Most arrays of counts do, and the rest is worth a second look.
    """
    if rule.check == "is_between":
        low, high = rule.arguments
    elif rule.check == "is_count":
        low, high = 0.0, sys.float_info.max
    else:
        return False
    if array.null_count:
        return False
    numbers = array.to_numpy(zero_copy_only=False)
    # NaN is within nothing, and so is the least of numbers with a NaN.
    return not numbers.size or bool(low <= numbers.min() and numbers.max() <= high)


def each_holds(lists: pa.ListArray, rule: ValueRule) -> Held:
    """Tell which lists have only values that keep the rule."""
    values = lists.flatten()
    if plainly_holds(rule, values):
        return np.ones(len(lists), dtype=bool)
    broken = np.flatnonzero(~rule.holds(values))
    return _rows_without(broken, _ends(lists))


def has_no_nulls(lists: pa.ListArray) -> Held:
    """Tell which lists have no missing values."""
    values = lists.flatten()
    if not values.null_count:
        return np.ones(len(lists), dtype=bool)
    broken = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
    return _rows_without(broken, _ends(lists))


def ascends(lists: pa.ListArray) -> Held:
    """Tell which lists rise with every value."""
    values = numbers_of(lists)
    return _without_step(lists, values[1:] <= values[:-1])


def never_rises(lists: pa.ListArray) -> Held:
    """Tell which lists never rise."""
    values = numbers_of(lists)
    return _without_step(lists, values[1:] > values[:-1])


def has_values(lists: pa.ListArray) -> Held:
    """Tell which lists are not empty."""
    return _truth(pc.greater(pc.list_value_length(lists), 0), lists)


def sums_to(lists: pa.ListArray, total: float, tolerance: float) -> Held:
    """Tell which lists sum to a number."""
    off = np.abs(row_sums(lists) - total)
    return _truth(pa.array(off <= tolerance), lists)


def is_distinct(lists: pa.ListArray) -> Held:
    """Tell which lists have no value twice."""
    rows = pc.list_parent_indices(lists)
    pairs = pa.table({"row": rows, "value": lists.flatten()})
    counts = pairs.group_by(["row", "value"]).aggregate([([], "count_all")])
    repeated = counts.filter(pc.greater(counts["count_all"], 1))["row"]
    held = np.ones(len(lists), dtype=bool)
    held[repeated.to_numpy()] = False
    return held


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
