"""Whether labels and batches of a dataset can be told apart, by its design alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from gem_assets.labels.fields import FIELDS, FieldKind

LEAST_LABELLED = 0.5
"""Share of the samples that must state a field for its labels to be set against the batches."""

_FIELDS = tuple(
    field.name for field in FIELDS if field.kind in {FieldKind.ONTOLOGY, FieldKind.ENUMERATION}
)


class Separation(StrEnum):
    """Whether the effects of batch and label can be told apart, by the design alone.

    Batches and labels are the two sides of a graph, with an edge where a sample has both. An
    additive model can estimate differences within a connected part only.
    """

    SEPARABLE = "separable"
    PARTLY_SEPARABLE = "partly_separable"
    NOT_SEPARABLE = "not_separable"


@dataclass(frozen=True, slots=True)
class LabelInBatches:
    """How a field's labels are spread over the batches.

    Attributes
    ----------
    field
        The field.
    samples
        Samples that state it.
    cramers_v
        Cramer's V between batch and label: 0 where labels are spread evenly, 1 where one tells
        the other.
    separation
        Whether their effects can be told apart.
    one_batch_a_label
        Every label occurs in a single batch.
    replicated
        Some label is that of several samples. Where none is, each occurs in a single batch
        whatever the design, and nothing can be compared within labels.
    """

    field: str
    samples: int
    cramers_v: float
    separation: Separation
    one_batch_a_label: bool
    replicated: bool = True

    @property
    def separable(self) -> bool:
        """Whether at least some labels share batches."""
        return self.separation is not Separation.NOT_SEPARABLE


def cramers_v(batch: Sequence[str], label: Sequence[str]) -> float:
    """Return Cramer's V of two partitions of the same samples (Cramer 1946), from 0 to 1.

    NaN where either has a single class. It is not corrected for chance: of few samples and many
    labels it is high however they were spread.
    """
    table = pd.crosstab(np.asarray(batch, dtype=object), np.asarray(label, dtype=object))
    seen = table.to_numpy(dtype=float)
    n, least = seen.sum(), min(seen.shape) - 1
    if least < 1:
        return float("nan")
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / n
    chi2 = ((seen - expected) ** 2 / expected).sum()
    return float(min(1.0, np.sqrt(chi2 / (n * least))))


def separation(batch: Sequence[str], label: Sequence[str]) -> Separation:
    """Return whether the effects of two partitions can be told apart, by the design alone."""
    from scipy import sparse  # 0.3 s to import

    batches, in_batch = np.unique(np.asarray(batch, dtype=str), return_inverse=True)
    labels, in_label = np.unique(np.asarray(label, dtype=str), return_inverse=True)
    nodes = len(batches) + len(labels)
    edges = sparse.coo_array(
        (np.ones(len(in_batch)), (in_batch, in_label + len(batches))), shape=(nodes, nodes)
    )
    parts = int(sparse.csgraph.connected_components(edges, directed=False)[0])
    if parts == 1:
        return Separation.SEPARABLE
    if parts in {len(batches), len(labels)}:  # each part is one batch, or one label
        return Separation.NOT_SEPARABLE
    return Separation.PARTLY_SEPARABLE


def labels_of(field: str, sample_labels: pd.DataFrame) -> pd.Series:
    """Return a field's resolved ids by sample, from the table ``sample_labels``."""
    rows = sample_labels[sample_labels["field"].eq(field) & sample_labels["provided_id"].notna()]
    return rows.drop_duplicates("sample_id").set_index("sample_id")["provided_id"].astype(str)


def labels_in_batches(batch: pd.Series, sample_labels: pd.DataFrame) -> tuple[LabelInBatches, ...]:
    """Return how each field's labels lie in the batches, that most tied to them first.

    Fields without replicates come last: they say nothing of the batches.

    Parameters
    ----------
    batch
        Batch by sample_id.
    sample_labels
        The table of this name. Fields count that are of an ontology or an enumeration, are
        stated for `LEAST_LABELLED` of the samples and differ among them.
    """
    found = []
    for field in _FIELDS:
        label = labels_of(field, sample_labels)
        both = batch.index[batch.index.isin(label.index)]
        here, there = label[both].tolist(), batch[both].tolist()
        if len(both) < LEAST_LABELLED * len(batch) or len(set(here)) < 2 or len(set(there)) < 2:
            continue
        found.append(
            LabelInBatches(
                field,
                len(both),
                cramers_v(there, here),
                separation(there, here),
                len(set(zip(there, here, strict=True))) == len(set(here)),
                len(set(here)) < len(here),
            )
        )
    return tuple(sorted(found, key=lambda one: (not one.replicated, one.separable, -one.cramers_v)))
