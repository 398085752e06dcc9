"""From what a sheet says to terms: resolving one label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from gem_assets.labels.aliases import find_alias
from gem_assets.labels.cell_lines import compact, curated_cell_lines, find_cell_line
from gem_assets.labels.fields import FIELD_BY_NAME, Field, FieldKind
from gem_assets.labels.ontology import (
    Found,
    FoundBy,
    canonical_id,
    find,
    is_deprecated,
    label_of,
    prefix_of,
    replacement,
)
from gem_assets.labels.spelling import fold, spellings
from gem_assets.labels.words import (
    NORMAL,
    is_either_sample_type,
    is_normal,
    is_pooled_sex,
    parse_age,
    sample_type_of,
    says_nothing,
    sex_of,
)

_SEPARATORS = re.compile(r"\|\||[;|]")


class Resolution(StrEnum):
    """How a stated label was resolved, or why it was not.

    The first five have terms and are judged:

    ========== =====================================================================
    id         an id of a live term
    replaced   a deprecated term, whose replacement is taken
    label      a term's label (case, white space, hyphens and plural aside), a word of the field's
               own list, or a number
    synonym    a synonym of exactly one term, or of a word of the field's list
    alias      a word of the curated alias file, the cell line map, or the dataset's own aliases
    ========== =====================================================================

    The others have none and are not judged: ``ambiguous`` (several terms), ``unknown`` (empty,
    NA, not collected; a pool of both sexes), ``unmapped`` (no term found), ``wrong_ontology``
    (a term of an ontology that the field does not take), ``deprecated`` (without replacement).
    """

    ID = "id"
    REPLACED = "replaced"
    LABEL = "label"
    SYNONYM = "synonym"
    ALIAS = "alias"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    UNMAPPED = "unmapped"
    WRONG_ONTOLOGY = "wrong_ontology"
    DEPRECATED = "deprecated"


RESOLVED = frozenset(
    (
        Resolution.ID,
        Resolution.REPLACED,
        Resolution.LABEL,
        Resolution.SYNONYM,
        Resolution.ALIAS,
    )
)
"""The resolutions with a value, which is judged."""


@dataclass(frozen=True, slots=True)
class ResolvedLabel:
    """A label as stated, and what it means.

    Attributes
    ----------
    provided_text
        What the sheet says: the label text, or the id text where there is no other.
    ids
        Term ids, or the word itself for fields without an ontology; several for a multi-valued
        label, none if it did not resolve.
    labels
        Their labels, in the same order.
    resolution
        The word for it.
    """

    provided_text: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    resolution: Resolution

    @property
    def resolved(self) -> bool:
        """Whether there is anything to judge."""
        return self.resolution in RESOLVED


_Outcome = tuple[tuple[str, ...], Resolution]


def resolve_label(
    field: Field,
    text: str | None,
    id_text: str | None = None,
    aliases: Mapping[str, str] | None = None,
) -> ResolvedLabel:
    """Resolve what a sheet states for one field of one sample. Never raises on any text.

    An id that resolves wins over the text; an id that does not leaves the text to say it.

    A label of several values (``liver || kidney``, also ``;`` and ``|``) has all their terms, of
    which the best match counts. Values that say nothing are left out; if any other does not
    resolve, neither does the label, for the unread value could be the right one.

    Parameters
    ----------
    field
        A field of `gem_assets.labels.fields.FIELDS`.
    text
        The label column's cell, None where there is none.
    id_text
        The id column's cell, None where there is none. Either may hold an id or a label.
    aliases
        The dataset's own aliases for this field, as `check_aliases` returns them. They win over
        everything.
    """
    text, id_text = (text or "").strip(), (id_text or "").strip()
    own = aliases or {}
    outcome = _resolve(field, id_text, own) if not says_nothing(id_text) else None
    if outcome is None or outcome[1] not in RESOLVED:
        by_text = _resolve(field, text, own)
        if outcome is None or by_text[1] in RESOLVED:
            outcome = by_text
    ids, resolution = outcome
    return ResolvedLabel(
        text or id_text, ids, tuple(label_of(i) or i for i in ids), Resolution(resolution)
    )


def _resolve(field: Field, text: str, aliases: Mapping[str, str]) -> _Outcome:
    """Resolve a cell: as a whole, else each of its values."""
    whole = _resolve_value(field, text, aliases)
    if whole[1] not in (Resolution.UNMAPPED, Resolution.WRONG_ONTOLOGY):
        return whole
    values = [v.strip() for v in _SEPARATORS.split(text) if not says_nothing(v)]
    if not _SEPARATORS.search(text):
        return whole
    if not values:
        return (), Resolution.UNKNOWN
    outcomes = [_resolve_value(field, value, aliases) for value in values]
    for outcome in outcomes:
        if outcome[1] not in RESOLVED:
            return (), outcome[1]
    ids = tuple(dict.fromkeys(i for found, _ in outcomes for i in found))
    if field.name == "sex" and len(ids) > 1:
        return (), Resolution.UNKNOWN  # a pool: whatever is predicted would agree
    return ids, outcomes[0][1]


def _resolve_value(field: Field, text: str, aliases: Mapping[str, str]) -> _Outcome:
    if own := aliases.get(fold(text)):
        return (own,), Resolution.ALIAS
    return _resolve_text(field.name, text)


@lru_cache(maxsize=65536)
def _resolve_text(field_name: str, text: str) -> _Outcome:
    """Resolve a single value; cached, as sheets repeat few labels over many samples."""
    field = FIELD_BY_NAME[field_name]
    if says_nothing(text):
        return (), Resolution.UNKNOWN
    if field.name == "sex":
        return _resolve_sex(text)
    if field.name == "sample_type":
        return _resolve_sample_type(text)
    if field.kind is FieldKind.NUMBER:
        age = parse_age(text)
        return ((), Resolution.UNMAPPED) if age is None else ((f"{age:g}",), Resolution.LABEL)
    if not field.ontologies:
        return (text,), Resolution.LABEL
    if field.name == "disease" and is_normal(text):
        is_id = canonical_id(text) is not None
        is_label = fold(text) == fold(label_of(NORMAL) or "")
        how = Resolution.ID if is_id else Resolution.LABEL if is_label else Resolution.ALIAS
        return (NORMAL,), how
    if term_id := canonical_id(text):
        return _resolve_id(field, term_id)
    return _resolve_name(field, text)


def _resolve_sex(text: str) -> _Outcome:
    sex = sex_of(text)
    if sex is None:
        return (), Resolution.UNKNOWN if is_pooled_sex(text) else Resolution.UNMAPPED
    if canonical_id(text):
        return (sex,), Resolution.ID
    return (sex,), Resolution.LABEL if fold(text) == sex else Resolution.SYNONYM


def _resolve_sample_type(text: str) -> _Outcome:
    if is_either_sample_type(text):
        return (), Resolution.AMBIGUOUS
    sample_type = sample_type_of(text)
    if sample_type is None:
        return (), Resolution.UNMAPPED
    return (sample_type,), Resolution.LABEL if fold(text) == sample_type else Resolution.SYNONYM


def _takes(field: Field, term_id: str) -> bool:
    """Return whether a field's values include a term: of PATO, disease takes only *normal*."""
    prefix = prefix_of(term_id)
    return prefix in field.ontologies and (prefix != "PATO" or term_id == NORMAL)


