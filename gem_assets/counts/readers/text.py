"""Reader of CSV, TSV and the like: a header, a column of names, and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
from scipy import sparse

from gem_assets.counts.gene_names import ensembl_share
from gem_assets.counts.matrix import CountMatrix, narrowest
from gem_assets.counts.orientation import orient
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_faults import find_fault
from gem_assets.counts.readers.text_layout import (
    DELIMITER_NAMES,
    TextLayout,
    find_delimiter,
    find_layout,
)
from gem_assets.problems import RefusedInputError, refuse

_FORMATS = {"\t": "tsv", ",": "csv"}

_BLOCK_BYTES = 4 << 20
_WIDE_BLOCK_BYTES = 32 << 20
_WIDE = 2_000
"""Arrow pays for each column of each block: a file of 300 samples x 60,000 genes takes 10.6 s in
blocks of 4 MiB and 2.4 s in blocks of 16 MiB, one of 60,000 genes x 300 samples .7 s in either
(measured; pandas: 6.7 s and 1.1 s)."""


@dataclass(frozen=True, slots=True)
class _Table:
    """What the file holds, oriented as it lies."""

    row_names: list[str]
    second_names: list[str] | None
    counts: sparse.csr_array


class DelimitedTextReader:
    """Reads delimited text, genes x samples or samples x genes, plain or compressed.

    The first column names the rows. A second column of words names the genes once more
    (nf-core/rnaseq: ``gene_id  gene_name  SAMPLE...``). A header may lack the heading of the first
    column, or be one shorter than the rows (R).
    """

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
            matrix = CountMatrix(tuple(table.row_names), tuple(columns), narrowest(table.counts))
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
                narrowest(sparse.csr_array(table.counts.T)),
                tuple(symbols) if symbols is not None else None,
            )
        name = _FORMATS.get(layout.delimiter, "text")
        return CountsFile(matrix, name, axes.orientation, tuple(notes))

    def _read_table(self, source: CountsSource, layout: TextLayout) -> _Table:
        try:
            with source.arrow_stream() as stream:
                return _read_blocks(stream, layout)
        except (pa.ArrowInvalid, _MissingCountError) as error:
            with source.bytes() as file:
                raise find_fault(file, layout) or _unexplained(error) from error


class _MissingCountError(ValueError):
    """Some cell is empty, NA, NaN or infinite."""


def _read_blocks(stream: pa.NativeFile, layout: TextLayout) -> _Table:
    """Read block by block, so that never more than a block is dense."""
    n_columns = len(layout.columns) + 1
    names = [f"f{i}" for i in range(n_columns)]
    values = [names[i + 1] for i in layout.value_columns]
    texts = [names[0]] if layout.second_name is None else [names[0], names[layout.second_name + 1]]
    types = dict.fromkeys(values, pa.float64()) | dict.fromkeys(texts, pa.string())
    wide = n_columns > _WIDE
    batches = arrow_csv.open_csv(
        stream,
        arrow_csv.ReadOptions(
            skip_rows=layout.header_lines,
            column_names=names,
            # A block must hold a whole row, and a later row may be longer than those looked at.
            block_size=max(_WIDE_BLOCK_BYTES if wide else _BLOCK_BYTES, 4 * layout.widest_line),
        ),
        arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=False),
        arrow_csv.ConvertOptions(
            column_types=types, include_columns=texts + values, strings_can_be_null=False
        ),
    )
    found: list[list[str]] = [[] for _ in texts]
    blocks: list[sparse.csr_array] = []
    for batch in batches:
        for i, column in enumerate(found):
            column.extend(name.strip() for name in batch.column(i).to_pylist())
        block = _to_csr(batch, len(texts), values)
        blocks.append(block)
    counts = sparse.csr_array((0, len(values))) if not blocks else sparse.vstack(blocks, "csr")
    return _Table(found[0], found[1] if len(found) > 1 else None, sparse.csr_array(counts))


def _to_csr(batch: pa.RecordBatch, n_texts: int, values: list[str]) -> sparse.csr_array:
    numbers = pa.RecordBatch.from_arrays(batch.columns[n_texts:], names=values)
    if not values:
        return sparse.csr_array((batch.num_rows, 0))
    dense = numbers.to_tensor(null_to_nan=True, row_major=True).to_numpy()
    if not np.isfinite(dense).all():
        raise _MissingCountError
    return sparse.csr_array(dense)


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


def _unexplained(error: Exception) -> RefusedInputError:
    first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return refuse(
        "unreadable_text",
        f"the table can't be read: {first_line}.",
        "Write the file again as plain tab-separated text, without quotes.",
    )
