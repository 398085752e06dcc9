"""Wrong labels, planted: what a check finds of errors that are known can be counted.

Rows of a sheet change places, as tubes or lines of a table do: all labels of a sample together,
and its donor; batch and well say where a tube stood, and stay. Nothing is predicted anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.qc.corrected_sheet import PERSONAL_COLUMNS
from gem_assets.qc.label_fit import LabelFits
from gem_assets.qc.shifts import SHIFTS

PLANTED_SHARE = 0.05
"""Share of the samples that one judgement has exchanged at most, but at least a pair: about what
is wrong in a sheet by accident, so that most labels are right around each error."""

ENUMERATED = 20_000
"""Up to so many pairs are listed to draw from; of more, those drawn twice are drawn again."""

STATED = ("provided_text", "provided_id", "provided_label", "resolution")
"""Columns of ``sample_labels`` that go with a label."""

SWAP, SHIFT = "swap", "shift"


@dataclass(frozen=True, slots=True)
class PlantedLabels:
    """Rows of a sheet that changed places, for one judgement.

    Attributes
    ----------
    kind
        ``swap`` or ``shift``.
    errors
        The samples of each error: the two of a swap; those of a shift whose label became another.
    takes_from
        Sample -> sample whose row it got; others keep theirs.
    changed
        Samples whose labels are others now, whether these exclude the right ones or not.
    """

    kind: str
    errors: tuple[frozenset[str], ...]
    takes_from: Mapping[str, str]
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """Swaps to plant.

    Attributes
    ----------
    judgements
        The swaps, some a judgement; no pair twice.
    tellable
        Pairs of samples whose labels exclude each other in a field that is judged, so that an
        exchange of them could be seen at all.
    pairs
        All pairs of the samples.
    """

    judgements: tuple[PlantedLabels, ...]
    tellable: int
    pairs: int


def plan_swaps(
    fits: LabelFits, samples: Collection[str], n: int, rng: np.random.Generator
) -> SwapPlan:
    """Draw pairs of samples at random whose rows are to be exchanged.

    Parameters
    ----------
    fits
        The labels of the dataset.
    samples
        Samples to choose from.
    n
        Number of pairs; all tellable ones where there are no more.
    rng
        Where chance comes from.
    """
    pool = [sample for sample in fits.samples if sample in frozenset(samples)]
    held, unlike = held_labels(fits, pool)
    drawn = draw_pairs(held, unlike, n, rng)
    at_once = max(1, int(PLANTED_SHARE * len(fits.samples) / 2))
    judgements = tuple(
        PlantedLabels(
            SWAP,
            tuple(frozenset((pool[i], pool[j])) for i, j in pairs),
            {pool[a]: pool[b] for i, j in pairs for a, b in ((i, j), (j, i))},
            frozenset(pool[i] for pair in pairs for i in pair),
        )
        for pairs in packed(drawn, at_once)
    )
    return SwapPlan(judgements, tellable_pairs(held, unlike) // 2, len(pool) * (len(pool) - 1) // 2)


def plan_shifts(
    fits: LabelFits, samples: Collection[str], order: Sequence[str]
) -> tuple[PlantedLabels, ...]:
    """Return the sheet slipped by one to three rows, up and down: one judgement each.

    What leaves the sheet at one end comes in at the other. A shift that changes the label of none
    of ``samples`` to one that excludes it is no error and is left out.

    Parameters
    ----------
    fits
        The labels of the dataset.
    samples
        Samples whose labels count as right before.
    order
        All samples of the sheet, in its order.
    """
    place = {sample: i for i, sample in enumerate(order)}
    pool = [sample for sample in fits.samples if sample in place]
    held, unlike = held_labels(fits, pool)
    label_of = np.full(len(order), -1, dtype=np.intp)
    label_of[[place[sample] for sample in pool]] = held
    right = np.isin(np.array(order, dtype=object), list(samples))
    planted = []
    for rows in SHIFTS:
        if abs(rows) >= len(order):
            continue
        taken = np.roll(label_of, rows)
        known = (label_of >= 0) & (taken >= 0) & right
        changed = np.flatnonzero(known)[unlike[label_of[known], taken[known]]]
        if len(changed):
            sources = np.roll(np.array(order, dtype=object), rows)
            planted.append(
                PlantedLabels(
                    SHIFT,
                    (frozenset(order[i] for i in changed.tolist()),),
                    dict(zip(order, sources.tolist(), strict=True)),
                    frozenset(order[i] for i in np.flatnonzero(label_of != taken).tolist()),
                )
            )
    return tuple(planted)


def relabelled(
    tables: Mapping[str, pd.DataFrame], takes_from: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Return the tables of a dataset with rows of its sheet in other places.

    Parameters
    ----------
    tables
        Among others ``sample_labels`` and, where the sheet is known, ``sample_sheet``; the others
        are returned as they are.
    takes_from
        Sample -> sample whose row it gets.
    """
    changed = dict(tables)
    changed["sample_labels"] = _moved(tables["sample_labels"], "field", STATED, takes_from)
    sheet = tables.get("sample_sheet")
    if sheet is not None and len(sheet):
        personal = sheet["sheet_column"].isin(PERSONAL_COLUMNS).to_numpy()
        moved = _moved(sheet, "sheet_column", ("text",), takes_from)
        moved["text"] = moved["text"].where(personal, sheet["text"].astype(object))
        changed["sample_sheet"] = moved
    return changed


