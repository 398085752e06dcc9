"""Labels and predictions of a dataset: what is stated, what was predicted, how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.report.charts.style import ACCENT, INK, STATUS_COLOURS
from gem_assets.report.charts.words import fold_rare, or_else
from gem_assets.report.words import stated_words

if TYPE_CHECKING:
    from gem_assets.report.charts.style import AnyChart

MAX_CLASSES = 12


def label_heatmap(verdicts: pd.DataFrame, field: str) -> AnyChart | None:
    """Draw stated labels against predictions of one field, with the number of samples.

    A cell has the colour of what most of its samples came to, the stronger the more they are: a
    contradiction is seen without reading a label.

    Parameters
    ----------
    verdicts
        ``qc_verdicts`` of a dataset.
    field
        Which field.

    Returns
    -------
    chart or None
        None where no label of the field has a prediction beside it.
    """
    import altair as alt

    rows = verdicts[(verdicts["field"] == field) & verdicts["predicted_id"].notna()]
    if rows.empty:
        return None
    frame = pd.DataFrame(
        {
            "stated": stated_words(rows),
            "predicted": or_else(rows["predicted_label"], rows["predicted_id"]),
        }
    )
    for column in frame:
        frame[column] = fold_rare(frame[column], 2 * MAX_CLASSES)
    frame["status"] = rows["status"].astype(str)
    cells = frame.groupby(["stated", "predicted"])["status"]
    counted = cells.agg(samples="size", status=lambda seen: seen.mode().iloc[0]).reset_index()
    base = alt.Chart(counted).encode(
        x=alt.X("predicted:N", title="predicted", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("stated:N", title="stated"),
    )
    present = [status for status in STATUS_COLOURS if status in set(counted["status"])]
    return alt.layer(
        base.mark_rect(cornerRadius=2).encode(
            color=alt.Color(
                "status:N",
                scale=alt.Scale(domain=present, range=[STATUS_COLOURS[s] for s in present]),
                legend=None,
            ),
            opacity=alt.Opacity("samples:Q", scale=alt.Scale(range=[0.3, 0.6]), legend=None),
        ),
        base.mark_text(fontSize=11, color=INK, aria=False).encode(text="samples:Q"),
    ).properties(width=alt.Step(34), height=alt.Step(26))


def predicted_values(predicted: pd.DataFrame, field: str) -> AnyChart | None:
    """Draw how often each value of a field was predicted, the most frequent first."""
    import altair as alt

    rows = predicted[(predicted["field"] == field) & predicted["predicted_id"].notna()]
    if rows.empty:
        return None
    names = fold_rare(or_else(rows["predicted_label"], rows["predicted_id"]), MAX_CLASSES)
    counts = names.value_counts()
    frame = pd.DataFrame({"value": counts.index.astype(str), "samples": counts.to_numpy()})
    chart: AnyChart = (
        alt.Chart(frame, title=f"predicted {field.replace('_', ' ')}", width=300)
        .mark_bar(color=ACCENT)
        .encode(
            x=alt.X("samples:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("value:N", sort="-x", title=None, axis=alt.Axis(labelLimit=220)),
        )
        .properties(height=alt.Step(18))
    )
    return chart
