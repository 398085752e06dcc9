"""Labels against each other: which of the labels of a dataset fits each of its samples.

The verdicts ask whether a label holds among everything the model knows, the open set. Here only
the labels that the dataset itself holds can be the answer, which is what confident learning needs
(Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125) and what a mix-up inside a dataset
comes to. Each view misses what the other sees: a blood sample labelled liver, in a dataset of
livers and brains, is the best liver there is (quality .998), while .95 of its probability lies
outside both labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.labels.fields import FIELD_BY_NAME, FieldKind
from gem_assets.labels.hierarchy import broader, too_general
from gem_assets.labels.relation import descendant_mask
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.answers import FieldAnswers
from gem_assets.qc.reasons import FIELD_CAP
from gem_assets.qc.settings import QcSettings

LEAST_SAMPLES = 20
"""Fewer samples are not compared: confident learning reads how sure a model is of each label from
the samples that hold it, and of a few samples to some labels that is one number each."""

LEAST_LABELS = 2


class SkipReason(StrEnum):
    """Why the labels of a field were not compared with each other."""

    TOO_FEW_SAMPLES = "too_few_samples"
    TOO_FEW_LABELS = "too_few_labels"


@dataclass(frozen=True, slots=True)
class ClosedSetSkipped:
    """Labels of a field that were not compared with each other.

    Attributes
    ----------
    field
        Our name of the field.
    reason
        Why not.
    sentence
        The same in words.
    """

    field: str
    reason: SkipReason
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class ClosedSet:
    """How well each label of a dataset fits the samples, if one of them must.

    Arrays are of shape (samples,).

    Attributes
    ----------
    field
        Our name of the field.
    samples
        Samples that were compared: those with a resolved label that the model can tell, and some
        probability on the dataset's labels.
    labels
        The distinct stated values, as term ids or words, sorted.
    own
        Each sample's own label as its place in ``labels``; of several values the best-matching.
    quality
        float64, 0 to 1: the share of the sample's own label among the labels of the dataset.
    likeliest
        The label of the largest share, as its place in ``labels``.
    likeliest_share
        float64, 0 to 1: that share.
    issue
        Whether confident learning finds that another label of the dataset is the true one.
    outside
        float64, 0 to 1: probability outside every label of the dataset, which the shares leave
        out.
    """

    field: str
    samples: pd.Index
    labels: tuple[str, ...]
    own: NDArray[np.intp]
    quality: NDArray[np.float64]
    likeliest: NDArray[np.intp]
    likeliest_share: NDArray[np.float64]
    issue: NDArray[np.bool_]
    outside: NDArray[np.float64]

    def frame(self) -> pd.DataFrame:
        """Return the arrays as columns, by sample_id; labels as ids."""
        names = np.array(self.labels, dtype=object)
        return pd.DataFrame(
            {
                "own": names[self.own],
                "quality": self.quality,
                "likeliest": names[self.likeliest],
                "likeliest_share": self.likeliest_share,
                "issue": self.issue,
                "outside": self.outside,
            },
            index=self.samples.rename("sample_id"),
        )


def closed_sets(
    sample_labels: pd.DataFrame, answers: Mapping[str, FieldAnswers], settings: QcSettings
) -> tuple[ClosedSet | ClosedSetSkipped, ...]:
    """Compare the labels of each field that may call a label wrong, in the order they are stated.

    Parameters
    ----------
    sample_labels
        The table of this name, of one dataset.
    answers
        The model's answers by field; a field without any is left out.
    settings
        See `closed_set`.
    """
    found = []
    for name, rows in sample_labels.groupby("field", sort=False):
        field = str(name)
        kind = FIELD_BY_NAME[field].kind if field in FIELD_BY_NAME else FieldKind.TEXT
        if kind not in (FieldKind.ONTOLOGY, FieldKind.ENUMERATION) or field in FIELD_CAP:
            continue
        if not settings.judges(field):
            continue
        if field in answers:
            stated = rows.drop_duplicates("sample_id", keep="last").set_index("sample_id")
            found.append(closed_set(field, stated["provided_id"], answers[field], settings))
    return tuple(found)


def closed_set(
    field: str, provided: pd.Series, answers: FieldAnswers, settings: QcSettings
) -> ClosedSet | ClosedSetSkipped:
    """Return which label of a dataset fits each of its samples best.

    Each class's probability goes to the deepest stated label whose subtree holds it (in equal
    parts where several are deepest); what no label holds is left out, and rows are normalised to
    1 again: cleanlab takes rows of any sum, and finds no swap in them. A label is not contradicted
    by a broader or narrower one, so what lies on those counts for the sample's own.

    Parameters
    ----------
    field
        Our name of the field.
    provided
        ``provided_id`` by sample_id: ids or words, several joined by `` || ``; None where the
        label did not resolve.
    answers
        The model's answers for the field. Samples of which only the top prediction is known are
        not compared.
    settings
        Thresholds ``too_general``, for labels that are not compared, and ``probability_floor``,
        the least probability on all labels together that can be shared out among them.

    Returns
    -------
    ClosedSet or ClosedSetSkipped
        The latter with fewer than `LEAST_SAMPLES` samples or `LEAST_LABELS` labels to compare.
    """
    code, texts = pd.factorize(provided)
    terms = [
        [t for t in str(text).split(VALUE_SEPARATOR) if not too_general(t, settings.too_general)]
        for text in texts
    ]
    labels = tuple(
        term
        for term in sorted({term for some in terms for term in some})
        if descendant_mask(term, answers.classes).any()
    )
    column = {label: i for i, label in enumerate(labels)}
    columns = [[column[t] for t in some if t in column] for some in terms]

    at = answers.samples.get_indexer(provided.index)
    # What is unknown is at -1, the last.
    compared = np.append(np.isfinite(answers.probability).all(axis=1), False)[at]
    compared &= np.array([*map(bool, columns), False])[code]
    mass = answers.probability[at[compared]] @ _share_of_labels(answers.classes, labels)
    inside = mass.sum(axis=1)
    told = inside >= settings.probability_floor
    compared[compared] = told
    inside = inside[told]
    mass = np.clip(mass[told] / inside[:, None], 0.0, 1.0)

    related = _related(labels)
    own = _own_labels(code[compared], columns, mass, related)
    if skipped := _skipped(field, own):
        return skipped
    _count_related_as_own(mass, own, related)
    issue, quality = _confident_learning(own, mass)
    largest = mass.max(axis=1)
    better = quality < largest
    return ClosedSet(
        field=field,
        samples=provided.index[compared],
        labels=labels,
        own=own,
        quality=quality,
        likeliest=np.where(better, mass.argmax(axis=1), own),
        likeliest_share=largest,
        issue=issue & better,  # of labels that fit alike, cleanlab takes the first for better
        outside=np.clip(1 - inside, 0.0, 1.0),
    )


def _share_of_labels(classes: tuple[str, ...], labels: tuple[str, ...]) -> NDArray[np.float64]:
    """Return what of each class goes to each label: float64, classes x labels.

    Rows have the sum 1, or 0 where no label holds the class.
    """
    column = {label: i for i, label in enumerate(labels)}
    share = np.zeros((len(classes), len(labels)))
    for row, name in enumerate(classes):
        holding = broader(name) & column.keys()
        above = {over for label in holding for over in broader(label) if over != label}
        for label in holding - above:
            share[row, column[label]] = 1 / len(holding - above)
    return share


def _related(labels: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which labels are the same, or one above the other: labels x labels."""
    below = np.zeros((len(labels), len(labels)), dtype=np.bool_)
    for row, one in enumerate(labels):
        below[row] = [over in broader(one) for over in labels]
    return np.logical_or(below, below.T)


