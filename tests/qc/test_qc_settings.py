"""Thresholds and fields: defaults, a dataset's own, and the hash that tells them apart."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gem_assets.problems import RefusedInputError
from gem_assets.qc.settings import QcSettings, threshold_names


def test_no_thresholds_are_the_defaults() -> None:
    assert QcSettings.from_mapping({}) == QcSettings()


def test_a_dataset_replaces_what_it_names() -> None:
    changed = QcSettings.from_mapping({"contradicts_ratio": 30, "dataset_cause_min_judged": 7.0})
    assert changed.contradicts_ratio == 30.0
    assert changed.dataset_cause_min_judged == 7
    assert changed.mass_agrees == QcSettings().mass_agrees


def test_an_unknown_threshold_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(RefusedInputError, match=r"Did you mean contradicts_ratio\?") as caught:
        QcSettings.from_mapping({"contradict_ratio": 30})
    assert caught.value.problems[0].code == "unknown_threshold"
    with pytest.raises(RefusedInputError, match=r"named 'zzzz'\. The thresholds are: age_exp"):
        QcSettings.from_mapping({"zzzz": 1})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("mass_agrees", 1.5, "from 0 to 1"),
        ("mass_agrees", True, "from 0 to 1"),
        ("mass_agrees", "0.5", "from 0 to 1"),
        ("contradicts_ratio", -1, "at least 0"),
        ("contradicts_ratio", math.inf, "at least 0"),
        ("probability_floor", 0.0, "above 0, at most 1"),
        ("sex_min_chry_genes", 2.5, "a whole number of at least 1"),
        ("sex_min_chry_genes", 0, "a whole number of at least 1"),
    ],
)
def test_a_threshold_out_of_range_is_refused(name: str, value: float, expected: str) -> None:
    with pytest.raises(RefusedInputError, match=f"{name} is .* expected .*{expected}") as caught:
        QcSettings.from_mapping({name: value})
    assert caught.value.problems[0].where == (name,)


def test_no_sample_may_be_both_male_and_female() -> None:
    with pytest.raises(RefusedInputError, match="sex_female_cpm is 20"):
        QcSettings.from_mapping({"sex_female_cpm": 20})


def test_the_hash_tells_settings_apart_and_only_these() -> None:
    assert QcSettings().hash() == QcSettings.from_mapping({"contradicts_ratio": 100}).hash()
    assert QcSettings().hash().startswith("sha256:")
    assert len(QcSettings().hash()) == len("sha256:") + 16


@given(st.sampled_from(threshold_names()))
@settings(deadline=None)
def test_every_threshold_is_part_of_the_hash(name: str) -> None:
    value = {"sex_male_cpm": 20, "sex_female_cpm": 2}.get(name, 1)
    changed = QcSettings.from_mapping({name: value})
    assert (changed.hash() == QcSettings().hash()) == (changed == QcSettings())


def test_all_fields_are_judged_unless_some_are_named() -> None:
    assert QcSettings().judges("tissue")
    some = QcSettings().judging(["sex", "tissue"])
    assert some.judges("tissue")
    assert not some.judges("cell_line")
    assert some.judging(None) == QcSettings()


def test_a_field_that_can_not_be_judged_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match=r"no field 'tisue' to be judged\. Did you mean tissue\?"):
        QcSettings().judging(["tisue"])
    with pytest.raises(ValueError, match=r"no field 'ethnicity' to be judged\. The fields that"):
        QcSettings().judging(["ethnicity"])
    with pytest.raises(ValueError, match="names no field, so nothing would be judged"):
        QcSettings().judging([])


def test_the_fields_are_part_of_the_hash_in_whatever_order_they_are_named() -> None:
    one, other = (QcSettings().judging(names) for names in (["sex", "age"], ["age", "sex"]))
    assert one.hash() == other.hash() != QcSettings().hash()
