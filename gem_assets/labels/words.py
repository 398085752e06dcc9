"""The words of fields without an ontology, and the many ways to say nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gem_assets.labels.fields import SAMPLE_TYPES
from gem_assets.labels.spelling import fold

NORMAL = "PATO:0000461"
"""The one class of samples without a disease, as CELLxGENE writes it."""

_UNSTATED = frozenset(
    (
        *("", "-", "--", "---", ".", "?", "??", "<na>", "#n/a"),
        *("n/a", "n.a", "n.a.", "na", "nan", "nd", "n.d.", "nil", "none", "null", "tbd", "unk"),
        *("missing", "unavailable", "uncertain", "unclear", "undefined", "undetermined"),
        *("unknown", "unspecified", "data not available", "no data", "not applicable"),
        *("not available", "not collected", "not determined", "not known", "not provided"),
        *("not recorded", "not reported", "not specified", "not stated", "restricted access"),
        "to be determined",
    )
)

_NORMAL = frozenset(
    (
        "normal",
        "healthy",
        "control",
        "controls",
        "healthy control",
        "healthy controls",
        "healthy donor",
        "healthy donors",
        "healthy individual",
        "healthy volunteer",
        "healthy tissue",
        "normal control",
        "normal tissue",
        "no disease",
        "non-diseased",
        "non diseased",
        "disease free",
        "disease-free",
        "unaffected",
        "unaffected control",
    )
)

_SEXES: Mapping[str, str] = {
    "male": "male",
    "m": "male",
    "man": "male",
    "men": "male",
    "boy": "male",
    "pato:0000384": "male",
    "female": "female",
    "f": "female",
    "woman": "female",
    "women": "female",
    "girl": "female",
    "pato:0000383": "female",
}

_POOLED = re.compile(
    r"(pool(ed)?|mixed|mixture|both|male (and|&|\+) female|female (and|&|\+) male"
    r"|m\s*[/&+]\s*f|f\s*[/&+]\s*m|male\s*/\s*female|female\s*/\s*male)( of)?( both)?"
    r"( sex(es)?| gender(s)?| donors?| samples?)?",
)

_SAMPLE_TYPES: Mapping[str, str] = {
    **{word: word for word in SAMPLE_TYPES},
    "cell lines": "cell line",
    "cancer cell line": "cell line",
    "immortalized cell line": "cell line",
    "immortalised cell line": "cell line",
    "immortal cell line": "cell line",
    "established cell line": "cell line",
    "tumor cell line": "cell line",
    "tumour cell line": "cell line",
    "lymphoblastoid cell line": "cell line",
    "organoids": "organoid",
    "tumor organoid": "organoid",
    "spheroid": "organoid",
    "tissue": "primary tissue",
    "tissues": "primary tissue",
    "bulk tissue": "primary tissue",
    "tissue sample": "primary tissue",
    "tissue biopsy": "primary tissue",
    "biopsy": "primary tissue",
    "surgical resection": "primary tissue",
    "fresh frozen tissue": "primary tissue",
    "frozen tissue": "primary tissue",
    "ffpe tissue": "primary tissue",
    "post-mortem tissue": "primary tissue",
    "postmortem tissue": "primary tissue",
    "primary tumor": "primary tissue",
    "primary tumour": "primary tissue",
    "solid tissue": "primary tissue",
    "solid tissue normal": "primary tissue",
    "whole blood": "primary tissue",
    "primary cell": "primary cells",
    "primary cell culture": "primary cells",
    "primary culture": "primary cells",
    "primary cultured cells": "primary cells",
    "sorted cells": "primary cells",
    "facs sorted cells": "primary cells",
    "isolated cells": "primary cells",
    "xenografts": "xenograft",
    "patient-derived xenograft": "xenograft",
    "patient derived xenograft": "xenograft",
    "pdx": "xenograft",
}

_EITHER_SAMPLE_TYPE = frozenset(
    ("cell culture", "cultured cells", "culture", "cells", "cell", "in vitro", "tumor", "tumour")
)

_AGE = re.compile(
    r"(?P<number>\d+(\.\d+)?)\s*-?\s*"
    r"(?P<unit>y|yr|yrs|yo|y\.o\.|y/o|year|years|m|mo|mos|month|months|w|wk|wks|week|weeks"
    r"|d|day|days)?"
    r"\s*-?\s*(old|of age)?"
)
_YEARS_PER_UNIT = {"y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}
MAX_AGE = 130.0
"""Years. Nobody is older (the record is 122); more is a misplaced or mis-scaled number."""


def says_nothing(text: str) -> bool:
    """Return whether a cell is empty or a word for a value that is not known.

    Includes the INSDC's vocabulary of missing values (``not collected``, ``missing: control
    sample``, ``restricted access``...).
    """
    folded = fold(text)
    return folded in _UNSTATED or folded.startswith("missing:")


def is_normal(text: str) -> bool:
    """Return whether a disease label says that there is none (healthy, control, normal...)."""
    return fold(text) in _NORMAL or fold(text).replace("_", ":") == fold(NORMAL)


def sex_of(text: str) -> str | None:
    """Return ``male`` or ``female`` for a word, letter or PATO id that says so, else None."""
    return _SEXES.get(fold(text).replace("pato_", "pato:"))


def is_pooled_sex(text: str) -> bool:
    """Return whether a sheet says that a sample holds donors of both sexes (mixed, pooled...)."""
    return _POOLED.fullmatch(fold(text)) is not None


def sample_type_of(text: str) -> str | None:
    """Return the sample type that a word means, else None."""
    return _SAMPLE_TYPES.get(fold(text.replace("_", " ")))


def is_either_sample_type(text: str) -> bool:
    """Return whether a word fits several sample types (``cell culture``: a line, primary cells)."""
    return fold(text.replace("_", " ")) in _EITHER_SAMPLE_TYPE


def parse_age(text: str) -> float | None:
    """Return an age in years, None for what is no single age.

    ``60``, ``60.5``, ``60 y``, ``60-year-old``, ``18 months``, ``3 weeks`` and ``10 d`` are ages;
    a bare number is years. Ranges (``60-69``), bounds (``>89``), negative numbers, ages before
    birth (``12 pcw``) and numbers above `MAX_AGE` years are not.
    """
    match = _AGE.fullmatch(fold(text))
    if match is None:
        return None
    years = float(match["number"]) * _YEARS_PER_UNIT[(match["unit"] or "y")[0]]
    return years if years <= MAX_AGE else None
