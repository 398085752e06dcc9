"""Checks of single samples: those without a prediction, and those whose labels look wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from gem_assets.checks.declaration import check_result
from gem_assets.checks.tables import frame_table, records_table
from gem_assets.graph import AssetGraph

if TYPE_CHECKING:
    import pandas as pd


def sample_failures_result(
    graph: AssetGraph, table: str, name: str, failures: Mapping[str, str], samples: int
) -> dg.AssetCheckResult:
    """Show the samples that the endpoint gave no prediction for: ERROR if it gave none at all."""
    first = "; ".join(f"{sample}: {why}" for sample, why in list(failures.items())[:3])
    records = [{"sample": sample, "why": why} for sample, why in failures.items()]
    return check_result(
        graph,
        table,
        name,
        f"{len(failures)} of {samples} samples have no prediction: {first}"
        if failures
        else f"All {samples} samples have a prediction.",
        passed=not failures,
        is_error=bool(failures) and len(failures) == samples,
        metadata={
            "samples without a prediction": len(failures),
            **({"samples": records_table(records)} if records else {}),
        },
    )


def flagged_samples_result(
    graph: AssetGraph,
    table: str,
    name: str,
    samples: pd.DataFrame,
    verdicts: pd.DataFrame,
    links: Mapping[str, dg.MetadataValue[Any]] | None = None,
) -> dg.AssetCheckResult:
    """Show the samples that fail or warn; those that a person has settled are shown, not counted.

    Always WARN: a wrong label must not stop its report.

    Parameters
    ----------
    graph, table, name
        Whose check.
    samples
        The ``qc_samples`` of the dataset.
    verdicts
        Its ``qc_verdicts``, which say what was reviewed.
    links
        Metadata that leads to the report, where samples are flagged.
    """
    from gem_assets.qc.open_findings import settled_samples

    flagged = samples[samples["status"].isin(["fail", "warn"])]
    settled = flagged["sample_id"].isin(settled_samples(verdicts))
    reviewed = verdicts.dropna(subset="reviewed_by").drop_duplicates("sample_id")
    reviewers = flagged["sample_id"].map(reviewed.set_index("sample_id")["reviewed_by"])
    shown = flagged[["sample_id", "status", "sentence", "suggestion"]].assign(
        reviewed_by=reviewers.where(settled)
    )
    open_first = settled.sort_values(kind="stable").index
    left, done = int((~settled).sum()), int(settled.sum())
    offenders = {"samples": frame_table(shown.loc[open_first]), **(links or {})}
    return check_result(
        graph,
        table,
        name,
        _flagged_sentence(left, done, samples["status"]),
        passed=not left,
        metadata={
            "open samples": left,
            "reviewed samples": done,
            **(offenders if len(flagged) else {}),
        },
    )


def _flagged_sentence(left: int, settled: int, statuses: pd.Series) -> str:
    samples = len(statuses)
    looks = "contradict their label or look doubtful"
    if left:
        more = f"; {settled} more {'is' if settled == 1 else 'are'} reviewed" if settled else ""
        return f"{left} of {samples} samples {looks}{more}."
    if settled:
        return f"{settled} of {samples} samples {looks}, and every one is reviewed."
    judged = int(statuses.ne("not_assessed").sum())
    if not judged:
        return f"Not assessed: none of the {samples} samples has a label that could be judged."
    return f"No stated label contradicts the expression ({judged} of {samples} samples judged)."
