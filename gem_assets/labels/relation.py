"""How a provided term and a predicted one relate: the words that the verdict rules are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gem_assets.labels.buckets import same_bucket
from gem_assets.labels.hierarchy import TOO_GENERAL, broader, narrower, too_general


class Relation(StrEnum):
    """Relation of a provided term and a predicted one, from the same to nothing in common."""

    SAME_TERM = "same_term"
    PREDICTION_MORE_SPECIFIC = "prediction_more_specific"
    PREDICTION_MORE_GENERAL = "prediction_more_general"
    SAME_ORGAN = "same_organ"
    DIFFERENT = "different"


def relation(provided: str, predicted: str, vocabulary: tuple[str, ...]) -> Relation:
    """Return how two values of one field relate.

    Parameters
    ----------
    provided, predicted
        Term ids, or words of a field without an ontology (which are the same or different).
    vocabulary
        The model's classes for the field; they decide the bucket of terms in no curated list.
    """
    if provided == predicted:
        return Relation.SAME_TERM
    if provided in broader(predicted):
        return Relation.PREDICTION_MORE_SPECIFIC
    if predicted in broader(provided):
        return Relation.PREDICTION_MORE_GENERAL
    if same_bucket(provided, predicted, vocabulary):
        return Relation.SAME_ORGAN
    return Relation.DIFFERENT


@dataclass(frozen=True, slots=True)
class VocabularyPlace:
    """Where a term stands among a model's classes.

    Attributes
    ----------
    itself, below, above
        Whether the term, a narrower one, a broader one is a class.
    """

    itself: bool
    below: bool
    above: bool

    @property
    def outside(self) -> bool:
        """Neither the term nor anything below or above it is a class: it can't be predicted."""
        return not (self.itself or self.below or self.above)

    @property
    def reachable(self) -> bool:
        """The term or something below it is a class: the model could have said as much."""
        return self.itself or self.below


@lru_cache(maxsize=65536)
def vocabulary_place(term: str, vocabulary: tuple[str, ...]) -> VocabularyPlace:
    """Return whether a term, anything narrower or anything broader is among a model's classes."""
    others = frozenset(vocabulary) - {term}
    return VocabularyPlace(
        itself=term in vocabulary,
        below=not others.isdisjoint(narrower(term)),
        above=not others.isdisjoint(broader(term)),
    )


@lru_cache(maxsize=65536)
def descendant_mask(term: str, vocabulary: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which classes are the term or narrower, shape (len(vocabulary),), read-only."""
    return _mask([term in broader(c) for c in vocabulary])


@lru_cache(maxsize=65536)
def ancestor_mask(term: str, vocabulary: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which classes are broader than the term, not itself; shape as above, read-only."""
    above = broader(term) - {term}
    return _mask([c in above for c in vocabulary])


@lru_cache(maxsize=65536)
def compatible_mask(
    term: str, vocabulary: tuple[str, ...], minimum_content: float = TOO_GENERAL
) -> NDArray[np.bool_]:
    """Return which classes agree with a label: at or below it, or above it and not too general."""
    above = broader(term) - {term}
    general_enough = _mask([c in above and not too_general(c, minimum_content) for c in vocabulary])
    return _frozen(descendant_mask(term, vocabulary) | general_enough)


def _mask(values: list[bool]) -> NDArray[np.bool_]:
    return _frozen(np.array(values, dtype=np.bool_))


def _frozen(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Make a cached mask safe to hand out twice."""
    mask.flags.writeable = False
    return mask
