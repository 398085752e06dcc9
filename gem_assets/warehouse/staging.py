"""Checked rows in temporary files, until there are all of them: then the warehouse is opened."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from gem_assets.settings import Modality
from gem_assets.warehouse.tables import table_named

ROWS_IN_A_BATCH = 512
"""Rows that are inserted at a time. DuckDB's threads take a batch each and fill row groups with
it; of batches that are nearly as long as a row group, or longer, the closing of the file writes
most row groups a second time (measured, 20,000 cells: 3.6 s of processor time, against 6.6 s for
batches of 2,100 rows)."""


class StagedRows:
    """Rows of some tables on disk, in the order in which they came; made by `staging`."""

    def __init__(self, files: Mapping[str, IO[bytes]], modality: Modality) -> None:
        self._files = files
        self._modality: Modality = modality
        self._writers: dict[str, pa.ipc.RecordBatchStreamWriter] = {}
        self.row_counts = dict.fromkeys(files, 0)

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows, in the columns and types of the table's contract."""
        if table not in self._writers:
            self._writers[table] = pa.ipc.new_stream(self._files[table], rows.schema)
        self._writers[table].write_table(rows, max_chunksize=ROWS_IN_A_BATCH)
        self.row_counts[table] += rows.num_rows

    @contextmanager
    def reader(self, table: str) -> Iterator[pa.RecordBatchReader]:
        """Yield a reader of a table's rows, a batch of them in memory at a time."""
        if table not in self._writers:
            schema = table_named(table).arrow_schema(self._modality)
            yield pa.RecordBatchReader.from_batches(schema, [])
            return
        self._writers[table].close()
        self._files[table].seek(0)
        with pa.ipc.open_stream(self._files[table]) as stream:
            yield stream


@contextmanager
def staging(folder: Path, tables: Iterable[str], modality: Modality) -> Iterator[StagedRows]:
    """Yield room on disk for rows of tables, until the block ends.

    Parameters
    ----------
    folder
        Where the files lie, which no listing shows; made if it is missing.
    tables
        Names of the tables.
    modality
        Of the schema that the rows are for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = {table: stack.enter_context(tempfile.TemporaryFile(dir=folder)) for table in tables}
        yield StagedRows(files, modality)
