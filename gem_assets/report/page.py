"""The report as one self-contained HTML file: no script, no font, no request to any host."""

from __future__ import annotations

from gem_assets.report import charts, figures
from gem_assets.report.content import report_content
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import STATUS_WORDS


def build_report(given: ReportInput) -> str:
    """Return the report of a dataset as HTML text.

    Every text that comes from the user (sample names, labels) is escaped: by Jinja in the page,
    by Vega in the charts. The only link to another file is that to the suggested sheet.

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
    scatter = figures.scatter(given)
    annotated = given.modality == "sc" or not given.labelled
    return environment.get_template("report.html").render(
        content=content,
        status_words=STATUS_WORDS,
        status_colours=charts.STATUS_COLOURS,
        heatmaps=figures.heatmaps(given),
        probabilities=figures.probabilities(given, content.cards),
        scatter=[scatter] if scatter else [],
        composition=figures.composition(given) if annotated else [],
    )
