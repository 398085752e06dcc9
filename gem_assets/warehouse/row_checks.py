"""Rules over several columns of a row, or over the rows of one table, computed on whole frames.

`RowRule.holds` calls these functions by the names that `gem_assets.warehouse.row_rules` gives: with
the frame (columns of ``pd.ArrowDtype``), the rule's columns and its arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.warehouse.value_checks import row_sums

if TYPE_CHECKING:
    from gem_assets.warehouse.contract import Held

RELATIVE_TOLERANCE = 1e-6
"""How far a stated sum may be from the sum of its terms: order of summation, not content."""


def occurs_once(frame: pd.DataFrame, *columns: str) -> Held:
    """Tell which rows have a key of their own."""
    held: Held = ~frame.duplicated(list(columns), keep=False).to_numpy(dtype=bool)
    return held


def counts_from_zero(frame: pd.DataFrame, column: str, *per: str) -> Held:
    """Tell which rows have their place in ``column``: 0, 1, 2... within each ``per``."""
    position = frame.groupby(list(per), sort=False, dropna=False).cumcount().to_numpy()
    found = _numbers(frame[column])
    return np.asarray(found == position, dtype=bool)


def is_one_a_dataset(frame: pd.DataFrame, *columns: str) -> Held:
    """Tell which rows have the values of their dataset's first row."""
    firsts = frame.groupby("dataset", sort=False, dropna=False)[list(columns)].transform("first")
    held = np.ones(len(frame), dtype=bool)
    for column in columns:
        same = pc.equal(chunks_of(frame[column]), chunks_of(firsts[column]))
        held &= np.asarray(same.fill_null(True), dtype=bool)
    return held


def is_as_long(frame: pd.DataFrame, first: str, second: str) -> Held:
    """Tell in which rows two lists have as many values."""
    lengths = [
        pc.list_value_length(chunks_of(frame[name])).fill_null(-1) for name in (first, second)
    ]
    return np.asarray(pc.equal(*lengths), dtype=bool)


def is_given_with(frame: pd.DataFrame, first: str, second: str) -> Held:
    """Tell in which rows both columns are given, or neither is."""
    held: Held = frame[first].isna().to_numpy() == frame[second].isna().to_numpy()
    return held


def is_at_most(frame: pd.DataFrame, small: str, large: str) -> Held:
    """Tell in which rows ``small <= large``, where both are given."""
    order = pc.less_equal(chunks_of(frame[small]), chunks_of(frame[large]))
    return np.asarray(order.fill_null(True), dtype=bool)


def adds_up_to_at_most(frame: pd.DataFrame, *columns: str) -> Held:
    """Tell in which rows all columns but the last add up to at most the last."""
    *parts, whole = columns
    total = sum(_numbers(frame[part]) for part in parts)
    return np.asarray(~(total > _numbers(frame[whole])), dtype=bool)


def is_given_where(frame: pd.DataFrame, column: str, other: str, words: Sequence[str]) -> Held:
    """Tell which rows have the column, or another word in the other column."""
    values = pa.array(words, pa.string())
    asked = np.asarray(pc.is_in(chunks_of(frame[other]), value_set=values), dtype=bool)
    return np.asarray(~asked | frame[column].notna().to_numpy(), dtype=bool)


def is_missing_where(frame: pd.DataFrame, column: str, other: str, word: str) -> Held:
    """Tell which rows lack the column, or have another word in the other column."""
    asked = pc.equal(chunks_of(frame[other]), word).fill_null(False)
    return np.asarray(~np.asarray(asked, dtype=bool) | frame[column].isna().to_numpy())


def is_sum_of(frame: pd.DataFrame, lists: str, total: str) -> Held:
    """Tell in which rows ``total`` is the sum of the list."""
    found = _row_sums(frame[lists])
    stated = _numbers(frame[total])
    return np.asarray(np.isclose(found, stated, rtol=RELATIVE_TOLERANCE, atol=0.0), dtype=bool)


def is_number_of_positives(frame: pd.DataFrame, lists: str, number: str) -> Held:
    """Tell in which rows ``number`` is how many values of the list are above 0."""
    found = _row_sums(frame[lists], of_positives=True)
    stated = _numbers(frame[number])
    return np.asarray(found == stated, dtype=bool)


def _numbers(series: pd.Series) -> NDArray[np.float64]:
    """Return the numbers of a column; a missing one is NaN, which no comparison holds for."""
    return np.asarray(chunks_of(series).cast(pa.float64()).fill_null(np.nan), dtype=np.float64)


def chunks_of(series: pd.Series) -> pa.ChunkedArray:
    """Return the values of a ``pd.ArrowDtype`` column where they lie.

    They stay in the chunks they came in: one Arrow list array can't hold 2**31 values, many can.
    """
    array = pa.array(series)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _row_sums(series: pd.Series, *, of_positives: bool = False) -> NDArray[np.float64]:
    chunks = chunks_of(series).chunks
    return np.concatenate(
        [np.empty(0), *(row_sums(chunk, of_positives=of_positives) for chunk in chunks)]
    )
