"""Reader of CSV, TSV and the like: a header, a column of names, and counts."""

from __future__ import annotations

from scipy import sparse

from gem_assets.counts.gene_names import ensembl_share
from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.orientation import orient
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_blocks import (
    TextTable,
    UnreadableBlockError,
    read_table,
)
from gem_assets.counts.readers.text_faults import find_fault
from gem_assets.counts.readers.text_layout import (
    DELIMITER_NAMES,
    TextLayout,
    find_delimiter,
    find_layout,
)
from gem_assets.problems import RefusedInputError, refuse

_FORMATS = {"\t": "tsv", ",": "csv"}


class DelimitedTextReader:
    """Reads delimited text, genes x samples or samples x genes, plain or compressed.

    The first column names the rows. A second column of words names the genes once more
    (nf-core/rnaseq: ``gene_id  gene_name  SAMPLE...``). A header may lack the heading of the first
    column, or be one shorter than the rows (R).
    """

    rank = 90
    reads = "CSV or TSV text (plain, .gz, .zst or .bz2), genes x samples or samples x genes"

    def recognises(self, source: CountsSource) -> bool:
        """Tell whether the head is text whose lines divide into columns."""
        head = source.head
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return True  # UTF-16: to be refused by name
        if not head or b"\0" in head or head.startswith((b"%%", b"%PDF", b"\x89HDF")):
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
        with source.bytes() as file:
            layout = find_layout(file)
        table = self._read_table(source, layout)
        columns = [layout.columns[i] for i in layout.value_columns]
        if not columns:
            raise refuse(
                "no_samples",
                "there is no column of counts beside the names.",
                "Write the counts again with a column for each sample.",
            )
        axes = orient(table.row_names, columns, layout.corner)
        notes = [
            f"Columns are separated by {DELIMITER_NAMES[layout.delimiter]}s.",
            f"Read as {axes.orientation}: {axes.reason}.",
        ]
        if layout.short_header:
            notes.append("The header has no heading for the column of row names.")
        if axes.orientation == "samples x genes":
            _refuse_sample_annotation(layout)
            matrix = CountMatrix(
                tuple(table.row_names), tuple(columns), sparse.csr_array(table.columns.T)
            )
        else:
            ids, symbols = table.row_names, table.second_names
            if symbols is not None and ensembl_share(symbols) > ensembl_share(ids):
                ids, symbols = symbols, ids
            if layout.second_name is not None:
                heading = layout.columns[layout.second_name]
                notes.append(f"The column {heading!r} names the genes once more.")
            if layout.ignored:
                ignored = ", ".join(repr(layout.columns[i]) for i in layout.ignored)
                notes.append(f"Ignored columns that describe genes: {ignored}.")
            matrix = CountMatrix(
                tuple(columns),
                tuple(ids),
                table.columns,
                tuple(symbols) if symbols is not None else None,
            )
        name = _FORMATS.get(layout.delimiter, "text")
        return CountsFile(matrix, name, axes.orientation, tuple(notes))

    def _read_table(self, source: CountsSource, layout: TextLayout) -> TextTable:
        try:
            with source.bytes() as file:
                return read_table(file, layout)
        except UnreadableBlockError as error:
            with source.bytes() as file:
                raise find_fault(file, layout) or _unexplained(error) from error


def _refuse_sample_annotation(layout: TextLayout) -> None:
    if layout.second_name is None and not layout.ignored:
        return
    position = layout.second_name if layout.second_name is not None else layout.ignored[0]
    raise refuse(
        "not_a_number",
        f"each row is a sample, but column {position + 2} ({layout.columns[position]!r}) does not "
        "hold counts.",
        "Keep only the column of sample names and the genes; sample labels belong in samples.csv.",
    )


def _unexplained(error: UnreadableBlockError) -> RefusedInputError:
    return refuse(
        "unreadable_text",
        f"the table can't be read: {str(error).splitlines()[0]}.",
        "Write the file again as plain tab-separated text, without quotes.",
    )
