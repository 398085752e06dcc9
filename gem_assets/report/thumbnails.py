"""The report's pictures, small, as Markdown that the Dagster UI shows in an asset's metadata.

Each has a sentence as its alternative text. What is the user's (names, labels) is inside the
picture, where it can't be Markdown; in a sentence it is escaped.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.markdown import escaped
from gem_assets.report import charts
from gem_assets.report.charts.png import packed
from gem_assets.report.words import STATUS_WORDS, field_words

if TYPE_CHECKING:
    import numpy as np

    from gem_assets.report.charts.style import AnyChart

MAX_CHARACTERS = 50_000
"""Of a picture as text: the event log keeps every one of them."""

MAX_POINTS = 800
"""Of a scatter: more make no other picture, but a larger one."""

_SCALES = (1.0, 0.75, 0.5, 0.35)


def library_sizes(total_counts: np.ndarray) -> str:
    """Return the distribution of library sizes (reads or UMIs a sample) as Markdown."""
    import numpy as np

    low, middle, high = np.percentile(total_counts, (0, 50, 100))
    return _picture(
        charts.histogram(total_counts, "counts per sample"),
        f"Library sizes of {len(total_counts):,} samples: {low:,.0f} to {high:,.0f} counts, median "
        f"{middle:,.0f}.",
    )


def matched_shares(shares: np.ndarray) -> str:
    """Return the distribution of the share of a sample's counts that found a gene, as Markdown."""
    import numpy as np

    low, middle, high = np.percentile(shares, (0, 50, 100))
    return _picture(
        charts.histogram(shares, "share of counts matched", number_format=".3~%"),
        f"Share of the counts of {len(shares):,} samples that found a gene of the model: {low:.1%} "
        f"to {high:.1%}, median {middle:.1%}.",
    )


def predicted_values(predicted: pd.DataFrame) -> str:
    """Return how often each value was predicted, for the first field that has values."""
    for field in ("tissue", "cell_type", "sample_type", "sex"):
        chart = charts.predicted_values(predicted, field)
        if chart is not None:
            labels = predicted.loc[predicted["field"] == field, "predicted_label"].dropna()
            most = f"; most often {labels.mode().iloc[0]}" if len(labels) else ""
            return _picture(chart, f"Number of samples by predicted {field_words(field)}{most}.")
    return "no predictions"


def latent_scatter(latents: pd.DataFrame, predicted: pd.DataFrame) -> str:
    """Return the latent space as Markdown, coloured by predicted tissue or cell type."""
    for field in ("cell_type", "tissue"):
        rows = predicted[predicted["field"] == field]
        if not rows.empty:
            words = rows.set_index("sample_id")["predicted_label"]
            name = field_words(field)
            samples = latents["sample_id"].unique()
            shown = samples[:: -(-len(samples) // MAX_POINTS) or 1]
            rows = latents[latents["sample_id"].isin(shown)]
            chart = charts.latent_scatter(rows, words, set(), f"predicted {name}")
            if chart is None:
                return "too few samples"
            return _picture(
                chart,
                f"{len(shown):,} of {len(samples):,} samples on two axes of the latent space, "
                f"coloured by predicted {name}.",
            )
    return "no predictions"


def status_bar(samples: pd.DataFrame) -> str:
    """Return how many samples have each status as Markdown."""
    counts = samples["status"].value_counts()
    told = [f"{counts[name]} {words}" for name, words in STATUS_WORDS.items() if name in counts]
    return _picture(charts.status_bar(samples["status"]), f"Samples: {', '.join(told)}.")


def label_heatmap(verdicts: pd.DataFrame) -> str:
    """Return stated against predicted labels as Markdown, for the worst-judged field."""
    order = verdicts[verdicts["status"].isin(["fail", "warn", "unclear", "pass"])]
    if order.empty:
        return "nothing was judged"
    flagged = order["status"].isin(["fail", "warn"]).groupby(order["field"]).sum()
    field = str(flagged.idxmax())
    chart = charts.label_heatmap(verdicts, field)
    if chart is None:
        return "nothing was judged"
    return _picture(
        chart,
        f"Stated against predicted {field_words(field)}: {int(flagged.max())} of "
        f"{int(order['field'].eq(field).sum())} judged labels are flagged.",
    )


def flagged_rates(history: pd.DataFrame) -> str:
    """Return the share of flagged samples over the runs, with its interval, as Markdown."""
    chart = charts.flagged_rates(history)
    if chart is None:
        return "nothing was judged"
    judged = history[history["flagged_rate"].notna()].sort_values("at", kind="stable")
    now = judged.iloc[-1]
    return _picture(
        chart,
        f"Share of flagged samples over {len(judged)} run{'' if len(judged) == 1 else 's'}: now "
        f"{now['flagged_rate']:.1%} (95 % interval {now['ci_low']:.1%} to {now['ci_high']:.1%}).",
    )


def _picture(chart: AnyChart, sentence: str) -> str:
    """Return a chart as Markdown, the largest that is small enough; else its sentence alone."""
    for scale in _SCALES:
        data = base64.b64encode(packed(charts.to_png(chart, scale=scale))).decode()
        if len(data) <= MAX_CHARACTERS:
            return f"![{escaped(sentence)}](data:image/png;base64,{data})"
    return escaped(sentence)
