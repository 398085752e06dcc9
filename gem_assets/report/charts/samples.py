"""Samples of a dataset: how many are how, where they lie, and one number of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gem_assets.qc.latent_vectors import coordinates
from gem_assets.report.charts.style import ACCENT, STATUS_COLOURS
from gem_assets.report.charts.words import fold_rare
from gem_assets.report.neighbours import chosen_space

if TYPE_CHECKING:
    import altair as alt

    from gem_assets.report.charts.style import AnyChart

MAX_POINTS = 2_000
MAX_COLOURS = 19  # and one for the rest: the palette has 20


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


def latent_scatter(
    latents: pd.DataFrame,
    colours: pd.Series,
    flagged: set[str],
    title: str,
    links: Mapping[str, str] | None = None,
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
    links
        Where the point of a sample leads to; points without a link are drawn, too.
    """
    import altair as alt

    rows = chosen_space(latents)
    if len(rows) > MAX_POINTS:
        ringed = rows["sample_id"].isin(flagged)
        # The flagged ones first; of each kind evenly spaced ones, so that it is repeatable.
        kept = _evenly(rows[ringed], MAX_POINTS)
        rows = pd.concat([kept, _evenly(rows[~ringed], MAX_POINTS - len(kept))])
    if len(rows) < 3:
        return None
    vectors = coordinates(rows)
    if vectors.shape[1] < 2:
        return None
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    share = s**2 / max(float((s**2).sum()), 1e-12)
    words = colours.reindex(rows["sample_id"]).fillna("not stated").astype(str)
    names = rows["sample_id"].astype(str).to_numpy()
    is_flagged = rows["sample_id"].isin(flagged).to_numpy()
    frame = pd.DataFrame(
        {
            # A tenth of a pixel is not seen, and sixteen digits a point are half of the file.
            "x": np.round(u[:, 0] * s[0], 3),
            "y": np.round(u[:, 1] * s[1], 3),
            "colour": fold_rare(words, MAX_COLOURS).to_numpy(),
            "flagged": is_flagged,
            "link": [(links or {}).get(name) for name in names],
            "told": [
                f"{name}: {word}{', flagged' if ringed else ''}"
                for name, word, ringed in zip(names, words, is_flagged, strict=True)
            ],
        }
    )
    base = alt.Chart(frame).encode(
        x=alt.X("x:Q", title=f"axis 1 ({share[0]:.0%} of variance)", axis=_bare_axis()),
        y=alt.Y("y:Q", title=f"axis 2 ({share[1]:.0%})", axis=_bare_axis()),
    )
    points = base.mark_circle(size=54, opacity=0.8).encode(
        color=alt.Color(
            "colour:N",
            title=title,
            scale=alt.Scale(scheme="tableau10" if words.nunique() <= 10 else "tableau20"),
            legend=alt.Legend(symbolLimit=MAX_COLOURS + 1),
        ),
        description="told:N",
    )
    layers = [
        (frame["link"].isna(), points.transform_filter("!datum.link")),
        (frame["link"].notna(), points.transform_filter("datum.link").encode(href="link:N")),
        (
            frame["flagged"],
            base.transform_filter("datum.flagged").mark_point(
                size=170, strokeWidth=2, color=STATUS_COLOURS["fail"], aria=False
            ),
        ),
    ]
    # A layer without a mark would be an image without a word.
    marked = [layer for drawn, layer in layers if drawn.any()]
    return alt.layer(*marked).properties(width=620, height=380)


def histogram(values: np.ndarray, title: str) -> AnyChart:
    """Draw the distribution of one number a sample (e.g. library sizes, in reads)."""
    import altair as alt

    counts, edges = np.histogram(values, bins=min(30, max(5, len(values) // 3)))
    frame = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "samples": counts})
    chart: AnyChart = (
        alt.Chart(frame, width=320, height=120)
        .mark_bar(color=ACCENT)
        .encode(
            x=alt.X("from:Q", bin="binned", title=title, axis=alt.Axis(format="~s")),
            x2="to:Q",
            y=alt.Y("samples:Q", title="samples"),
        )
    )
    return chart


def _evenly(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the rows, or ``most`` of them at equal distances."""
    if len(rows) <= most:
        return rows
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, most).astype(int))]


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
