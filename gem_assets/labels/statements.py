"""What a dataset states of its samples: the labels, and what their author should know."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gem_assets.labels.alias_file import read_alias_file
from gem_assets.labels.columns import KNOWN_COLUMNS, STRUCTURE_COLUMNS
from gem_assets.labels.matching import match_samples
from gem_assets.labels.obs import read_obs
from gem_assets.labels.sheet import SAMPLE_ID, SampleSheet, read_sample_sheet
from gem_assets.labels.sheet_cells import CELLS, cells_of_sheet
from gem_assets.labels.table import Aliases, label_problems, label_table
from gem_assets.problems import InputProblem, Severity
from gem_assets.severities import accept

if TYPE_CHECKING:
    from upath import UPath


@dataclass(frozen=True, slots=True, eq=False)
class StatedLabels:
    """The labels of a dataset.

    Attributes
    ----------
    table
        Rows of ``sample_labels``; none where nothing is stated.
    cells
        Rows of ``sample_sheet``. Of an ``obs``, which nobody corrects by hand, only what places a
        cell in the experiment.
    problems
        Warnings on the sheet, its samples and its words.
    source
        The file that the labels are of; None where nothing is stated.
    format
        Its format, e.g. ``sdrf``; None where nothing is stated.
    notes
        What was assumed in reading it, a sentence each.
    """

    table: pa.Table
    cells: pa.Table = field(default_factory=CELLS.empty_table)
    problems: tuple[InputProblem, ...] = ()
    source: str | None = None
    format: str | None = None
    notes: tuple[str, ...] = ()

    def content_hash(self) -> str:
        """Return a sha256 over all labels, and all else of the sheet that we know."""
        digest = hashlib.sha256()
        for column in (*self.table.columns, *self.cells.columns):
            digest.update("\0".join(str(value) for value in column.to_pylist()).encode())
        return digest.hexdigest()

    def resolutions(self) -> dict[str, int]:
        """Return how many labels were resolved in which way."""
        counted = self.table.column("resolution").value_counts().to_pylist()
        return {str(entry["values"]): int(entry["counts"]) for entry in counted}


def stated_labels(
    dataset: str,
    sheet: Path | UPath | None,
    sample_ids: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    aliases: Aliases | Path | UPath | None = None,
    severity: Mapping[str, str] | None = None,
    counts: Path | UPath | None = None,
) -> StatedLabels:
    """Read a dataset's sheet, or the ``obs`` of its h5ad, and resolve the labels.

    Parameters
    ----------
    dataset
        Its name.
    sheet
        The sample sheet; None: what the counts file states, if it is an h5ad.
    sample_ids
        The samples of its counts. Labels of others are left out, and told.
    columns, aliases
        What ``dataset.yaml`` says of the sheet's columns and words; aliases may be in a file.
    severity
        How much a problem matters to the dataset: code to ``error``, ``warning`` or ``ignore``.
    counts
        The counts file; asked only where there is no sheet.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the sheet can't be read, or names none of the samples.
    """
    if aliases is not None and not isinstance(aliases, Mapping):
        aliases = read_alias_file(aliases)
    if sheet is not None:
        read = read_sample_sheet(sheet, columns, sample_ids)
    else:
        of_obs = read_obs(counts, columns, sample_ids) if counts is not None else None
        if of_obs is None:
            return StatedLabels(label_table(dataset, SampleSheet(_no_samples())))
        read = of_obs
    matching = match_samples(read.sample_ids, sample_ids)
    problems = (*read.problems, *(_with_column(p, read, sample_ids) for p in matching))
    accept(problems, severity)
    table = label_table(dataset, read, aliases)
    kept = table.filter(pc.is_in(table.column("sample_id"), pa.array(sample_ids, pa.string())))
    columns_kept = KNOWN_COLUMNS if sheet is not None else STRUCTURE_COLUMNS
    return StatedLabels(
        kept,
        cells_of_sheet(dataset, read, sample_ids, columns_kept),
        accept((*problems, *label_problems(read, aliases)), severity),
        read.source,
        read.format,
        read.notes,
    )


def _with_column(
    problem: InputProblem, sheet: SampleSheet, sample_ids: Sequence[str]
) -> InputProblem:
    """Add to the refusal of a sheet without the counts' samples which column does hold them."""
    known = frozenset(sample_ids)
    found = {c: len(known.intersection(sheet.frame[c])) for c in sheet.extra_columns}
    if problem.severity is not Severity.ERROR or not any(found.values()):
        return problem
    best = max(found, key=lambda column: found[column])
    hint = f"Its column {best!r} holds {found[best]} of them: rename that one to sample_id."
    return replace(problem, action=f"{problem.action} {hint}")


def _no_samples() -> pd.DataFrame:
    return pd.DataFrame({SAMPLE_ID: pd.Series([], dtype=str)})
