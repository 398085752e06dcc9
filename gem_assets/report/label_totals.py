"""Samples by stated label and verdict: what is shown of a dataset too large to list."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.qc.reasons import STATUS_ORDER
from gem_assets.report.words import field_words, stated_words

MAX_LABELS = 200
"""Labels that are shown, those with the most flagged samples first."""

_COUNTED = tuple(map(str, reversed(STATUS_ORDER)))
_FIELD_ORDER = {field.name: i for i, field in enumerate(FIELDS)}


@dataclass(frozen=True)
class LabelTotal:
    """How many samples with one label have each status, from worst to best."""

    field_name: str
    label: str
    samples: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class LabelTotals:
    """The labels that are shown, and how many more there are."""

    rows: tuple[LabelTotal, ...]
    left_out: int


def label_totals(verdicts: pd.DataFrame) -> LabelTotals:
    """Count the verdicts of a dataset by field and stated label.

    Parameters
    ----------
    verdicts
        ``qc_verdicts`` of the dataset.
    """
    if verdicts.empty:
        return LabelTotals((), 0)
    stated = stated_words(verdicts)
    counted = pd.crosstab([verdicts["field"].astype(str), stated], verdicts["status"])
    counted = counted.reindex(columns=list(_COUNTED), fill_value=0)
    ranked = counted.assign(
        silent=counted["not_assessed"].eq(counted.sum(axis=1)),
        flagged=counted["fail"] + counted["warn"],
        samples=counted.sum(axis=1),
        place=[_FIELD_ORDER.get(field, len(_FIELD_ORDER)) for field, _ in counted.index],
    ).sort_values(
        ["flagged", "silent", "place", "samples"],
        ascending=[False, True, True, False],
        kind="stable",
    )
    shown = ranked.head(MAX_LABELS)
    return LabelTotals(
        tuple(
            LabelTotal(
                field_words(field), text, int(row["samples"]), tuple(int(row[s]) for s in _COUNTED)
            )
            for (field, text), row in zip(shown.index, shown.to_dict("records"), strict=True)
        ),
        len(ranked) - len(shown),
    )
