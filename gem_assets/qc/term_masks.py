"""A stated term's relation to each class of a model's vocabulary, as masks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gem_assets.labels.buckets import buckets_of
from gem_assets.labels.hierarchy import too_general
from gem_assets.labels.relation import ancestor_mask, compatible_mask, descendant_mask
from gem_assets.qc.term_rules import TermMasks


def term_masks(term: str, classes: tuple[str, ...], minimum_content: float) -> TermMasks:
    """Return how a term relates to each class.

    Words of a field without an ontology (sexes, sample types) relate to themselves only.

    Parameters
    ----------
    term
        A term id, or a word.
    classes
        The model's classes for the field.
    minimum_content
        Information content below which a term is too general.
    """
    below = descendant_mask(term, classes)
    above = ancestor_mask(term, classes)
    of_term = buckets_of(term, classes)
    return TermMasks(
        same=np.array([name == term for name in classes], dtype=np.bool_),
        below=below,
        above=above,
        too_general=above & ~compatible_mask(term, classes, minimum_content),
        same_bucket=np.array(
            [not of_term.isdisjoint(of_class) for of_class in _buckets_of_classes(classes)],
            dtype=np.bool_,
        ),
        term_too_general=too_general(term, minimum_content),
    )


@lru_cache(maxsize=64)
def _buckets_of_classes(classes: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """Return each class's buckets; for terms in no curated list that is a search over all."""
    return tuple(buckets_of(name, classes) for name in classes)
