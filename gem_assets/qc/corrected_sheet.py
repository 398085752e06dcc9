"""A suggested sample sheet beside a diff; the sheet that was read stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.columns import LABEL_COLUMNS, SAMPLE_ID
from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.qc.exchanges import Exchange
from gem_assets.qc.reasons import EVIDENCE_GROUP
from gem_assets.qc.shifts import Shift

DIFF_COLUMNS = ("sample_id", "column", "stated", "suggested", "taken_from", "why")
PERSONAL_COLUMNS = (*LABEL_COLUMNS, "donor")
"""Columns that go with a sample when rows are exchanged. Batch and well say where a tube stood,
and other columns may name files: they stay."""


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedSheet:
    """A suggestion.

    Attributes
    ----------
    frame
        The sheet, rows and columns in their order, with the suggested labels.
    diff
        One row a changed cell, in the order of the sheet: sample_id, column, stated, suggested
        (empty where a shifted sheet lost the label), taken_from (the sample whose row holds it;
        None in a group, whose partners are open, and where it is lost), why (swap,
        exchange_group, shift).
    """

    frame: pd.DataFrame
    diff: pd.DataFrame

    def readable(self) -> str:
        """Return the diff as text, a line a cell: ``Liver: tissue brain -> liver (swap...)``."""
        return "\n".join(
            f"{sample}: {column} {stated or 'nothing'} -> {suggested or 'not known'} ({why}"
            f"{'' if source is None else f', as {source} has it'})"
            for sample, column, stated, suggested, source, why in zip(
                *(self.diff[name] for name in DIFF_COLUMNS), strict=True
            )
        )


def suggest_sheet(
    sheet: pd.DataFrame, exchanges: Iterable[Exchange], shifts: Sequence[Shift] = ()
) -> CorrectedSheet:
    """Return a sheet with exchanged and shifted labels put back.

    Whole rows where independent labels say so, of exchanges and shifts alike, else only the columns
    of the contradicted field.
    A shift that an exchange explains as well changes nothing, and where two findings would change
    one cell the stronger does.

    Parameters
    ----------
    sheet
        ``SampleSheet.frame``: sample_id and columns under our names, all text. Not changed.
    exchanges, shifts
        The results of `find_exchanges` and `find_shifts`.
    """
    frame = sheet.copy()
    stated = sheet.set_index(SAMPLE_ID)
    changed: dict[tuple[str, str], tuple[str, str | None, str]] = {}
    for sample, column, source, named, why in _moves(sheet, exchanges, shifts):
        if sample not in stated.index or (source is not None and source not in stated.index):
            continue
        cell = "" if source is None else str(stated.at[source, column])
        if str(stated.at[sample, column]) != cell:
            changed.setdefault((sample, column), (cell, source if named else None, why))
    row_of = {sample: row for row, sample in zip(frame.index, frame[SAMPLE_ID], strict=True)}
    column_order = {name: i for i, name in enumerate(frame.columns)}
    row_order = {sample: i for i, sample in enumerate(frame[SAMPLE_ID])}
    rows = []
    for sample, column in sorted(changed, key=lambda at: (row_order[at[0]], column_order[at[1]])):
        cell, taken_from, why = changed[sample, column]
        rows.append((sample, column, str(stated.at[sample, column]), cell, taken_from, why))
        frame.loc[row_of[sample], column] = cell
    return CorrectedSheet(frame, pd.DataFrame(rows, columns=list(DIFF_COLUMNS), dtype=object))


def _moves(
    sheet: pd.DataFrame, exchanges: Iterable[Exchange], shifts: Sequence[Shift]
) -> Iterator[tuple[str, str, str | None, bool, str]]:
    """Yield (sample, column, sample to take from, whether to name it, why), strongest first."""
    for shift in sorted(shifts, key=lambda one: -one.log_ratio):
        if shift.alone:
            # Independent labels that slipped together: whole rows did.
            rows = len({EVIDENCE_GROUP.get(name, name) for name in shift.fields}) > 1
            columns = _personal(sheet) if rows else _columns(sheet, shift.fields)
            for sample, source in zip(shift.sample_ids, shift.takes_from, strict=True):
                for column in columns:
                    yield sample, column, source, True, "shift"
    for exchange in sorted(exchanges, key=lambda one: -one.log_ratio):
        whole = exchange.whole_row and exchange.kind == "swap"
        columns = _personal(sheet) if whole else _columns(sheet, exchange.fields)
        for sample, source in zip(exchange.sample_ids, exchange.takes_from, strict=False):
            for column in columns:
                yield sample, column, source, exchange.kind == "swap", exchange.kind


def _personal(sheet: pd.DataFrame) -> list[str]:
    return [name for name in PERSONAL_COLUMNS if name in sheet.columns]


def _columns(sheet: pd.DataFrame, fields: Sequence[str]) -> list[str]:
    wanted = [column for field in fields for column in FIELD_BY_NAME[field].sheet_columns]
    return [column for column in wanted if column in sheet.columns]
