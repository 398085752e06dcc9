"""Which fields are judged: labels of the others are shown, and accused of nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from qc_rows import BRAIN, HEART, LIVER, Answers, stated
from reason_cases import HEPATOCYTE, T_CELL_LIKE, given

from gem_assets.qc.cell_groups import judge_cells
from gem_assets.qc.dataset import JudgedDataset, QcInput, judge_dataset
from gem_assets.qc.settings import QcSettings

TRUE = [LIVER, BRAIN, LIVER, BRAIN, LIVER, BRAIN]


def exchanged_tissues() -> QcInput:
    """Return samples of two tissues, two of which have each other's label."""
    answers, labels = Answers(), []
    for i, (own, label) in enumerate(zip(TRUE, [BRAIN, LIVER, *TRUE[2:]], strict=True)):
        others = {LIVER, BRAIN, HEART} - {own}
        answers.probabilities(f"S{i}", "tissue", {own: 0.998, **dict.fromkeys(others, 0.001)})
        answers.probabilities(f"S{i}", "sex", {"female": 0.99, "male": 0.01})
        labels += [stated(f"S{i}", "tissue", label), stated(f"S{i}", "sex", "female")]
    return given(labels, answers)


def of_field(judged: JudgedDataset, field: str) -> pd.DataFrame:
    return judged.verdicts[judged.verdicts["field"].eq(field)]


def test_a_tissue_that_is_not_judged_fails_no_sample_and_is_in_no_swap() -> None:
    all_fields = judge_dataset(exchanged_tissues(), QcSettings())
    assert of_field(all_fields, "tissue")["status"].eq("fail").sum() == 2
    assert "swap" in set(all_fields.findings["kind"])
    judged = judge_dataset(exchanged_tissues(), QcSettings().judging(["sex"]))
    tissue = of_field(judged, "tissue")
    assert set(tissue["status"]) == {"not_assessed"}
    assert set(tissue["reason"]) == {"field_left_out"}
    assert tissue["predicted_id"].tolist() == TRUE
    assert judged.findings.empty
    assert judged.suggestions.empty
    assert set(of_field(judged, "sex")["status"]) == {"pass"}
    assert set(judged.samples["status"]) == {"pass"}


def test_a_label_that_did_not_resolve_keeps_its_own_reason() -> None:
    answers = Answers().probabilities("S1", "tissue", {LIVER: 1.0})
    label = stated("S1", "tissue", LIVER) | {"provided_id": None, "resolution": "unmapped"}
    judged = judge_dataset(given([label], answers), QcSettings().judging(["sex"]))
    assert judged.verdicts["reason"].tolist() == ["unmapped"]


@pytest.mark.parametrize(
    ("fields", "reason"), [(["sex"], "field_left_out"), (None, "cells_contradict")]
)
def test_the_same_holds_for_groups_of_cells(fields: list[str] | None, reason: str) -> None:
    answers, labels = Answers(), []
    for i in range(40):
        labels.append(stated(f"cell{i}", "cell_type", HEPATOCYTE))
        answers.probabilities(f"cell{i}", "cell_type", T_CELL_LIKE)
    judged = judge_cells(given(labels, answers), QcSettings().judging(fields))
    assert judged.verdicts["reason"].tolist() == [reason]
    assert judged.verdicts["predicted_id"].notna().all()


def test_an_age_that_is_not_judged_is_shown_beside_its_prediction() -> None:
    answers = Answers().number("S1", "age", 82.0)
    judged = judge_dataset(
        given([stated("S1", "age", "40")], answers), QcSettings().judging(["tissue"])
    )
    assert judged.verdicts[["status", "reason", "predicted_label"]].to_numpy().tolist() == [
        ["not_assessed", "field_left_out", "82"]
    ]
