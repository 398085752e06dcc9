"""Buckets: terms that are neither above nor below each other, but are of one organ or cell kind.

No distance and no similarity tells that apart (measured: liver and kidney are 2 edges from each
other, with a Lin similarity of .72; brain and hippocampal formation, a true part, 2 edges and
.59). So the buckets are lists: the organs and cell subclasses that ``cellxgene-ontology-guide``
curates (28 and 74), the broad stages of human development, and the few corrections below. A term
in none of them goes with its nearest class of the model's vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from gem_assets.labels.cell_lines import founder
from gem_assets.labels.hierarchy import broader, narrower
from gem_assets.labels.ontology import distance_above, information_content, prefix_of

STAGE_BUCKETS: tuple[str, ...] = (
    "HsapDv:0000002",  # embryonic stage
    "HsapDv:0000037",  # fetal stage
    "HsapDv:0000264",  # pediatric stage
    "HsapDv:0000258",  # adult stage
)
"""Stages that expression can tell apart."""

TOO_WIDE: Mapping[str, str] = {
    "CL:0000738": "leukocyte holds every white blood cell: T cell and monocyte would be one kind",
    "CL:0000542": "lymphocyte holds T, B and NK cells",
    "CL:0000763": "myeloid cell holds erythrocytes, platelets, granulocytes and monocytes",
    "CL:0011026": "progenitor cell holds monocytes besides the stem cells of every tissue",
    "CL:0000034": "stem cell holds those of every tissue",
    "CL:0002076": "endo-epithelial cell is a germ layer: hepatocyte, enterocyte, lung epithelium",
    "CL:0002077": "ecto-epithelial cell is a germ layer: keratinocyte, lens, mammary epithelium",
    "CL:0002078": "meso-epithelial cell is a germ layer: kidney, endothelium, mesothelium",
    "CL:0000075": "columnar/cuboidal epithelial cell is a shape",
}
"""Cell subclasses of the library that hold unlike kinds, with the reason: no buckets of ours."""

ADDED: Mapping[str, tuple[str, str]] = {
    "UBERON:0001133": ("UBERON:0000948", "cardiac muscle tissue is in no organ; it is heart"),
    "UBERON:0001911": ("UBERON:0000310", "mammary gland is in no organ; it is breast"),
    "UBERON:0014892": ("UBERON:0014892", "named muscles and skeletal muscle tissue are in none"),
    "CL:0000786": ("CL:0000236", "plasma cell is below no subclass but lymphocyte; it is of B"),
}
"""Terms (with all below them) that the library's lists miss: their bucket, and why."""


@cache
def curated_buckets() -> frozenset[str]:
    """Return the terms that are buckets: the library's lists, stages, and our corrections."""
    from cellxgene_ontology_guide.curated_ontology_term_lists import (
        get_curated_ontology_term_list,
    )
    from cellxgene_ontology_guide.entities import CuratedOntologyTermList

    listed = {
        *get_curated_ontology_term_list(CuratedOntologyTermList.ORGAN),
        *get_curated_ontology_term_list(CuratedOntologyTermList.CELL_SUBCLASS),
    }
    return frozenset(
        (listed - TOO_WIDE.keys()) | set(STAGE_BUCKETS) | {bucket for bucket, _ in ADDED.values()}
    )


@cache
def _curated_buckets_of(term: str) -> frozenset[str]:
    above = broader(term)
    added = {bucket for member, (bucket, _) in ADDED.items() if member in above}
    return (above & curated_buckets()) | added


@lru_cache(maxsize=65536)
def nearest_class(term: str, vocabulary: tuple[str, ...]) -> str | None:
    """Return the class of a model that is nearest to a term.

    The one that shares the most informative broader term with it; then the one with the fewest
    edges up to that; then the first by id. The term itself, where it is a class.

    Parameters
    ----------
    term
        A term id.
    vocabulary
        The model's classes, as ids.

    Returns
    -------
    str or None
        None if no class has anything in common with the term (another ontology, a word).
    """
    if term in vocabulary:
        return term
    if prefix_of(term) == "CVCL":
        relatives = (c for c in vocabulary if founder(c) == founder(term))
        return min(relatives, key=lambda c: (-len(broader(c) & broader(term)), c), default=None)
    best: tuple[float, int, str] | None = None
    for candidate in vocabulary:
        shared = broader(term) & broader(candidate)
        if not shared:
            continue
        content, edges = max(
            (information_content(a) or 0.0, -_edges(term, a) - _edges(candidate, a)) for a in shared
        )
        rank = (-content, -edges, candidate)
        best = rank if best is None else min(best, rank)
    return best[2] if best else None


def _edges(term: str, ancestor: str) -> int:
    return distance_above(term, ancestor) or 0


@lru_cache(maxsize=65536)
def buckets_of(term: str, vocabulary: tuple[str, ...]) -> frozenset[str]:
    """Return the buckets of a term: at least one.

    Curated ones; for a term in none, its nearest class of the vocabulary that is broader or
    narrower (with that class's curated buckets, if it has any); without such a class, itself.
    Relatives among cell lines share their founder.
    """
    if prefix_of(term) == "CVCL":
        return frozenset((founder(term),))
    if curated := _curated_buckets_of(term):
        return curated
    kin = tuple(c for c in vocabulary if c in broader(term) or c in narrower(term))
    nearest = nearest_class(term, kin)
    if nearest is None:
        return frozenset((term,))
    return _curated_buckets_of(nearest) or frozenset((nearest,))


def same_bucket(one: str, other: str, vocabulary: tuple[str, ...]) -> bool:
    """Return whether two terms share a bucket."""
    return not buckets_of(one, vocabulary).isdisjoint(buckets_of(other, vocabulary))
