"""Colours of all charts, and their rendering without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

INK, ACCENT, STATED = "#3c4043", "#4c78a8", "#b3261e"
"""Of text, of bars, and of what the sheet states."""


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


def _styled(chart: AnyChart) -> AnyChart:
    styled: AnyChart = (
        chart.configure(background="transparent", font="sans-serif")
        .configure_view(stroke=None)
        .configure_axis(labelColor=INK, titleColor=INK, domainColor="#c4c7c5", tickColor="#c4c7c5")
        .configure_title(color=INK, fontSize=12, anchor="start")
    )
    return styled
