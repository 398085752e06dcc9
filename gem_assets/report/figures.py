"""The charts of a report, each with the sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.report import charts
from gem_assets.report.cards import FLAGGED
from gem_assets.report.html import sample_address
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import field_words


@dataclass(frozen=True)
class Figure:
    """A chart and what it shows: SVG text, a title and a sentence for those who can't see it."""

    title: str
    svg: str
    alt: str


def heatmaps(given: ReportInput) -> list[Figure]:
    """Return stated against predicted labels, a chart a field."""
    figures = []
    for field in FIELDS:
        chart = charts.label_heatmap(given.verdicts, field.name)
        if chart is not None:
            name = field_words(field.name)
            figures.append(
                Figure(
                    name,
                    charts.to_svg(chart),
                    f"Number of {given.unit.several} by stated and predicted {name}.",
                )
            )
    return figures


def scatter(given: ReportInput, listed: Collection[str] = ()) -> Figure | None:
    """Return the samples in the model's latent space, coloured by the first label that differs.

    Parameters
    ----------
    given
        The dataset's tables.
    listed
        Samples that the page tells more of; their points are links.
    """
    flagged = set(given.samples.loc[given.samples["status"].isin(FLAGGED), "sample_id"])
    words, title = _colours(given)
    links = {name: sample_address(name) for name in listed}
    chart = charts.latent_scatter(given.latents, words, flagged, title, links)
    if chart is None:
        return None
    points = "cells" if given.modality == "sc" else "samples"
    ringed = "" if given.modality == "sc" else "; flagged samples are ringed"
    drawn = int(given.latents["sample_id"].nunique())
    thinned = f" ({charts.MAX_POINTS:,} of {drawn:,})" if drawn > charts.MAX_POINTS else ""
    return Figure(
        f"The {points}{thinned} in the model's biological latent space, coloured by {title}",
        charts.to_svg(chart),
        f"Scatter of the {points} on two principal axes of the latents, coloured by {title}"
        f"{ringed}.",
    )


def composition(given: ReportInput) -> list[Figure]:
    """Return how often each value was predicted, a chart a field."""
    points = "cells" if given.modality == "sc" else "samples"
    figures = []
    for field in ("cell_type", "tissue", "sample_type", "sex"):
        chart = charts.predicted_values(given.predicted, field)
        if chart is not None:
            name = field_words(field)
            figures.append(
                Figure(
                    name,
                    charts.to_svg(chart.properties(title="")),
                    f"Number of {points} by predicted {name}.",
                )
            )
    return figures


def _colours(given: ReportInput) -> tuple[pd.Series, str]:
    """Return a word for each point of the scatter, and what the words are."""
    for field in ("tissue", "cell_type", "sex", "sample_type"):
        stated = given.verdicts[given.verdicts["field"] == field]
        # Single cells are judged by group: no cell has a label of its own there.
        if given.modality != "sc" and stated["provided_text"].nunique() > 1:
            words = stated.set_index("sample_id")["provided_text"]
            return words, f"stated {field_words(field)}"
        answered = given.predicted[given.predicted["field"] == field]
        if (given.modality == "sc" or not given.labelled) and not answered.empty:
            words = answered.set_index("sample_id")["predicted_label"]
            return words, f"predicted {field_words(field)}"
    return given.samples.set_index("sample_id")["status"], "status"
