"""The metadata fields that a model may predict and a sheet may state, under our short names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """How a field's values compare: by ontology, as words of a list, as a number, or not at all."""

    ONTOLOGY = "ontology"
    ENUMERATION = "enumeration"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """One metadata field.

    Attributes
    ----------
    name
        Our name, used in every table.
    kind
        How values compare.
    api_names
        The endpoint's names for it (``metadata`` and ``classifier_probs`` may differ; names drift).
    ontologies
        Prefixes of the terms it takes, in the spelling of the ids (``CVCL``: Cellosaurus).
    sheet_columns
        Columns of our sample sheet that state it: label first, then id where there is one.
    """

    name: str
    kind: FieldKind
    api_names: tuple[str, ...]
    ontologies: tuple[str, ...] = ()
    sheet_columns: tuple[str, ...] = ()


def _ontology_field(name: str, *ontologies: str) -> Field:
    return Field(
        name,
        FieldKind.ONTOLOGY,
        (f"{name}_ontology_id", name),
        ontologies,
        (name, f"{name}_ontology_id"),
    )


FIELDS: tuple[Field, ...] = (
    _ontology_field("tissue", "UBERON"),
    _ontology_field("cell_type", "CL"),
    _ontology_field("disease", "MONDO", "PATO"),
    _ontology_field("cell_line", "CVCL"),
    Field("sex", FieldKind.ENUMERATION, ("sex",), ("PATO",), ("sex",)),
    Field("sample_type", FieldKind.ENUMERATION, ("sample_type",), (), ("sample_type",)),
    Field("age", FieldKind.NUMBER, ("age_years", "age"), (), ("age_years",)),
    Field(
        "developmental_stage",
        FieldKind.TEXT,
        ("developmental_stage", "developmental_stage_ontology_id"),
        ("HsapDv",),
        ("developmental_stage",),
    ),
    Field("ethnicity", FieldKind.TEXT, ("ethnicity",), (), ("ethnicity",)),
    Field("race", FieldKind.TEXT, ("race",)),
    Field("genotype", FieldKind.TEXT, ("genotype",)),
    Field("perturbation", FieldKind.TEXT, ("perturbation_ontology_id", "perturbation")),
    Field("perturbation_type", FieldKind.TEXT, ("perturbation_type",)),
    Field("perturbation_dose", FieldKind.TEXT, ("perturbation_dose",)),
    Field("perturbation_time", FieldKind.TEXT, ("perturbation_time",)),
    Field("study", FieldKind.TEXT, ("study",)),
    Field("library_selection", FieldKind.TEXT, ("library_selection",)),
    Field("library_layout", FieldKind.TEXT, ("library_layout",)),
    Field("platform", FieldKind.TEXT, ("platform",)),
)
"""Every field, in the order of the annotations view. Source: the vendor's documentation."""

COMPARABLE_FIELDS: tuple[str, ...] = tuple(
    field.name for field in FIELDS if field.kind is not FieldKind.TEXT
)
"""Names of the fields whose labels can be judged: there is a rule to compare their values by."""

FIELD_BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
_FIELD_BY_API_NAME = {api: field for field in FIELDS for api in field.api_names}

SAMPLE_TYPES: tuple[str, ...] = (
    "cell line",
    "organoid",
    "other",
    "primary cells",
    "primary tissue",
    "xenograft",
)
"""Values of ``sample_type`` (vendor's documentation)."""

SEXES: tuple[str, ...] = ("female", "male")
"""Values of ``sex`` (vendor's documentation)."""


def field_of_api_name(api_name: str) -> Field | None:
    """Return the field that the endpoint calls ``api_name``, None for one we do not know."""
    return _FIELD_BY_API_NAME.get(api_name)
