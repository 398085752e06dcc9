"""Calibration: only labels reviewed in random order count, and a known temperature is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from qc_rows import BLOOD, BRAIN, CEREBRAL_CORTEX, LIVER, Answers, stated, verdicts_on

from gem_assets.qc.calibration import (
    Calibration,
    Evidence,
    at_temperature,
    calibrate,
    calibrations,
    field_evidence,
    next_to_review,
    review_order,
    reviewed_evidence,
)
from gem_assets.qc.review import REVIEW_COLUMNS, read_reviews
from gem_assets.qc.settings import QcSettings

SETTINGS = QcSettings()


def world(seed: int, n: int, temperature: float, wrong: float = 0.1) -> Evidence:
    """Return labels of samples whose truth follows the model at a temperature, some wrong."""
    random = np.random.default_rng(seed)
    probability = random.dirichlet(np.full(6, 0.2), size=n)
    probability = (probability + 1e-4) / (1 + 6e-4)
    truth = np.array([random.choice(6, p=row) for row in at_temperature(probability, temperature)])
    mistaken = random.random(n) < wrong
    label = np.where(mistaken, (truth + random.integers(1, 6, n)) % 6, truth)
    return Evidence(probability, np.eye(6, dtype=bool)[label], ~mistaken)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.5])
def test_a_known_temperature_is_found_however_many_labels_are_wrong(temperature: float) -> None:
    for wrong in (0.0, 0.1, 0.3):
        found = calibrate([world(1, 2_000, temperature, wrong)], SETTINGS)
        assert found.temperature == pytest.approx(temperature, rel=0.15)
        assert found.word == "calibrated"


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(60):
        found = calibrate([world(seed, 150, 1.5)], SETTINGS)
        assert found.ci_low is not None
        assert found.ci_high is not None
        held += found.ci_low <= 1.5 <= found.ci_high
    # 57 of 60 are expected; 52 or fewer in less than 2 % of such series.
    assert held >= 52


def test_datasets_add_up_whatever_their_classes() -> None:
    parts = [world(seed, 50, 1.5) for seed in range(2)]
    narrow = Evidence(parts[0].probability, parts[0].belongs, parts[0].correct)
    spare = np.zeros((50, 1))
    wide = Evidence(
        np.hstack([parts[1].probability, spare]),
        np.hstack([parts[1].belongs, spare.astype(bool)]),
        parts[1].correct,
    )
    assert calibrate([narrow], SETTINGS).temperature is None
    together = calibrate([narrow, wide], SETTINGS)
    assert together.temperature is not None
    assert together == calibrate(parts, SETTINGS)
    assert together.sentence.startswith("Calibrated on 100 randomly chosen reviewed labels: tempe")


def test_fewer_than_a_hundred_are_uncalibrated() -> None:
    found = calibrate([world(0, 99, 1.0)], SETTINGS)
    assert found == Calibration(99, None, None, None, found.sentence)
    assert found.word == "uncalibrated"
    assert found.sentence == "Uncalibrated: 99 of 100 randomly chosen labels are reviewed."
    assert calibrate([], SETTINGS).reviewed == 0


def test_reviews_that_set_no_bound_are_uncalibrated() -> None:
    first = np.tile([True, False], (120, 1))
    sure = Evidence(np.tile([0.9, 0.1], (120, 1)), first, np.ones(120, dtype=bool))
    found = calibrate([sure], SETTINGS)
    assert found.temperature is None
    assert "as sharp or as flat as can be" in found.sentence


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda row: sum(row) > 0.01),
    st.floats(0.05, 20),
)
def test_a_temperature_keeps_the_order_and_the_sum(row: list[float], temperature: float) -> None:
    p = np.array([row]) / sum(row)
    q = at_temperature(p, temperature)
    assert q.sum() == pytest.approx(1)
    order = np.argsort(p[0])
    assert (np.diff(q[0][order]) >= -1e-12).all()
    np.testing.assert_allclose(at_temperature(p, 1.0), p, atol=1e-12)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_is_above_nothing(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        at_temperature(np.array([[0.5, 0.5]]), temperature)


class Dataset:
    """A dataset of n samples, a tenth of which fail in tissue."""

    def __init__(self, n: int) -> None:
        self.answers = Answers()
        labels = []
        for i in range(n):
            self.answers.probabilities(
                f"s{i}", "tissue", {LIVER: 0.99, BLOOD: 0.0096, BRAIN: 0.0004}
            )
            labels.append(stated(f"s{i}", "tissue", LIVER if i % 10 else BRAIN))
        self.verdicts = verdicts_on(labels, self.answers)

    def evidence(self, decisions: dict[str, str]) -> Evidence | None:
        return reviewed_evidence(
            self.verdicts, reviews(decisions), *self.answers.tables(), "tissue", SETTINGS
        )


def reviews(decisions: dict[str, str], field: str = "tissue") -> pd.DataFrame:
    rows = [(s, field, decision, "kim", "2026-01-31", "") for s, decision in decisions.items()]
    return read_reviews(pd.DataFrame(rows, columns=list(REVIEW_COLUMNS), dtype=str))


def test_the_order_of_review_is_random_and_steady() -> None:
    small, large = Dataset(60), Dataset(120)
    order = review_order(small.verdicts, "tissue")
    assert sorted(order) == sorted(f"s{i}" for i in range(60))
    assert order == review_order(small.verdicts.iloc[::-1], "tissue")
    assert order == [s for s in review_order(large.verdicts, "tissue") if s in set(order)]
    flagged = set(small.verdicts.loc[small.verdicts["status"].eq("fail"), "sample_id"])
    first = [i for i, sample in enumerate(order) if sample in flagged]
    assert 10 < np.mean(first) < 50  # neither first nor last


def test_reviews_of_flagged_labels_only_are_not_used() -> None:
    dataset = Dataset(300)
    flagged = dataset.verdicts.loc[dataset.verdicts["status"].eq("fail"), "sample_id"]
    assert len(flagged) == 30
    assert dataset.evidence(dict.fromkeys(flagged, "label_wrong")) is None


def test_reviews_count_up_to_the_first_gap_and_flagged_ones_when_their_turn_comes() -> None:
    dataset = Dataset(40)
    order = review_order(dataset.verdicts, "tissue")
    decisions = dict.fromkeys(order[:7] + order[8:], "label_correct")
    found = dataset.evidence(decisions)
    assert found is not None
    assert len(found.correct) == 7
    assert next_to_review(dataset.verdicts, reviews(decisions), "tissue", 5) == [order[7]]
    found = dataset.evidence({**decisions, order[7]: "label_wrong"})
    assert found is not None
    assert found.correct.tolist() == [True] * 7 + [False] + [True] * 32


def test_excluded_samples_are_passed_over() -> None:
    dataset = Dataset(20)
    order = review_order(dataset.verdicts, "tissue")
    found = dataset.evidence({**dict.fromkeys(order, "label_correct"), order[2]: "exclude"})
    assert found is not None
    assert len(found.correct) == 19
    assert dataset.evidence({order[0]: "exclude"}) is None


def test_a_label_takes_the_classes_below_it_and_all_of_its_values() -> None:
    answers = Answers()
    p = {CEREBRAL_CORTEX: 0.6, LIVER: 0.3, BLOOD: 0.1}
    answers.probabilities("a", "tissue", p).named("b", "tissue", LIVER)
    labels = [stated("a", "tissue", f"{BRAIN} || {LIVER}"), stated("b", "tissue", LIVER)]
    found = reviewed_evidence(
        verdicts_on(labels, answers),
        reviews({"a": "label_correct", "b": "label_correct"}),
        *answers.tables(),
        "tissue",
        SETTINGS,
    )
    assert found is not None
    assert len(found.correct) == 1  # of b the model gave no probabilities
    mass: NDArray = (found.probability * found.belongs).sum(axis=1)
    assert mass.tolist() == pytest.approx([0.9])


def test_a_label_that_is_not_judged_is_not_up_for_review() -> None:
    verdicts = verdicts_on(
        [stated("a", "tissue", None, "unknown"), stated("b", "tissue", LIVER)],
        Answers().probabilities("a", "tissue", {LIVER: 1}).probabilities("b", "tissue", {LIVER: 1}),
    )
    assert review_order(verdicts, "tissue") == ["b"]


def test_every_field_with_a_judged_probability_has_its_calibration() -> None:
    answers = Answers()
    labels = []
    for i in range(3):
        answers.probabilities(f"s{i}", "tissue", {LIVER: 0.9, BRAIN: 0.1})
        answers.probabilities(f"s{i}", "sex", {"female": 0.9, "male": 0.1})
        answers.number(f"s{i}", "age", 40)
        labels.append(stated(f"s{i}", "sex", "female"))
        labels.append(stated(f"s{i}", "tissue", LIVER))
        labels.append(stated(f"s{i}", "age", "40"))
        labels.append(stated(f"s{i}", "disease", None, "unknown"))
    verdicts = verdicts_on(labels, answers)
    given_ = (verdicts, reviews({"s0": "exclude"}), *answers.tables(), SETTINGS)
    found = calibrations(*given_)
    assert list(found) == ["tissue", "sex"]  # no probability of age, no judgement of disease
    assert {field: one.word for field, one in found.items()} == dict.fromkeys(found, "uncalibrated")
    nothing = calibrations(verdicts, None, *answers.tables(), SETTINGS)
    assert nothing["sex"].sentence == "Uncalibrated: 0 of 100 randomly chosen labels are reviewed."
    assert field_evidence(verdicts, None, *answers.tables(), SETTINGS) == dict.fromkeys(found)


def test_the_reviews_of_other_datasets_add_up() -> None:
    dataset = Dataset(60)
    order = review_order(dataset.verdicts, "tissue")
    decisions = reviews(dict.fromkeys(order, "label_correct"))
    given_ = (dataset.verdicts, decisions, *dataset.answers.tables(), SETTINGS)
    elsewhere = [{"tissue": world(0, 90, 1.5)}, {"tissue": None}, {"sex": world(1, 90, 1.5)}]
    assert calibrations(*given_)["tissue"].reviewed == 60
    found = calibrations(*given_, elsewhere=iter(elsewhere))
    assert found["tissue"].reviewed == 150
    assert set(found) == {"tissue"}
