"""PERMANOVA and PERMDISP against scikit-bio, all arrangements, and what they must keep to."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gem_assets.qc.permanova import permanova, permdisp


def drawn(seed: int, n: int, dimensions: int, groups: int) -> tuple[NDArray, NDArray]:
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, dimensions)) * random.uniform(0.1, 5, dimensions) + 7
    return points, random.permutation(np.arange(n) % groups)


def between_and_total(points: NDArray, groups: NDArray) -> tuple[float, float]:
    """Return sums of squares the textbook way: squared distances of all pairs."""

    def of_pairs(some: NDArray) -> float:
        pairs = itertools.combinations(some, 2)
        return sum(float(((a - b) ** 2).sum()) for a, b in pairs) / len(some)

    within = sum(of_pairs(points[groups == name]) for name in np.unique(groups))
    return of_pairs(points) - within, of_pairs(points)


@given(st.integers(0, 10_000), st.integers(6, 15), st.integers(1, 6), st.integers(2, 4))
def test_f_and_r2_are_those_of_the_distances(seed: int, n: int, d: int, k: int) -> None:
    points, groups = drawn(seed, n, d, k)
    between, total = between_and_total(points, groups)
    found = permanova(points, groups, permutations=9)
    assert found.f == pytest.approx(between / (k - 1) / ((total - between) / (n - k)))
    assert found.r2 == pytest.approx(between / total)
    assert found.r2 == pytest.approx(1 - 1 / (1 + found.f * (k - 1) / (n - k)))
    assert found.r2_by_chance == pytest.approx((k - 1) / (n - 1))


def test_scikit_bio_finds_the_same() -> None:
    # scikit-bio warns of its own dependencies when it is imported, which takes seconds: once.
    with warnings.catch_warnings(action="ignore"):
        from skbio.stats import distance
    from scipy.spatial.distance import pdist, squareform
    from scipy.stats import f

    for n, k, shift in [(24, 2, 0.0), (30, 3, 0.6), (40, 4, 2.0)]:
        points = np.random.default_rng(3).normal(size=(n, 5)) * [3, 2, 1, 1, 0.5]
        groups = np.arange(n) % k
        points[groups == 0] *= 1 + shift
        points[groups == 1] += shift
        matrix = distance.DistanceMatrix(squareform(pdist(points)))
        theirs = distance.permanova(matrix, groups.astype(str), permutations=999, seed=1)
        ours = permanova(points, groups)
        assert ours.f == pytest.approx(theirs["test statistic"])
        assert ours.p_value == pytest.approx(theirs["p-value"], abs=0.05)
        # Theirs permutes the samples themselves: F is to be the same, p only about that of F.
        # Groups of one size are scaled alike by our correction, which leaves F as it is.
        theirs = distance.permdisp(
            matrix,
            groups.astype(str),
            test="centroid",
            permutations=9,
            seed=1,
            warn_neg_eigval=False,
        )
        spread = permdisp(points, groups)
        assert spread.f == pytest.approx(theirs["test statistic"])
        assert spread.p_value == pytest.approx(f.sf(spread.f, k - 1, n - k), abs=0.1)


def test_chance_and_p_are_those_of_all_arrangements_within_strata() -> None:
    random = np.random.default_rng(5)
    strata = np.array([0, 0, 0, 0, 1, 1, 1, 2])
    groups = np.array([0, 0, 1, 1, 0, 1, 1, 0])
    points = random.normal(size=(8, 3)) + strata[:, None] * 20.0
    points[groups == 1] += 1
    centred = points - np.stack([points[strata == s].mean(axis=0) for s in strata])
    every = {
        first + second + (0,)
        for first in itertools.permutations((0, 0, 1, 1))
        for second in itertools.permutations((0, 1, 1))
    }
    shares = []
    for arrangement in sorted(every):
        between, total = between_and_total(centred, np.array(arrangement))
        shares.append(between / total)
    found = permanova(points, groups, strata=strata, permutations=9_999)
    observed = between_and_total(centred, groups)
    assert found.r2 == pytest.approx(observed[0] / observed[1])
    assert found.r2_by_chance == pytest.approx(np.mean(shares))
    exact = np.mean(np.array(shares) >= found.r2 - 1e-12)
    assert found.p_value == pytest.approx(exact, abs=0.02)
    assert found.least_p == pytest.approx(1 / len(every))


def test_groups_that_may_be_renamed_halve_the_arrangements() -> None:
    found = permanova(np.arange(6.0)[:, None], np.array([0, 0, 0, 1, 1, 1]))
    assert found.least_p == pytest.approx(1 / 10)
    assert found.p_value == pytest.approx(0.1, abs=0.03)


def test_what_differs_between_strata_counts_for_nothing() -> None:
    random = np.random.default_rng(1)
    strata = np.repeat([0, 1], 20)
    groups = np.where(random.random(40) < np.where(strata, 0.8, 0.2), 1, 0)
    points = random.normal(size=(40, 4)) + strata[:, None] * 50
    assert permanova(points, groups).p_value <= 0.01
    assert permanova(points, groups, strata=strata).p_value > 0.05
    assert permdisp(points, groups, strata=strata).p_value > 0.05


@pytest.mark.parametrize(("n", "k"), [(20, 2), (12, 4)])
def test_without_an_effect_p_is_uniform(n: int, k: int) -> None:
    random = np.random.default_rng(11)
    groups = np.arange(n) % k
    found = [
        test(random.normal(size=(n, 4)), groups, permutations=99, seed=i).p_value
        for i in range(300)
        for test in (permanova, permdisp)
    ]
    # 15 of 300 are expected at .05, and 3 to 29 seen 99.9 % of the times.
    assert 0.02 <= np.mean(np.array(found[::2]) <= 0.05) <= 0.09
    assert 0.02 <= np.mean(np.array(found[1::2]) <= 0.05) <= 0.09


@given(st.integers(0, 1_000), st.floats(0.01, 100), st.integers(0, 99))
def test_neither_scale_nor_position_nor_names_matter(seed: int, scale: float, away: int) -> None:
    points, groups = drawn(seed, 12, 3, 3)
    for test in (permanova, permdisp):
        here = test(points, groups, permutations=49)
        there = test(points * scale + away, groups.astype(str), permutations=49)
        assert there.f == pytest.approx(here.f, rel=1e-6)
        assert there.p_value == pytest.approx(here.p_value)


def test_a_seed_gives_one_answer() -> None:
    points, groups = drawn(2, 30, 4, 3)
    assert permanova(points, groups, seed=4) == permanova(points, groups, seed=4)
    assert permdisp(points, groups, seed=4) == permdisp(points, groups, seed=4)


def test_spread_is_found_and_is_no_shift() -> None:
    random = np.random.default_rng(8)
    groups = np.repeat([0, 1], 25)
    points = random.normal(size=(50, 5)) * np.where(groups, 4.0, 1.0)[:, None]
    assert permdisp(points, groups).p_value <= 0.01
    shifted = random.normal(size=(50, 5)) + groups[:, None] * 3
    assert permdisp(shifted, groups).p_value > 0.05
    assert permanova(shifted, groups).p_value <= 0.01


def test_small_groups_are_not_taken_for_tight_ones() -> None:
    random = np.random.default_rng(8)
    groups = np.r_[np.zeros(200, int), np.repeat(np.arange(1, 41), 3)]
    p = [
        permdisp(random.normal(size=(320, 10)), groups, permutations=99, seed=i).p_value
        for i in range(5)
    ]
    assert np.median(p) > 0.05


def test_points_that_do_not_vary_or_groups_that_explain_all_are_told() -> None:
    groups = np.array([0, 0, 1, 1])
    same = permanova(np.full((4, 2), 0.1), groups)
    assert np.isnan(same.r2)
    assert same.p_value == 1
    assert permdisp(np.full((4, 2), 0.1), groups).p_value == 1
    assert permanova(np.array([[0.0], [0], [1], [1]]), groups).f == np.inf


@pytest.mark.parametrize(
    ("points", "groups", "told"),
    [
        ([0.0, 1, 2], [0, 0, 0], "1 groups of 3"),
        ([0.0, 1, 2], [0, 1, 2], "3 groups of 3"),
        ([0.0, np.nan, 2], [0, 0, 1], "finite"),
    ],
)
def test_what_cannot_be_tested_is_refused(points: list[float], groups: list, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        permanova(np.array(points)[:, None], np.array(groups))


def test_a_group_of_one_has_no_spread() -> None:
    with pytest.raises(ValueError, match="one point"):
        permdisp(np.arange(3.0)[:, None], np.array([0, 0, 1]))


def test_thousands_of_samples_need_little_memory() -> None:
    import tracemalloc

    points, groups = drawn(0, 3_000, 32, 8)
    tracemalloc.start()
    permanova(points, groups, permutations=99)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6  # the distances alone would be 72 MB, times the permutations
