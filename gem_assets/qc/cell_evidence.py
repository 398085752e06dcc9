"""What a model answered for the cells of a group, taken together.

Two things are taken of a group's cells. The mean of their probabilities is what the rules of any
sample are applied to. And the mean of the logarithms of two masses, that of the label and that of
what the group looks like instead, is what the cells say jointly. A mean of probabilities never
gets surer with more cells; a joint likelihood does, as far as the cells' errors are their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.labels.buckets import buckets_of
from gem_assets.labels.hierarchy import too_general
from gem_assets.labels.relation import compatible_mask
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.answers import FieldAnswers, field_answers
from gem_assets.qc.history import PROVENANCE
from gem_assets.qc.settings import QcSettings

CELLS_AT_A_TIME = 4_096
"""Cells whose probabilities are in memory as a matrix: 10 MB at 300 classes."""


@dataclass(frozen=True, slots=True, eq=False)
class JointEvidence:
    """What the cells of groups say jointly to labels, in one field.

    Attributes
    ----------
    log_mass
        float64, groups x labels: mean over the cells of the log of the probability mass
        compatible with a label. Of a label of several values, the one that fits best.
    log_rival
        Shape (groups,): the same of the classes of the organ or cell family that the group looks
        like, without those compatible with its own label; NaN where there are none.
    agreeing
        Shape (groups,): cells that agree with their label: at least ``settings.mass_agrees`` of
        their mass is compatible with it, or their top prediction is.
    """

    log_mass: NDArray[np.float64]
    log_rival: NDArray[np.float64]
    agreeing: NDArray[np.intp]


def in_arrow(classifier_probs: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its lists in Arrow, each column in one piece.

    Taking rows of it then costs what they weigh; from several pieces it would copy them all.
    """
    types = {"value": pa.string(), "probability": pa.float64()}
    columns = {}
    for name, value_type in types.items():
        lists = pa.array(classifier_probs[name], pa.list_(value_type))
        if isinstance(lists, pa.ChunkedArray):
            lists = lists.combine_chunks()
        columns[name] = pd.arrays.ArrowExtensionArray(lists)
    return classifier_probs.assign(**columns)


