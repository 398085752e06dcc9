"""Words and numbers as the report writes them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd

from gem_assets.labels.table import VALUE_SEPARATOR

STATUS_WORDS: Mapping[str, str] = {
    "fail": "contradicting",
    "warn": "doubtful",
    "unclear": "unclear",
    "pass": "agreeing",
    "not_assessed": "not judged",
}
"""What a status is called where samples are counted."""


def field_words(name: str) -> str:
    """Return a field, a reason or a kind as words: ``cell_type`` is cell type."""
    return name.replace("_", " ")


def stated_word(verdict: Mapping[Hashable, object]) -> str:
    """Return what the label of a row of ``qc_verdicts`` states; several values are "a / b"."""
    label = text_or_none(verdict["provided_label"]) or str(verdict["provided_text"])
    return label.replace(VALUE_SEPARATOR, " / ")


def stated_words(verdicts: pd.DataFrame) -> pd.Series:
    """Return what the label of each row states, as `stated_word` does."""
    columns = verdicts[["provided_label", "provided_text"]]
    words = [stated_word(row) for row in columns.to_dict("records")]
    return pd.Series(words, verdicts.index, dtype=object)


def text_or_none(value: object) -> str | None:
    """Return what is there as text; None for the missing values of any pandas version."""
    return None if value is None or value is pd.NA or value != value else str(value)


def number_or_none(value: object) -> float | None:
    """Return what is there as a number; None for a missing value."""
    text = text_or_none(value)
    return None if text is None else float(text)


def share(value: float) -> str:
    """Return a share in percent, with one digit where whole percents would hide it."""
    return f"{value:.1%}" if 0 < value < 0.01 or 0.99 < value < 1 else f"{value:.0%}"
