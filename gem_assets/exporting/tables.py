"""A dataset's tables as files, a file a table: parquet, or CSV that a spreadsheet may open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.exporting.formats import Counts, TableFormat

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from gem_assets.warehouse import WarehouseReader

ROWS_A_BATCH = 2048
"""Rows in memory at a time; those with counts are the long ones."""

_COUNTS: dict[Counts, tuple[str, ...]] = {
    "aligned": ("aligned_counts", "gene_order", "decoded_counts"),
    "raw": ("raw_counts", "raw_genes"),
    "none": (),
}
_SHORT_VIEWS = ("annotations", "qc_mismatches")
"""Views that people ask for first; the others are long, and hold what the tables hold."""


def exported_relations(counts: Counts) -> list[str]:
    """Return the tables and views that are written, with those of the counts that are asked for."""
    from gem_assets.warehouse.tables import TABLES

    of_counts = {name for names in _COUNTS.values() for name in names}
    wanted = [name for name in TABLES if name not in of_counts or name in _COUNTS[counts]]
    return [*_SHORT_VIEWS, *wanted]


def write_tables(
    folder: Path,
    warehouse: WarehouseReader,
    dataset: str,
    table_format: TableFormat,
    counts: Counts,
    on_tables: Callable[[int, int], object] = lambda *_: None,
) -> dict[str, int]:
    """Write each table of a dataset to a file of its own; one without rows has its header.

    Parameters
    ----------
    folder
        Where to; made by this.
    warehouse, dataset
        What to write.
    table_format
        ``parquet``: zstd, lists as lists. ``csv``: a list is a JSON array in its cell, numbers have
        all their digits, and no text begins a formula (`gem_assets.safe_csv`).
    counts
        Which counts to write, too.
    on_tables
        Told how many tables are written: done, total.

    Returns
    -------
    dict of str to int
        Rows in each file, by its name.

    Raises
    ------
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.warehouse.tables import TABLES

    folder.mkdir(parents=True)
    relations = exported_relations(counts)
    written: dict[str, int] = {}
    for done, relation in enumerate(relations, start=1):
        declared = TABLES.get(relation)
        of_dataset = declared is None or declared.partitioned
        file = folder / f"{relation}.{table_format}"
        with (
            warehouse.read_batches(relation, dataset if of_dataset else None, ROWS_A_BATCH) as rows,
            _writer(file, rows.schema, table_format) as write,
        ):
            written[file.name] = sum(write(batch) for batch in rows)
        on_tables(done, len(relations))
    return written


@contextmanager
def _writer(
    file: Path, schema: pa.Schema, table_format: TableFormat
) -> Iterator[Callable[[pa.RecordBatch], int]]:
    """Yield what adds rows to a file and returns how many."""
    import pyarrow.parquet as pq

    if table_format == "parquet":
        with pq.ParquetWriter(file, schema, compression="zstd") as parquet:

            def add(batch: pa.RecordBatch) -> int:
                parquet.write_batch(batch)
                return int(batch.num_rows)

            yield add
        return
    with file.open("w", encoding="utf-8", newline="") as text:
        text.write(_csv(schema.empty_table(), header=True))

        def append(batch: pa.RecordBatch) -> int:
            text.write(_csv(batch, header=False))
            return int(batch.num_rows)

        yield append


def _csv(rows: pa.RecordBatch | pa.Table, *, header: bool) -> str:
    import pandas as pd
    import pyarrow as pa

    from gem_assets.safe_csv import safe_csv

    columns = zip(rows.schema.names, rows.columns, strict=True)
    cells = {
        name: column.to_pandas().map(_json, na_action="ignore")
        if pa.types.is_list(column.type)
        else column.to_pandas(types_mapper=pd.ArrowDtype)
        for name, column in columns
    }
    return safe_csv(pd.DataFrame(cells), exact=True, header=header)


def _json(values: NDArray[np.generic]) -> str:
    import orjson

    # Texts are Python's; numbers have as many digits as their type.
    plain = values.tolist() if values.dtype == object else values
    return orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY).decode()
