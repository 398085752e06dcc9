"""The charts of a report, each with the sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.report import charts
from gem_assets.report.cards import FLAGGED, Card
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import field_words, text_or_none


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


def probabilities(given: ReportInput, cards: Sequence[Card]) -> list[Figure]:
    """Return the most probable values of the field that each card shows."""
    names = _names(given, cards)
    figures = []
    for card in cards:
        verdict = given.verdicts[
            (given.verdicts["sample_id"] == card.sample_id)
            & (given.verdicts["field"] == card.field)
        ].iloc[0]
        stated = set((text_or_none(verdict["provided_id"]) or "").split(VALUE_SEPARATOR))
        chart = charts.top_probabilities(
            given.probabilities_of_units, card.sample_id, card.field, stated, names
        )
        if chart is not None:
            figures.append(
                Figure(
                    f"{card.sample_id}: {card.field_name}",
                    charts.to_svg(chart),
                    f"Most probable values of {card.field_name} for {card.sample_id}; "
                    f"stated: {card.stated}.",
                )
            )
    return figures


def scatter(given: ReportInput) -> Figure | None:
    """Return the samples in the model's latent space, coloured by the first label that differs."""
    flagged = set(given.samples.loc[given.samples["status"].isin(FLAGGED), "sample_id"])
    words, title = _colours(given)
    chart = charts.latent_scatter(given.latents, words, flagged, title)
    if chart is None:
        return None
    points = "cells" if given.modality == "sc" else "samples"
    ringed = "" if given.modality == "sc" else "; flagged samples are ringed"
    return Figure(
        f"The {points} in the model's biological latent space, coloured by {title}",
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
                Figure(name, charts.to_svg(chart), f"Number of {points} by predicted {name}.")
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


def _names(given: ReportInput, cards: Sequence[Card]) -> dict[str, str]:
    """Return labels of the values that the charts of some cards may show."""
    from gem_assets.labels.ontology import label_of

    known = given.predicted_of_units[["predicted_id", "predicted_label"]].dropna().drop_duplicates()
    names = dict(zip(known["predicted_id"], known["predicted_label"], strict=True))
    rows = given.probabilities_of_units
    rows = rows[rows["sample_id"].isin({card.sample_id for card in cards})]
    values = {str(value) for row in rows["value"] for value in row}
    found = {v: label for v in values if ":" in v and (label := label_of(v)) is not None}
    return names | found
