"""What every check shares: how it is declared, and how its result is made.

Checks belong to a partition. ``partitions_def`` on a check is preview in Dagster 1.13, so this is
the one module that uses it, and the one place where that warning is named.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from gem_assets.graph import AssetGraph
from gem_assets.markdown import escaped_lines


def check_spec(
    graph: AssetGraph,
    table: str,
    name: str,
    description: str,
    *,
    blocking: bool = True,
    partitioned: bool = True,
) -> dg.AssetCheckSpec:
    """Declare a check.

    Parameters
    ----------
    graph, table
        Whose check.
    name
        Stable: people alert on it.
    description
        What holds when it passes.
    blocking
        Whether it stops what lies downstream when it fails with severity ERROR; WARN never does.
    partitioned
        Whether its asset has one partition a dataset.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Specifying a partitions_def on an AssetCheckSpec"
        )
        return dg.AssetCheckSpec(
            name,
            asset=graph.key(table),
            blocking=blocking,
            description=description,
            partitions_def=graph.partitions if partitioned else None,
        )


def check_result(
    graph: AssetGraph,
    table: str,
    name: str,
    sentence: str,
    *,
    passed: bool,
    is_error: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetCheckResult:
    """Return the result of a check.

    Parameters
    ----------
    graph, table, name
        Whose result.
    sentence
        What was found and what to do, as plain text; Dagster shows it as Markdown.
    passed
        Whether there is nothing to complain of.
    is_error
        Whether a failed one has severity ERROR, and stops what lies downstream if it may block.
    metadata
        Numbers, which Dagster plots, and the table of offenders.
    """
    return dg.AssetCheckResult(
        asset_key=graph.key(table),
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=escaped_lines(sentence),
        metadata=metadata or {},
    )
