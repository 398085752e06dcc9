"""Which single cells are judged together: those of one donor with one label.

A cell holds too few reads to be judged alone, and its label was given to a cluster anyway. Samples
of cells are groups, field by field: the T cells of a donor for the cell type, all of the donor's
cells for a sex that the donor has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EMPTY = "(empty)"
"""Stands for the label in the name of a group whose cells have an empty one."""

NO_LABEL = "(no label)"
"""Names the cells that state nothing in a dataset where others do."""

_LABEL = ("field", "provided_text", "provided_id")


@dataclass(frozen=True, slots=True, eq=False)
class CellGroups:
    """The groups of a dataset's cells.

    Attributes
    ----------
    labels
        ``sample_labels`` of the groups, a row a group: ``sample_id`` is the group's name,
        ``<donor>: <label>``, or ``<label>`` where no donor is stated. A donor who has the same
        words in two fields has one name for both.
    donors
        Donor of each group, None where no donor is stated.
    sizes
        Cells that state the label, shape (groups,).
    cells
        Cells by field.
    group
        Group of these cells, by field, as places in ``labels``.
    unlabelled
        Cells without any label.
    """

    labels: pd.DataFrame
    donors: NDArray[np.object_]
    sizes: NDArray[np.intp]
    cells: dict[str, pd.Index]
    group: dict[str, NDArray[np.intp]]
    unlabelled: int

    def donor_by_name(self) -> pd.Series | None:
        """Return the donor by the group's name, None where no group has one."""
        donors = pd.Series(self.donors, index=self.labels["sample_id"], dtype=object).dropna()
        return donors[~donors.index.duplicated()] if len(donors) else None

    def members(self, field: str) -> pd.Series:
        """Return, by cell, the group that the cell belongs to in a field."""
        return pd.Series(self.group[field], index=self.cells[field])


def cell_groups(
    sample_labels: pd.DataFrame, cell_ids: Sequence[str], donors: pd.Series | None = None
) -> CellGroups:
    """Return the groups: cells of one donor that state one label of a field in the same words.

    Parameters
    ----------
    sample_labels
        The table of this name, of one dataset; a sample is a cell.
    cell_ids
        All cells of the dataset; labels of others are left out.
    donors
        Donor by cell. Cells without one are grouped by their label alone, and so are all where
        no donors are given.
    """
    here = sample_labels[sample_labels["sample_id"].isin(cell_ids)]
    rows = here.drop_duplicates(["sample_id", "field"], keep="last").reset_index(drop=True)
    donor = np.full(len(rows), None, dtype=object)
    if donors is not None:
        of_cell = donors.astype(object).reindex(rows["sample_id"])
        donor = of_cell.where(of_cell.notna(), None).to_numpy(dtype=object)
    keys = rows[list(_LABEL)].assign(donor=donor)
    code = keys.groupby(["donor", *_LABEL], sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(code, return_index=True)[1]
    labels = rows.iloc[first].reset_index(drop=True)
    labels["sample_id"] = pd.Series(_names(donor[first], labels), dtype=object)
    of_field = {str(name): np.asarray(at) for name, at in rows.groupby("field").indices.items()}
    return CellGroups(
        labels=labels,
        donors=donor[first],
        sizes=np.bincount(code, minlength=len(labels)).astype(np.intp),
        cells={name: pd.Index(rows["sample_id"].iloc[at]) for name, at in of_field.items()},
        group={name: code[at].astype(np.intp) for name, at in of_field.items()},
        unlabelled=len(cell_ids) - rows["sample_id"].nunique(),
    )


def _names(donors: NDArray[np.object_], labels: pd.DataFrame) -> list[str]:
    """Return a name a group, no two groups of a field with the same one."""
    taken: set[tuple[str, str]] = set()
    names = []
    for donor, field, text in zip(donors, labels["field"], labels["provided_text"], strict=True):
        label = str(text).strip() or EMPTY
        stem = label if donor is None else f"{donor}: {label}"
        name, number = stem, 1
        # One text may stand for two terms, and "a: b" may be a donor and a label or a label.
        while (name, str(field)) in taken:
            number += 1
            name = f"{stem} ({number})"
        taken.add((name, str(field)))
        names.append(name)
    return names
