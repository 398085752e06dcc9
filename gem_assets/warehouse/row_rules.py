"""Rules over several columns or rows; each is computed by `gem_assets.warehouse.row_checks`."""

from __future__ import annotations

from collections.abc import Collection

from gem_assets.warehouse.contract import RowRule, Span


def unique(*columns: str) -> RowRule:
    """Return the rule that the columns together name a row."""
    says = f"({', '.join(columns)}) occurs once"
    return RowRule(says, columns, "occurs_once", span=Span.DATASET_KEY)


def counted_from_zero(column: str, *per: str) -> RowRule:
    """Return the rule that ``column`` runs 0, 1, 2... in row order within each ``per``."""
    says = f"{column} counts the rows of a {' and '.join(per)} from 0"
    return RowRule(says, (column, *per), "counts_from_zero", span=Span.TABLE)


def one_a_dataset(*columns: str) -> RowRule:
    """Return the rule that a dataset's rows share one value of the columns.

    Rows after the first that differ from their dataset's first row break it.
    """
    says = f"({', '.join(columns)}) is the same in all rows of a dataset"
    return RowRule(says, columns, "is_one_a_dataset", span=Span.DATASET_CONSTANT)


def same_length(first: str, second: str) -> RowRule:
    """Return the rule that two lists of a row have as many values."""
    return RowRule(f"{first} and {second} have as many values", (first, second), "is_as_long")


def both_or_neither(first: str, second: str) -> RowRule:
    """Return the rule that two columns are missing together."""
    return RowRule(f"{first} and {second} are given together", (first, second), "is_given_with")


def not_above(small: str, large: str) -> RowRule:
    """Return the rule ``small <= large``, where both are given."""
    return RowRule(f"{small} is at most {large}", (small, large), "is_at_most")


def sum_not_above(parts: tuple[str, ...], whole: str) -> RowRule:
    """Return the rule that columns of whole numbers add up to at most another."""
    says = f"{' + '.join(parts)} is at most {whole}"
    return RowRule(says, (*parts, whole), "adds_up_to_at_most")


def given_when(column: str, other: str, words: Collection[str]) -> RowRule:
    """Return the rule that ``column`` is given in the rows whose ``other`` is one of ``words``."""
    asked = tuple(sorted(words))
    says = f"{column} is given where {other} is {', '.join(asked)}"
    return RowRule(says, (column, other), "is_given_where", (asked,))


def missing_when(column: str, other: str, word: str) -> RowRule:
    """Return the rule that ``column`` is missing in the rows whose ``other`` is ``word``."""
    says = f"{column} is missing where {other} is {word}"
    return RowRule(says, (column, other), "is_missing_where", (word,))


def sums(lists: str, total: str) -> RowRule:
    """Return the rule that ``total`` is the sum of the list."""
    return RowRule(f"{total} is the sum of {lists}", (lists, total), "is_sum_of")


def counts_positives(lists: str, number: str) -> RowRule:
    """Return the rule that ``number`` is how many values of the list are above 0."""
    says = f"{number} is the number of values above 0 in {lists}"
    return RowRule(says, (lists, number), "is_number_of_positives")
