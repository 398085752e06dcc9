"""Charts of a dataset, drawn by Altair and rendered to SVG or PNG without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from typing import TypeAlias

    import altair as alt

    AnyChart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart

STATUS_COLOURS = {
    "fail": "#b3261e",
    "warn": "#e08a00",
    "unclear": "#9aa0a6",
    "pass": "#2b7a78",
    "not_assessed": "#d5d9dd",
}
"""Okabe-Ito like hues that stay apart for colour-blind readers; words always stand beside them."""

MAX_CLASSES = 12
MAX_POINTS = 2_000
MAX_COLOURS = 19  # and one for the rest: the palette has 20
_INK, _ACCENT, _STATED = "#3c4043", "#4c78a8", "#b3261e"


def to_svg(chart: AnyChart) -> str:
    """Return a chart as SVG text; what it shows of a user's text is escaped by Vega."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_styled(chart).to_json())
    return svg


def to_png(chart: AnyChart, *, scale: float = 1.0) -> bytes:
    """Return a chart as PNG."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(_styled(chart).to_json(), scale=scale)
    return png


def status_bar(statuses: pd.Series, *, width: int = 480) -> AnyChart:
    """Draw how many samples have each status, as one bar.

    Parameters
    ----------
    statuses
        One status a sample.
    width
        In pixels.
    """
    import altair as alt

    order = list(STATUS_COLOURS)
    counts = statuses.value_counts().reindex(order).dropna().astype(int)
    frame = pd.DataFrame({"status": counts.index, "samples": counts.to_numpy()})
    frame["order"] = frame["status"].map(order.index)
    chart: AnyChart = (
        alt.Chart(frame, width=width, height=24)
        .mark_bar()
        .encode(
            x=alt.X("samples:Q", stack="zero", title="samples", axis=alt.Axis(tickMinStep=1)),
            color=_status_colour(),
            order="order:Q",
        )
    )
    return chart


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
            "stated": _or_else(rows["provided_label"], rows["provided_text"]),
            "predicted": _or_else(rows["predicted_label"], rows["predicted_id"]),
        }
    )
    for column in frame:
        frame[column] = _fold_rare(frame[column], 2 * MAX_CLASSES)
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
            color=alt.condition(alt.datum.samples > most / 2, alt.value("white"), alt.value(_INK)),
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
                scale=alt.Scale(domain=["stated", "other"], range=[_STATED, _ACCENT]),
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
    names = _fold_rare(_or_else(rows["predicted_label"], rows["predicted_id"]), MAX_CLASSES)
    counts = names.value_counts()
    frame = pd.DataFrame({"value": counts.index.astype(str), "samples": counts.to_numpy()})
    chart: AnyChart = (
        alt.Chart(frame, title=f"predicted {field.replace('_', ' ')}", width=300)
        .mark_bar(color=_ACCENT)
        .encode(
            x=alt.X("samples:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("value:N", sort="-x", title=None, axis=alt.Axis(labelLimit=220)),
        )
        .properties(height=alt.Step(18))
    )
    return chart


def latent_scatter(
    latents: pd.DataFrame, colours: pd.Series, flagged: set[str], title: str
) -> AnyChart | None:
    """Draw the samples on the first two principal axes of a latent space.

    Parameters
    ----------
    latents
        ``latents`` of the dataset; the space ``biological`` is drawn, or the first there is.
    colours
        A word for each sample (index: sample ids) that its point is coloured by.
    flagged
        Samples that get a ring.
    title
        What the colours mean.
    """
    import altair as alt

    spaces = list(latents["space"].unique())
    if not spaces:
        return None
    space = "biological" if "biological" in spaces else spaces[0]
    rows = latents[latents["space"] == space]
    if len(rows) > MAX_POINTS:
        ringed = rows["sample_id"].isin(flagged)
        # Every flagged sample stays; of the others, evenly spaced ones, so that it is repeatable.
        others = rows[~ringed]
        step = np.linspace(0, len(others) - 1, MAX_POINTS - int(ringed.sum())).astype(int)
        rows = pd.concat([rows[ringed], others.iloc[np.unique(step)]])
    vectors = np.stack([np.asarray(v, dtype=np.float64) for v in rows["vector"]])
    if len(rows) < 3 or vectors.shape[1] < 2:
        return None
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    share = s**2 / max(float((s**2).sum()), 1e-12)
    words = colours.reindex(rows["sample_id"]).fillna("not stated").astype(str)
    frame = pd.DataFrame(
        {
            "x": u[:, 0] * s[0],
            "y": u[:, 1] * s[1],
            "colour": _fold_rare(words, MAX_COLOURS).to_numpy(),
            "flagged": rows["sample_id"].isin(flagged).to_numpy(),
        }
    )
    base = alt.Chart(frame).encode(
        x=alt.X("x:Q", title=f"axis 1 ({share[0]:.0%} of variance)", axis=_bare_axis()),
        y=alt.Y("y:Q", title=f"axis 2 ({share[1]:.0%})", axis=_bare_axis()),
    )
    return alt.layer(
        base.mark_circle(size=42, opacity=0.8).encode(
            color=alt.Color("colour:N", title=title, scale=alt.Scale(scheme="tableau20"))
        ),
        base.transform_filter("datum.flagged").mark_point(
            size=150, strokeWidth=2, color=STATUS_COLOURS["fail"]
        ),
    ).properties(width=440, height=300)


def histogram(values: np.ndarray, title: str) -> AnyChart:
    """Draw the distribution of one number a sample (e.g. library sizes, in reads)."""
    import altair as alt

    counts, edges = np.histogram(values, bins=min(30, max(5, len(values) // 3)))
    frame = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "samples": counts})
    chart: AnyChart = (
        alt.Chart(frame, width=320, height=120)
        .mark_bar(color=_ACCENT)
        .encode(
            x=alt.X("from:Q", bin="binned", title=title, axis=alt.Axis(format="~s")),
            x2="to:Q",
            y=alt.Y("samples:Q", title="samples"),
        )
    )
    return chart


def _status_colour() -> alt.Color:
    import altair as alt

    return alt.Color(
        "status:N",
        scale=alt.Scale(domain=list(STATUS_COLOURS), range=list(STATUS_COLOURS.values())),
        title=None,
    )


def _bare_axis() -> alt.Axis:
    import altair as alt

    return alt.Axis(labels=False, ticks=False, grid=False)


def _styled(chart: AnyChart) -> AnyChart:
    styled: AnyChart = (
        chart.configure(background="transparent", font="sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_INK, titleColor=_INK, domainColor="#c4c7c5", tickColor="#c4c7c5"
        )
        .configure_title(color=_INK, fontSize=12, anchor="start")
    )
    return styled


def _or_else(first: pd.Series, second: pd.Series) -> pd.Series:
    return first.astype(object).where(first.notna(), second.astype(object)).astype(str)


def _fold_rare(words: pd.Series, most: int) -> pd.Series:
    """Keep the ``most`` frequent words and call the rest "other"."""
    kept = words.value_counts().head(most).index
    return words.where(words.isin(kept), "other")
