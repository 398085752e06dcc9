"""Metadata tables of NCBI's SRA Run Selector."""

from __future__ import annotations

import re
from dataclasses import replace

from gem_assets.labels.delimited import delimited_table
from gem_assets.labels.sheet_file import SheetText
from gem_assets.labels.sheets.layout import Layout

_SAMPLE_COLUMNS = (
    *("Run", "Experiment", "BioSample", "Sample Name", "Sample_Name", "GEO_Accession (exp)"),
    *("GEO_Accession", "Library Name", "Library_Name", "isolate", "title"),
)
_OF_RUNS = frozenset(
    ("BioSample", "BioProject", "SRA Study", "SRA_Study", "AvgSpotLen", "LibraryLayout", "MBases")
)
_OLD_ENDING = re.compile(r"_(s|l|t|i|sam|exp|run)$")
"""Endings that the Run Selector gave its columns until 2019: ``tissue_s``, ``MBases_l``."""


class SraRunTable:
    r"""``SraRunTable.csv`` (or .txt, with tabs): a row a run.

    The submitters' attributes are written as they liked (``Cell_type``, ``AGE``, ``gender``). The
    comma in a cell is written ``\,`` where the cell has no quotation marks.
    """

    name = "sra_run_table"
    rank = 50

    def recognises(self, text: SheetText) -> bool:
        """Tell by ``Run`` and a column that only the Run Selector writes."""
        names = {_OLD_ENDING.sub("", name) for name in text.header}
        return "Run" in names and len(names & _OF_RUNS) >= 2

    def lay_out(self, text: SheetText) -> Layout:
        """Return the table; of columns that repeat in another case, none is lost."""
        layout = Layout.of(delimited_table(text, escape="\\"))
        plain = {_OLD_ENDING.sub("", name): name for name in reversed(layout.frame.columns)}
        old = {name: short for short, name in plain.items() if short != name}
        if old and "Run" not in layout.frame.columns:
            layout = replace(layout, frame=layout.frame.rename(columns=old))
        source_name = next((c for c in layout.frame.columns if c.casefold() == "source_name"), None)
        return replace(
            layout,
            sample_columns=_SAMPLE_COLUMNS,
            perhaps={source_name: "tissue"} if source_name else {},
            merges=True,
        )
