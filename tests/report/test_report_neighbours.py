"""The nearest samples are those that a look at every distance finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gem_assets.qc.latent_vectors import coordinates
from gem_assets.report import neighbours
from gem_assets.report.neighbours import Floats, chosen_space, nearest

# Few different values: many points at one distance, and some on one spot.
points = arrays(
    np.float64,
    st.tuples(st.integers(1, 40), st.integers(1, 4)),
    elements=st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0]),
)


def by_every_distance(points: Floats, row: int, k: int) -> Floats:
    others = np.delete(points, row, axis=0)
    return np.sort(np.linalg.norm(others - points[row], axis=1))[:k]


@given(points, st.integers(1, 6))
def test_the_nearest_are_as_near_as_any(points: Floats, k: int) -> None:
    rows = np.arange(len(points))
    places, distances = nearest(points, rows, k)
    assert places.shape == distances.shape == (len(points), min(k, len(points) - 1))
    for row in rows:
        assert row not in places[row]
        assert len(set(places[row])) == len(places[row])
        assert distances[row] == pytest.approx(by_every_distance(points, row, k))
        assert np.linalg.norm(points[places[row]] - points[row], axis=1) == pytest.approx(
            distances[row]
        )


def test_chunks_are_no_other_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).normal(size=(300, 8)) + 1e6  # far from the origin
    rows = np.arange(0, 300, 3)
    whole = nearest(points, rows, 5)
    monkeypatch.setattr(neighbours, "_MOST_DISTANCES", 1_000)
    for one, other in zip(whole, nearest(points, rows, 5), strict=True):
        assert np.array_equal(one, other)
    for i, row in enumerate(rows):
        assert whole[1][i] == pytest.approx(by_every_distance(points, row, 5), rel=1e-9)


def test_vectors_may_be_lists_of_any_kind() -> None:
    vectors = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    chunks = pa.chunked_array([pa.array(vectors[:1]), pa.array(vectors[1:])])
    for column in (
        pd.Series(vectors),
        pd.Series([np.array(vector, dtype=np.float32) for vector in vectors]),
        pd.Series(pd.arrays.ArrowExtensionArray(chunks)),
    ):
        found = coordinates(pd.DataFrame({"vector": column}))
        assert found.tolist() == vectors
        assert coordinates(pd.DataFrame({"vector": column}).iloc[1:]).tolist() == vectors[1:]


def test_the_biological_space_is_shown_or_the_first_there_is() -> None:
    rows = pd.DataFrame(
        {"space": ["technical", "biological", "technical"], "sample_id": list("abc")}
    )
    assert chosen_space(rows)["sample_id"].tolist() == ["b"]
    assert chosen_space(rows.iloc[[0, 2]])["sample_id"].tolist() == ["a", "c"]
    assert chosen_space(rows.head(0)).empty
