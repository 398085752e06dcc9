"""What the three QC tables show of their content: numbers to plot, pictures, sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.qc.dataset import JudgedDataset

_SENTENCES = 25  # findings that the metadata tells; all are in the table and in the report


def qc_metadata(
    judged: JudgedDataset,
    changes: pd.DataFrame,
    history: pd.DataFrame,
    links: Mapping[str, dg.MetadataValue[Any]],
) -> dict[str, dict[str, Any]]:
    """Return the metadata of ``qc_verdicts``, ``qc_samples`` and ``qc_findings``.

    Parameters
    ----------
    judged
        The tables.
    changes
        The dataset's ``qc_changes``.
    history
        Its ``qc_history``, with the row of this run.
    links
        What leads to its report.
    """
    from gem_assets.qc.open_findings import open_findings, open_verdicts
    from gem_assets.qc.trend import change_numbers, rate_numbers, trend_table
    from gem_assets.report.thumbnails import flagged_rates, label_heatmap, status_bar

    return {
        "qc_verdicts": {
            **change_numbers(changes, history),
            "open labels": len(open_verdicts(judged.verdicts)),
            "stated and predicted": dg.MetadataValue.md(label_heatmap(judged.verdicts)),
        },
        "qc_samples": {
            **rate_numbers(history),
            "samples by status": dg.MetadataValue.md(status_bar(judged.samples)),
            "flagged rate over runs": dg.MetadataValue.md(flagged_rates(history)),
            "runs": dg.MetadataValue.md(trend_table(history)),
            **links,
        },
        "qc_findings": {
            **_by_kind(judged.findings),
            "open findings": len(open_findings(judged.findings, judged.verdicts)),
            "suggested cells of the sheet": len(judged.suggestions),
            "findings": dg.MetadataValue.md(_listed(judged.findings)),
            **links,
        },
    }


def _by_kind(findings: pd.DataFrame) -> dict[str, int]:
    """Return the number of findings of each kind; none is a number, too, in a plot over runs."""
    from gem_assets.qc.outcomes import QUESTIONS

    counts = findings["kind"].value_counts()
    kinds = [kind for question in QUESTIONS for kind in question.kinds]
    return {kind.replace("_", " "): int(counts.get(kind, 0)) for kind in kinds}


def _listed(findings: pd.DataFrame) -> str:
    from gem_assets.markdown import escaped

    lines = [f"- {escaped(str(one))}" for one in findings["sentence"].head(_SENTENCES)]
    more = len(findings) - len(lines)
    return "\n".join([*lines, *([f"- And {more:,} more."] if more else [])]) or "None."
