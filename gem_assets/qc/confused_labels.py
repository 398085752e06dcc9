"""Labels at the wrong sample: partners, exchanges, shifts, and the sheet that puts them right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.columns import SAMPLE_ID
from gem_assets.labels.words import says_nothing
from gem_assets.qc.adjustments import adjust
from gem_assets.qc.answers import FieldAnswers
from gem_assets.qc.corrected_sheet import DIFF_COLUMNS, suggest_sheet
from gem_assets.qc.exchange_findings import exchange_findings
from gem_assets.qc.exchanges import Exchange, find_exchanges
from gem_assets.qc.findings import Finding
from gem_assets.qc.label_fit import LabelFits, label_fits
from gem_assets.qc.partners import with_partners
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.shifts import Shift, find_shifts

SUGGESTION_COLUMNS = ("dataset", *("sheet_column" if c == "column" else c for c in DIFF_COLUMNS))
"""Columns of the table ``qc_suggestions``."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfusedLabels:
    """What the labels of a dataset are consistent with.

    Attributes
    ----------
    exchanges, shifts
        As found.
    findings
        Both in words.
    suggestions
        The ``qc_suggestions`` table.
    """

    exchanges: Sequence[Exchange]
    shifts: Sequence[Shift]
    findings: tuple[Finding, ...]
    suggestions: pd.DataFrame


class LabelSearch:
    """The search for labels at the wrong sample, over fits that are worked out once.

    Parameters
    ----------
    tables
        ``sample_labels``, ``predicted_metadata``, ``classifier_probs``, ``decoded_counts``.
    sheet
        One row a sample in the order of the sheet, its columns ``batch`` and ``donor`` where it
        has them (:func:`gem_assets.labels.sheet_cells.sheet_of_cells`).
    settings
        Thresholds.
    answers
        What :func:`gem_assets.qc.answers.field_answers` made of the predictions, by field.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        sheet: pd.DataFrame,
        settings: QcSettings,
        answers: Mapping[str, FieldAnswers],
    ) -> None:
        self._tables = tables
        self._settings = settings
        self._sheet = sheet
        self._fits: LabelFits = label_fits(
            tables["sample_labels"],
            tables["predicted_metadata"],
            tables["classifier_probs"],
            settings,
            answers=answers,
        )
        self.batches = stated_column(sheet, "batch")
        self.donors = stated_column(sheet, "donor")

    def hear_partners(self, verdicts: pd.DataFrame) -> pd.DataFrame:
        """Return the verdicts with the partner rule applied, and all that tempers it."""
        supported = with_partners(verdicts, self._fits, batches=self.batches)
        return adjust(supported, self._settings, self._tables["decoded_counts"])

    def shifts(self) -> list[Shift]:
        """Return the shifts that the sheet is consistent with, in the order of its rows."""
        order = self._sheet[SAMPLE_ID].tolist() if len(self._sheet) else None
        return find_shifts(self._fits, order=order, batches=self.batches)

    def confusions(
        self, dataset: str, verdicts: pd.DataFrame, shifts: Sequence[Shift]
    ) -> ConfusedLabels:
        """Return exchanges beside shifts, in words and as cells of a corrected sheet."""
        explained: dict[str, frozenset[str]] = {}
        for shift in shifts:
            for field in shift.fields if shift.alone else ():
                explained[field] = explained.get(field, frozenset()) | shift.contradicted
        exchanges = find_exchanges(
            self._fits, verdicts, batches=self.batches, donors=self.donors, explained=explained
        )
        found = exchange_findings(exchanges, shifts, verdicts)
        diff = suggest_sheet(self._sheet, exchanges, shifts).diff
        diff = diff.rename(columns={"column": "sheet_column"})
        diff.insert(0, "dataset", dataset)
        return ConfusedLabels(exchanges, shifts, tuple(found), diff[list(SUGGESTION_COLUMNS)])


def stated_column(sheet: pd.DataFrame, name: str) -> pd.Series | None:
    """Return what a sheet's column says by sample; None where it says nothing at all.

    Words that say nothing (``NA``, ``unknown``) are missing values.
    """
    if name not in sheet.columns:
        return None
    texts = sheet.set_index(SAMPLE_ID)[name].astype(object)
    stated = texts.where(~texts.fillna("").map(says_nothing), None)
    return stated if stated.notna().any() else None
