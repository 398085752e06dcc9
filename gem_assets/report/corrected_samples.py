"""The suggested sample sheet: as a file beside the report, and as a table of what it changes."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.columns import SAMPLE_ID
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import field_words, text_or_none

MAX_CELLS = 200
"""Changed cells that are shown; the file has all."""

_BECAUSE = {
    "swap": "exchanged",
    "exchange_group": "exchanged, partner not certain",
    "shift": "slipped along the sheet",
}


@dataclass(frozen=True)
class SuggestedCell:
    """A cell of the sheet that would have to be otherwise, as text."""

    sample_id: str
    column: str
    stated: str
    suggested: str
    taken_from: str
    why: str


@dataclass(frozen=True)
class SuggestedSheet:
    """What the suggested sheet changes.

    Attributes
    ----------
    sentence
        How much it changes.
    cells, left_out
        Those that are shown, and how many more there are.
    file
        Name of the file beside the report; None if there is none, as of groups of cells: their
        labels stand in no sheet that a person writes.
    """

    sentence: str
    cells: tuple[SuggestedCell, ...]
    left_out: int
    file: str | None


class SheetChangedError(ValueError):
    """Suggestions are about another sheet than the one at hand."""


def corrected_sheet_name(dataset: str) -> str:
    """Return the name of the file that lies beside a dataset's report."""
    return f"{dataset}.corrected_samples.csv"


def corrected_samples(given: ReportInput) -> pd.DataFrame | None:
    """Return the sheet with the suggested cells in place of the stated ones.

    Parameters
    ----------
    given
        Its ``sheet`` and ``suggestions`` are used.

    Returns
    -------
    pandas.DataFrame or None
        Rows and columns of the sheet, in their order; None where nothing is suggested.

    Raises
    ------
    SheetChangedError
        If a suggestion is about a cell that the sheet has not, or that holds something else than
        what it says was stated: the sheet was read again since it was judged.
    """
    suggestions, sheet = given.suggestions, given.sheet
    if suggestions is None or suggestions.empty or sheet is None:
        return None
    corrected = sheet.astype(object)
    row_of = {sample: row for row, sample in zip(sheet.index, sheet[SAMPLE_ID], strict=True)}
    columns = ("sample_id", "sheet_column", "stated", "suggested")
    for sample, column, stated, suggested in zip(*(suggestions[c] for c in columns), strict=True):
        if sample not in row_of or column not in corrected.columns:
            raise SheetChangedError(f"the sheet has no {column} of {sample}")
        cell = text_or_none(corrected.at[row_of[sample], column]) or ""
        if cell != stated:
            raise SheetChangedError(
                f"{column} of {sample} is {cell!r} in the sheet, not {stated!r}"
            )
        corrected.at[row_of[sample], column] = suggested
    return corrected


def suggested_sheet(given: ReportInput) -> SuggestedSheet | None:
    """Return what the page says of the suggestions; None if there are none."""
    suggestions = given.suggestions
    if suggestions is None or suggestions.empty:
        return None
    samples, cells = suggestions["sample_id"].nunique(), len(suggestions)
    lost = int(suggestions["suggested"].eq("").sum())
    sentence = (
        f"The findings would be settled by {cells} other label{_s(cells)} of {samples} "
        f"{given.unit(samples)}."
    )
    if lost:
        sentence += f" {lost} would be empty: what slipped off the sheet is not known."
    shown = suggestions.head(MAX_CELLS)
    return SuggestedSheet(
        sentence,
        tuple(
            SuggestedCell(
                sample_id=str(row["sample_id"]),
                column=field_words(str(row["sheet_column"])),
                stated=str(row["stated"]),
                suggested=str(row["suggested"]),
                taken_from=text_or_none(row["taken_from"]) or "",
                why=_BECAUSE.get(str(row["why"]), field_words(str(row["why"]))),
            )
            for row in shown.to_dict("records")
        ),
        cells - len(shown),
        None if given.sheet is None else corrected_sheet_name(given.dataset),
    )


def _s(n: int) -> str:
    return "" if n == 1 else "s"
