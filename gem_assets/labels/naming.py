"""Bringing a sheet's columns under our names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from gem_assets.labels.columns import (
    KNOWN_COLUMNS,
    ORGANISM,
    SAMPLE_ID,
    Meaning,
    meaning_of,
    plain_name,
    with_unit,
)
from gem_assets.labels.fields import FIELDS
from gem_assets.labels.hierarchy import related
from gem_assets.labels.resolution import resolve_label
from gem_assets.labels.sample_column import choose_sample_column, listed
from gem_assets.labels.sheets.layout import Layout
from gem_assets.labels.spelling import fold
from gem_assets.labels.words import says_nothing
from gem_assets.problems import InputProblem, Severity, refuse

_MAX_LISTED = 100
_FIELD_OF_COLUMN = {column: field for field in FIELDS for column in field.sheet_columns}


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A sheet under our names.

    Attributes
    ----------
    frame
        As the layout's, with our names; ``sample_id`` among them.
    extra_columns
        Columns that mean nothing to us.
    organism
        The column of organisms, if there is one, text.
    notes, problems
        What was read as what, and what disagrees.
    """

    frame: pd.DataFrame
    extra_columns: tuple[str, ...]
    organism: pd.Series | None
    notes: tuple[str, ...]
    problems: tuple[InputProblem, ...]


def under_our_names(
    layout: Layout, columns: Mapping[str, str], sample_ids: Collection[str] | None, source: str
) -> Named:
    """Bring the columns of a sheet under our names.

    A column means what ``columns`` says, else what its exact name says, else what its format or a
    synonym says. Of several columns that mean the same, one that ``columns`` names is read alone;
    else the one with our name comes first, and the others fill its gaps.

    Parameters
    ----------
    layout
        The sheet.
    columns
        The dataset's own column names to ours.
    sample_ids
        Samples of the counts, if they are known: they decide between columns of sample names.
    source
        The file, for messages.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If ``columns`` names columns that do not exist, neither as it says nor under our name, two
        columns have one of our names, or none names the samples.
    """
    header = tuple(layout.frame.columns)
    columns, held = _still_to_map(header, columns, source)
    own = _own_names(header, columns, source)
    meanings = {name: m for name in header if (m := _meaning(name, own, layout))}
    by_ours: dict[str, list[str]] = {}
    for name, meaning in meanings.items():
        by_ours.setdefault(meaning.column, []).append(name)
    by_ours = {ours: _in_order(ours, names, columns) for ours, names in by_ours.items()}
    organism = by_ours.pop(ORGANISM, [])
    by_name = by_ours.pop(SAMPLE_ID, [])
    mapped = [theirs for theirs, ours in columns.items() if ours == SAMPLE_ID]
    samples, notes = choose_sample_column(layout, mapped, by_name, sample_ids, source)
    by_ours[SAMPLE_ID] = [samples]

    cells: dict[str, pd.Series] = {}
    problems: list[InputProblem] = []
    ours_of = {names[0]: ours for ours, names in by_ours.items()}
    for name in header:
        ours = ours_of.get(name)
        if ours is None:
            cells[f"{name} (not read)" if name in by_ours else name] = layout.frame[name]
            continue
        parts = [_with_units(layout.frame[n], meanings.get(n)) for n in by_ours[ours]]
        cells[ours], found = _filled(parts, ours, layout, source)
        problems += found
    perhaps_notes = _read_perhaps(cells, layout)
    frame = pd.DataFrame(cells)
    extra = tuple(c for c in frame.columns if c not in KNOWN_COLUMNS and c not in organism)
    read_as = [f"{n!r} as {ours}" for ours, names in by_ours.items() for n in names if n != ours]
    if read_as:
        notes.append(f"Columns read under our names: {', '.join(read_as)}.")
    return Named(
        frame,
        extra,
        layout.frame[organism[0]] if organism else None,
        (*held, *notes, *perhaps_notes),
        (*problems, *_near_misses(extra, frame.columns, source)),
    )


def _still_to_map(
    header: tuple[str, ...], columns: Mapping[str, str], source: str
) -> tuple[dict[str, str], list[str]]:
    """Return ``columns`` without those that have our name already, and a note on these.

    A corrected sheet has our names. Who copies it over the one it was made of need not change what
    the dataset says of columns.
    """
    held = {
        theirs: ours
        for theirs, ours in columns.items()
        if theirs not in header and ours in header and ours in KNOWN_COLUMNS
    }
    notes = [
        f"{source} has no column {theirs!r}, which should be read as {ours!r}, but one named "
        f"{ours!r}: that one is read."
        for theirs, ours in held.items()
    ]
    return {theirs: ours for theirs, ours in columns.items() if theirs not in held}, notes


