"""Sheets of which a column, or every column, slipped by one to three rows against the samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

from gem_assets.qc.label_fit import LabelFit, LabelFits
from gem_assets.qc.partners import LOG_JOINT_RATIO

SHIFTS: tuple[int, ...] = (1, -1, 2, -2, 3, -3)
"""Rows that a label may be away from its sample; in doubt, the first of them that fits best."""

LOG_AGREES = float(np.log(0.5))
"""A label fits with at least half of the probability, as one that passes by its mass does."""

MOST_LOSERS = 0.2
"""Rows that a shift makes clearly worse, per row that it makes clearly better, at most: the model
errs on some samples, but rows that really slipped have no right labels. Three independent errors
beside a right one (GEUVADIS sexes) gain as much as a shift of four rows; and with five random
swaps in that sheet, which is sorted by sex, some run of rows gained enough to look slipped in 12
of 200 repeats."""

LEAST_ROWS = 6
"""Fewer rows are no sheet that slips: an exchange of two neighbours says it better."""

PLACES_TO_TELL = 3
"""A shift is told from an exchange by at least so many changes of label along the sheet: the
exchange of two blocks of neighbouring rows touches two."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A column of labels that fits when moved by some rows.

    Attributes
    ----------
    rows
        Each sample fits the label this many rows below its own (above, if negative).
    fields
        Fields whose labels are shifted.
    sample_ids
        The samples between the first and the last of the shifted rows, in their order.
    takes_from
        For each of these, the sample whose row holds the label that it should have; None at the
        end of the sheet, where the label may be lost.
    contradicted
        Those of these whose own label fits worse than the shifted one.
    places
        Changes of label along these rows, the most of the fields.
    log_ratio
        Natural log of the likelihood ratio of the shifted labels against those stated.
    alone
        Whether a shift explains this better than any exchange of the contradicted labels: they
        change at `PLACES_TO_TELL` places or more, and there are 1e3 times as many exchanges of so
        many labels as there are shifts. Not so in a sheet sorted by its labels.
    partly
        Whether only a part of the rows is shifted.
    batch
        The batch whose rows these are, where only they slipped.
    """

    rows: int
    fields: tuple[str, ...]
    sample_ids: tuple[str, ...]
    takes_from: tuple[str | None, ...]
    contradicted: frozenset[str]
    places: int
    log_ratio: float
    alone: bool
    partly: bool = False
    batch: str | None = None


def find_shifts(
    fits: LabelFits,
    *,
    order: Sequence[str] | None = None,
    batches: pd.Series | None = None,
) -> list[Shift]:
    """Return the shifts that a sample sheet is consistent with, fields of one shift together.

    A whole sheet is shifted where the labels some rows away fit better by a likelihood ratio of
    1e3, and most of the rows that would change gain clearly. Every untouched row that would
    change speaks against it, so labels that are exchanged here and there are no shift. Where the
    whole sheet is not, its batches may be, or a run of rows: of that, labels must change at
    `PLACES_TO_TELL` places, and the ratio is raised by the number of runs that it was chosen from.

    Parameters
    ----------
    fits
        How well each label fits each sample.
    order
        The samples in the order in which rows may have slipped; that of the labels by default.
    batches
        Batch by sample, each with its own rows.
    """
    names = fits.samples if order is None else pd.Index(list(order))
    rows = fits.samples.get_indexer(names)
    rows = rows[rows >= 0].astype(np.intp)
    if len(rows) < LEAST_ROWS:
        return []
    found: list[Shift] = []
    for field, fit in fits.accusing().items():
        whole = _best(_whole(fits, field, fit, rows))
        if whole is not None:
            found.append(whole)
            continue
        within = list(_by_batch(fits, field, fit, rows, batches))
        if within:
            found += within
            continue
        part = _best(_parts(fits, field, fit, rows))
        if part is not None:
            found.append(part)
    return _joined(found)


def _whole(fits: LabelFits, field: str, fit: LabelFit, rows: NDArray[np.intp]) -> Iterator[Shift]:
    for shift in SHIFTS:
        if len(rows) <= abs(shift):
            continue
        gains = _gains(fit, rows, shift)
        if not _wraps(fit, rows, shift):
            gains[_ends(len(rows), shift)] = 0
        if gains.sum() >= LOG_JOINT_RATIO and _most_gain(fit, rows, shift, gains):
            yield _shift(fits, field, fit, rows, shift, gains)


def _by_batch(
    fits: LabelFits,
    field: str,
    fit: LabelFit,
    rows: NDArray[np.intp],
    batches: pd.Series | None,
) -> Iterator[Shift]:
    if batches is None:
        return
    by_row = batches.reindex(fits.samples[rows]).reset_index(drop=True)
    for batch, places in by_row.groupby(by_row, sort=False).indices.items():
        best = _best(_whole(fits, field, fit, rows[np.asarray(places)]))
        if best is not None and best.alone:
            yield replace(best, batch=str(batch))


def _parts(fits: LabelFits, field: str, fit: LabelFit, rows: NDArray[np.intp]) -> Iterator[Shift]:
    n = len(rows)
    for shift in SHIFTS:
        if n <= abs(shift):
            continue
        gains = _gains(fit, rows, shift)
        gains[_ends(n, shift)] = 0
        first, last = _heaviest_run(gains)
        run = gains[first:last]
        least = LOG_JOINT_RATIO + np.log(len(SHIFTS) * n * (n + 1) / 2)
        gaining, losing = ((sign * run >= LOG_JOINT_RATIO / 2).sum() for sign in (1, -1))
        if run.sum() < least or 2 * gaining <= (run != 0).sum() or losing > MOST_LOSERS * gaining:
            continue
        part = _shift(fits, field, fit, rows, shift, np.where(_within(n, first, last), gains, 0))
        if part.alone:
            yield part


def _gains(fit: LabelFit, rows: NDArray[np.intp], shift: int) -> NDArray[np.float64]:
    """Return what each row gains by the label ``shift`` rows below; round the end of the sheet."""
    return fit.gain_of_each(rows, np.roll(rows, -shift))


def _most_gain(
    fit: LabelFit, rows: NDArray[np.intp], shift: int, gains: NDArray[np.float64]
) -> bool:
    """Return whether most rows that would change gain their half of `LOG_JOINT_RATIO`, few lose it.

    In a sheet of labels at random small gains and losses could add up to anything.
    """
    own, other = fit.code[rows], fit.code[np.roll(rows, -shift)]
    changing = (own >= 0) & (other >= 0)
    changing[changing] = fit.unlike[own[changing], other[changing]]
    if not _wraps(fit, rows, shift):
        changing[_ends(len(rows), shift)] = False
    gaining, losing = ((sign * gains >= LOG_JOINT_RATIO / 2).sum() for sign in (1, -1))
    return bool(2 * gaining > changing.sum() and losing <= MOST_LOSERS * gaining)


def _ends(n: int, shift: int) -> slice:
    """Return the rows whose label lies beyond the end of the sheet."""
    return slice(n - shift, n) if shift > 0 else slice(0, -shift)


def _wraps(fit: LabelFit, rows: NDArray[np.intp], shift: int) -> bool:
    """Return whether the labels that left the sheet at one end fit the samples at the other."""
    ends = _ends(len(rows), shift)
    takers, codes = rows[ends], fit.code[np.roll(rows, -shift)[ends]]
    known = (codes >= 0) & (fit.code[takers] >= 0)
    fitting = fit.log_p[takers[known], codes[known]] >= LOG_AGREES
    return bool(2 * fitting.sum() > known.sum())


def _within(n: int, first: int, last: int) -> NDArray[np.bool_]:
    within = np.zeros(n, dtype=np.bool_)
    within[first:last] = True
    return within


def _heaviest_run(gains: NDArray[np.float64]) -> tuple[int, int]:
    """Return first and one past the last of the run of rows that gains most together."""
    before = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(before)
    last = int(np.argmax(before - lowest))
    first = int(np.argmin(before[: last + 1]))
    return first, last


def _shift(
    fits: LabelFits,
    field: str,
    fit: LabelFit,
    rows: NDArray[np.intp],
    shift: int,
    gains: NDArray[np.float64],
) -> Shift:
    """Describe a shift; rows without a gain or loss at either end do not belong to a part."""
    n = len(rows)
    changed = np.flatnonzero(gains)
    partly = bool((gains[_ends(n, shift)] == 0).all() and _loses_elsewhere(fit, rows, shift, gains))
    first, last = (int(changed[0]), int(changed[-1]) + 1) if partly else (0, n)
    lost = np.zeros(n, dtype=np.bool_)
    if not _wraps(fit, rows, shift):
        lost[_ends(n, shift)] = True
    names = fits.samples[rows]
    sources = fits.samples[np.roll(rows, -shift)]
    # A whole sheet is a ring: what left it at one end may be at the other.
    ring = np.append(rows[first:last], np.roll(rows, -shift)[last - 1] if partly else rows[0])
    codes = fit.code[ring]
    codes = codes[codes >= 0]
    places = int(fit.unlike[codes[:-1], codes[1:]].sum()) if len(codes) > 1 else 0
    moved = fit.code[rows[gains > 0]]
    alone = places >= PLACES_TO_TELL and (
        _log_exchanges(last - first, moved) - np.log(len(SHIFTS)) >= LOG_JOINT_RATIO
    )
    return Shift(
        rows=shift,
        fields=(field,),
        sample_ids=tuple(names[first:last]),
        takes_from=tuple(
            None if gone else str(source)
            for source, gone in zip(sources[first:last], lost[first:last], strict=True)
        ),
        contradicted=frozenset(str(name) for name in names[gains > 0]),
        places=places,
        log_ratio=float(gains.sum()),
        alone=bool(alone),
        partly=partly,
    )


def _log_exchanges(n: int, moved: NDArray[np.intp]) -> float:
    """Return the log of the number of ways to choose rows and arrange their labels among them."""
    k = len(moved)
    arrangements = gammaln(k + 1) - gammaln(np.bincount(moved) + 1).sum()
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + arrangements)


def _loses_elsewhere(
    fit: LabelFit, rows: NDArray[np.intp], shift: int, gains: NDArray[np.float64]
) -> bool:
    """Return whether rows were left out of the gains that the shift would make worse."""
    every = _gains(fit, rows, shift)
    every[_ends(len(rows), shift)] = 0
    return bool((every[gains == 0] < 0).any())


def _best(shifts: Iterator[Shift]) -> Shift | None:
    return max(shifts, key=lambda one: one.log_ratio, default=None)


def _joined(shifts: list[Shift]) -> list[Shift]:
    """Return shifts of the same rows by the same number as one of several fields."""
    joined: dict[tuple[int, tuple[str, ...]], Shift] = {}
    for one in shifts:
        key = (one.rows, one.sample_ids)
        other = joined.get(key)
        joined[key] = (
            one
            if other is None
            else replace(
                other,
                fields=(*other.fields, *one.fields),
                contradicted=other.contradicted | one.contradicted,
                places=max(other.places, one.places),
                log_ratio=other.log_ratio + one.log_ratio,
                alone=other.alone or one.alone,
            )
        )
    return sorted(joined.values(), key=lambda one: -one.log_ratio)
