"""Charts of a dataset, drawn by Altair and rendered to SVG or PNG without a browser."""

from gem_assets.report.charts.labels import label_heatmap, predicted_values, top_probabilities
from gem_assets.report.charts.samples import MAX_POINTS, histogram, latent_scatter, status_bar
from gem_assets.report.charts.style import STATUS_COLOURS, to_png, to_svg

__all__ = [
    "MAX_POINTS",
    "STATUS_COLOURS",
    "histogram",
    "label_heatmap",
    "latent_scatter",
    "predicted_values",
    "status_bar",
    "to_png",
    "to_svg",
    "top_probabilities",
]
