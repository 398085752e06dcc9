"""The report as one self-contained HTML file: no script, no font, no request to any host."""

from __future__ import annotations

from dataclasses import dataclass

from gem_assets.labels.fields import FIELDS
from gem_assets.report import charts
from gem_assets.report.content import STATUS_WORDS, ReportContent, ReportInput, report_content


@dataclass(frozen=True)
class Figure:
    """A chart and what it shows: SVG text, a title and a sentence for those who can't see it."""

    title: str
    svg: str
    alt: str


def build_report(given: ReportInput) -> str:
    """Return the report of a dataset as HTML text.

    Every text that comes from the user (sample names, labels) is escaped: by Jinja in the page,
    by Vega in the charts.

    Parameters
    ----------
    given
        The dataset's tables.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gem_assets.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    content = report_content(given)
    return environment.get_template("report.html").render(
        content=content,
        status_words=STATUS_WORDS,
        status_colours=charts.STATUS_COLOURS,
        heatmaps=_heatmaps(given),
        probabilities=_probabilities(given, content),
        scatter=_scatter(given),
        composition=_composition(given) if given.verdicts.empty else [],
    )


def _heatmaps(given: ReportInput) -> list[Figure]:
    figures = []
    for field in FIELDS:
        chart = charts.label_heatmap(given.verdicts, field.name)
        if chart is not None:
            name = field.name.replace("_", " ")
            figures.append(
                Figure(
                    name,
                    charts.to_svg(chart),
                    f"Number of samples by stated and predicted {name}.",
                )
            )
    return figures


def _probabilities(given: ReportInput, content: ReportContent) -> list[Figure]:
    names = dict(
        zip(given.predicted["predicted_id"], given.predicted["predicted_label"], strict=True)
    )
    names = {k: v for k, v in names.items() if isinstance(k, str) and isinstance(v, str)}
    names |= _names_of_top_values(given)
    figures = []
    for card in content.cards:
        field = card.field_name.replace(" ", "_")
        verdict = given.verdicts[
            (given.verdicts["sample_id"] == card.sample_id) & (given.verdicts["field"] == field)
        ].iloc[0]
        stated = set(str(verdict["provided_id"] or "").split(" || "))
        chart = charts.top_probabilities(given.probabilities, card.sample_id, field, stated, names)
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


def _names_of_top_values(given: ReportInput) -> dict[str, str]:
    """Return ontology labels of the values that a chart may show."""
    from gem_assets.labels.ontology import label_of

    values = {str(v) for row in given.probabilities["value"] for v in list(row)[:5]}
    values |= {str(v) for v in given.verdicts["provided_id"].dropna()}
    return {v: label for v in values if ":" in v and (label := label_of(v)) is not None}


def _scatter(given: ReportInput) -> Figure | None:
    flagged = set(given.samples.loc[given.samples["status"].isin(["fail", "warn"]), "sample_id"])
    for field in ("tissue", "cell_type", "sex", "sample_type"):
        stated = given.verdicts[given.verdicts["field"] == field]
        if stated["provided_text"].nunique() > 1:
            words = stated.set_index("sample_id")["provided_text"]
            title = f"stated {field.replace('_', ' ')}"
            break
        answered = given.predicted[given.predicted["field"] == field]
        if given.verdicts.empty and not answered.empty:
            words = answered.set_index("sample_id")["predicted_label"]
            title = f"predicted {field.replace('_', ' ')}"
            break
    else:
        words = given.samples.set_index("sample_id")["status"]
        title = "status"
    chart = charts.latent_scatter(given.latents, words, flagged, title)
    if chart is None:
        return None
    return Figure(
        f"Samples in the model's biological latent space, coloured by {title}",
        charts.to_svg(chart),
        f"Scatter of the samples on two principal axes of the latents, coloured by {title}; "
        "flagged samples are ringed.",
    )


def _composition(given: ReportInput) -> list[Figure]:
    figures = []
    for field in ("cell_type", "tissue", "sample_type", "sex"):
        chart = charts.predicted_values(given.predicted, field)
        if chart is not None:
            name = field.replace("_", " ")
            figures.append(
                Figure(name, charts.to_svg(chart), f"Number of samples by predicted {name}.")
            )
    return figures
