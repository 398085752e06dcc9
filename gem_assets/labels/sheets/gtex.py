"""Sample attributes of GTEx, alone or joined with the subjects' phenotypes."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from gem_assets.labels.delimited import delimited_table
from gem_assets.labels.sheet_file import SheetText
from gem_assets.labels.sheets.layout import Layout

_SUBJECT = re.compile(r"(GTEX-[A-Z0-9]+|K-562)-.*")
_SEXES = {"1": "male", "2": "female"}
"""``SEX`` of GTEx' subject phenotypes (data dictionary: 1 male, 2 female)."""


class Gtex:
    """``SAMPID, SMTS, SMTSD, SMUBRID``...: a row a sample.

    ``SMUBRID`` holds numbers of Uberon without their prefix (``0013756``); those of cultured
    cells are of EFO (``EFO_0002009``), which states no tissue. ``SUBJID``, ``SEX`` and ``AGE`` are
    of the subjects' table.
    """

    name = "gtex"
    rank = 50

    def recognises(self, text: SheetText) -> bool:
        """Tell by ``SAMPID`` and ``SMTSD``."""
        return {"SAMPID", "SMTSD"} <= set(text.header)

    def lay_out(self, text: SheetText) -> Layout:
        """Return the table with tissues, donors and sexes spelled out."""
        layout = Layout.of(delimited_table(text))
        frame = layout.frame
        meanings = {"SMTSD": "tissue"}
        notes = []
        if "SMUBRID" in frame:
            frame["SMUBRID"] = frame["SMUBRID"].map(_uberon_id)
            meanings["SMUBRID"] = "tissue_ontology_id"
        if "SMGEBTCH" in frame:
            meanings["SMGEBTCH"] = "batch"
        if "SUBJID" not in frame:
            frame["donor"] = frame["SAMPID"].map(_subject)
            notes.append("Donors are read from SAMPID, which begins with the subject's id.")
        if "SEX" in frame and set(frame["SEX"]) & _SEXES.keys():
            frame["SEX"] = frame["SEX"].replace(_SEXES)
            notes.append("SEX is read as GTEx codes it: 1 male, 2 female.")
        if "AGE" in frame and any("-" in cell for cell in pd.unique(frame["AGE"])):
            notes.append("AGE holds brackets such as 60-69, which are kept and not judged.")
        return replace(layout, sample_columns=("SAMPID",), meanings=meanings, notes=tuple(notes))


def _uberon_id(cell: str) -> str:
    """Return a Uberon id, or nothing for an id of another ontology."""
    if cell.isdigit():
        return f"UBERON:{cell.zfill(7)}"
    return cell if cell.upper().startswith("UBERON") else ""


def _subject(sample: str) -> str:
    match = _SUBJECT.fullmatch(sample)
    return match[1] if match else ""
