"""Ontology terms: their labels, their place in the graph, and finding them by text.

A cached view over PyPI's ``cellxgene-ontology-guide``, which carries UBERON, CL, MONDO, PATO,
HsapDv, HANCESTRO and Cellosaurus offline. Its parser is not used: it looks terms up in the
spelling of the label only, raises on an unknown id, and scans a whole ontology for the
descendants of one term. Its data files are: each is read when a term of it is first asked for
(measured on one core: UBERON 0.14 s, CL 0.01 s, MONDO 0.18 s, Cellosaurus 0.4 s; 200 MB resident
with all of them), which is quick enough to need no cache of our own on disk.

``part_of`` counts as ``is_a`` here: a hippocampus is below brain.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import TypedDict

from gem_assets.labels.spelling import fold, spellings

ONTOLOGY_OF_PREFIX: Mapping[str, str] = {
    "UBERON": "UBERON",
    "CL": "CL",
    "MONDO": "MONDO",
    "PATO": "PATO",
    "CVCL": "CVCL",
    "HsapDv": "HsapDv",
    "HANCESTRO": "HANCESTRO",
    "AfPO": "HANCESTRO",
}
"""Prefixes of the ids we know, and the ontology file that holds their terms."""

_PREFIX_BY_FOLDED = {prefix.casefold(): prefix for prefix in ONTOLOGY_OF_PREFIX}
_KNOWN_ID = re.compile(
    rf"(?:https?://\S*/)?(?:cellosaurus:)?({'|'.join(ONTOLOGY_OF_PREFIX)})[:_]([0-9A-Z]+)",
    re.IGNORECASE,
)
_FOREIGN_ID = re.compile(
    r"(?:https?://\S*/)?(BTO|CHEBI|CLO|DOID|EFO|EMAPA|FMA|GO|HP|MA|MESH|NCBITaxon|NCIT|OMIM|Orphanet"
    r"|SNOMED|SO|UMLS)[:_]([A-Z]?[0-9]+)",
    re.IGNORECASE,
)

_OBSOLETE = re.compile(r"^obsolete\s+", re.IGNORECASE)


class _Term(TypedDict, total=False):
    """A term as the library's files hold it."""

    ancestors: dict[str, int]
    label: str
    synonyms: list[str]
    deprecated: bool
    replaced_by: str


class FoundBy(StrEnum):
    """What of a term a text equals; ``deprecated`` is the label of a term no longer in use."""

    LABEL = "label"
    SYNONYM = "synonym"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Found:
    """Terms that a text names.

    Attributes
    ----------
    ids
        At least one id, sorted; several mean that the text is ambiguous.
    by
        Whether the text is their label or a synonym.
    """

    ids: tuple[str, ...]
    by: FoundBy


@dataclass(frozen=True, eq=False)
class Ontology:
    """One ontology, with the indices that are built from it when they are first needed."""

    name: str
    terms: Mapping[str, _Term]

    @cached_property
    def n_live(self) -> int:
        """Number of terms that are not deprecated."""
        return sum(not term.get("deprecated", False) for term in self.terms.values())

    @cached_property
    def descendants(self) -> Mapping[str, frozenset[str]]:
        """Terms below each term that has any, without itself, deprecated ones left out."""
        below: dict[str, set[str]] = defaultdict(set)
        for term_id, term in self.terms.items():
            if not term.get("deprecated", False):
                for ancestor in term["ancestors"]:
                    below[ancestor].add(term_id)
        return {ancestor: frozenset(ids) for ancestor, ids in below.items()}

    @cached_property
    def by_text(self) -> Mapping[FoundBy, Mapping[str, tuple[str, ...]]]:
        """Ids by folded text, for labels, synonyms and labels of deprecated terms."""
        index: dict[FoundBy, dict[str, tuple[str, ...]]] = {by: {} for by in FoundBy}

        def add(by: FoundBy, text: str, term_id: str) -> None:
            key = fold(text)
            held = index[by].get(key, ())
            if term_id not in held:
                index[by][key] = (*held, term_id)

        for term_id, term in self.terms.items():
            label = term.get("label") or ""
            if term.get("deprecated", False):
                add(FoundBy.DEPRECATED, label, term_id)
                add(
                    FoundBy.DEPRECATED,
                    re.sub(r"^obsolete\s+", "", label, flags=re.IGNORECASE),
                    term_id,
                )
                continue
            add(FoundBy.LABEL, label, term_id)
            for synonym in term.get("synonyms", ()):
                add(FoundBy.SYNONYM, synonym, term_id)
        return index


@cache
def load_ontology(name: str) -> Ontology:
    """Return an ontology of the library's latest CELLxGENE schema, read once per process.

    Parameters
    ----------
    name
        A value of `ONTOLOGY_OF_PREFIX`, e.g. ``UBERON``.

    Raises
    ------
    KeyError
        If the name is none of ours.
    """
    if name not in ONTOLOGY_OF_PREFIX.values():
        raise KeyError(f"{name!r} is no ontology of ours; known: {sorted(ONTOLOGY_OF_PREFIX)}")
    from cellxgene_ontology_guide.supported_versions import CXGSchema

    return Ontology(name, CXGSchema().ontology(name))


