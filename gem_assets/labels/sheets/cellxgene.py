"""The ``obs`` of CELLxGENE's schema: as a table, and as it stands in an h5ad."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from gem_assets.labels.delimited import delimited_table
from gem_assets.labels.sheet_file import SheetText
from gem_assets.labels.sheets.layout import Layout
from gem_assets.labels.sheets.plain import ROW_NAMES
from gem_assets.labels.words import says_nothing

TERM = "_ontology_term_id"

_SUFFIX = re.compile(r"\s*\((cell culture|organoid)\)$")
"""What schemas before 4.0 wrote behind a tissue's term instead of ``tissue_type``."""

_SAMPLE_TYPES = {"tissue": "", "primary cell culture": "primary cells"}
"""``tissue_type`` to ``sample_type``. Cells and nuclei taken from a tissue may count as primary
tissue or primary cells, so that *tissue* states nothing."""

_AGE_STAGE = re.compile(r"(\d+)-year-old (?:human )?stage", re.IGNORECASE)
_LABEL_OR_TERM = {
    "sex": "sex",
    "development_stage": "developmental_stage",
    "self_reported_ethnicity": "ethnicity",
    "ethnicity": "ethnicity",
}
"""Fields that have one column of ours, for label and term alike."""


class CellxgeneObs:
    """``tissue_ontology_term_id``, ``cell_type_ontology_term_id``...: a row a cell.

    Labels stand beside their terms; a term wins. Several terms are joined by ``||``.
    """

    name = "cellxgene"
    rank = 60

    def recognises(self, text: SheetText) -> bool:
        """Tell by two columns of terms."""
        return is_cellxgene(text.header)

    def lay_out(self, text: SheetText) -> Layout:
        """Return the table."""
        return as_cellxgene(Layout.of(delimited_table(text, unnamed_first=ROW_NAMES)))


def is_cellxgene(columns: tuple[str, ...]) -> bool:
    """Tell whether columns are of CELLxGENE's schema."""
    return sum(column.endswith(TERM) for column in columns) >= 2


def as_cellxgene(layout: Layout) -> Layout:
    """Return a layout with the schema's columns understood (versions 2 to 7 of the schema)."""
    frame = layout.frame.copy(deep=False)
    meanings: dict[str, str] = {}
    notes = list(layout.notes)
    for name in ("tissue", "cell_type", "disease"):
        if f"{name}{TERM}" in frame:
            meanings[f"{name}{TERM}"] = f"{name}_ontology_id"
    for name, ours in _LABEL_OR_TERM.items():
        if name not in frame and f"{name}{TERM}" in frame:
            meanings[f"{name}{TERM}"] = ours
        elif name in frame:
            meanings[name] = ours
    _tidy_tissues(frame)
    if "tissue_type" in frame and "sample_type" not in frame:
        frame["sample_type"] = frame["tissue_type"].replace(_SAMPLE_TYPES)
        notes.append(
            "sample_type is read from tissue_type; 'tissue' states none (cells of a tissue may "
            "count as primary tissue or primary cells)."
        )
    if "development_stage" in frame and not {"age", "age_years"} & set(frame.columns):
        ages = {text: _age_of(text) for text in pd.unique(frame["development_stage"])}
        if any(ages.values()):
            frame["age_years"] = frame["development_stage"].map(ages)
            notes.append("Ages are read from development_stage ('60-year-old stage').")
    return replace(
        layout,
        frame=frame,
        meanings=meanings,
        ignored=frozenset(("tissue_type",)),
        notes=tuple(notes),
    )


def _tidy_tissues(frame: pd.DataFrame) -> None:
    """Take the old suffix off tissues, and put cell lines into their own column."""
    terms = f"tissue{TERM}"
    if terms not in frame:
        return
    cells = frame[terms]
    suffixes = {cell: match[1] for cell in pd.unique(cells) if (match := _SUFFIX.search(cell))}
    if suffixes:
        if "sample_type" not in frame and "tissue_type" not in frame:
            frame["sample_type"] = cells.map(lambda cell: suffixes.get(cell, ""))
        frame[terms] = cells.map(lambda cell: _SUFFIX.sub("", cell))
        if "tissue" in frame:
            frame["tissue"] = frame["tissue"].map(lambda cell: _SUFFIX.sub("", cell))
    lines = frame[terms].str.upper().str.startswith("CVCL")
    if lines.any() and "cell_line_ontology_id" not in frame:
        frame["cell_line_ontology_id"] = frame[terms].where(lines, "")
        frame[terms] = frame[terms].where(~lines, "")
        if "tissue" in frame:
            frame["tissue"] = frame["tissue"].where(~lines, "")


def _age_of(stage: str) -> str:
    match = None if says_nothing(stage) else _AGE_STAGE.fullmatch(stage.strip())
    return match[1] if match else ""
