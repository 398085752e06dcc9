"""Cell lines: their names, and which line was made from which.

Cellosaurus as the library ships it has labels only: no synonyms and no parents. So the names in
common use that its labels do not hold, and the parents of lines that are often compared, are
curated here (``data/cell_lines.csv``): the lines of the Human Protein Atlas, and common others.
An accession is listed only where its Cellosaurus label confirms the name. Not lines, and
therefore absent: the atlas's primary cells ``ASC diff``, ``HHSteC`` and ``HSkMC``; and ``ASC
TERT1``, which this release of Cellosaurus does not hold.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gem_assets.labels.ontology import Found, FoundBy, label_of, load_ontology
from gem_assets.labels.spelling import fold


@dataclass(frozen=True, slots=True)
class CellLine:
    """A curated name of a line.

    Attributes
    ----------
    name
        As it is written in sheets and references.
    accession
        Cellosaurus accession, e.g. ``CVCL_0030``.
    parent_accession
        The line it was made from, None where it is a line of first hand or nobody noted it.
    """

    name: str
    accession: str
    parent_accession: str | None


@cache
def curated_cell_lines() -> tuple[CellLine, ...]:
    """Return the curated names, one an entry; a line may have several."""
    text = files("gem_assets.labels").joinpath("data/cell_lines.csv").read_text("utf-8")
    return tuple(
        CellLine(row["name"], row["accession"], row["parent_accession"] or None)
        for row in csv.DictReader(text.splitlines())
    )


def compact(text: str) -> str:
    """Return a name without case and punctuation but ``+``: ``HEK 293`` and ``HEK-293`` agree."""
    return "".join(c for c in text.casefold() if c.isalnum() or c == "+")


@cache
def _accessions_by_compact_label() -> Mapping[str, tuple[str, ...]]:
    index: dict[str, list[str]] = defaultdict(list)
    for accession, term in load_ontology("CVCL").terms.items():
        index[compact(term["label"])].append(accession)
    return {key: tuple(accessions) for key, accessions in index.items()}


@cache
def _curated_by_compact_name() -> Mapping[str, str]:
    return {compact(line.name): line.accession for line in curated_cell_lines()}


@cache
def _parents() -> Mapping[str, str]:
    return {
        line.accession: line.parent_accession
        for line in curated_cell_lines()
        if line.parent_accession
    }


def find_cell_line(text: str) -> Found | None:
    """Return the lines that a text names, None if there are none.

    A curated name comes first: Cellosaurus has an obscure line called ``PC3``, and who writes
    that means ``PC-3``. Then the labels of Cellosaurus, whose punctuation and case need not be
    met (``k562`` is ``K-562``) unless several lines differ in nothing else.
    """
    key = compact(text)
    if accession := _curated_by_compact_name().get(key):
        exact = fold(label_of(accession) or "") == fold(text)
        return Found((accession,), FoundBy.LABEL if exact else FoundBy.SYNONYM)
    candidates = _accessions_by_compact_label().get(key, ()) if key else ()
    exact_candidates = tuple(a for a in candidates if fold(label_of(a) or "") == fold(text))
    found = exact_candidates or candidates
    return Found(tuple(sorted(found)), FoundBy.LABEL) if found else None


@cache
def lineage(accession: str) -> frozenset[str]:
    """Return a line and those it was made from, as far as the curated map knows."""
    line = {accession}
    parent = _parents().get(accession)
    while parent and parent not in line:
        line.add(parent)
        parent = _parents().get(parent)
    return frozenset(line)


@cache
def offspring(accession: str) -> frozenset[str]:
    """Return a line and those made from it, as far as the curated map knows."""
    return frozenset(a for a in {*_parents(), accession} if accession in lineage(a))


def founder(accession: str) -> str:
    """Return the first line of a line's lineage: relatives share it."""
    while parent := _parents().get(accession):
        accession = parent
    return accession
