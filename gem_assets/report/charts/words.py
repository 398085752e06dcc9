"""Words that a chart has room for."""

from __future__ import annotations

import pandas as pd


def or_else(first: pd.Series, second: pd.Series) -> pd.Series:
    """Return the first words, and the second where there is none, as text."""
    return first.astype(object).where(first.notna(), second.astype(object)).astype(str)


def fold_rare(words: pd.Series, most: int) -> pd.Series:
    """Keep the ``most`` frequent words and call the rest "other"."""
    kept = words.value_counts().head(most).index
    return words.where(words.isin(kept), "other")