def _own_labels(
    code: NDArray[np.intp],
    columns: list[list[int]],
    mass: NDArray[np.float64],
    related: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """Return the column of each sample's label; of several values the best-matching."""
    own = np.empty(len(code), dtype=np.intp)
    for one in np.unique(code):
        rows = np.flatnonzero(code == one)
        values = np.array(columns[one], dtype=np.intp)
        agreeing = mass[rows] @ related[:, values]
        own[rows] = values[agreeing.argmax(axis=1)]
    return own


def _count_related_as_own(
    mass: NDArray[np.float64], own: NDArray[np.intp], related: NDArray[np.bool_]
) -> None:
    """Move what lies on broader and narrower labels to the sample's own, in place."""
    for label in np.unique(own):
        rows = np.flatnonzero(own == label)
        others = np.flatnonzero(related[label])
        others = others[others != label]
        agreeing = mass[rows, label] + mass[np.ix_(rows, others)].sum(axis=1)
        mass[rows, label] = np.minimum(agreeing, 1.0)
        mass[np.ix_(rows, others)] = 0.0


def _skipped(field: str, own: NDArray[np.intp]) -> ClosedSetSkipped | None:
    n = len(own)
    if n < LEAST_SAMPLES:
        reason = SkipReason.TOO_FEW_SAMPLES
        why = (
            f"{n} sample{'' if n == 1 else 's'} with a label that the model can tell, and it takes "
            f"{LEAST_SAMPLES}"
        )
    elif len(np.unique(own)) < LEAST_LABELS:
        reason = SkipReason.TOO_FEW_LABELS
        why = f"all {n} samples with a label that the model can tell hold the same"
    else:
        return None
    name = field.replace("_", " ")
    return ClosedSetSkipped(
        field, reason, f"The {name} labels were not compared with each other: {why}."
    )


def _confident_learning(
    own: NDArray[np.intp], mass: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return cleanlab's label issues, and its quality of each label: the label's own share."""
    # It brings scikit-learn; nothing else here needs it.
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    issue = find_label_issues(own, mass, filter_by="confident_learning", n_jobs=1)
    return issue, get_label_quality_scores(own, mass, method="self_confidence")
