"""A rule that is seen to hold at a glance holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.warehouse.contract import ValueRule
from gem_assets.warehouse.value_checks import plainly_holds, row_sums
from gem_assets.warehouse.value_rules import IS_COUNT, between, each

NUMBERS = st.none() | st.integers(-3, 9) | st.floats() | st.just(2.0**31)
RULES = [IS_COUNT, between(0, 5), between(-1, 2**31 - 1)]


@pytest.mark.parametrize("rule", RULES)
@given(st.lists(NUMBERS))
def test_what_holds_at_a_glance_holds_for_each_value(
    rule: ValueRule, values: list[float | None]
) -> None:
    array = pa.array(values, pa.float64())
    if plainly_holds(rule, array):
        assert rule.holds(array).all()


@pytest.mark.parametrize("rule", RULES)
@given(st.lists(st.lists(st.integers(-2, 7), max_size=4)))
def test_a_list_keeps_a_rule_if_each_of_its_values_does(
    rule: ValueRule, lists: list[list[int]]
) -> None:
    held = each(rule).holds(pa.array(lists, pa.list_(pa.int32())))
    expected = [rule.holds(pa.array(values, pa.int32())).all() for values in lists]
    assert held.tolist() == expected


@given(st.lists(st.lists(st.integers(0, 3), max_size=4)))
def test_positives_are_counted_list_by_list(lists: list[list[int]]) -> None:
    found = row_sums(pa.array(lists, pa.list_(pa.int32())), of_positives=True)
    assert found.tolist() == [np.count_nonzero(values) for values in lists]
