"""Wrong labels planted in sheets of real samples: exchanges, random swaps, shifts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.qc.label_fit import label_fits
from parts.cohorts import SETTINGS, Cohort

Pair = tuple[str, str]


def columns_of(frame: pd.DataFrame, field: str | None) -> list[str]:
    """Return the columns of a sheet that state a field; None: all, as rows that changed places."""
    if field is None:
        return [name for name in frame.columns if name != "sample_id"]
    return [name for name in FIELD_BY_NAME[field].sheet_columns if name in frame.columns]


def relabelled(frame: pd.DataFrame, of: Mapping[str, str], field: str | None) -> pd.DataFrame:
    """Return a sheet in which some samples have the label of another; ``of``: sample -> whose."""
    place = {sample: i for i, sample in enumerate(frame["sample_id"])}
    source = [place[of.get(sample, sample)] for sample in frame["sample_id"]]
    planted = frame.copy()
    for name in columns_of(frame, field):
        planted[name] = frame[name].to_numpy()[source]
    return planted


def shifted(frame: pd.DataFrame, rows: int, field: str | None, *, ring: bool) -> pd.DataFrame:
    """Return a sheet whose labels slipped so many rows down (up, if negative).

    ``ring``: whether what left the sheet at one end came in at the other, or was lost, so that
    the rows there state nothing.
    """
    planted = frame.copy()
    for name in columns_of(frame, field):
        slipped = np.roll(frame[name].to_numpy(dtype=object), rows)
        if not ring:
            slipped[:rows] = "" if rows > 0 else slipped[:rows]
            slipped[rows:] = "" if rows < 0 else slipped[rows:]
        planted[name] = slipped
    return planted


def exchange(pairs: Iterable[Pair]) -> dict[str, str]:
    """Return whose label each sample gets when pairs are exchanged."""
    return {one: other for pair in pairs for one, other in (pair, pair[::-1])}


def unrelated_pairs(cohort: Cohort, field: str) -> list[Pair]:
    """Return all pairs of samples whose labels exclude each other: neither is a part of the other.

    An exchange of others leaves every label right.
    """
    tables = cohort.given().tables
    fit = label_fits(
        tables["sample_labels"],
        tables["predicted_metadata"],
        tables["classifier_probs"],
        SETTINGS,
    )
    samples, one = fit.samples, fit.fields[field]
    return [
        (str(samples[i]), str(samples[j]))
        for i, j in itertools.combinations(range(len(samples)), 2)
        if min(one.code[i], one.code[j]) >= 0 and one.unlike[one.code[i], one.code[j]]
    ]


def random_swaps(
    samples: Sequence[str], pairs: Iterable[Pair], share: float, repeats: int, seed: int
) -> Iterator[list[Pair]]:
    """Yield swaps of about a share of the samples, at least one pair, only of unrelated labels."""
    rng = np.random.default_rng(seed)
    unrelated = frozenset(frozenset(pair) for pair in pairs)
    n = max(1, round(share * len(samples) / 2))
    for _ in range(repeats):
        while True:
            drawn = rng.choice(np.array(samples, dtype=object), 2 * n, replace=False)
            chosen = [
                (str(one), str(other)) for one, other in zip(drawn[::2], drawn[1::2], strict=True)
            ]
            if all(frozenset(pair) in unrelated for pair in chosen):
                yield chosen
                break
