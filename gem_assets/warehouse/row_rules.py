"""Rules over several columns of a row, or over the rows of one table."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.warehouse.contract import Held, RowRule, Span
from gem_assets.warehouse.value_rules import row_sums

RELATIVE_TOLERANCE = 1e-6
"""How far a stated sum may be from the sum of its terms: order of summation, not content."""


def unique(*columns: str) -> RowRule:
    """Return the rule that the columns together name a row."""
    key = list(columns)

    def holds(frame: pd.DataFrame) -> Held:
        held: Held = ~frame.duplicated(key, keep=False).to_numpy(dtype=bool)
        return held

    return RowRule(f"({', '.join(columns)}) occurs once", columns, holds, Span.DATASET_KEY)


def counted_from_zero(column: str, *per: str) -> RowRule:
    """Return the rule that ``column`` runs 0, 1, 2... in row order within each ``per``."""

    def holds(frame: pd.DataFrame) -> Held:
        position = frame.groupby(list(per), sort=False, dropna=False).cumcount().to_numpy()
        found = _numbers(frame[column])
        return np.asarray(found == position, dtype=bool)

    return RowRule(
        f"{column} counts the rows of a {' and '.join(per)} from 0",
        (column, *per),
        holds,
        Span.TABLE,
    )


def one_a_dataset(*columns: str) -> RowRule:
    """Return the rule that a dataset's rows share one value of the columns.

    Rows after the first that differ from their dataset's first row break it.
    """

    def holds(frame: pd.DataFrame) -> Held:
        firsts = frame.groupby("dataset", sort=False, dropna=False)[list(columns)].transform(
            "first"
        )
        held = np.ones(len(frame), dtype=bool)
        for column in columns:
            same = pc.equal(chunks_of(frame[column]), chunks_of(firsts[column]))
            held &= np.asarray(same.fill_null(True), dtype=bool)
        return held

    return RowRule(
        f"({', '.join(columns)}) is the same in all rows of a dataset",
        columns,
        holds,
        Span.DATASET_CONSTANT,
    )


def same_length(first: str, second: str) -> RowRule:
    """Return the rule that two lists of a row have as many values."""

    def holds(frame: pd.DataFrame) -> Held:
        lengths = [
            pc.list_value_length(chunks_of(frame[name])).fill_null(-1) for name in (first, second)
        ]
        return np.asarray(pc.equal(*lengths), dtype=bool)

    return RowRule(f"{first} and {second} have as many values", (first, second), holds)


def both_or_neither(first: str, second: str) -> RowRule:
    """Return the rule that two columns are missing together."""

    def holds(frame: pd.DataFrame) -> Held:
        held: Held = frame[first].isna().to_numpy() == frame[second].isna().to_numpy()
        return held

    return RowRule(f"{first} and {second} are given together", (first, second), holds)


def not_above(small: str, large: str) -> RowRule:
    """Return the rule ``small <= large``, where both are given."""

    def holds(frame: pd.DataFrame) -> Held:
        order = pc.less_equal(chunks_of(frame[small]), chunks_of(frame[large]))
        return np.asarray(order.fill_null(True), dtype=bool)

    return RowRule(f"{small} is at most {large}", (small, large), holds)


def sum_not_above(parts: tuple[str, ...], whole: str) -> RowRule:
    """Return the rule that columns of whole numbers add up to at most another."""

    def holds(frame: pd.DataFrame) -> Held:
        total = sum(_numbers(frame[part]) for part in parts)
        return np.asarray(~(total > _numbers(frame[whole])), dtype=bool)

    return RowRule(f"{' + '.join(parts)} is at most {whole}", (*parts, whole), holds)


def given_when(column: str, other: str, words: Collection[str]) -> RowRule:
    """Return the rule that ``column`` is given in the rows whose ``other`` is one of ``words``."""
    values = pa.array(sorted(words), pa.string())

    def holds(frame: pd.DataFrame) -> Held:
        asked = np.asarray(pc.is_in(chunks_of(frame[other]), value_set=values), dtype=bool)
        return np.asarray(~asked | frame[column].notna().to_numpy(), dtype=bool)

    return RowRule(
        f"{column} is given where {other} is {', '.join(sorted(words))}", (column, other), holds
    )


def missing_when(column: str, other: str, word: str) -> RowRule:
    """Return the rule that ``column`` is missing in the rows whose ``other`` is ``word``."""

    def holds(frame: pd.DataFrame) -> Held:
        asked = pc.equal(chunks_of(frame[other]), word).fill_null(False)
        return np.asarray(~np.asarray(asked, dtype=bool) | frame[column].isna().to_numpy())

    return RowRule(f"{column} is missing where {other} is {word}", (column, other), holds)


def sums(lists: str, total: str) -> RowRule:
    """Return the rule that ``total`` is the sum of the list."""

    def holds(frame: pd.DataFrame) -> Held:
        found = _row_sums(frame[lists])
        stated = _numbers(frame[total])
        return np.asarray(np.isclose(found, stated, rtol=RELATIVE_TOLERANCE, atol=0.0), dtype=bool)

    return RowRule(f"{total} is the sum of {lists}", (lists, total), holds)


def counts_positives(lists: str, number: str) -> RowRule:
    """Return the rule that ``number`` is how many values of the list are above 0."""

    def holds(frame: pd.DataFrame) -> Held:
        found = _row_sums(frame[lists], of_positives=True)
        stated = _numbers(frame[number])
        return np.asarray(found == stated, dtype=bool)

    return RowRule(f"{number} is the number of values above 0 in {lists}", (lists, number), holds)


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
