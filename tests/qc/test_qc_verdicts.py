"""Stated labels against predictions: every reason, what tempers it, and what must never change."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qc_rows import (
    ADRENAL,
    ANATOMICAL_SYSTEM,
    BLOOD,
    BRAIN,
    CEREBELLUM,
    CEREBRAL_CORTEX,
    HEART,
    HIPPOCAMPUS,
    K562,
    LIVER,
    LNCAP,
    LYMPH_NODE,
    NERVOUS_SYSTEM,
    PROVENANCE,
    Answers,
    stated,
    verdict_on,
    verdicts_on,
)

from gem_assets.labels.resolution import RESOLVED, Resolution
from gem_assets.qc.answers import vocabularies
from gem_assets.qc.reasons import EXPLANATIONS, STATUS_ORDER, Reason
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.verdicts import VERDICT_COLUMNS, judge


@pytest.mark.parametrize(
    ("label", "p", "reason", "status"),
    [
        (LIVER, {LIVER: 0.4, HEART: 0.3, BRAIN: 0.3}, "same_term", "pass"),
        (BRAIN, {CEREBRAL_CORTEX: 0.4, LIVER: 0.3, HEART: 0.3}, "prediction_more_specific", "pass"),
        # The model knows no hippocampus: brain is all that it can say.
        (HIPPOCAMPUS, {BRAIN: 0.9, LIVER: 0.1}, "prediction_more_general", "pass"),
        # It knows cortex, and did not choose it.
        (CEREBRAL_CORTEX, {BRAIN: 0.9, CEREBRAL_CORTEX: 0.1}, "prediction_more_general", "unclear"),
        (CEREBRAL_CORTEX, {LIVER: 0.4, BRAIN: 0.35, CEREBRAL_CORTEX: 0.25}, "mass_agrees", "pass"),
        (CEREBELLUM, {HIPPOCAMPUS: 0.5, CEREBELLUM: 0.3, LIVER: 0.2}, "same_organ", "warn"),
        (CEREBELLUM, {HIPPOCAMPUS: 0.4, CEREBELLUM: 0.3, LIVER: 0.3}, "same_organ", "unclear"),
        (ADRENAL, {LYMPH_NODE: 0.66, LIVER: 0.3367, ADRENAL: 0.0033}, "contradicts", "fail"),
        (HEART, {LIVER: 0.94, HEART: 0.032, BRAIN: 0.028}, "doubtful", "warn"),
        (HEART, {LIVER: 0.46, HEART: 0.36, BRAIN: 0.18}, "weak_evidence", "unclear"),
        (HEART, {LIVER: 0.9, BRAIN: 0.1}, "label_out_of_vocabulary", "not_assessed"),
        (ANATOMICAL_SYSTEM, {LIVER: 0.9, BRAIN: 0.1}, "label_too_general", "not_assessed"),
    ],
)  # fmt: skip
def test_each_relation_has_its_reason_and_status(
    label: str, p: dict[str, float], reason: str, status: str
) -> None:
    verdict = verdict_on("tissue", label, p)
    assert (verdict["reason"], verdict["status"]) == (reason, status)


def test_the_numbers_of_the_mislabelled_adrenal() -> None:
    verdict = verdict_on("tissue", ADRENAL, {LYMPH_NODE: 0.66, LIVER: 0.3367, ADRENAL: 0.0033})
    assert verdict["p_top"] == pytest.approx(0.66)
    assert verdict["p_provided"] == verdict["p_compatible"] == pytest.approx(0.0033)
    assert verdict["ratio"] == pytest.approx(200)
    assert pd.isna(verdict["label_quality"])  # one sample has no closed set
    assert verdict["predicted_label"] == "lymph node"
    assert verdict[list(PROVENANCE)].to_dict() == PROVENANCE


def test_mass_on_broader_terms_is_compatible_but_not_of_the_label() -> None:
    verdict = verdict_on("tissue", CEREBRAL_CORTEX, {LIVER: 0.6, BRAIN: 0.3, CEREBRAL_CORTEX: 0.1})
    assert verdict["p_provided"] == pytest.approx(0.1)
    assert verdict["p_compatible"] == pytest.approx(0.4)


def test_a_too_general_class_above_the_label_supports_nothing() -> None:
    p = {ANATOMICAL_SYSTEM: 0.9, LIVER: 0.1}
    verdict = verdict_on("tissue", NERVOUS_SYSTEM, p)
    assert verdict["reason"] == "label_out_of_vocabulary"
    verdict = verdict_on("tissue", NERVOUS_SYSTEM, {ANATOMICAL_SYSTEM: 0.9, BRAIN: 0.1})
    assert (verdict["reason"], verdict["status"]) == ("prediction_more_general", "unclear")
    assert verdict["p_compatible"] == pytest.approx(0.1)


def test_the_ratio_divides_by_no_less_than_the_floor() -> None:
    verdict = verdict_on("tissue", HEART, {LIVER: 1.0, HEART: 0.0})
    assert verdict["ratio"] == pytest.approx(1e4)


@pytest.mark.parametrize("resolution", sorted({str(r) for r in Resolution} - RESOLVED))
def test_a_label_that_did_not_resolve_is_not_judged_and_says_why(resolution: str) -> None:
    answers = Answers().probabilities("s", "tissue", {LIVER: 1.0})
    verdict = verdicts_on([stated("s", "tissue", None, resolution)], answers).iloc[0]
    assert (verdict["status"], verdict["reason"]) == ("not_assessed", resolution)
    assert verdict["predicted_id"] == LIVER
    assert np.isnan(verdict["p_provided"])


def test_a_resolution_without_a_term_is_unmapped() -> None:
    answers = Answers().probabilities("s", "tissue", {LIVER: 1.0})
    verdict = verdicts_on([stated("s", "tissue", None, "label")], answers).iloc[0]
    assert verdict["reason"] == "unmapped"


def test_a_field_that_the_model_did_not_answer_is_not_judged() -> None:
    answers = Answers().probabilities("s", "tissue", {LIVER: 1.0}).named("s", "cell_type", None)
    labels = [stated("s", "disease", "MONDO:0005148"), stated("s", "cell_type", "CL:0000084")]
    verdicts = verdicts_on(labels, answers)
    assert verdicts["reason"].tolist() == ["field_not_predicted"] * 2
    assert verdicts["model_version"].tolist() == ["embedded-1"] * 2


def test_a_sample_without_any_prediction_is_not_judged_but_has_a_provenance() -> None:
    answers = Answers().probabilities("s", "tissue", {LIVER: 1.0})
    verdict = verdicts_on([stated("lost", "tissue", LIVER)], answers).iloc[0]
    assert verdict["reason"] == "field_not_predicted"
    assert verdict["predicted_at"] == PROVENANCE["predicted_at"]


def test_a_field_without_rules_is_not_judged() -> None:
    answers = Answers().probabilities("s", "ethnicity", {"European": 1.0})
    labels = [stated("s", "ethnicity", "European"), stated("s", "race", "white")]
    verdicts = verdicts_on(labels, answers)
    assert verdicts["reason"].tolist() == ["field_not_judged", "field_not_predicted"]
    assert verdicts["predicted_label"].iloc[0] == "European"


def test_a_prediction_without_probabilities_is_judged_by_its_relation_alone() -> None:
    answers = Answers().named("a", "tissue", LIVER).named("b", "tissue", LIVER)
    labels = [stated("a", "tissue", LIVER), stated("b", "tissue", HEART)]
    verdicts = verdicts_on([*labels], answers.named("c", "tissue", HEART))
    assert verdicts["reason"].tolist() == ["same_term", "weak_evidence"]
    assert verdicts[["p_top", "p_provided", "ratio"]].isna().all(axis=None)


def test_of_several_stated_values_the_best_matching_one_counts() -> None:
    p = {LIVER: 0.99, HEART: 0.005, BRAIN: 0.005}
    assert verdict_on("tissue", f"{HEART} || {LIVER}", p)["reason"] == "same_term"
    assert verdict_on("tissue", f"{LIVER} || {HEART}", p)["reason"] == "same_term"
    assert verdict_on("tissue", f"{BRAIN} || {HEART}", p)["status"] == "fail"
    # Adrenal can't be judged, so it may be the right one.
    assert verdict_on("tissue", f"{BRAIN} || {ADRENAL}", p)["reason"] == "label_out_of_vocabulary"
    uneven = verdict_on("tissue", f"{BRAIN} || {HEART}", {LIVER: 0.97, HEART: 0.02, BRAIN: 0.01})
    assert uneven["p_compatible"] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("field", "label", "p", "reason"),
    [
        ("sex", "male", {"male": 0.98, "female": 0.02}, "same_term"),
        ("sex", "female", {"male": 0.98, "female": 0.02}, "doubtful"),
        ("sex", "female", {"male": 0.999, "female": 0.001}, "contradicts"),
        ("sex", "female", {"male": 0.6, "female": 0.4}, "weak_evidence"),
        (
            "sample_type",
            "organoid",
            {"cell line": 0.9, "xenograft": 0.1},
            "label_out_of_vocabulary",
        ),
        (
            "sample_type",
            "primary tissue",
            {"cell line": 0.998, "primary tissue": 0.002},
            "contradicts",
        ),
    ],
)
def test_words_of_a_list_are_judged_by_the_same_ratio(
    field: str, label: str, p: Mapping[str, float], reason: str
) -> None:
    assert verdict_on(field, label, p)["reason"] == reason


def test_cell_lines_are_compared_by_the_curated_map() -> None:
    assert verdict_on("cell_line", LNCAP, {LNCAP: 0.9, K562: 0.1})["reason"] == "same_term"
    verdict = verdict_on("cell_line", LNCAP, {K562: 0.995, LNCAP: 0.005})
    assert (verdict["reason"], verdict["status"]) == ("contradicts", "fail")


def test_normal_is_one_class_of_disease_and_can_be_judged() -> None:
    healthy, diabetes = "PATO:0000461", "MONDO:0005148"
    assert verdict_on("disease", healthy, {healthy: 0.9, diabetes: 0.1})["reason"] == "same_term"
    verdict = verdict_on("disease", healthy, {diabetes: 0.999, healthy: 0.001})
    assert (verdict["reason"], verdict["status"]) == ("contradicts", "warn")


@pytest.mark.parametrize(
    ("age", "predicted", "reason", "status"),
    [
        ("60", 69.9, "age_agrees", "pass"),
        ("60", 70.1, "age_differs", "warn"),
        ("19", 80.0, "age_differs", "warn"),
        ("old", 80.0, "unmapped", "not_assessed"),
        ("60", float("nan"), "field_not_predicted", "not_assessed"),
    ],
)
def test_age_warns_beyond_ten_years_and_never_fails(
    age: str, predicted: float, reason: str, status: str
) -> None:
    answers = Answers().number("s", "age", predicted)
    verdict = verdicts_on([stated("s", "age", age)], answers).iloc[0]
    assert (verdict["reason"], verdict["status"]) == (reason, status)


def test_age_warns_beyond_twice_the_error_that_the_settings_expect() -> None:
    answers = Answers().number("s", "age", 75)
    tolerant = QcSettings(age_expected_error=8)
    verdict = verdicts_on([stated("s", "age", "60")], answers, tolerant).iloc[0]
    assert (verdict["reason"], verdict["predicted_label"]) == ("age_agrees", "75")


def test_an_unknown_age_is_not_judged() -> None:
    answers = Answers().number("s", "age", 75)
    verdict = verdicts_on([stated("s", "age", None, "unknown")], answers).iloc[0]
    assert (verdict["reason"], verdict["status"]) == ("unknown", "not_assessed")


WRONG_TISSUE = {LYMPH_NODE: 0.9, LIVER: 0.1, HEART: 0.0}


def test_tissue_is_at_most_unclear_where_the_sheet_states_a_cell_line() -> None:
    answers = Answers().probabilities("s", "tissue", WRONG_TISSUE)
    labels = [stated("s", "tissue", HEART), stated("s", "sample_type", "cell line")]
    verdict = verdicts_on(labels, answers).iloc[0]
    assert (verdict["reason"], verdict["status"]) == ("contradicts", "unclear")
    labels[1] = stated("s", "sample_type", "primary tissue")
    assert verdicts_on(labels, answers).iloc[0]["status"] == "fail"


def test_a_failing_tissue_passes_where_the_predicted_cell_line_is_the_stated_one() -> None:
    answers = Answers().probabilities("s", "tissue", WRONG_TISSUE)
    answers.probabilities("s", "cell_line", {LNCAP: 0.9, K562: 0.1})
    labels = [stated("s", "tissue", HEART), stated("s", "cell_line", LNCAP)]
    verdict = verdicts_on(labels, answers).iloc[0]
    assert (verdict["reason"], verdict["status"]) == ("cell_line_agrees", "pass")
    labels[1] = stated("s", "cell_line", K562)
    assert verdicts_on(labels, answers).iloc[0]["status"] == "fail"


def reconstruction(r: list[float]) -> pd.DataFrame:
    names = ["s", *(f"other{i}" for i in range(1, len(r)))]
    return pd.DataFrame({"sample_id": names, "reconstruction_r": r})


@pytest.mark.parametrize(
    ("r", "status"),
    [
        ([0.5, 0.93, 0.94, 0.95, 0.95, 0.96, 0.96, 0.97, float("nan")], "warn"),
        ([0.91, 0.93, 0.94, 0.95, 0.95, 0.96, 0.96, 0.97], "fail"),
        ([0.5, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95], "fail"),
        ([0.5, 0.93, 0.95, 0.97], "fail"),
    ],
    ids=["an outlier", "within the spread", "no spread", "too few"],
)
def test_a_poorly_reconstructed_sample_warns_where_it_would_fail(
    r: list[float], status: str
) -> None:
    answers = Answers().probabilities("s", "tissue", WRONG_TISSUE)
    decoded = reconstruction(r)
    verdict = verdicts_on([stated("s", "tissue", HEART)], answers, decoded_counts=decoded).iloc[0]
    assert verdict["status"] == status
    assert (
        verdict["reason"] == {"warn": "prediction_not_trustworthy", "fail": "contradicts"}[status]
    )


def test_every_reason_has_a_sentence_and_every_resolution_a_use() -> None:
    assert set(EXPLANATIONS) == set(Reason)
    assert all(text.endswith(".") for text in EXPLANATIONS.values())
    assert {str(r) for r in Resolution} - RESOLVED <= {str(r) for r in Reason}


def test_no_labels_are_no_verdicts() -> None:
    verdicts = verdicts_on([], Answers().probabilities("s", "tissue", {LIVER: 1.0}))
    assert verdicts.columns.tolist() == list(VERDICT_COLUMNS)
    assert verdicts.empty


def test_labels_without_any_prediction_are_an_error() -> None:
    with pytest.raises(ValueError, match="'d' has 1 labels but no prediction"):
        verdicts_on([stated("s", "tissue", LIVER)], Answers())


def test_two_datasets_are_not_judged_together() -> None:
    metadata, probs = Answers().probabilities("s", "tissue", {LIVER: 1.0}).tables()
    labels = pd.DataFrame([stated("s", "tissue", LIVER)])
    with pytest.raises(ValueError, match=r"got \['d', 'other'\]"):
        judge(labels.assign(dataset="other"), metadata, probs, QcSettings())


def test_classes_and_probabilities_must_pair() -> None:
    answers = Answers().probabilities("s", "tissue", {LIVER: 0.5, HEART: 0.5})
    answers.probs[0]["probability"] = [1.0]
    with pytest.raises(ValueError, match="sample 's', field 'tissue': 2 classes, but 1 prob"):
        verdicts_on([stated("s", "tissue", LIVER)], answers)


def test_a_row_of_zeros_counts_as_no_probabilities() -> None:
    answers = Answers().probabilities("s", "tissue", {LIVER: 0.0, HEART: 0.0})
    answers.named("t", "tissue", HEART)
    verdict = verdicts_on([stated("s", "tissue", LIVER)], answers).iloc[0]
    assert verdict["reason"] == "same_term"
    assert np.isnan(verdict["p_top"])


def test_the_named_prediction_settles_a_tie() -> None:
    answers = Answers().probabilities("s", "tissue", {LIVER: 0.5, HEART: 0.5})
    answers.metadata[0]["predicted_id"] = HEART
    assert verdicts_on([stated("s", "tissue", LIVER)], answers).iloc[0]["predicted_id"] == HEART


def test_a_word_that_came_as_label_only_is_the_prediction() -> None:
    answers = Answers().named("s", "sex", "male")
    answers.metadata[0]["predicted_id"] = None
    verdict = verdicts_on([stated("s", "sex", "male")], answers).iloc[0]
    assert (verdict["reason"], verdict["predicted_id"]) == ("same_term", "male")


def test_the_vocabulary_of_a_field_is_all_that_the_model_named() -> None:
    answers = Answers().probabilities("a", "tissue", {LIVER: 0.5, HEART: 0.5})
    answers.probabilities("b", "tissue", {BRAIN: 1.0}).named("a", "sex", "male")
    found = vocabularies(*answers.number("a", "age", 50.0).tables())
    assert found == {"tissue": tuple(sorted([LIVER, HEART, BRAIN])), "sex": ("male",)}


# Each example judges whole tables; how long that takes depends on the machine.
few = settings(max_examples=20, deadline=None)

CLASSES = (LIVER, HEART, BRAIN, CEREBRAL_CORTEX, HIPPOCAMPUS, LYMPH_NODE, BLOOD)
LABELS = (*CLASSES, ADRENAL, NERVOUS_SYSTEM, ANATOMICAL_SYSTEM)
weights = st.lists(st.floats(1e-6, 1.0), min_size=len(CLASSES), max_size=len(CLASSES)).filter(
    lambda w: len(set(w)) == len(w)
)
sheets = st.lists(st.tuples(st.sampled_from(LABELS), weights), min_size=1, max_size=6)
NUMBERS = ["p_top", "p_provided", "p_compatible", "ratio"]


def judged(
    sheet: list[tuple[str, list[float]]], *, scale: float = 1.0, field: str = "tissue"
) -> pd.DataFrame:
    answers = Answers()
    for i, (_, w) in enumerate(sheet):
        answers.probabilities(
            f"s{i}", field, {c: x * scale for c, x in zip(CLASSES, w, strict=True)}
        )
    return verdicts_on(
        [stated(f"s{i}", field, label) for i, (label, _) in enumerate(sheet)], answers
    )


@given(sheets)
@few
def test_numbers_are_probabilities_in_order(sheet: list[tuple[str, list[float]]]) -> None:
    verdicts = judged(sheet)
    assessed = verdicts[verdicts["status"].ne("not_assessed")]
    assert assessed[NUMBERS].notna().all(axis=None)
    assert (assessed["p_compatible"] >= assessed["p_provided"]).all()
    assert assessed[["p_top", "p_provided", "p_compatible"]].stack().between(0, 1).all()
    assert verdicts["status"].isin(STATUS_ORDER).all()
    assert verdicts["reason"].isin([str(r) for r in Reason]).all()


@given(sheets, st.sampled_from([1e-3, 0.5, 40.0]))
@few
def test_the_scale_of_the_probabilities_does_not_matter(
    sheet: list[tuple[str, list[float]]], scale: float
) -> None:
    one, other = judged(sheet), judged(sheet, scale=scale)
    pd.testing.assert_frame_equal(one[NUMBERS], other[NUMBERS])
    # At the very edge of a threshold rounding may decide either way.
    at_edge = np.isclose(one["ratio"], 100) | np.isclose(one["p_compatible"], 0.05)
    assert (one["status"].eq(other["status"]) | at_edge).all()


@given(sheets, st.sampled_from(LABELS), weights)
@few
def test_another_sample_changes_no_verdict(
    sheet: list[tuple[str, list[float]]], label: str, w: list[float]
) -> None:
    alone, together = judged(sheet), judged([*sheet, (label, w)])
    pd.testing.assert_frame_equal(alone, together.iloc[:-1])


@given(sheets)
@few
def test_the_order_of_the_samples_does_not_matter(sheet: list[tuple[str, list[float]]]) -> None:
    forward, backward = judged(sheet), judged(sheet[::-1]).iloc[::-1]
    columns = ["status", "reason", *NUMBERS]
    pd.testing.assert_frame_equal(
        forward[columns].reset_index(drop=True), backward[columns].reset_index(drop=True)
    )


@given(sheets)
@few
def test_disease_never_fails(sheet: list[tuple[str, list[float]]]) -> None:
    # Terms relate as in any other field; only the cap is the field's.
    as_disease, as_tissue = judged(sheet, field="disease"), judged(sheet)
    assert as_disease["reason"].tolist() == as_tissue["reason"].tolist()
    assert not as_disease["status"].eq("fail").any()


@given(a=st.sampled_from(CLASSES), b=st.sampled_from(CLASSES), sharp=st.floats(0.9991, 0.99999))
@few
def test_exchanging_two_labels_turns_both_verdicts_alike(a: str, b: str, sharp: float) -> None:
    def sure_of(term: str) -> list[float]:
        rest = (1 - sharp) / (len(CLASSES) - 1)
        return [sharp if c == term else rest for c in CLASSES]

    right = judged([(a, sure_of(a)), (b, sure_of(b))])
    exchanged = judged([(b, sure_of(a)), (a, sure_of(b))])
    assert right["status"].tolist() == ["pass", "pass"]
    if {a, b} & {BRAIN, CEREBRAL_CORTEX, HIPPOCAMPUS} and len({a, b}) == 2:
        return  # one part of the brain for another is no contradiction: it has tests of its own
    expected = "pass" if a == b else "fail"
    assert exchanged["status"].tolist() == [expected, expected]
