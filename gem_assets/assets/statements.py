"""What a dataset states of its samples, and whether it would be refused, before it is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gem_assets.datasets import Dataset
    from gem_assets.labels.statements import StatedLabels


def labels_of(dataset: Dataset, sample_ids: Sequence[str]) -> StatedLabels:
    """Return a dataset's labels, read and judged as its ``dataset.yaml`` says.

    Parameters
    ----------
    dataset
        Its files and configuration.
    sample_ids
        The samples of its counts.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `gem_assets.labels.statements.stated_labels`.
    """
    from gem_assets.labels.statements import stated_labels

    return stated_labels(
        dataset.name,
        dataset.sheet,
        sample_ids,
        columns=dataset.config.sheet_columns(),
        aliases=dataset.aliases,
        severity=dataset.config.severity,
        counts=dataset.counts,
    )


def check_statements(dataset: Dataset, sample_ids: Sequence[str]) -> None:
    """Refuse a dataset whose labels or reviews would be refused later in its run.

    Whether they can be understood does not depend on predictions: nobody should pay for them first.

    Parameters
    ----------
    dataset
        Its files and configuration.
    sample_ids
        The samples of its counts.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `labels_of`, for reviews that can't be understood, and for reviews of no label where the
        dataset calls that an error. Those of cells are of groups, which nobody knows yet.
    """
    from gem_assets.assets.reviews import reviews_of
    from gem_assets.qc.review import apply_reviews
    from gem_assets.severities import accept

    reviews = reviews_of(dataset)
    stated = labels_of(dataset, sample_ids)
    if reviews is not None and dataset.modality == "bulk":
        labels = stated.table.to_pandas()
        applied = apply_reviews(labels, reviews, source=str(dataset.reviews))
        accept(applied.problems, dataset.config.severity)
