"""Sample sheets: one row a sample, its stated labels as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.labels.delimited import read_delimited
from gem_assets.labels.fields import FIELDS
from gem_assets.problems import InputProblem, Severity, refuse

if TYPE_CHECKING:
    from upath import UPath

SAMPLE_ID = "sample_id"
LABEL_COLUMNS: tuple[str, ...] = tuple(c for field in FIELDS for c in field.sheet_columns)
"""Columns that state a label, in the order of the fields."""

STRUCTURE_COLUMNS: tuple[str, ...] = ("batch", "donor", "well")
"""Columns that place a sample in the experiment; they are not compared with predictions."""

KNOWN_COLUMNS: tuple[str, ...] = (SAMPLE_ID, *LABEL_COLUMNS, *STRUCTURE_COLUMNS)

_MAX_LISTED = 100


@dataclass(frozen=True, slots=True, eq=False)
class SampleSheet:
    """The stated labels of a dataset.

    Attributes
    ----------
    frame
        One row a sample, in the order of the file: ``sample_id`` (unique), then the other columns
        under our names. Every cell is text as in the file, without surrounding white space:
        ``NA`` stays ``NA``.
    extra_columns
        Columns that mean nothing to us; they are kept in the frame.
    problems
        Warnings, e.g. a column whose name is nearly one of ours.
    source
        The file, for messages.
    """

    frame: pd.DataFrame
    extra_columns: tuple[str, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    source: str = "the sample sheet"

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


def read_sample_sheet(path: Path | UPath, columns: Mapping[str, str] | None = None) -> SampleSheet:
    """Read a CSV or TSV of samples.

    UTF-8 with or without a byte order mark, any line ends, commas, tabs or semicolons (by the
    header line), gzipped or not. Rows without any text are skipped.

    Parameters
    ----------
    path
        The file.
    columns
        Its own column names to ours: ``{"body_site": "tissue"}``.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the file can't be read as such a table, has no ``sample_id`` column, no samples, a
        sample twice or without a name, a column twice, rows of another length than the header, or
        if ``columns`` names columns that do not exist.
    """
    source = str(path)
    table = read_delimited(path, source)
    header = _rename(table.header, columns or {}, source)
    _require_sample_id(header, source)
    frame = pd.DataFrame(table.rows, columns=list(header), dtype=str)
    _require_unique_samples(frame, table.lines, source)
    extra = tuple(c for c in header if c not in KNOWN_COLUMNS)
    return SampleSheet(frame, extra, _near_misses(header, extra, source), source)


def _rename(header: tuple[str, ...], columns: Mapping[str, str], source: str) -> tuple[str, ...]:
    """Return the header under our names."""
    for theirs, ours in columns.items():
        if theirs not in header:
            near = get_close_matches(theirs, header, 1)
            raise refuse(
                "sample_sheet_column_missing",
                f"{source} has no column {theirs!r}, which should be read as {ours!r}; "
                f"it has: {', '.join(header)}.",
                f"Did you mean {near[0]!r}?" if near else "Correct the dataset's column names.",
            )
        if ours not in KNOWN_COLUMNS:
            near = get_close_matches(ours, KNOWN_COLUMNS, 1)
            raise refuse(
                "sample_sheet_column_unknown",
                f"The column {theirs!r} should be read as {ours!r}, which is none of ours.",
                f"Did you mean {near[0]!r}?" if near else f"Ours are: {', '.join(KNOWN_COLUMNS)}.",
            )
    renamed = tuple(columns.get(name, name) for name in header)
    repeated = [name for name, n in Counter(renamed).items() if n > 1]
    if repeated:
        raise refuse(
            "sample_sheet_repeated_column",
            f"{source}: two columns would be read as {repeated[0]!r}.",
            "Map one column to each of our names, and rename the other in the sheet.",
            tuple(repeated),
        )
    return renamed


def _require_sample_id(header: tuple[str, ...], source: str) -> None:
    if SAMPLE_ID in header:
        return
    near = get_close_matches(SAMPLE_ID, [c.casefold().replace(" ", "_") for c in header], 1, 0.6)
    hint = next((c for c in header if near and c.casefold().replace(" ", "_") == near[0]), None)
    hint = hint or next((c for c in header if c.casefold() in ("sample", "id", "name")), None)
    raise refuse(
        "sample_sheet_without_sample_id",
        f"{source} has no column 'sample_id'; it has: {', '.join(header)}.",
        f"Rename {hint!r} to sample_id, or map it under `columns:` in dataset.yaml."
        if hint
        else "Name the column that holds the samples' names sample_id.",
        header[:_MAX_LISTED],
    )


def _require_unique_samples(frame: pd.DataFrame, lines: tuple[int, ...], source: str) -> None:
    names = list(frame[SAMPLE_ID])
    for line, name in zip(lines, names, strict=True):
        if not name:
            raise refuse(
                "sample_sheet_unnamed_sample",
                f"{source}, line {line}: the sample_id is empty.",
                "Give every row its sample's name, as in the counts file.",
            )
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if repeated:
        where = [ln for ln, name in zip(lines, names, strict=True) if name == repeated[0]]
        raise refuse(
            "sample_sheet_duplicate_samples",
            f"{source}: {len(repeated)} sample(s) have several rows; the first is {repeated[0]!r} "
            f"in lines {', '.join(map(str, where))}.",
            "Keep one row a sample.",
            tuple(repeated[:_MAX_LISTED]),
        )


def _near_misses(
    header: tuple[str, ...], extra: tuple[str, ...], source: str
) -> tuple[InputProblem, ...]:
    """Return a warning for each column whose name is nearly one of ours."""
    problems = []
    for name in extra:
        key = "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
        near = {"age": ["age_years"], "gender": ["sex"]}.get(key) or get_close_matches(
            key, KNOWN_COLUMNS, 1, 0.85
        )
        if near and near[0] not in header:
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
