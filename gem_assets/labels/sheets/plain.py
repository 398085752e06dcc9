"""A table with our own columns, or synonyms of them."""

from __future__ import annotations

from gem_assets.labels.columns import SAMPLE_ID, meaning_of
from gem_assets.labels.delimited import delimited_table
from gem_assets.labels.sheet_file import SheetText
from gem_assets.labels.sheets.layout import Layout

ROW_NAMES = "row_names"
"""What we call a first column without a name: R and pandas write row names so."""


class PlainSheet:
    """Any CSV or TSV with a header; a column without a name at its beginning holds row names."""

    name = "plain"
    rank = 90

    def recognises(self, text: SheetText) -> bool:
        """Take whatever no other format recognised."""
        return isinstance(text, SheetText)

    def lay_out(self, text: SheetText) -> Layout:
        """Return the table as it is."""
        meant = {meaning.column for name in text.header if (meaning := meaning_of(name))}
        # R's write.table leaves out the header cell of the row names.
        shifted = bool(meant) and SAMPLE_ID not in meant
        return Layout.of(delimited_table(text, unnamed_first=ROW_NAMES, shifted=shifted))
