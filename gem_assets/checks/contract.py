"""The check that a table keeps its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from gem_assets.checks.declaration import check_result, check_spec
from gem_assets.checks.tables import frame_table
from gem_assets.graph import AssetGraph

if TYPE_CHECKING:
    from gem_assets.warehouse import ContractError

CONTRACT = "contract"
"""Name of the check that holds a table to its pandera schema."""


def contract_spec(graph: AssetGraph, table: str, *, partitioned: bool = True) -> dg.AssetCheckSpec:
    """Declare the check that a table keeps its contract (columns, types, value rules)."""
    return check_spec(
        graph,
        table,
        CONTRACT,
        f"Every row of {table} keeps the table's contract; otherwise nothing is written.",
        partitioned=partitioned,
    )


def contract_result(
    graph: AssetGraph, table: str, error: ContractError | None = None
) -> dg.AssetCheckResult:
    """Show that a table kept its contract, or by which rows it broke it."""
    if error is None:
        return check_result(graph, table, CONTRACT, "Every row keeps it.", passed=True)
    return check_result(
        graph,
        table,
        CONTRACT,
        str(error),
        passed=False,
        is_error=True,
        metadata={"failure_cases": frame_table(error.failure_cases)},
    )
