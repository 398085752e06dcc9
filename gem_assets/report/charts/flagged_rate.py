"""How often a dataset's samples were flagged, run by run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gem_assets.report.charts.style import ACCENT

if TYPE_CHECKING:
    from gem_assets.report.charts.style import AnyChart

MAX_RUNS = 50


def flagged_rate(history: pd.DataFrame) -> AnyChart | None:
    """Draw the flagged rate of the latest runs with its interval.

    Parameters
    ----------
    history
        ``qc_history`` of a dataset; the latest `MAX_RUNS` runs that judged something are drawn.

    Returns
    -------
    chart or None
        None where no run judged anything.
    """
    import altair as alt

    rows = history[history["flagged_rate"].notna()].sort_values("at", kind="stable").tail(MAX_RUNS)
    if rows.empty:
        return None
    frame = pd.DataFrame(
        {
            "run": range(1, len(rows) + 1),
            "rate": rows["flagged_rate"].to_numpy(),
            "low": rows["ci_low"].to_numpy(),
            "high": rows["ci_high"].to_numpy(),
        }
    )
    base = alt.Chart(frame).encode(
        x=alt.X(
            "run:Q",
            title="run",
            axis=alt.Axis(tickMinStep=1),
            scale=alt.Scale(zero=False, nice=False, padding=12),
        )
    )
    rate = alt.Y("rate:Q", title="flagged", axis=alt.Axis(format="%"), scale=alt.Scale(zero=True))
    return alt.layer(
        base.mark_rule(color=ACCENT, opacity=0.5).encode(y=alt.Y("low:Q", title=""), y2="high:Q"),
        base.mark_line(color=ACCENT).encode(y=rate),
        base.mark_circle(color=ACCENT, size=50).encode(y=rate),
    ).properties(width=360, height=140)
