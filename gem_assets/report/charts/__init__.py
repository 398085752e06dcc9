"""Charts of a dataset, drawn by Altair and rendered to SVG or PNG without a browser."""

from gem_assets.report.charts.labels import label_heatmap, predicted_values
from gem_assets.report.charts.samples import MAX_POINTS, histogram, latent_scatter, status_bar
from gem_assets.report.charts.style import STATUS_COLOURS, palette, to_png, to_svg
from gem_assets.report.charts.trend import MAX_RUNS, flagged_rates, flagged_trend

__all__ = [
    "MAX_POINTS",
    "MAX_RUNS",
    "STATUS_COLOURS",
    "flagged_rates",
    "flagged_trend",
    "histogram",
    "label_heatmap",
    "latent_scatter",
    "palette",
    "predicted_values",
    "status_bar",
    "to_png",
    "to_svg",
]