def canonical_id(text: str) -> str | None:
    """Return the usual spelling of a term id, None for a text that does not look like one.

    ``uberon_0002107``, ``http://purl.obolibrary.org/obo/UBERON_0002107`` and ``UBERON:0002107``
    are ``UBERON:0002107``. Cellosaurus ids have an underscore: ``CVCL:0030`` is ``CVCL_0030``.
    Ids of well-known ontologies that we do not hold (``EFO:0000400``) are ids too. Whether the
    term exists is not asked: see `label_of`.
    """
    text = text.strip()
    if match := _KNOWN_ID.fullmatch(text):
        prefix = _PREFIX_BY_FOLDED[match[1].casefold()]
        if prefix == "CVCL":
            return f"CVCL_{match[2].upper()}"
        return f"{prefix}:{match[2]}" if match[2].isdigit() else None
    if match := _FOREIGN_ID.fullmatch(text):
        return f"{match[1]}:{match[2]}"
    return None


def prefix_of(term_id: str) -> str | None:
    """Return the prefix of a canonical id (``CVCL_0030``: ``CVCL``), None if it has none."""
    match = re.match(r"([A-Za-z]+)[:_]", term_id)
    return match[1] if match else None


def _ontology_of(term_id: str) -> Ontology | None:
    name = ONTOLOGY_OF_PREFIX.get(prefix_of(term_id) or "")
    return load_ontology(name) if name else None


def _term(term_id: str) -> _Term | None:
    ontology = _ontology_of(term_id)
    return ontology.terms.get(term_id) if ontology else None


def label_of(term_id: str) -> str | None:
    """Return the label of a term, None for an id that no ontology of ours holds."""
    term = _term(term_id)
    return term.get("label") if term else None


def is_deprecated(term_id: str) -> bool:
    """Return whether the ontology has retired a term; False for an unknown id."""
    term = _term(term_id)
    return bool(term and term.get("deprecated", False))


def replacement(term_id: str) -> str | None:
    """Return the live term that replaces a deprecated one, None where there is none.

    Replacements that are deprecated themselves are followed to their own.
    """
    seen = {term_id}
    term = _term(term_id)
    while term and term.get("deprecated", False):
        following = canonical_id(term.get("replaced_by") or "")
        if following is None or following in seen:
            return None
        seen.add(following)
        term_id, term = following, _term(following)
    return term_id if term and len(seen) > 1 else None


@cache
def ancestors(term_id: str) -> frozenset[str]:
    """Return a term and everything above it (is_a and part_of); an unknown id has only itself.

    Cellosaurus terms have no ancestors in the library: see `gem_assets.labels.cell_lines`.
    """
    term = _term(term_id)
    return frozenset((term_id, *term["ancestors"])) if term else frozenset((term_id,))


def distance_above(term_id: str, ancestor: str) -> int | None:
    """Return the number of edges from a term up to its ancestor, None if it is not above it."""
    if term_id == ancestor:
        return 0
    term = _term(term_id)
    return term["ancestors"].get(ancestor) if term else None


@cache
def descendants(term_id: str) -> frozenset[str]:
    """Return a term and every live term below it; an unknown id has only itself."""
    ontology = _ontology_of(term_id)
    below = ontology.descendants.get(term_id, frozenset()) if ontology else frozenset()
    return below | {term_id}


@cache
def information_content(term_id: str) -> float | None:
    """Return how specific a term is: 0 at the root, 1 at a leaf.

    The intrinsic information content, ``-log(n / N) / log(N)``: n live terms at or below this
    one, N live terms in the ontology. Measured: anatomical system .013, hematopoietic cell .19,
    brain .21, cancer .25, liver .55.

    None for unknown and deprecated ids and for Cellosaurus, which has no hierarchy to measure.
    """
    ontology = _ontology_of(term_id)
    if ontology is None or ontology.name == "CVCL":
        return None
    term = ontology.terms.get(term_id)
    if term is None or term.get("deprecated", False):
        return None
    return abs(math.log(len(descendants(term_id)) / ontology.n_live) / math.log(ontology.n_live))


def find(text: str, prefixes: Iterable[str]) -> Found | None:
    """Return the terms of the named ontologies that a text names, None if it names none.

    Labels win over synonyms, and both over the labels of deprecated terms. The text as it is
    written (but for case and white space) wins over its variant spellings: underscores and
    hyphens as spaces, and the last word in the singular (``NK-cells`` is ``NK cell``).

    Parameters
    ----------
    text
        Any text.
    prefixes
        Prefixes of ids, e.g. ``("UBERON",)``: only these ontologies are loaded and searched.
    """
    prefixes = tuple(prefixes)
    names = dict.fromkeys(ONTOLOGY_OF_PREFIX[prefix] for prefix in prefixes)
    indices = [load_ontology(name).by_text for name in names]
    for spelling in spellings(text):
        for by in FoundBy:
            ids = {
                term_id
                for index in indices
                for term_id in index[by].get(spelling, ())
                if prefix_of(term_id) in prefixes
            }
            if ids:
                return Found(tuple(sorted(ids)), by)
    return None
