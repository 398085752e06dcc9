"""The closed words of the record ``gene_alignment``: what was done with a row, and by what."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = (
    "matched",
    "version_stripped",
    "retired_id",
    "symbol",
    "alias",
    "entrez",
    "summed",
    "ambiguous",
    "dropped",
)
"""What can be done with a row, the most exact evidence first."""

EVIDENCE: Final = (
    "ensembl_id",
    "ensembl_version",
    "par_y_copy",
    "retired_id",
    "entrez_id",
    "approved_symbol",
    "previous_symbol",
    "alias",
    "letter_case",
    "rewritten_by_r",
    "repeated_name",
    "spreadsheet_date",
    "spreadsheet_number",
    "shared_name",
    "two_genes",
    "spike_in",
    "summary_row",
    "transcript",
    "other_species",
    "unknown_id",
    "number",
    "unknown",
)
"""How the name of a row was read. From ``spike_in`` on it names no human gene that is known."""
