"""What a dataset's sheet states of its samples: the labels, and what their author should know."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gem_assets.labels.matching import match_samples
from gem_assets.labels.sheet import SAMPLE_ID, SampleSheet, read_sample_sheet
from gem_assets.labels.table import Aliases, label_problems, label_table
from gem_assets.problems import InputProblem
from gem_assets.severities import accept

if TYPE_CHECKING:
    from upath import UPath


@dataclass(frozen=True, slots=True, eq=False)
class StatedLabels:
    """The labels of a dataset.

    Attributes
    ----------
    table
        Rows of ``sample_labels``; none where the dataset has no sheet.
    problems
        Warnings on the sheet, its samples and its words.
    """

    table: pa.Table
    problems: tuple[InputProblem, ...] = ()

    def content_hash(self) -> str:
        """Return a sha256 over all labels."""
        digest = hashlib.sha256()
        for column in self.table.columns:
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
    aliases: Aliases | None = None,
    severity: Mapping[str, str] | None = None,
) -> StatedLabels:
    """Read a dataset's sheet and resolve its labels.

    Parameters
    ----------
    dataset
        Its name.
    sheet
        The sample sheet; None: no labels are stated.
    sample_ids
        The samples of its counts. Labels of others are left out, and told.
    columns, aliases
        What ``dataset.yaml`` says of the sheet's columns and words.
    severity
        How much a problem matters to the dataset: code to ``error``, ``warning`` or ``ignore``.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the sheet can't be read, or names none of the samples.
    """
    if sheet is None:
        empty = SampleSheet(_no_samples())
        return StatedLabels(label_table(dataset, empty))
    read = read_sample_sheet(sheet, columns)
    problems = (*read.problems, *match_samples(read.sample_ids, sample_ids))
    accept(problems, severity)
    table = label_table(dataset, read, aliases)
    kept = table.filter(pc.is_in(table.column("sample_id"), pa.array(sample_ids, pa.string())))
    return StatedLabels(kept, accept((*problems, *label_problems(read, aliases)), severity))


def _no_samples() -> pd.DataFrame:
    return pd.DataFrame({SAMPLE_ID: pd.Series([], dtype=str)})
