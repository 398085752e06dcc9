"""Reader of CSV, TSV and the like: a header, a column of names, and counts."""

from __future__ import annotations

from gem_assets.counts.readers.foreign import foreign_text
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_layout import DELIMITER_NAMES, find_delimiter
from gem_assets.counts.readers.text_table import read_text_table
from gem_assets.counts.readers.wide_table import refuse_points_of_thousands


class DelimitedTextReader:
    """Reads delimited text, genes x samples or samples x genes, plain or compressed.

    The first column names the rows. A second column of words names the genes once more. A header
    may lack the heading of the first column, or be one shorter than the rows (R).
    """

    rank = 90
    reads = "CSV or TSV text (plain, .gz, .zst or .bz2), genes x samples or samples x genes"

    def recognises(self, source: CountsSource) -> bool:
        """Tell whether the head is text whose lines divide into columns."""
        head = source.head
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return True  # UTF-16: to be refused by name
        if not head or b"\0" in head or head.startswith((b"%%", b"\x89HDF")):
            return False
        if foreign_text(head) is not None:
            return False
        lines = head.splitlines()
        # The head may end within a line or a character.
        text = [line.decode("utf-8-sig", "replace") for line in lines[:21]]
        found = find_delimiter(text[:-1] if len(text) > 2 and len(lines) <= 21 else text)
        if found is None:
            return False
        return found[1] or not head.startswith(b"#")

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        table, layout = read_text_table(source)
        matrix, orientation, notes = table.oriented()
        refusal = refuse_points_of_thousands(matrix.counts)
        if refusal is not None:
            raise refusal
        notes = (f"Columns are separated by {DELIMITER_NAMES[layout.delimiter]}s.", *notes)
        if layout.short_header:
            notes += ("The header has no heading for the column of row names.",)
        name = "tsv" if layout.delimiter == "\t" else "csv"
        return CountsFile(matrix, name, orientation, notes)
