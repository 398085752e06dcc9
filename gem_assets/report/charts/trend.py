"""How often a dataset was flagged, run by run: in the cell of a table, and with axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.report.charts.style import ACCENT

if TYPE_CHECKING:
    from gem_assets.report.charts.style import AnyChart

MAX_RUNS = 60
"""Runs that are drawn, the latest."""


def flagged_trend(history: pd.DataFrame) -> AnyChart | None:
    """Draw the share of flagged samples over the runs, with its 95 % interval.

    Parameters
    ----------
    history
        A dataset's rows of ``qc_history``.

    Returns
    -------
    chart or None
        None with fewer than two runs in which something was judged: there is no trend.
    """
    import altair as alt

    frame = _judged_runs(history)
    if len(frame) < 2:
        return None
    top = max(0.05, float(frame["ci_high"].max()))
    # Vega-Lite breaks on a layered chart without any axis.
    hidden = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)
    base = alt.Chart(frame).encode(
        x=alt.X("run:Q", axis=hidden, scale=alt.Scale(nice=False)),
        y=alt.Y("flagged_rate:Q", axis=hidden, scale=alt.Scale(domain=[0, top])),
    )
    chart: AnyChart = alt.layer(
        base.mark_area(color=ACCENT, opacity=0.2).encode(y="ci_low:Q", y2="ci_high:Q"),
        base.mark_line(color=ACCENT, strokeWidth=1.5),
        base.transform_filter(f"datum.run == {len(frame)}").mark_circle(
            color=ACCENT, size=36, opacity=1
        ),
    ).properties(width=140, height=34)
    return chart


def flagged_rates(history: pd.DataFrame) -> AnyChart | None:
    """Draw the share of flagged samples of each run with its 95 % interval, on axes.

    Parameters
    ----------
    history
        A dataset's rows of ``qc_history``.

    Returns
    -------
    chart or None
        None where no run judged anything.
    """
    import altair as alt

    frame = _judged_runs(history)
    if frame.empty:
        return None
    base = alt.Chart(frame).encode(
        x=alt.X(
            "run:Q",
            title="run",
            axis=alt.Axis(tickMinStep=1),
            scale=alt.Scale(zero=False, nice=False, padding=12),
        )
    )
    rate = alt.Y(
        "flagged_rate:Q", title="flagged", axis=alt.Axis(format="%"), scale=alt.Scale(zero=True)
    )
    interval = base.mark_rule(color=ACCENT, opacity=0.5)
    return alt.layer(
        interval.encode(y=alt.Y("ci_low:Q", title=""), y2="ci_high:Q"),
        base.mark_line(color=ACCENT).encode(y=rate),
        base.mark_circle(color=ACCENT, size=50).encode(y=rate),
    ).properties(width=360, height=140)


def _judged_runs(history: pd.DataFrame) -> pd.DataFrame:
    """Return the latest runs in which something was judged, numbered from 1."""
    runs = history.dropna(subset=["flagged_rate"]).sort_values("at", kind="stable").tail(MAX_RUNS)
    rates = ("flagged_rate", "ci_low", "ci_high")
    frame = pd.DataFrame({name: runs[name].astype(float).round(4) for name in rates})
    return frame.assign(run=range(1, len(runs) + 1))