def _resolve_id(field: Field, term_id: str) -> _Outcome:
    if not _takes(field, term_id):
        return (), Resolution.WRONG_ONTOLOGY
    if label_of(term_id) is None:
        return (), Resolution.UNMAPPED
    if not is_deprecated(term_id):
        return (term_id,), Resolution.ID
    following = replacement(term_id)
    if following is None:
        return (), Resolution.DEPRECATED
    if not _takes(field, following):
        return (), Resolution.WRONG_ONTOLOGY
    return (following,), Resolution.REPLACED


def _resolve_name(field: Field, text: str) -> _Outcome:
    """Resolve a text that is no id: exact label, alias, other spelling or synonym, in that order.

    Aliases come before synonyms because the libraries' synonyms are loose: see `aliases`.
    """
    found = _find(field, text)
    if found and len(found.ids) == 1 and fold(label_of(found.ids[0]) or "") == fold(text):
        return found.ids, Resolution.LABEL
    for spelling in spellings(text):
        if ids := find_alias(field.name, spelling):
            return (ids, Resolution.ALIAS) if len(ids) == 1 else ((), Resolution.AMBIGUOUS)
    if found is None:
        return (), Resolution.WRONG_ONTOLOGY if _named_elsewhere(
            field, text
        ) else Resolution.UNMAPPED
    if found.by is FoundBy.DEPRECATED:
        outcomes = {_resolve_id(field, term_id) for term_id in found.ids}
        return outcomes.pop() if len(outcomes) == 1 else ((), Resolution.DEPRECATED)
    if len(found.ids) > 1:
        return (), Resolution.AMBIGUOUS
    if found.by is FoundBy.LABEL:
        return found.ids, Resolution.LABEL
    # Cellosaurus has no synonyms here: other names of lines are of the curated map.
    curated = field.name == "cell_line"
    return found.ids, Resolution.ALIAS if curated else Resolution.SYNONYM


def _find(field: Field, text: str) -> Found | None:
    if field.name == "cell_line":
        ambiguous = find_alias(field.name, text)
        return Found(ambiguous, FoundBy.LABEL) if ambiguous else find_cell_line(text)
    return find(text, tuple(p for p in field.ontologies if p != "PATO"))


def _named_elsewhere(field: Field, text: str) -> bool:
    """Return whether another field's ontology has this label: the column may be the wrong one.

    Only the small ontologies and the curated lines are asked: among the 167,000 labels of
    Cellosaurus there is a line for any word.
    """
    others = tuple(p for p in ("UBERON", "CL") if p not in field.ontologies)
    found = find(text, others) if others else None
    if found and found.by is FoundBy.LABEL:
        return True
    return field.name != "cell_line" and compact(text) in {
        compact(line.name) for line in curated_cell_lines()
    }
