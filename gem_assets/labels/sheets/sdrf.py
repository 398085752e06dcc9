"""Sample and data relationship format of MAGE-TAB, and Expression Atlas' experiment designs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.columns import KNOWN_COLUMNS, meaning_of, plain_name, with_unit
from gem_assets.labels.delimited import delimited_table
from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.ontology import canonical_id, prefix_of
from gem_assets.labels.sheet_file import SheetText
from gem_assets.labels.sheets.layout import Layout

_SAMPLE_COLUMNS = (
    *("source name", "sample name", "extract name", "labeled extract name", "assay name", "run"),
    *("assay", "comment ena run", "comment ena experiment", "comment ena sample"),
    *("comment biosd sample", "comment sample name", "scan name", "library name"),
)
"""Nodes of the graph from a source to its files, any of which may name the counts' columns."""

_ATTRIBUTE = re.compile(
    r"(?:sample )?(?:characteristics?|factor ?values?)(?P<term> ontology term)?\s*"
    r"\[(?P<what>[^]]*)\]",
    re.IGNORECASE,
)
_UNIT = re.compile(r"unit\s*\[.*\]", re.IGNORECASE)
_TERM_PARTS = frozenset(("term source ref", "term accession number"))


@dataclass(frozen=True, slots=True)
class _Attribute:
    """A column ``Characteristics[...]`` with those that belong to it."""

    column: str
    what: str
    is_term: bool
    unit: str | None
    accession: str | None


class Sdrf:
    """``Source Name``, ``Characteristics[organism part]``..., each with its unit and term.

    A row is a path from a source to a file, so that samples have a row a run, or a file of
    paired reads. Columns may repeat, and their order matters: ``Unit[time unit]`` and ``Term
    Accession Number`` belong to the attribute before them. Specification: MAGE-TAB 1.1.
    """

    name = "sdrf"
    rank = 20

    def recognises(self, text: SheetText) -> bool:
        """Tell by an attribute in brackets beside a column that names a node of the graph."""
        return any(_ATTRIBUTE.fullmatch(name) for name in text.header) and any(
            plain_name(name) in _SAMPLE_COLUMNS for name in text.header
        )

    def lay_out(self, text: SheetText) -> Layout:
        """Return the table; ages have their unit, terms of ontologies we hold become ids."""
        table = delimited_table(text, repeats=True)
        header = _unique(table.header)
        frame = pd.DataFrame(table.rows, columns=list(header), dtype=str)
        meanings: dict[str, str] = {}
        foreign: set[str] = set()
        for attribute in _attributes(table.header, header):
            meaning = meaning_of(attribute.what)
            if meaning is None:
                continue
            id_column = f"{meaning.column}_ontology_id"
            terms = attribute.column if attribute.is_term else attribute.accession
            if terms and id_column in KNOWN_COLUMNS:
                meanings[terms] = id_column
                frame[terms], left = _held_terms(frame[terms], meaning.column)
                foreign |= left
            if attribute.is_term:
                continue
            meanings[attribute.column] = meaning.column
            if attribute.unit is not None and meaning.column == "age_years":
                frame[attribute.column] = [
                    with_unit(cell, unit or None)
                    for cell, unit in zip(
                        frame[attribute.column], frame[attribute.unit], strict=True
                    )
                ]
        by_plain = {plain_name(name): name for name in reversed(header)}
        return Layout(
            frame,
            table.lines,
            sample_columns=tuple(by_plain[name] for name in _SAMPLE_COLUMNS if name in by_plain),
            meanings=meanings,
            ignored=frozenset(header) - meanings.keys(),
            merges=True,
            notes=(
                (
                    f"Terms of ontologies that are not held ({', '.join(sorted(foreign))}) are "
                    "left out; their labels are read.",
                )
                if foreign
                else ()
            ),
        )


def _unique(header: tuple[str, ...]) -> tuple[str, ...]:
    """Give repeats of a name a number: ``Protocol REF``, ``Protocol REF (2)``."""
    seen: Counter[str] = Counter()
    names = []
    for name in header:
        seen[name] += 1
        names.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return tuple(names)


def _attributes(header: tuple[str, ...], unique: tuple[str, ...]) -> list[_Attribute]:
    """Find the attributes, characteristics before factor values, and what follows each."""
    found = []
    for i, name in enumerate(header):
        match = _ATTRIBUTE.fullmatch(name)
        if match is None:
            continue
        unit = accession = None
        for j in range(i + 1, len(header)):
            if _UNIT.fullmatch(header[j]):
                unit = unit or unique[j]
            elif plain_name(header[j]) not in _TERM_PARTS:
                break
            elif plain_name(header[j]) == "term accession number" and unit is None:
                accession = accession or unique[j]  # after a unit it is the unit's
        found.append(
            _Attribute(unique[i], match["what"].strip(), bool(match["term"]), unit, accession)
        )
    return found


def _held_terms(cells: pd.Series, field_name: str) -> tuple[pd.Series, set[str]]:
    """Empty the cells whose term is of an ontology that the field does not take."""
    taken = FIELD_BY_NAME[field_name].ontologies
    left: set[str] = set()
    kept = {}
    for cell in pd.unique(cells):
        term_id = canonical_id(cell)
        prefix = prefix_of(term_id) if term_id else None
        kept[cell] = cell if prefix in taken else ""
        if prefix and prefix not in taken:
            left.add(prefix)
    return cells.map(kept), left
