"""Rules of single columns; each is computed by `gem_assets.warehouse.value_checks`."""

from __future__ import annotations

from collections.abc import Iterable

from gem_assets.warehouse.contract import ValueRule

SUM_TOLERANCE = 1e-6
"""How far the probabilities of a row may be from summing to 1."""


def one_of(words: Iterable[str]) -> ValueRule:
    """Return the rule that a text is one of a closed list of words."""
    allowed = tuple(sorted(words))
    return ValueRule(f"is one of {', '.join(allowed)}", "is_one_of", (allowed,))


def matching(pattern: str, meaning: str) -> ValueRule:
    """Return the rule that a text matches a regular expression from start to end."""
    return ValueRule(meaning, "matches", (pattern,))


def between(low: float, high: float) -> ValueRule:
    """Return the rule that a number lies in the closed interval; NaN lies in none.

    Rounding may leave it outside: a sum of probabilities may well be 1.0000000000000002.
    """
    return ValueRule(f"lies in [{low:g}, {high:g}]", "is_between", (low, high))


def each(rule: ValueRule) -> ValueRule:
    """Return the rule that every value of a list keeps ``rule``."""
    return ValueRule(f"has only values of which each {rule.says}", "each_holds", (rule,))


IS_TEXT = ValueRule("is not empty", "is_text")
IS_FINITE = ValueRule("is a finite number", "is_finite")
IS_COUNT = ValueRule("is a finite number of at least 0", "is_count")
NO_NULL_VALUES = ValueRule("has no missing values within a list", "has_no_nulls")
IS_ASCENDING = ValueRule("ascends strictly within each list", "ascends")
IS_DESCENDING = ValueRule("never rises within a list", "never_rises")
HAS_VALUES = ValueRule("is not an empty list", "has_values")
SUMS_TO_ONE = ValueRule(f"sums to 1 within {SUM_TOLERANCE:g}", "sums_to", (1.0, SUM_TOLERANCE))
ARE_DISTINCT = ValueRule("has no value twice in a list", "is_distinct")