class CellAnswers:
    """A model's answers for one field of a dataset's cells, by group.

    Parameters
    ----------
    field
        Our name of the field.
    members
        Group by cell: a place from 0 on.
    n_groups
        Number of groups.
    predicted_metadata, classifier_probs
        The tables of these names; the second as `in_arrow` returns it.
    """

    def __init__(
        self,
        field: str,
        members: pd.Series,
        n_groups: int,
        predicted_metadata: pd.DataFrame,
        classifier_probs: pd.DataFrame,
    ) -> None:
        self.field = field
        self.members = members
        self.n_groups = n_groups
        stated = predicted_metadata[predicted_metadata["field"].eq(field)]
        stated = stated[stated["sample_id"].isin(members.index)]
        self._stated = stated.drop_duplicates("sample_id", keep="last").reset_index(drop=True)
        # Places, since a copy of the rows would double the largest of all tables.
        self._probs = classifier_probs
        place = np.flatnonzero(classifier_probs["field"].eq(field))
        rows = pd.Series(place, index=classifier_probs["sample_id"].iloc[place])
        self._row = rows[~rows.index.duplicated(keep="last")]
        self.classes = self._vocabulary()
        self.labels: dict[str, str] = {}
        self._sums = np.zeros((n_groups, len(self.classes)))
        self._votes = np.zeros((n_groups, len(self.classes)))
        self._with_mass = np.zeros(n_groups)
        for group, probability, top, labels in self._pieces():
            self.labels |= labels
            known, named = np.isfinite(probability).all(axis=1), top >= 0
            self._sums += _by_group(group[known], n_groups) @ probability[known]
            self._with_mass += np.bincount(group[known], minlength=n_groups)
            np.add.at(self._votes, (group[named], top[named]), 1)

    @property
    def with_probabilities(self) -> NDArray[np.intp]:
        """Those of each group's cells of which there are probabilities, shape (groups,)."""
        return self._with_mass.astype(np.intp)

    @property
    def answered(self) -> NDArray[np.intp]:
        """Cells of each group that the model answered this field for, shape (groups,)."""
        if not self.classes:
            numbers = self._stated[self._stated["value_number"].notna()]
            places = self.members.reindex(numbers["sample_id"]).to_numpy()
            return np.bincount(places, minlength=self.n_groups).astype(np.intp)
        answered: NDArray[np.float64] = np.maximum(self._votes.sum(axis=1), self._with_mass)
        return answered.astype(np.intp)

    def mean_answers(self, names: Sequence[str]) -> FieldAnswers:
        """Return the groups' answers: the mean of their cells' probabilities.

        The top prediction is the class of the highest mean. Where the model gave no
        probabilities, it is that of most cells.

        Parameters
        ----------
        names
            Name of each group; those without an answer are left out.
        """
        place = np.flatnonzero(self.answered) if self.classes else np.zeros(0, dtype=np.intp)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._sums[place] / self._with_mass[place, None]
        ranked = np.where(np.isfinite(mean), mean, self._votes[place])
        top = ranked.argmax(axis=1) if len(place) else place
        samples = pd.Index(np.array(names, dtype=object)[place])
        return FieldAnswers(samples, self.classes, mean, top, self.labels)

    def metadata(self, names: Sequence[str]) -> pd.DataFrame:
        """Return the groups' rows of ``predicted_metadata``.

        The predicted value is that of `mean_answers`, a predicted number (an age) the mean over
        the cells; provenance is that of the latest prediction of a cell.
        """
        told = self._stated.sort_values("predicted_at", kind="stable")
        place = self.members.reindex(told["sample_id"]).to_numpy(dtype=np.intp)
        latest = told.groupby(place).tail(1).index
        rows = told.loc[latest].set_axis(pd.Index(place)[told.index.get_indexer(latest)])
        rows = rows.sort_index()
        mean = self.mean_answers(names)
        value = dict(zip(mean.samples, np.array(mean.classes, dtype=object)[mean.top], strict=True))
        rows["sample_id"] = np.array(names, dtype=object)[rows.index]
        rows["predicted_id"] = rows["sample_id"].map(value).astype(object)
        rows["predicted_label"] = rows["predicted_id"].map(self.labels).astype(object)
        rows["value_number"] = told["value_number"].astype(float).groupby(place).mean()
        kept = ("dataset", "sample_id", "field", "predicted_id", "predicted_label", "value_number")
        return rows[[*kept, *PROVENANCE]]

    def joint_evidence(
        self,
        labels: Sequence[str],
        code: NDArray[np.intp],
        mean: FieldAnswers,
        settings: QcSettings,
    ) -> JointEvidence:
        """Return what the cells say jointly; only cells with probabilities have a say.

        Parameters
        ----------
        labels
            Distinct labels, their values joined by `VALUE_SEPARATOR`.
        code
            Each group's own label among these, -1 for none.
        mean
            The result of `mean_answers`.
        settings
            Thresholds.
        """
        terms = list(dict.fromkeys(t for label in labels for t in label.split(VALUE_SEPARATOR)))
        column = {term: i for i, term in enumerate(terms)}
        masks = np.array([self._mask(term, settings) for term in terms], dtype=float)
        masks = masks.reshape(len(terms), len(self.classes))
        values = [[column[term] for term in label.split(VALUE_SEPARATOR)] for label in labels]
        own = np.zeros((self.n_groups, len(terms)), dtype=np.bool_)
        for place in np.flatnonzero(code >= 0):
            own[place, values[code[place]]] = True
        rivals, inverse = np.unique(self._rivals(own, masks > 0, mean), axis=0, return_inverse=True)
        rival_of = np.asarray(inverse).reshape(-1)

        floor = settings.probability_floor
        log_terms = np.zeros((self.n_groups, len(terms)))
        log_rival: NDArray[np.float64] = np.zeros(self.n_groups)
        agreeing: NDArray[np.intp] = np.zeros(self.n_groups, dtype=np.intp)
        for group, probability, top, _ in self._pieces():
            known = np.isfinite(probability).all(axis=1)
            cell = group[known]
            mass = probability[known] @ masks.T
            log_terms += _by_group(cell, self.n_groups) @ np.log(np.maximum(mass, floor))
            against = np.take_along_axis(
                probability[known] @ rivals.T.astype(float), rival_of[cell][:, None], axis=1
            )[:, 0]
            log_rival += np.bincount(
                cell, np.log(np.maximum(against, floor)), minlength=self.n_groups
            )
            agrees = masks.T[top] > 0
            agrees[top < 0] = False
            agrees[known] |= mass >= settings.mass_agrees
            agreeing += np.bincount(
                group[(agrees & own[group]).any(axis=1)], minlength=self.n_groups
            )
        n = np.maximum(self._with_mass, 1)
        log_mass = np.full((self.n_groups, len(labels)), np.log(floor))
        for i, of_label in enumerate(values):
            log_mass[:, i] = log_terms[:, of_label].max(axis=1) / n
        told = rivals[rival_of].any(axis=1) & (self._with_mass > 0)
        return JointEvidence(log_mass, np.where(told, log_rival / n, np.nan), agreeing)

    def _mask(self, term: str, settings: QcSettings) -> NDArray[np.bool_]:
        if too_general(term, settings.too_general):
            return np.zeros(len(self.classes), dtype=np.bool_)
        return compatible_mask(term, self.classes, settings.too_general)

    def _rivals(
        self,
        own: NDArray[np.bool_],
        masks: NDArray[np.bool_],
        mean: FieldAnswers,
    ) -> NDArray[np.bool_]:
        """Return the classes that speak against each group's label, groups x classes."""
        buckets = [buckets_of(name, self.classes) for name in self.classes]
        akin = np.array(
            [[not one.isdisjoint(other) for other in buckets] for one in buckets], dtype=np.bool_
        ).reshape(len(buckets), len(buckets))
        rivals = np.zeros((self.n_groups, len(self.classes)), dtype=np.bool_)
        rivals[np.flatnonzero(self.answered)] = akin[mean.top]
        rivals &= ~((own.astype(float) @ masks.astype(float)) > 0)
        return rivals

    def _vocabulary(self) -> tuple[str, ...]:
        ids, labels = self._stated["predicted_id"], self._stated["predicted_label"]
        named = ids.astype(object).where(ids.notna(), labels.astype(object)).dropna()
        known = {str(name) for name in named.unique()}
        for start in range(0, len(self._row), CELLS_AT_A_TIME):
            rows = self._probs.iloc[self._row.iloc[start : start + CELLS_AT_A_TIME]]
            values = pa.array(rows["value"], pa.list_(pa.string()))
            known.update(pc.unique(pc.list_flatten(values)).to_pylist())
        return tuple(sorted(known))

    def _pieces(
        self,
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp], dict[str, str]]]:
        """Yield group, probabilities (of all classes), top class and labels, some cells a time."""
        column = {name: i for i, name in enumerate(self.classes)}
        cells = self.members.index
        row_of = self._row.index.get_indexer(cells)
        stated_of = pd.Index(self._stated["sample_id"]).get_indexer(cells)
        answered = np.flatnonzero((row_of >= 0) | (stated_of >= 0))
        answered = answered if self.classes else answered[:0]
        for start in range(0, len(answered), CELLS_AT_A_TIME):
            some = answered[start : start + CELLS_AT_A_TIME]
            rows, stated = row_of[some], stated_of[some]
            found = field_answers(
                self.field,
                self._stated.iloc[stated[stated >= 0]],
                self._probs.iloc[self._row.iloc[rows[rows >= 0]]],
            )
            known = np.isfinite(found.probability).all(axis=1) & bool(found.classes)
            spread = np.array([column[name] for name in found.classes], dtype=np.intp)
            probability = np.full((len(found.samples), len(self.classes)), np.nan)
            probability[known] = 0.0
            probability[np.ix_(known, spread)] = found.probability[known]
            top = np.where(found.top >= 0, np.append(spread, -1)[found.top], -1)
            yield (
                self.members.reindex(found.samples).to_numpy(dtype=np.intp),
                probability,
                top,
                found.labels,
            )


def _by_group(group: NDArray[np.intp], n_groups: int) -> sparse.csr_array:
    """Return the matrix that sums rows of cells by group."""
    n = len(group)
    return sparse.csr_array((np.ones(n), (group, np.arange(n))), shape=(n_groups, n))
