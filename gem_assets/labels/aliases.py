"""Everyday words that no ontology knows, and the terms that people mean by them.

``data/aliases.csv`` is written by hand. A word is in it because neither a label nor a synonym
equals it (``whole blood``, ``PFC``, ``COAD``), or because the only synonym that does means
something else (``MDD`` is a synonym of *mal de Debarquement*; ``lungs`` of *pair of lungs*).
A word with several rows is ambiguous on purpose (``ASD``: atrial septal defect, autism).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from gem_assets.labels.fields import FIELD_BY_NAME, FieldKind
from gem_assets.labels.ontology import canonical_id, find, label_of
from gem_assets.labels.spelling import fold
from gem_assets.problems import InputProblem, RefusedInputError, Severity


@dataclass(frozen=True, slots=True)
class Alias:
    """One row of the alias file; ``term_label`` is there for its readers and is held by a test."""

    field: str
    text: str
    term_id: str
    term_label: str


@cache
def curated_aliases() -> tuple[Alias, ...]:
    """Return the rows of the alias file."""
    text = files("gem_assets.labels").joinpath("data/aliases.csv").read_text("utf-8")
    return tuple(Alias(**row) for row in csv.DictReader(text.splitlines()))


@cache
def _ids_by_field_and_text() -> Mapping[tuple[str, str], tuple[str, ...]]:
    index: dict[tuple[str, str], list[str]] = defaultdict(list)
    for alias in curated_aliases():
        index[alias.field, fold(alias.text)].append(alias.term_id)
    return {key: tuple(ids) for key, ids in index.items()}


def find_alias(field_name: str, text: str) -> tuple[str, ...]:
    """Return the terms that a word of a field stands for, several if it is ambiguous, or none."""
    return _ids_by_field_and_text().get((field_name, fold(text)), ())


def check_aliases(aliases: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return a dataset's own aliases, folded and with canonical term ids.

    Parameters
    ----------
    aliases
        Field name (``tissue``) to text as in the sheet (``Biopsy A``) to a term id
        (``UBERON:0002107``) or, where it is unique, a term's label (``liver``). Fields without
        an ontology take the value itself.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        Naming each alias whose field or term does not exist.
    """
    problems: list[InputProblem] = []
    checked: dict[str, dict[str, str]] = {}
    for field_name, words in aliases.items():
        field = FIELD_BY_NAME.get(field_name)
        if field is None:
            near = get_close_matches(field_name, FIELD_BY_NAME, 1)
            problems.append(
                InputProblem(
                    "unknown_alias_field",
                    Severity.ERROR,
                    f"The aliases name a field {field_name!r}, which does not exist.",
                    f"Did you mean {near[0]!r}?"
                    if near
                    else f"Fields: {', '.join(FIELD_BY_NAME)}.",
                )
            )
            continue
        checked[field_name] = {}
        for text, target in words.items():
            meant: str | None = target
            if field.kind is FieldKind.ONTOLOGY:
                meant = _term_of(target, field.ontologies)
            if meant is None:
                problems.append(
                    InputProblem(
                        "unknown_alias_term",
                        Severity.ERROR,
                        f"The alias {text!r} of {field_name} stands for {target!r}, which is no "
                        f"term of {' or '.join(field.ontologies)}.",
                        "Give a term id such as UBERON:0002107, or a term's exact label.",
                    )
                )
                continue
            checked[field_name][fold(text)] = meant
    if problems:
        raise RefusedInputError(*problems)
    return checked


def _term_of(target: str, prefixes: tuple[str, ...]) -> str | None:
    term_id = canonical_id(target)
    if term_id is not None:
        return term_id if label_of(term_id) is not None else None
    found = find(target, prefixes)
    return found.ids[0] if found and len(found.ids) == 1 else None
