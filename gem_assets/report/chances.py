"""The most probable values of a sample's fields, and among them what its label states."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import NamedTuple, cast

from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.sentences import probability
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import text_or_none

MOST_PROBABLE = 5
"""Values of a field that are shown; a stated value is added if it is not among them."""


class Chance(NamedTuple):
    """One value of a field: its name, its probability as number and as text, whether stated."""

    name: str
    p: float
    text: str
    stated: bool

    @property
    def percent(self) -> str:
        """Length of its bar in percent, for a style sheet."""
        return f"{100 * self.p:.1f}"


Chances = dict[tuple[str, str], tuple[Chance, ...]]
"""By sample and field."""


def chances(given: ReportInput, sample_ids: Collection[str]) -> Chances:
    """Return the most probable values of some samples' fields, the most probable first.

    Parameters
    ----------
    given
        The dataset's tables.
    sample_ids
        Samples, or groups of cells, that are shown.
    """
    verdicts = given.verdicts[given.verdicts["sample_id"].isin(sample_ids)]
    stated: dict[tuple[str, str], set[str]] = {}
    for sample, field, ids in zip(
        *(verdicts[name] for name in ("sample_id", "field", "provided_id")), strict=True
    ):
        words = text_or_none(ids) or ""
        stated.setdefault((str(sample), str(field)), set()).update(words.split(VALUE_SEPARATOR))
    rows = given.probabilities_of_units
    rows = rows[rows["sample_id"].isin(sample_ids)]
    name = _names(given)
    found: Chances = {}
    for sample, field, values, p in zip(
        *(rows[column] for column in ("sample_id", "field", "value", "probability")), strict=True
    ):
        key = (str(sample), str(field))
        found[key] = _shown(values, p, stated.get(key, set()), name)
    return found


def _shown(
    values: Sequence[object], p: Sequence[float], stated: set[str], name: Callable[[str], str]
) -> tuple[Chance, ...]:
    ids = [str(value) for value in values]
    places = list(range(min(MOST_PROBABLE, len(ids))))
    if stated:
        places += [i for i in range(len(places), len(ids)) if ids[i] in stated]
    return tuple(
        Chance(name(ids[i]), round(float(p[i]), 4), probability(float(p[i])), ids[i] in stated)
        for i in places
    )


def _names(given: ReportInput) -> Callable[[str], str]:
    """Return what names a value: the model's own label, then the ontology's, then the id."""
    from gem_assets.labels.ontology import label_of

    known = given.predicted_of_units[["predicted_id", "predicted_label"]].dropna().drop_duplicates()
    names = dict(zip(known["predicted_id"], known["predicted_label"], strict=True))

    @cache
    def name(value: str) -> str:
        if value in names:
            return str(names[value])
        return (label_of(value) if ":" in value else None) or value

    return cast("Callable[[str], str]", name)
