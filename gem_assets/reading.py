"""Read results into pandas: ``gem_assets.read("annotations", "my_study")``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.problems import refuse
from gem_assets.settings import MODALITIES, Modality, Settings

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.warehouse import WarehouseReader


def read(
    table: str,
    dataset: str | None = None,
    *,
    results: str | Path | None = None,
    modality: Modality = "bulk",
    key_prefix: str | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return rows of a table or view of the results.

    The file is closed again when this returns, so nobody is kept from writing to it.

    Parameters
    ----------
    table
        Table or view, e.g. ``annotations`` or ``qc_mismatches``; docs/query.md lists all.
    dataset
        Only the rows of this dataset; all rows if none is named.
    results
        The results folder; ``GEM_ASSETS_RESULTS``, or ``results``, if none is named.
    modality
        ``bulk`` or ``sc``.
    key_prefix
        The key prefix of the assets, where they were given one of their own.
    columns
        Only these columns, in this order. Counts take the most memory: leave ``gene_index`` and
        ``count`` out where they are not needed.

    Returns
    -------
    pandas.DataFrame
        One row a row of the table; lists are numpy arrays, instants are in UTC. No row if the
        dataset has none there, e.g. no mismatch.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no such table, column or dataset; the sentence names those there are.
    gem_assets.warehouse.WarehouseError
        If nothing was materialised yet, or the warehouse can't be read.

    Examples
    --------
    >>> import gem_assets
    >>> gem_assets.read("annotations", "my_study", columns=["sample_id", "tissue", "sex"])
    """
    from gem_assets.warehouse import WarehouseReader
    from gem_assets.warehouse.tables import TABLES
    from gem_assets.warehouse.views import VIEWS

    if modality not in MODALITIES:
        raise refuse(
            "no_such_modality", f"The modality is {modality!r}.", f"Say {' or '.join(MODALITIES)}."
        )
    if table not in TABLES and table not in VIEWS:
        raise refuse(
            "no_such_table",
            f"There is no table {table!r}. The tables are {', '.join(TABLES)}; the views are "
            f"{', '.join(VIEWS)}.",
            "Check the spelling.",
        )
    if dataset is not None and table in TABLES and not TABLES[table].partitioned:
        raise refuse(
            "table_of_no_dataset", f"The rows of {table} belong to no dataset.", "Name none."
        )
    folder = Path(results) if results is not None else Path(Settings.from_environment().results)
    warehouse = WarehouseReader(
        folder / "warehouse.duckdb", key_prefix or f"gem_{modality}", modality=modality
    )
    try:
        rows = warehouse.read(table, dataset, columns)
    except KeyError:
        there = warehouse.columns(table)
        lacking = ", ".join(repr(name) for name in columns or () if name not in there)
        raise refuse(
            "no_such_column",
            f"{table} has no column {lacking}; it has {', '.join(there)}.",
            "Check the spelling.",
        ) from None
    if dataset is not None and not rows.num_rows:
        _require_known(warehouse, dataset)
    frame: pd.DataFrame = rows.to_pandas()
    return frame


def _require_known(warehouse: WarehouseReader, dataset: str) -> None:
    """Refuse a dataset of which no table has a row."""
    from gem_assets.warehouse.reader import PARTITIONED

    if any(warehouse.row_counts(dataset).values()):
        return
    known = {name for table in PARTITIONED for name in warehouse.datasets(table)}
    raise refuse(
        "dataset_unknown",
        f"Nothing was made of a dataset {dataset!r} in {warehouse.schema} of {warehouse.path}; "
        f"there are: {', '.join(sorted(known)) or 'none'}.",
        "Check the spelling, or materialise it.",
    )
