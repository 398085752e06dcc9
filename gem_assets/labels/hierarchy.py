"""Which terms are broader and narrower than a term, for the purpose of comparing labels.

This is the ontologies' own hierarchy, with two departures. Cell lines have the curated lineage.
And a few statements of UBERON are true in anatomy and wrong for expression: they are `TRAPS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from gem_assets.labels.cell_lines import lineage, offspring
from gem_assets.labels.ontology import ancestors, descendants, information_content, prefix_of

TOO_GENERAL = 0.15
"""Information content below which a label says too little to be contradicted (measured: anatomical
system .013, hematopoietic cell .19, brain .21)."""


@dataclass(frozen=True, slots=True)
class Trap:
    """A place in an ontology where a term is below another and must not pass for it.

    Attributes
    ----------
    term
        It, and everything below it,
    not_below
        does not count as below this, nor as below anything that is.
    reason
        Why.
    """

    term: str
    not_below: str
    reason: str


TRAPS: tuple[Trap, ...] = (
    Trap(
        "UBERON:0000007",
        "UBERON:0000955",
        "pituitary gland is below brain, but is an endocrine gland by expression: a brain sample "
        "predicted as pituitary is a finding",
    ),
    Trap(
        "UBERON:0000998",
        "UBERON:0000473",
        "seminal vesicle is below testis, but is another organ, without germ cells",
    ),
    Trap(
        "UBERON:0000002",
        "UBERON:0000995",
        "uterine cervix is below uterus, but its squamous epithelium is unlike endometrium and "
        "myometrium, and references keep them apart",
    ),
    Trap(
        "UBERON:0002110",
        "UBERON:0018707",
        "gallbladder is a 'bladder organ' as the urinary bladder is: they share a shape only",
    ),
)
"""The known ones, all measured on UBERON v2026-04-01."""


@cache
def broader(term: str) -> frozenset[str]:
    """Return a term and every broader one. An unknown value (a sex, a word) has only itself."""
    if prefix_of(term) == "CVCL":
        return lineage(term)
    above = ancestors(term)
    for trap in TRAPS:
        if trap.term in above:
            above -= {
                a for a in above if trap.not_below in ancestors(a) and trap.term not in ancestors(a)
            }
    return above


@cache
def narrower(term: str) -> frozenset[str]:
    """Return a term and every narrower one: the inverse of `broader`."""
    if prefix_of(term) == "CVCL":
        return offspring(term)
    return frozenset(d for d in descendants(term) if term in broader(d))


def too_general(term: str, minimum: float = TOO_GENERAL) -> bool:
    """Return whether a term says too little to be judged.

    A term whose information content can't be measured (cell lines, words, unknown ids) is not.
    """
    content = information_content(term)
    return content is not None and content < minimum


def related(some: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether any two terms of two labels are the same, or one is above the other."""
    others = tuple(others)
    return any(one in broader(other) or other in broader(one) for one in some for other in others)
