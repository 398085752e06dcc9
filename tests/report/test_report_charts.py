"""Charts hold what the tables hold, and stay small for large datasets."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from report_examples import report_input

from gem_assets.report import charts, thumbnails
from gem_assets.report.html import sample_address


def test_a_field_with_many_values_shows_the_most_frequent_and_the_rest_as_other() -> None:
    values = [f"tissue {i:02d}" for i in range(30) for _ in range(i + 1)]
    predicted = pd.DataFrame({"field": "tissue", "predicted_id": values, "predicted_label": values})
    chart = charts.predicted_values(predicted, "tissue")
    assert chart is not None
    svg = charts.to_svg(chart)
    assert "tissue 29" in svg
    assert "other" in svg
    assert "tissue 01" not in svg


def test_a_value_without_a_label_is_shown_by_its_id() -> None:
    predicted = pd.DataFrame(
        {"field": ["tissue"], "predicted_id": ["UBERON:9"], "predicted_label": [None]}
    )
    chart = charts.predicted_values(predicted, "tissue")
    assert chart is not None
    assert "UBERON:9" in charts.to_svg(chart)


def test_a_cell_has_the_colour_of_what_most_of_its_samples_came_to() -> None:
    rows = [("liver", "liver", "pass")] * 9 + [
        ("liver", "liver", "warn"),
        ("liver", "brain", "fail"),
    ]
    verdicts = pd.DataFrame(rows, columns=["provided_text", "predicted_id", "status"])
    verdicts = verdicts.assign(field="tissue", provided_label=None, predicted_label=None)
    chart = charts.label_heatmap(verdicts, "tissue")
    assert chart is not None
    (cells,) = chart.to_dict()["datasets"].values()
    assert [(c["predicted"], c["samples"], c["status"]) for c in cells] == [
        ("brain", 1, "fail"),
        ("liver", 10, "pass"),
    ]
    svg = charts.to_svg(chart)
    assert charts.STATUS_COLOURS["fail"] in svg
    assert charts.STATUS_COLOURS["warn"] not in svg


def test_the_style_sheet_takes_over_every_colour_that_a_chart_has() -> None:
    """Whatever is left would stay black on a dark page."""
    given = report_input()
    words = given.verdicts.drop_duplicates("sample_id").set_index("sample_id")["provided_text"]
    for chart in (
        charts.label_heatmap(given.verdicts, "sex"),
        charts.predicted_values(given.predicted, "sex"),
        charts.latent_scatter(given.latents, words, {"S001"}, "sex"),
    ):
        assert chart is not None
        colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{3,6})"', charts.to_svg(chart)))
        assert colours - set(charts.palette().values()) <= {"#4c78a8", "#f58518"}, "a scheme's own"


def test_a_point_leads_to_its_sample_and_to_no_host() -> None:
    given = report_input(names={1: "a b/<c>"})
    links = {"a b/<c>": sample_address("a b/<c>"), "S002": sample_address("S002")}
    words = pd.Series("x", index=given.samples["sample_id"])
    chart = charts.latent_scatter(given.latents, words, {"S002"}, "kind", links)
    assert chart is not None
    svg = charts.to_svg(chart)
    assert sorted(re.findall(r'<a href="([^"]*)" tabindex="-1">', svg)) == sorted(links.values())
    assert svg.count("<a ") == 2, "points without a link are no links"
    assert "http" not in svg.replace("http://www.w3.org", "")
    assert "S002: x, flagged" in svg


def history(*rates: float | None) -> pd.DataFrame:
    rows = [
        {
            "at": pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=i),
            "flagged_rate": rate,
            "ci_low": rate,
            "ci_high": rate,
        }
        for i, rate in enumerate(rates)
    ]
    return pd.DataFrame(rows)


def test_a_trend_needs_two_runs_in_which_something_was_judged() -> None:
    assert charts.flagged_trend(history(0.1)) is None
    assert charts.flagged_trend(history(0.1, np.nan)) is None
    chart = charts.flagged_trend(history(0.1, np.nan, 0.0))
    assert chart is not None
    assert "<path" in charts.to_svg(chart)


def test_a_trend_of_many_runs_shows_the_latest() -> None:
    chart = charts.flagged_trend(history(*[0.5] * 100, *[0.25] * charts.MAX_RUNS))
    assert chart is not None
    (runs,) = chart.to_dict()["datasets"].values()
    assert {run["flagged_rate"] for run in runs} == {0.25}


def test_the_scatter_of_many_cells_is_thinned_and_keeps_every_flagged_one() -> None:
    n = 5_000
    rng = np.random.default_rng(0)
    ids = [f"c{i}" for i in range(n)]
    latents = pd.DataFrame(
        {"sample_id": ids, "space": "biological", "vector": list(rng.normal(size=(n, 4)))}
    )
    words = pd.Series("x", index=ids)
    chart = charts.latent_scatter(latents, words, {"c1", "c4999"}, "kind")
    assert chart is not None
    (rows,) = chart.to_dict()["datasets"].values()
    assert len(rows) <= charts.MAX_POINTS
    assert sum(row["flagged"] for row in rows) == 2


def test_the_scatter_of_a_dataset_that_is_flagged_altogether_is_thinned_too() -> None:
    ids = [f"c{i}" for i in range(3_000)]
    vectors = list(np.random.default_rng(0).normal(size=(3_000, 3)))
    latents = pd.DataFrame({"sample_id": ids, "space": "biological", "vector": vectors})
    chart = charts.latent_scatter(latents, pd.Series("x", index=ids), set(ids), "kind")
    assert chart is not None
    (rows,) = chart.to_dict()["datasets"].values()
    assert len(rows) == charts.MAX_POINTS


def test_there_is_no_scatter_of_what_has_no_place() -> None:
    two = pd.DataFrame(
        {"sample_id": ["a", "b"], "space": "biological", "vector": [np.ones(3), np.zeros(3)]}
    )
    words = pd.Series({"a": "x", "b": "y"})
    assert charts.latent_scatter(two, words, set(), "kind") is None
    assert charts.latent_scatter(two.head(0), words, set(), "kind") is None


def test_thumbnails_say_in_words_that_there_is_nothing_to_draw() -> None:
    nothing = pd.DataFrame(
        columns=["field", "predicted_id", "predicted_label", "sample_id", "space", "vector"]
    )
    assert thumbnails.predicted_values(nothing) == "no predictions"
    assert thumbnails.latent_scatter(nothing, nothing) == "no predictions"
    verdicts = pd.DataFrame({"field": ["sex"], "status": ["not_assessed"]})
    assert thumbnails.label_heatmap(verdicts) == "nothing was judged"


def test_a_thumbnail_of_a_first_field_is_an_image() -> None:
    predicted = pd.DataFrame(
        {"field": ["sex"], "predicted_id": ["male"], "predicted_label": ["male"]}
    )
    picture = thumbnails.predicted_values(predicted)
    assert re.match(r"!\[predicted sex\]\(data:image/png;base64,", picture)
