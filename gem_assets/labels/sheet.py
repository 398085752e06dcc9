"""Sample sheets: one row a sample, its stated labels as text."""

from __future__ import annotations

import pkgutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.labels import sheets
from gem_assets.labels.columns import KNOWN_COLUMNS, SAMPLE_ID
from gem_assets.labels.fields import FIELDS
from gem_assets.labels.naming import under_our_names
from gem_assets.labels.sheet_file import SheetText, read_sheet_text
from gem_assets.labels.sheet_rows import (
    merged_cells_problems,
    one_row_a_sample,
    organism_problems,
)
from gem_assets.labels.sheets.layout import Layout, SheetFormat
from gem_assets.problems import InputProblem

if TYPE_CHECKING:
    from upath import UPath


@dataclass(frozen=True, slots=True, eq=False)
class SampleSheet:
    """The stated labels of a dataset.

    Attributes
    ----------
    frame
        One row a sample, in the order of the file: ``sample_id`` (unique), then the other columns
        under our names. Every cell is text as in the file, without surrounding white space
        (``NA`` stays ``NA``); ages have the unit of their column, if that is not years.
    extra_columns
        Columns that mean nothing to us; they are kept in the frame.
    problems
        Warnings, e.g. a column whose name is nearly one of ours.
    source
        The file, for messages.
    format
        Short name of the format, e.g. ``sdrf``.
    notes
        What was assumed, a sentence each.
    """

    frame: pd.DataFrame
    extra_columns: tuple[str, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    source: str = "the sample sheet"
    format: str = "plain"
    notes: tuple[str, ...] = ()

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """Names of the samples, in the order of the file."""
        return tuple(self.frame[SAMPLE_ID])

    def stated(self) -> pd.DataFrame:
        """Return the labels in long form: a row for each sample and field that has a column.

        Returns
        -------
        pandas.DataFrame
            Columns ``sample_id``, ``field``, ``provided_text`` (the label column's cell) and
            ``provided_id_text`` (the id column's); both text, empty where there is no such column
            or nothing in the cell. Ordered by field, then as the file.
        """
        parts = []
        for field in FIELDS:
            columns = [c for c in field.sheet_columns if c in self.frame.columns]
            if not columns:
                continue
            label, *identifier = field.sheet_columns
            parts.append(
                pd.DataFrame(
                    {
                        "sample_id": self.frame[SAMPLE_ID],
                        "field": field.name,
                        "provided_text": self.frame[label] if label in columns else "",
                        "provided_id_text": self.frame[identifier[0]]
                        if identifier and identifier[0] in columns
                        else "",
                    }
                )
            )
        if not parts:
            names = ("sample_id", "field", "provided_text", "provided_id_text")
            return pd.DataFrame({name: pd.Series([], dtype=str) for name in names})
        return pd.concat(parts, ignore_index=True)


@cache
def sheet_formats() -> tuple[SheetFormat, ...]:
    """Return the formats of `gem_assets.labels.sheets`, in the order they are asked."""
    found: list[SheetFormat] = []
    for module in pkgutil.iter_modules(sheets.__path__, f"{sheets.__name__}."):
        members = vars(import_module(module.name)).values()
        found += [
            member()
            for member in members
            if isinstance(member, type)
            and member.__module__ == module.name
            and hasattr(member, "rank")
            and hasattr(member, "lay_out")
        ]
    return tuple(sorted(found, key=lambda one: (one.rank, one.name)))


def read_sample_sheet(
    path: Path | UPath,
    columns: Mapping[str, str] | None = None,
    sample_ids: Collection[str] | None = None,
) -> SampleSheet:
    """Read a sample sheet of any known format.

    CSV or TSV (commas, tabs or semicolons, by the header line), any line ends, gzipped or not,
    UTF-8 with or without a byte order mark. Rows without any text are skipped.

    Parameters
    ----------
    path
        The file.
    columns
        Its own column names to ours: ``{"body_site": "tissue"}``.
    sample_ids
        Samples of the counts, if they are known. Where several columns may name the samples, the
        one that holds most of these is taken.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the file can't be read as such a table, no column names the samples, there are no
        samples, a sample is there twice or without a name, a column twice, rows have another
        length than the header, samples are not human, or ``columns`` names columns that do not
        exist.
    """
    source = str(path)
    text = read_sheet_text(path, source)
    found = next(one for one in sheet_formats() if one.recognises(text))
    return sheet_of(found.lay_out(text), found.name, source, columns, sample_ids, text)


def sheet_of(
    layout: Layout,
    format_name: str,
    source: str,
    columns: Mapping[str, str] | None = None,
    sample_ids: Collection[str] | None = None,
    text: SheetText | None = None,
) -> SampleSheet:
    """Make a sheet of a table that a format laid out; see `read_sample_sheet`."""
    named = under_our_names(layout, columns or {}, sample_ids, source)
    problems = [*layout.problems, *named.problems]
    if named.organism is not None:
        problems += organism_problems(
            named.organism, named.frame[SAMPLE_ID], sample_ids, layout, source
        )
    frame, row_notes = one_row_a_sample(named.frame, layout, source)
    if len(frame) == len(layout.lines):
        problems += merged_cells_problems(frame, layout, source)
    encoding = text.notes if text else ()
    return SampleSheet(
        frame,
        named.extra_columns,
        tuple(problems),
        source,
        format_name,
        (*encoding, *layout.notes, *named.notes, *row_notes),
    )


__all__ = ["KNOWN_COLUMNS", "SAMPLE_ID", "SampleSheet", "read_sample_sheet", "sheet_of"]
