"""Colours of all charts, and their rendering without a browser."""

from __future__ import annotations

import re
from functools import lru_cache
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

INK, ACCENT = "#3c4043", "#4c78a8"
"""Of text, and of bars."""

RULE, GRID = "#c4c7c5", "#e4e7ea"
"""Of axes, and of the lines behind the marks."""

_LINK = re.compile(r'<a xlink:href="[^"#]*(#[^"]*)">')
"""Vega resolves a link within the page against a host of its own."""


def palette() -> dict[str, str]:
    """Return the charts' colours by the name of the style sheet's variable that they follow.

    SVG has them as attributes, which the page's style overrides: so the charts turn dark with it.
    """
    return {**STATUS_COLOURS, "ink": INK, "accent": ACCENT, "rule": RULE, "grid": GRID}


def to_svg(chart: AnyChart) -> str:
    """Return a chart as SVG text; what it shows of a user's text is escaped by Vega.

    Links stay within the page, and out of the way of the tab key: hundreds of points would be
    hundreds of stops.
    """
    return _LINK.sub(r'<a href="\1" tabindex="-1">', _drawn(_specification(chart)))


def to_png(chart: AnyChart, *, scale: float = 1.0) -> bytes:
    """Return a chart as PNG."""
    import vl_convert

    png: bytes = vl_convert.svg_to_png(_drawn(_specification(chart)), scale=scale)
    return png


@lru_cache(maxsize=32)
def _drawn(specification: str) -> str:
    """Return what Vega draws: 25 ms of processor time, and most charts are drawn again.

    A thumbnail that is too large is tried smaller, and with each dataset that is judged the index
    has the trends of all.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(specification)
    return svg


def _specification(chart: AnyChart) -> str:
    """Return the styled chart as text."""
    # One call: each copies the whole chart.
    styled = chart.configure(
        background="transparent",
        font="sans-serif",
        view={"stroke": None},
        axis={
            "labelColor": INK,
            "titleColor": INK,
            "domainColor": RULE,
            "tickColor": RULE,
            "gridColor": GRID,
        },
        legend={"labelColor": INK, "titleColor": INK},
        title={"color": INK, "fontSize": 12, "anchor": "start"},
    )
    text: str = styled.to_json()
    return text
