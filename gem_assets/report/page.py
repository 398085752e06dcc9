"""The report as one self-contained HTML file, which asks no host for anything."""

from __future__ import annotations

from gem_assets.report import charts, figures
from gem_assets.report.content import report_content
from gem_assets.report.data_block import data_block
from gem_assets.report.html import render
from gem_assets.report.report_input import ReportInput
from gem_assets.report.sample_table import MAX_TABLE_ROWS


def build_report(given: ReportInput) -> str:
    """Return the report of a dataset as HTML text.

    Every text that comes from the user (sample names, labels) is escaped: by Jinja in the page, by
    Vega in the charts, by `data_block` in what the script reads, which writes it as text again. The
    only link to another file is that to the suggested sheet.

    Parameters
    ----------
    given
        The dataset's tables.
    """
    content = report_content(given)
    scatter = figures.scatter(given, {sample["id"] for sample in content.data["samples"]})
    annotated = given.modality == "sc" or not given.labelled
    return render(
        "report.html",
        ("table.js", "samples.js"),
        content=content,
        data=data_block(content.data),
        most_rows=MAX_TABLE_ROWS,
        max_points=charts.MAX_POINTS,
        heatmaps=figures.heatmaps(given),
        scatter=[scatter] if scatter else [],
        composition=figures.composition(given) if annotated else [],
    )
