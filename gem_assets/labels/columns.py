"""The names that columns of sample sheets go by, and what they mean to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gem_assets.labels.fields import FIELDS

SAMPLE_ID = "sample_id"
LABEL_COLUMNS: tuple[str, ...] = tuple(c for field in FIELDS for c in field.sheet_columns)
"""Columns that state a label, in the order of the fields."""

STRUCTURE_COLUMNS: tuple[str, ...] = ("batch", "donor", "well")
"""Columns that place a sample in the experiment; they are not compared with predictions."""

KNOWN_COLUMNS: tuple[str, ...] = (SAMPLE_ID, *LABEL_COLUMNS, *STRUCTURE_COLUMNS)

ORGANISM = "organism"
"""Column that is none of the labels: what is not human is refused."""

_PEOPLE = ("donor", "host", "individual", "participant", "patient", "person", "subject")


def _of_people(*words: str) -> tuple[str, ...]:
    """Return words alone and as said of a person: ``gender``, ``patient gender``..."""
    return (*words, *(f"{person} {word}" for word in words for person in _PEOPLE))


def _ids(*names: str) -> tuple[str, ...]:
    """Return how columns of ontology ids are named after those of labels."""
    endings = ("ontology id", "ontology term id", "ontology term", "ontology")
    return tuple(f"{name} {ending}" for name in names for ending in endings)


SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        SAMPLE_ID: (
            *("sample id", "sample", "sample name", "sample identifier", "sampleid"),
            *("samplename", "run", "run accession", "library name", "library id", "barcode"),
            *("cell id", "cell barcode", "cell name", "row names", "rownames", "unnamed 0"),
        ),
        "tissue": (
            *("tissue", "organ", "organism part", "body site", "bodysite", "anatomic site"),
            *("anatomical site", "anatomical location", "tissue name", "tissue site"),
            *("tissue of origin", "organ tissue", "sample tissue", "source tissue"),
        ),
        "tissue_ontology_id": _ids("tissue", "organism part"),
        "cell_type": ("cell type", "celltype", "cell types", "cell type name", "sorted cell type"),
        "cell_type_ontology_id": _ids("cell type"),
        "disease": (
            *("disease", "disease state", "disease status", "disease name", "diagnosis"),
            *("health status", "health state", "primary diagnosis", "clinical diagnosis"),
            *("disease diagnosis",),
        ),
        "disease_ontology_id": _ids("disease"),
        "cell_line": ("cell line", "cellline", "cell line name", "cellline name"),
        "cell_line_ontology_id": (*_ids("cell line"), "cellosaurus", "cellosaurus id"),
        "sex": _of_people("sex", "gender", "biological sex", "sex at birth", "reported sex"),
        "developmental_stage": (
            *("developmental stage", "development stage", "dev stage", "life stage"),
            "developmentstage",
        ),
        "sample_type": ("sample type", "sampletype", "biomaterial type", "specimen type"),
        "ethnicity": (
            *_of_people("ethnicity", "ethnic group", "ancestry", "ancestry category"),
            "self reported ethnicity",
        ),
        "batch": ("batch", "batch id", "batch number", "sequencing batch", "library batch"),
        "donor": (
            *(f"{p}{end}" for p in _PEOPLE if p != "host" for end in ("", " id", " identifier")),
            *("indiv", "donorid", "patientid", "subjectid", "subjid", "individualid", "case id"),
        ),
        "well": ("well", "well id", "well position", "plate well"),
        ORGANISM: (
            *("organism", "species", "scientific name", "scientificname", "organism ch1"),
            *_ids("organism"),
            *("taxid", "tax id", "taxon id", "ncbi taxid"),
        ),
    }
)
"""For each of our columns, other names of it: lower case, single spaces for anything that is
neither letter nor digit. Ages are told by `_AGE`.

Left out on purpose: ``condition``, ``group``, ``treatment`` (they need not be diseases), ``tissue
type`` (*tumor* or *normal* in the GDC, *organoid* in CELLxGENE), ``name`` and ``id`` (of what?)."""

_AGE = re.compile(
    rf"(?:(?:{'|'.join(_PEOPLE)}|sample) )?age"
    r"(?: (?:at|of) (?:(?:sample )?collection|sampling|biopsy|donation|enrol?lment|recruitment"
    r"|inclusion|baseline|visit|surgery|death))?"
    r"(?: in)?(?: (?P<unit>years?|yrs?|y|months?|mos?|weeks?|wks?|days?))?(?: old)?"
)
"""Names of columns of ages at the time of sampling. An age at diagnosis or onset is none."""

_UNITS = {"y": "years", "m": "months", "w": "weeks", "d": "days"}
_BARE_NUMBER = re.compile(r"\d+(\.\d+)?")

_MEANING = {name: ours for ours, names in SYNONYMS.items() for name in names}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means.

    Attributes
    ----------
    column
        One of `KNOWN_COLUMNS`, or `ORGANISM`.
    unit
        Of a column of ages, what its numbers count, if its name says so.
    """

    column: str
    unit: str | None = None


def plain_name(name: str) -> str:
    """Return a name as the synonyms are written: ``Organism_Part`` is ``organism part``."""
    return " ".join("".join(c if c.isalnum() else " " for c in name.casefold()).split())


def meaning_of(name: str) -> Meaning | None:
    """Return what a column's name means to us, None if nothing.

    Case and punctuation do not matter: ``Body_Site``, ``body.site`` and ``body site`` are tissue.
    """
    plain = plain_name(name)
    if match := _AGE.fullmatch(plain):
        unit = match["unit"]
        return Meaning("age_years", _UNITS[unit[0]] if unit else None)
    ours = _MEANING.get(plain)
    return Meaning(ours) if ours else None


def with_unit(cell: str, unit: str | None) -> str:
    """Return an age with its unit: ``18`` in months is ``18 months``; others as they are."""
    if unit in (None, "years") or not _BARE_NUMBER.fullmatch(cell):
        return cell
    return f"{cell} {unit}"
