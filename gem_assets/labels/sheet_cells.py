"""A sample sheet as a table of cells, and back: what judging needs of it beside the labels."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gem_assets.labels.columns import KNOWN_COLUMNS, SAMPLE_ID
from gem_assets.labels.sheet import SampleSheet

CELLS = pa.schema(
    [
        ("dataset", pa.string()),
        ("row", pa.int32()),
        ("sample_id", pa.string()),
        ("sheet_column", pa.string()),
        ("text", pa.string()),
    ]
)
"""Columns of the table ``sample_sheet``."""


def cells_of_sheet(
    dataset: str,
    sheet: SampleSheet,
    sample_ids: Collection[str],
    columns: Sequence[str] = KNOWN_COLUMNS,
) -> pa.Table:
    """Return the cells of the columns that we know.

    Parameters
    ----------
    dataset
        Its name.
    sheet
        Its sample sheet.
    sample_ids
        Samples of the counts; rows of others are left out.
    columns
        Which columns to keep, by our names; those that the sheet has not are passed over.

    Returns
    -------
    pyarrow.Table
        The columns of `CELLS`, in the order of the sheet, column by column. ``row`` counts all
        rows of the sheet from 0.
    """
    kept = [name for name in columns if name != SAMPLE_ID and name in sheet.frame.columns]
    n, ids = len(sheet.frame), pa.array(sheet.frame[SAMPLE_ID], pa.string(), from_pandas=True)
    here = pc.is_in(ids, pa.array(list(sample_ids), pa.string()))
    rows = pa.array(np.arange(n, dtype=np.int32))
    parts = [
        pa.table(
            [
                pa.repeat(pa.scalar(dataset, pa.string()), n),
                rows,
                ids,
                pa.repeat(pa.scalar(name, pa.string()), n),
                pa.array(sheet.frame[name], pa.string(), from_pandas=True),
            ],
            schema=CELLS,
        ).filter(here)
        for name in kept
    ]
    return pa.concat_tables(parts) if parts else CELLS.empty_table()


def sheet_of_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the sheet that cells were taken from: what `cells_of_sheet` kept of it.

    Returns
    -------
    pandas.DataFrame
        One row a sample, in the order of the sheet; ``sample_id``, then the columns, all text.
    """
    if cells.empty:
        return pd.DataFrame({SAMPLE_ID: pd.Series([], dtype=object)})
    # By hand, since a pivot sorts the samples and loses the order of the sheet.
    order = cells.drop_duplicates(SAMPLE_ID).sort_values("row", kind="stable")[SAMPLE_ID]
    samples = pd.Index(order, dtype=object)
    frame = pd.DataFrame({SAMPLE_ID: samples}, dtype=object)
    for name, column in cells.groupby("sheet_column", sort=False):
        texts = column.set_index(SAMPLE_ID)["text"].astype(object)
        frame[str(name)] = texts.reindex(samples).to_numpy(dtype=object)
    return frame
