"""Read a file of one sample: a column of gene names and columns of numbers, tab-separated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_layout import NUMBER
from gem_assets.problems import RefusedInputError, refuse

MOST_GENES = 2_000_000
"""More rows than any annotation has genes or exons, so that no file fills the memory."""

_BLOCK = 4 << 20


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Which columns of a file to read.

    Attributes
    ----------
    gene
        Position of the column of gene names.
    values
        Positions of the columns of numbers.
    symbol
        Position of a column that names the genes once more, or None.
    width
        How many columns there are.
    header_lines
        Lines before the first row.
    """

    gene: int
    values: tuple[int, ...]
    width: int
    header_lines: int
    symbol: int | None = None


@dataclass(frozen=True, slots=True)
class SampleTable:
    """The rows of a file of one sample.

    Attributes
    ----------
    gene_ids
        Names of the genes, as the file has them.
    values
        float64, genes x columns of numbers; all finite.
    symbols
        Second names of the genes, where there are any.
    """

    gene_ids: pa.StringArray
    values: NDArray[np.float64]
    symbols: pa.StringArray | None

    def take(self, rows: NDArray[np.bool_]) -> SampleTable:
        """Return the rows where `rows` is True."""
        mask = pa.array(rows)
        return SampleTable(
            self.gene_ids.filter(mask),
            self.values[rows],
            None if self.symbols is None else self.symbols.filter(mask),
        )


def first_lines(head: bytes, count: int) -> list[list[str]]:
    """Return the cells of the first whole lines of a head; none if it isn't text."""
    if b"\0" in head:
        return []
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", count)
    # What follows the last line break may be cut off, unless the head is the whole file.
    whole = lines[:-1] if len(lines) > 1 else lines
    return [line.rstrip(b"\r").decode("utf-8", "replace").split("\t") for line in whole[:count]]


def read_sample_table(source: CountsSource, columns: SampleColumns) -> SampleTable:
    """Read a file of one sample.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``ragged_rows``, ``not_a_number``, ``not_utf8``, ``unnamed_gene``, ``too_many_rows`` or
        ``no_rows``, with the line; or if its compression is damaged.
    """
    try:
        with source.arrow_stream() as stream:
            table = _parse(stream, columns)
    except pa.ArrowInvalid as error:
        raise _find_fault(source, columns) or refuse(
            "unreadable_text",
            f"the table can't be read: {str(error).splitlines()[0].rstrip('.')}.",
            "Write the file again as plain tab-separated text.",
        ) from error
    if not table.num_rows:
        raise refuse("no_rows", "there is no row below the header.", "Write the file again.")
    ids = table.column(str(columns.gene)).combine_chunks()
    values = np.column_stack([table.column(str(v)).to_numpy() for v in columns.values])
    if not np.all(np.isfinite(values)) or pc.any(pc.equal(ids, "")).as_py():
        raise _find_fault(source, columns) or refuse(
            "not_a_number", "a value is not a number.", "Write the file again."
        )
    symbol = columns.symbol
    symbols = None if symbol is None else table.column(str(symbol)).combine_chunks()
    return SampleTable(ids, values, symbols)


def _parse(stream: pa.NativeFile, columns: SampleColumns) -> pa.Table:
    types = {str(columns.gene): pa.string()} | {str(v): pa.float64() for v in columns.values}
    if columns.symbol is not None:
        types[str(columns.symbol)] = pa.string()
    reader = csv.open_csv(
        stream,
        read_options=csv.ReadOptions(
            use_threads=False,
            block_size=_BLOCK,
            skip_rows=columns.header_lines,
            column_names=[str(i) for i in range(columns.width)],
        ),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=csv.ConvertOptions(
            column_types=types, include_columns=list(types), null_values=[]
        ),
    )
    batches = []
    rows = 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > MOST_GENES:
            raise refuse(
                "too_many_rows",
                f"it has more than {MOST_GENES:,} rows, more than there are genes.",
                "Give counts of genes, one row a gene.",
            )
    return pa.Table.from_batches(batches, reader.schema)


def _find_fault(source: CountsSource, columns: SampleColumns) -> RefusedInputError | None:
    """Read the file line by line, and return what is wrong with the first line that is."""
    with source.bytes() as file:
        for number, line in enumerate(iter(lambda: file.readline(1 << 20), b""), 1):
            if number <= columns.header_lines or not line.strip():
                continue
            fault = _fault_of(line.rstrip(b"\r\n"), number, columns)
            if fault:
                return fault
    return None


def _fault_of(line: bytes, number: int, columns: SampleColumns) -> RefusedInputError | None:
    try:
        cells = line.decode("utf-8").split("\t")
    except UnicodeDecodeError as error:
        return refuse(
            "not_utf8",
            f"line {number} is not UTF-8 text (byte {line[error.start]:#04x}).",
            "Save the file as UTF-8.",
        )
    if len(cells) != columns.width:
        return refuse(
            "ragged_rows",
            f"line {number} has {len(cells)} columns, not {columns.width}.",
            "The file is probably cut off or was edited: copy or write it again.",
        )
    if not cells[columns.gene]:
        return refuse("unnamed_gene", f"line {number} names no gene.", "Write the file again.")
    for position in columns.values:
        if not NUMBER.fullmatch(cells[position].strip()):
            return refuse(
                "not_a_number",
                f"line {number} (gene {cells[columns.gene]}) has {cells[position]!r} in column "
                f"{position + 1}, where a number is expected.",
                "Correct the value, or write the file again.",
            )
    return None
