"""Words and numbers as the report writes them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

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