def _own_names(header: tuple[str, ...], columns: Mapping[str, str], source: str) -> dict[str, str]:
    """Return the columns whose meaning is beyond doubt: named exactly so, or by the dataset."""
    for theirs, ours in columns.items():
        if theirs not in header:
            near = get_close_matches(theirs, header, 1)
            raise refuse(
                "sample_sheet_column_missing",
                f"{source} has no column {theirs!r}, which should be read as {ours!r}; "
                f"it has: {listed(header)}.",
                f"Did you mean {near[0]!r}?" if near else "Correct the dataset's column names.",
            )
        if ours not in KNOWN_COLUMNS:
            near = get_close_matches(ours, KNOWN_COLUMNS, 1)
            raise refuse(
                "sample_sheet_column_unknown",
                f"The column {theirs!r} should be read as {ours!r}, which is none of ours.",
                f"Did you mean {near[0]!r}?" if near else f"Ours are: {', '.join(KNOWN_COLUMNS)}.",
            )
    own = {name: columns.get(name, name) for name in header}
    own = {name: ours for name, ours in own.items() if ours in KNOWN_COLUMNS}
    repeated = [name for name, n in Counter(own.values()).items() if n > 1]
    if repeated:
        raise refuse(
            "sample_sheet_repeated_column",
            f"{source}: two columns would be read as {repeated[0]!r}.",
            "Map one column to each of our names, and rename the other in the sheet.",
            tuple(repeated),
        )
    return own


def _meaning(name: str, own: Mapping[str, str], layout: Layout) -> Meaning | None:
    by_name = None if name in layout.ignored else meaning_of(name)
    ours = own.get(name) or layout.meanings.get(name)
    if ours is None:
        return by_name
    unit = by_name.unit if by_name and by_name.column == ours else None
    return Meaning(ours, unit)


def _in_order(ours: str, names: list[str], columns: Mapping[str, str]) -> list[str]:
    """Return the columns to read as one of ours, the one that wins first."""
    mapped = [name for name in names if columns.get(name) == ours]
    return mapped or sorted(names, key=lambda name: name != ours)


def _with_units(cells: pd.Series, meaning: Meaning | None) -> pd.Series:
    if meaning is None or meaning.unit in (None, "years"):
        return cells
    unit = meaning.unit
    return cells.map(lambda cell: with_unit(cell, unit))


def _filled(
    parts: list[pd.Series],
    ours: str,
    layout: Layout,
    source: str,
) -> tuple[pd.Series, list[InputProblem]]:
    """Fill a column's gaps from the others of its meaning, and tell where they disagree."""
    first, *others = parts
    problems = []
    for other in others:
        empty = first.map(says_nothing)
        differs = ~empty & ~other.map(says_nothing) & (first.map(fold) != other.map(fold))
        rows = [
            row
            for row in np.flatnonzero(differs).tolist()
            if not _same_meaning(ours, first.iloc[row], other.iloc[row])
        ]
        if rows:
            problems.append(
                InputProblem(
                    "sample_sheet_columns_disagree",
                    Severity.WARNING,
                    f"{source}: {parts[0].name!r} and {other.name!r} both state {ours}, and differ "
                    f"in {layout.places(rows)} ({first.iloc[rows[0]]!r}, {other.iloc[rows[0]]!r}). "
                    f"{parts[0].name!r} is taken.",
                    "Correct one of them, or name the column to read under `columns:` in "
                    "dataset.yaml.",
                    tuple(layout.places([row]) for row in rows[:_MAX_LISTED]),
                )
            )
        first = first.where(~empty, other)
    return first, problems


def _same_meaning(ours: str, one: str, other: str) -> bool:
    """Return whether two texts mean one value, or one of them the other more exactly."""
    field = _FIELD_OF_COLUMN.get(ours)
    if field is None:
        return False
    return related(resolve_label(field, one).ids, resolve_label(field, other).ids)


def _read_perhaps(
    cells: dict[str, pd.Series],
    layout: Layout,
) -> list[str]:
    """Read columns of free text that no better column makes needless, as far as they are terms."""
    notes = []
    for name, ours in layout.perhaps.items():
        field = _FIELD_OF_COLUMN[ours]
        if name not in cells or any(column in cells for column in field.sheet_columns):
            continue
        texts = pd.unique(cells[name])
        terms = {text for text in texts if resolve_label(field, text).resolved}
        if not terms:
            continue
        cells[ours] = cells[name].where(cells[name].isin(terms), "")
        left = [text for text in texts if text not in terms and not says_nothing(text)]
        but = (
            f", but for {len(left)} of its {len(texts)} values, which name none ({left[0]!r})"
            if left
            else ""
        )
        notes.append(f"No column states {field.name}: it is read from {name!r}{but}.")
    return notes


def _near_misses(
    extra: tuple[str, ...], present: Collection[str], source: str
) -> tuple[InputProblem, ...]:
    """Return a warning for each column whose name is nearly one of ours."""
    problems = []
    for name in extra:
        key = plain_name(name).replace(" ", "_")
        near = get_close_matches(key, KNOWN_COLUMNS, 1, 0.85)
        if near and near[0] not in present:
            problems.append(
                InputProblem(
                    "sample_sheet_column_not_read",
                    Severity.WARNING,
                    f"{source}: the column {name!r} is kept but not read; ours is {near[0]!r}.",
                    f"Rename it to {near[0]}, or map it under `columns:` in dataset.yaml.",
                    (name,),
                )
            )
    return tuple(problems)
