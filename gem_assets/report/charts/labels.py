"""Labels and predictions of a dataset: what is stated, what was predicted, how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.report.charts.style import ACCENT, INK, STATED
from gem_assets.report.charts.words import fold_rare, or_else

if TYPE_CHECKING:
    from gem_assets.report.charts.style import AnyChart

MAX_CLASSES = 12


def label_heatmap(verdicts: pd.DataFrame, field: str) -> AnyChart | None:
    """Draw stated labels against predictions of one field, with the number of samples.

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
            "stated": or_else(rows["provided_label"], rows["provided_text"]),
            "predicted": or_else(rows["predicted_label"], rows["predicted_id"]),
        }
    )
    for column in frame:
        frame[column] = fold_rare(frame[column], 2 * MAX_CLASSES)
    counted = frame.value_counts().rename("samples").reset_index()
    base = alt.Chart(counted).encode(
        x=alt.X("predicted:N", title="predicted", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("stated:N", title="stated"),
    )
    most = int(counted["samples"].max())
    return alt.layer(
        base.mark_rect(stroke="white").encode(
            color=alt.Color("samples:Q", scale=alt.Scale(scheme="blues"), legend=None)
        ),
        base.mark_text(fontSize=11).encode(
            text="samples:Q",
            color=alt.condition(alt.datum.samples > most / 2, alt.value("white"), alt.value(INK)),
        ),
    ).properties(width=alt.Step(34), height=alt.Step(26))


def top_probabilities(
    probabilities: pd.DataFrame,
    sample_id: str,
    field: str,
    stated_ids: set[str],
    names: dict[str, str],
) -> AnyChart | None:
    """Draw the five most probable values of a field for one sample, and the stated one.

    Parameters
    ----------
    probabilities
        ``classifier_probs`` of the dataset.
    sample_id, field
        Which row.
    stated_ids
        Values that the label stands for; drawn in another colour, and added if not among the top.
    names
        Label of each value; a value without one is shown as it is.
    """
    import altair as alt

    row = probabilities[
        (probabilities["sample_id"] == sample_id) & (probabilities["field"] == field)
    ]
    if row.empty:
        return None
    pairs = dict(zip(row["value"].iloc[0], row["probability"].iloc[0], strict=True))
    shown = list(pairs)[:5] + [v for v in list(pairs)[5:] if v in stated_ids]
    frame = pd.DataFrame(
        {
            "value": [names.get(v, v) for v in shown],
            "probability": [pairs[v] for v in shown],
            "colour": ["stated" if v in stated_ids else "other" for v in shown],
        }
    ).drop_duplicates("value")
    chart: AnyChart = (
        alt.Chart(frame, width=260, height=alt.Step(18))
        .mark_bar()
        .encode(
            x=alt.X(
                "probability:Q",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".1f", tickCount=3),
                title=None,
            ),
            y=alt.Y("value:N", sort=None, title=None, axis=alt.Axis(labelLimit=220)),
            color=alt.Color(
                "colour:N",
                scale=alt.Scale(domain=["stated", "other"], range=[STATED, ACCENT]),
                legend=None,
            ),
        )
    )
    return chart


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
