"""The rows of a sheet: one a sample, all human, none meant for several."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

from gem_assets.labels.columns import LABEL_COLUMNS, SAMPLE_ID
from gem_assets.labels.sheets.layout import Layout
from gem_assets.labels.spelling import fold
from gem_assets.labels.words import says_nothing
from gem_assets.problems import InputProblem, Severity, refuse

_MAX_LISTED = 100

_HUMAN = frozenset(
    (
        *("homo sapiens", "human", "humans", "h. sapiens", "h.sapiens", "hsapiens", "hs", "hsa"),
        *("homo sapiens (human)", "human (homo sapiens)", "homo_sapiens", "9606", "9606.0"),
        *("ncbitaxon:9606", "ncbitaxon_9606", "taxon:9606"),
        "http://purl.obolibrary.org/obo/ncbitaxon_9606",
    )
)
_ORGANISMS_APART = re.compile(r"\s*(?:\|\||[;|,+&/](?!/)|\band\b)\s*")


def one_row_a_sample(
    frame: pd.DataFrame, layout: Layout, source: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row a sample, and what was merged or left out.

    Rows of one sample are merged if the format has runs or lanes: their labels must agree; of
    other columns, differing cells are joined by ``; ``.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If a row names no sample, or rows of one sample can't be merged.
    """
    names = frame[SAMPLE_ID]
    unnamed = [row for row, name in enumerate(names) if not name]
    if unnamed and not layout.merges:
        raise refuse(
            "sample_sheet_unnamed_sample",
            f"{source}, {layout.places(unnamed[:1])}: the sample_id is empty.",
            "Give every row its sample's name, as in the counts file (merged cells are saved as "
            "one name and empty cells below it).",
        )
    notes = []
    if unnamed:
        notes.append(f"{len(unnamed)} row(s) name no sample and are left out.")
    rows_of: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        if name:
            rows_of.setdefault(name, []).append(row)
    repeated = {name: rows for name, rows in rows_of.items() if len(rows) > 1}
    if repeated and not layout.merges:
        name, rows = next(iter(repeated.items()))
        raise refuse(
            "sample_sheet_duplicate_samples",
            f"{source}: {len(repeated)} sample(s) have several rows; the first is {name!r} "
            f"in {layout.places(rows)}.",
            "Keep one row a sample.",
            tuple(repeated)[:_MAX_LISTED],
        )
    if not rows_of:
        raise refuse(
            "sample_sheet_unnamed_sample",
            f"{source}: no row names a sample.",
            "Name the column that holds the samples' names under `columns:` in dataset.yaml.",
        )
    if repeated:
        frame = _merged(frame, rows_of, layout, source)
        notes.append(
            f"{len(repeated)} sample(s) have several rows (runs or lanes), whose labels agree; "
            "they are read as one."
        )
    elif unnamed:
        frame = frame.drop(index=frame.index[unnamed]).reset_index(drop=True)
    return frame, tuple(notes)


def _merged(
    frame: pd.DataFrame, rows_of: dict[str, list[int]], layout: Layout, source: str
) -> pd.DataFrame:
    columns: dict[str, list[str]] = {}
    disagreeing: list[str] = []
    for column in frame.columns:
        cells = frame[column].to_numpy()
        merged = []
        for name, rows in rows_of.items():
            stated = {fold(cells[r]): cells[r] for r in rows if not says_nothing(cells[r])}
            if len(stated) > 1 and column in LABEL_COLUMNS:
                disagreeing.append(
                    f"{name!r} in {layout.places(rows)}: {column} is "
                    f"{', '.join(map(repr, stated.values()))}"
                )
            merged.append("; ".join(stated.values()) if stated else cells[rows[0]])
        columns[column] = merged
    if disagreeing:
        raise refuse(
            "sample_sheet_rows_disagree",
            f"{source}: rows of one sample state different labels; the first is {disagreeing[0]}.",
            "Correct the rows, or give different samples different names.",
            tuple(disagreeing[:_MAX_LISTED]),
        )
    return pd.DataFrame(columns, dtype=str)


def organism_problems(
    organisms: pd.Series,
    named: pd.Series,
    sample_ids: Collection[str] | None,
    layout: Layout,
    source: str,
) -> tuple[InputProblem, ...]:
    """Return a warning where organisms are mixed; samples that are not human are refused.

    Parameters
    ----------
    organisms
        What each row of the layout says.
    named
        The sample of each row.
    sample_ids
        Samples of the counts: only their rows matter; None: all do.
    layout, source
        For messages.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``sample_sheet_not_human``, naming the rows.
    """
    meant = None if sample_ids is None else frozenset(sample_ids)
    kinds = {text: _is_human(text) for text in pd.unique(organisms)}
    foreign: list[int] = []
    mixed: list[int] = []
    for row, (text, name) in enumerate(zip(organisms, named, strict=True)):
        if kinds[text] != "human" and (meant is None or name in meant):
            (mixed if kinds[text] == "mixed" else foreign).append(row)
    if foreign:
        raise refuse(
            "sample_sheet_not_human",
            f"{source}: {len(foreign)} row(s) are of {organisms.iloc[foreign[0]]!r}, not human: "
            f"{layout.places(foreign)}. The models know human samples only.",
            "Take those samples out of the counts; if the organism is wrong, correct the sheet.",
            tuple(layout.places([row]) for row in foreign[:_MAX_LISTED]),
        )
    if not mixed:
        return ()
    return (
        InputProblem(
            "sample_sheet_mixed_organisms",
            Severity.WARNING,
            f"{source}: {len(mixed)} row(s) are of several organisms "
            f"({organisms.iloc[mixed[0]]!r}): {layout.places(mixed)}. Counts of the other "
            "organism's genes are not used.",
            "Make sure that reads of the other organism were taken out (a xenograft's host).",
            tuple(layout.places([row]) for row in mixed[:_MAX_LISTED]),
        ),
    )


def _is_human(text: str) -> str:
    """Return ``human`` (also where nothing is said), ``mixed`` or ``other``."""
    if says_nothing(text) or fold(text) in _HUMAN:
        return "human"
    parts = [fold(part) in _HUMAN for part in _ORGANISMS_APART.split(text) if part]
    if parts and all(parts):
        return "human"
    return "mixed" if any(parts) else "other"


def merged_cells_problems(
    frame: pd.DataFrame, layout: Layout, source: str
) -> tuple[InputProblem, ...]:
    """Warn of label columns that look like merged cells saved as text.

    A merged cell is saved as one value and empty cells below it: the first row is filled, every
    value is followed by a gap, no two are equal, and most cells are empty.
    """
    problems = []
    for column in LABEL_COLUMNS:
        if column not in frame or len(frame) < 4:
            continue
        filled = [row for row, cell in enumerate(frame[column]) if cell]
        if not filled or filled[0] != 0 or len(filled) * 2 > len(frame):
            continue
        values = [frame[column].iloc[row] for row in filled]
        followed = all(b - a > 1 for a, b in zip(filled, [*filled[1:], len(frame)], strict=True))
        if followed and len(set(values)) == len(values):
            problems.append(
                InputProblem(
                    "sample_sheet_merged_cells",
                    Severity.WARNING,
                    f"{source}: {column} is filled in {layout.places(filled)} only and empty in "
                    "the rows below each, as merged cells are saved. Empty cells state nothing.",
                    "If a value stands for the rows below it, write it into each of them.",
                    tuple(layout.places([row]) for row in filled[:_MAX_LISTED]),
                )
            )
    return tuple(problems)