def _moved(
    frame: pd.DataFrame, key: str, columns: Sequence[str], takes_from: Mapping[str, str]
) -> pd.DataFrame:
    """Return a frame whose rows stay, with the values of some columns from other samples' rows."""
    sources = [takes_from.get(sample, sample) for sample in frame["sample_id"]]
    own = pd.MultiIndex.from_arrays([frame[key], frame["sample_id"].astype(object)])
    row = own.get_indexer(pd.MultiIndex.from_arrays([frame[key], pd.Index(sources, dtype=object)]))
    # Whose source has no such row keeps its own.
    row = np.where(row < 0, np.arange(len(frame)), row)
    moved = frame.copy()
    for name in columns:
        moved[name] = frame[name].astype(object).to_numpy()[row]
    return moved


def held_labels(
    fits: LabelFits, samples: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return what each sample is labelled in all judged fields together, and what excludes what.

    Returns
    -------
    held
        One number a sample, equal for equal labels, shape (samples,).
    unlike
        Shape (numbers, numbers): whether two such sets of labels exclude each other in a field.
    """
    fields = list(fits.accusing().values())
    places = fits.samples.get_indexer(pd.Index(list(samples), dtype=object))
    if not fields or not len(places):
        return np.zeros(len(places), dtype=np.intp), np.zeros((1, 1), dtype=np.bool_)
    codes = np.stack([fit.code[places] for fit in fields])
    sets, held = np.unique(codes, axis=1, return_inverse=True)
    unlike = np.zeros((sets.shape[1], sets.shape[1]), dtype=np.bool_)
    for fit, code in zip(fields, sets, strict=True):
        known = np.flatnonzero(code >= 0)
        unlike[np.ix_(known, known)] |= fit.unlike[np.ix_(code[known], code[known])]
    return held.reshape(-1).astype(np.intp), unlike


def tellable_pairs(held: NDArray[np.intp], tellable: NDArray[np.bool_]) -> int:
    """Return the number of ordered pairs of samples whose labels are tellable."""
    sizes = np.bincount(held, minlength=len(tellable))
    return int(sizes @ tellable @ sizes)


def draw_pairs(
    held: NDArray[np.intp],
    tellable: NDArray[np.bool_],
    n: int,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Draw pairs of samples at random, each of the tellable ones as likely, none twice.

    Parameters
    ----------
    held
        What each sample is, as a number.
    tellable
        Which two of these make a pair, shape (numbers, numbers); none makes one with itself. A
        pair and its reverse are one, drawn in either direction that is tellable.
    n
        How many; all, where there are no more.
    rng
        Where chance comes from.

    Returns
    -------
    list of (place, place)
        In random order.
    """
    members = [np.flatnonzero(held == one) for one in range(len(tellable))]
    sizes = np.array([len(some) for some in members], dtype=np.int64)
    weight = np.where(tellable, sizes[:, None] * sizes, 0).astype(np.float64)
    total = int(weight.sum())
    if not total or n <= 0:
        return []
    drawn: dict[frozenset[int], tuple[int, int]] = {}
    if total <= ENUMERATED:
        every = [
            (int(i), int(j))
            for a, b in np.argwhere(tellable)
            for i in members[a]
            for j in members[b]
        ]
        for place in rng.permutation(len(every)):
            drawn.setdefault(frozenset(every[place]), every[place])
            if len(drawn) == n:
                break
        return list(drawn.values())
    chances = (weight / weight.sum()).reshape(-1)
    while len(drawn) < min(n, total // 4):
        a, b = divmod(int(rng.choice(len(chances), p=chances)), len(tellable))
        pair = int(rng.choice(members[a])), int(rng.choice(members[b]))
        drawn.setdefault(frozenset(pair), pair)
    return list(drawn.values())


def packed(pairs: Sequence[tuple[int, int]], at_once: int) -> Iterator[list[tuple[int, int]]]:
    """Yield the pairs in groups of at most so many, in none of which a sample is twice."""
    left = list(pairs)
    while left:
        group: list[tuple[int, int]] = []
        used: set[int] = set()
        rest = []
        for pair in left:
            if len(group) < at_once and used.isdisjoint(pair):
                group.append(pair)
                used.update(pair)
            else:
                rest.append(pair)
        yield group
        left = rest
