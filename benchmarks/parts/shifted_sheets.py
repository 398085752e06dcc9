"""Sheets whose labels slipped by some rows: each must be found, and named as what it is."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from parts.cohorts import Cohort
from parts.judges import Judgement, Judges
from parts.planted_labels import columns_of, shifted
from parts.section import Bound, Section, rate

ROWS = (1, -1, 2, -2, 3, -3)
ENDS = {"round the end": True, "ends lost": False}
NOTHING = "nothing"
RIGHTLY, WRONGLY, NOT = "named rightly", "named by other rows", "not named"


def shifted_sheets(
    cohorts: Sequence[tuple[Cohort, str]], shuffled: tuple[Cohort, str], shuffles: int, seed: int
) -> tuple[Section, list[str]]:
    """Return the section, and a line on each shift that was not named.

    Parameters
    ----------
    cohorts
        Cohorts with the field that slips, in the order of their own sheets.
    shuffled
        One of which the rows are shuffled before: sorted by the label, a shift cannot be told
        from exchanges where the label changes.
    shuffles
        How many orders of that.
    seed
        Of the orders.
    """
    rng = np.random.default_rng(seed)
    rows, bad = [], []
    for cohort, label in cohorts:
        found, worse = _of_cohort(cohort, label, cohort.name, [cohort.sheet.frame])
        rows += found
        bad += worse
    cohort, label = shuffled
    frame = cohort.sheet.frame
    orders = [frame.take(rng.permutation(len(frame))) for _ in range(shuffles)]
    found, worse = _of_cohort(cohort, label, f"{cohort.name}, {shuffles} random orders", orders)
    rows += found
    bad += worse
    slipped = [row for row in rows if row.slipped != NOTHING]
    total, right = (sum(getattr(row, name) for row in slipped) for name in ("n", "rightly"))
    false = sum(row.named for row in rows if row.slipped == NOTHING)
    section = Section(
        title="Shifted sheets",
        about="Labels slip by one to three rows, up and down. A shift is named if a finding of "
        "kind `shift` says so with reason `rows_slipped`, and named rightly if it says by how many "
        "rows.",
        head=("sheet", "slipped", "n", "named as a shift", "by the right rows"),
        lines=tuple(
            (row.sheet, row.slipped, f"{row.n}", rate(row.named, row.n), f"{row.rightly}")
            for row in rows
        ),
        names=2,
        bounds=(
            Bound(f"{right} of {total} shifts are named by their rows (all).", right == total),
            Bound(f"{false} are named in sheets as they are (none).", not false),
        ),
        rows=[asdict(row) for row in rows],
    )
    return section, bad


@dataclass(frozen=True, slots=True)
class _Row:
    """What was named of the sheets that slipped in one way.

    Attributes
    ----------
    sheet, slipped
        Which sheets, and what slipped.
    n, named, rightly
        Sheets, those of which a shift was named, and those by the right number of rows.
    """

    sheet: str
    slipped: str
    n: int
    named: int
    rightly: int


def _of_cohort(
    cohort: Cohort, label: str, name: str, sheets: Sequence[pd.DataFrame]
) -> tuple[list[_Row], list[str]]:
    columns: dict[str, str | None] = {"the column": label}
    if set(cohort.sheet.frame) != {"sample_id", *columns_of(cohort.sheet.frame, label)}:
        columns["whole rows"] = None
    rows, bad = [], []
    with Judges(cohort, label) as judges:
        named = sum(bool(one.of_kind("shift")) for one in judges.judgements(sheets))
        rows.append(_Row(name, NOTHING, len(sheets), named, 0))
        for (what, column), (end, ring) in itertools.product(columns.items(), ENDS.items()):
            planted = [
                (by, shifted(sheet, by, column, ring=ring)) for by in ROWS for sheet in sheets
            ]
            judged = judges.judgements(sheet for _, sheet in planted)
            told = [(by, _named(one, by)) for (by, _), one in zip(planted, judged, strict=True)]
            counts = Counter(kind for _, kind in told)
            n, rightly = len(told), counts[RIGHTLY]
            rows.append(_Row(name, f"{what}, {end}", n, n - counts[NOT], rightly))
            bad += [
                f"{name}, {what}, {end}, by {by}: {kind}" for by, kind in told if kind != RIGHTLY
            ]
    return rows, bad


def _named(judged: Judgement, by: int) -> str:
    """Return how a shift by so many rows is told."""
    shifts = [one for one in judged.of_kind("shift") if one.reason == "rows_slipped"]
    words = f"by {abs(by)} row{'s' if abs(by) > 1 else ''}"
    if any(words in one.sentence for one in shifts):
        return RIGHTLY
    return WRONGLY if shifts else NOT
