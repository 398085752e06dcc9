"""How an asset fails: which errors Dagster should try again, and which end the run, in a sentence.

What a room raises carries its sentence already; a traceback beneath it would only hide it.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg

from gem_assets.assets.progress import tell
from gem_assets.checks import contract_result, fail_for_good
from gem_assets.graph import DEFAULT_RETRIES, AssetGraph, Retries

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from gem_assets.warehouse import Warehouse


@contextmanager
def plain_failures(log: logging.Logger, retries: Retries = DEFAULT_RETRIES) -> Iterator[None]:
    """Turn errors of the rooms into Dagster's own.

    What passes by itself (a cold, busy or unreachable endpoint; a model version that was new and
    is known now; a warehouse that somebody reads) asks Dagster for a retry. What a retry can't
    mend (key, validation, budget, a step that was not run) fails for good.
    """
    from gem_assets.endpoint.errors import EndpointError
    from gem_assets.predictions.errors import ModelVersionChangedError, PredictionsError
    from gem_assets.warehouse import WarehouseError, WarehouseLockedError

    try:
        yield
    except (EndpointError, WarehouseError, PredictionsError) as error:
        passing = isinstance(error, WarehouseLockedError | ModelVersionChangedError)
        passing = passing or bool(getattr(error, "retryable", False))
        if not passing or not retries.most:
            raise dg.Failure(description=str(error), allow_retries=False) from None
        times = "once" if retries.most == 1 else f"up to {retries.most} times"
        tell(
            log,
            f"{error} This step is tried {times} more, {retries.seconds:.0f} s apart.",
            logging.WARNING,
        )
        raise dg.RetryRequested(
            max_retries=retries.most, seconds_to_wait=retries.seconds
        ) from error


def require_rows(graph: AssetGraph, warehouse: Warehouse, dataset: str | None, table: str) -> None:
    """Fail for good where a step that this one builds upon was not run (for the dataset).

    Without it a step would go on with no rows, and report on no samples.
    """
    if not warehouse.exists(table, dataset):
        which = f" of {dataset}" if dataset else ""
        fail_for_good(
            f"The warehouse holds no {table}{which} yet. Materialise the asset "
            f"{graph.key_prefix}/{table}{which} first."
        )


def write_tables(
    graph: AssetGraph,
    warehouse: Warehouse,
    tables: Mapping[str, pa.Table | pd.DataFrame],
    dataset: str | None,
) -> Generator[dg.AssetCheckResult, None, dict[str, int]]:
    """Replace the tables of a partition; use with ``yield from``, which returns the row counts.

    Rows that break their contract yield the failed check and fail the step: nothing is written.
    """
    from gem_assets.warehouse import TABLES, ContractError

    try:
        return warehouse.replace_partition(tables, dataset)
    except ContractError as error:
        yield contract_result(graph, TABLES[error.table].asset, error)
        fail_for_good(str(error))


def write_pieces(
    graph: AssetGraph,
    warehouse: Warehouse,
    tables: Iterable[str],
    pieces: Iterable[Mapping[str, pa.Table]],
    dataset: str,
) -> Generator[dg.AssetCheckResult, None, dict[str, int]]:
    """Replace the tables of a partition by rows that come in pieces; else as `write_tables`."""
    from gem_assets.warehouse import TABLES, ContractError

    try:
        return warehouse.replace_partition_by_pieces(tables, pieces, dataset)
    except ContractError as error:
        yield contract_result(graph, TABLES[error.table].asset, error)
        fail_for_good(str(error))
