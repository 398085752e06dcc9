"""Charts hold what the tables hold, and stay small for large datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gem_assets.report import charts, thumbnails


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


def test_a_stated_value_is_drawn_even_if_it_is_not_among_the_most_probable() -> None:
    values = [f"v{i}" for i in range(9)]
    row = {"sample_id": "s", "field": "tissue", "value": values, "probability": np.full(9, 1 / 9)}
    rows = pd.DataFrame([row])
    chart = charts.top_probabilities(rows, "s", "tissue", {"v8"}, {"v8": "the stated one"})
    assert chart is not None
    svg = charts.to_svg(chart)
    assert "the stated one" in svg
    assert "v7" not in svg
    assert charts.top_probabilities(rows, "another", "tissue", set(), {}) is None


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
    sentence = "Number of samples by predicted sex; most often male."
    assert picture.startswith(f"![{sentence}](data:image/png;base64,")
