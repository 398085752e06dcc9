"""The report's pictures, small, as Markdown that the Dagster UI shows in an asset's metadata."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.report import charts

if TYPE_CHECKING:
    import numpy as np

    from gem_assets.report.charts.style import AnyChart

_MAX_BYTES = 50_000  # the event log keeps every one of them


def library_sizes(total_counts: np.ndarray) -> str:
    """Return the distribution of library sizes (reads or UMIs a sample) as Markdown."""
    return _markdown(charts.histogram(total_counts, "counts per sample"), "library sizes")


def predicted_values(predicted: pd.DataFrame) -> str:
    """Return how often each value was predicted, for the first field that has values."""
    for field in ("tissue", "cell_type", "sample_type", "sex"):
        chart = charts.predicted_values(predicted, field)
        if chart is not None:
            return _markdown(chart, f"predicted {field}")
    return "no predictions"


def latent_scatter(latents: pd.DataFrame, predicted: pd.DataFrame) -> str:
    """Return the latent space as Markdown, coloured by predicted tissue or cell type."""
    for field in ("cell_type", "tissue"):
        rows = predicted[predicted["field"] == field]
        if not rows.empty:
            words = rows.set_index("sample_id")["predicted_label"]
            chart = charts.latent_scatter(latents, words, set(), f"predicted {field}")
            return "too few samples" if chart is None else _markdown(chart, "latents")
    return "no predictions"


def status_bar(samples: pd.DataFrame) -> str:
    """Return how many samples have each status as Markdown."""
    return _markdown(charts.status_bar(samples["status"]), "samples by status")


def label_heatmap(verdicts: pd.DataFrame) -> str:
    """Return stated against predicted labels as Markdown, for the worst-judged field."""
    order = verdicts[verdicts["status"].isin(["fail", "warn", "unclear", "pass"])]
    if order.empty:
        return "nothing was judged"
    flagged = order["status"].isin(["fail", "warn"]).groupby(order["field"]).sum()
    field = str(flagged.idxmax())
    chart = charts.label_heatmap(verdicts, field)
    return (
        "nothing was judged" if chart is None else _markdown(chart, f"stated and predicted {field}")
    )


def _markdown(chart: AnyChart, words: str) -> str:
    png = charts.to_png(chart)
    if len(png) > _MAX_BYTES:
        png = charts.to_png(chart, scale=0.5)
    return f"![{words}](data:image/png;base64,{base64.b64encode(png).decode()})"
