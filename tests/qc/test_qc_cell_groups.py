"""Single cells are judged by donor and label, never one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given as given_any
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from qc_rows import AT, K562, LIVER, PROVENANCE, Answers, stated

from gem_assets.counts.readers import read_counts
from gem_assets.embedded.model import SINGLE_CELL, load_model
from gem_assets.genes.alignment import align_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.labels.ontology import label_of
from gem_assets.labels.sheet_cells import CELLS, sheet_of_cells
from gem_assets.labels.statements import stated_labels
from gem_assets.qc import cell_evidence
from gem_assets.qc.cell_groups import group_latents, group_predictions, judge_cells
from gem_assets.qc.cell_rules import CELLS_CONTRADICT, TOO_FEW_CELLS
from gem_assets.qc.dataset import JudgedDataset, QcInput
from gem_assets.qc.history import history_row
from gem_assets.qc.review import LABEL, REVIEW_COLUMNS, read_reviews
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.signatures import hashes_only
from gem_assets.severities import accept
from gem_assets.warehouse import validate

T_CELL = "CL:0000084"
CD4 = "CL:0000624"
CD8 = "CL:0000625"
B_CELL = "CL:0000236"
MONOCYTE = "CL:0000576"
NAIVE_CD4 = "CL:0000895"
MEMORY_CD8 = "CL:0000909"
MEMORY_B = "CL:0000787"
CLASSICAL = "CL:0000860"

LIKE_T = {NAIVE_CD4: 0.35, MEMORY_CD8: 0.35, MEMORY_B: 0.15, CLASSICAL: 0.15}
"""A cell whose few reads leave something to every lineage."""
LIKE_B = {MEMORY_B: 0.7, NAIVE_CD4: 0.1, MEMORY_CD8: 0.1, CLASSICAL: 0.1}
LIKE_MONOCYTE = {CLASSICAL: 0.7, MEMORY_B: 0.1, NAIVE_CD4: 0.1, MEMORY_CD8: 0.1}
FEMALE = {"female": 0.999, "male": 0.001}
MALE = {"female": 0.001, "male": 0.999}


class Cells:
    """Cells of a dataset, written group by group."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.labels: list[dict[str, object]] = []
        self.donors: dict[str, str] = {}
        self.ids: list[str] = []

    def add(
        self,
        n: int,
        labels: Mapping[str, str | None],
        looks: Mapping[str, Mapping[str, float]],
        donor: str | None = None,
    ) -> Cells:
        """Add n cells that state ``labels`` and look like ``looks``, each by field."""
        for _ in range(n):
            cell = f"cell{len(self.ids)}"
            self.ids.append(cell)
            if donor is not None:
                self.donors[cell] = donor
            for field, term in labels.items():
                self.labels.append(stated(cell, field, term, "id" if term else "unmapped"))
            for field, p in looks.items():
                self.answers.probabilities(cell, field, p)
        return self

    def types(self, donor: str | None, n: int, label: str, *looks: Mapping[str, float]) -> Cells:
        """Add n cells of a cell type for each way that they look."""
        for look in looks:
            self.add(n, {"cell_type": label}, {"cell_type": look}, donor)
        return self

    def given(self, reviews: pd.DataFrame | None = None, **tables: pd.DataFrame) -> QcInput:
        metadata, probs = self.answers.tables()
        rows = [("d", i, cell, "donor", donor) for i, (cell, donor) in enumerate(self._donors())]
        return QcInput(
            "d",
            {
                "sample_sheet": pd.DataFrame(rows, columns=CELLS.names),
                "sample_labels": pd.DataFrame(self.labels, columns=list(stated("c", "sex", None))),
                "predicted_metadata": metadata,
                "classifier_probs": probs,
                "aligned_counts": pd.DataFrame(
                    {
                        "sample_id": self.ids,
                        "matched_share": 1.0,
                        "content_hash": [f"{i:032x}" for i in range(len(self.ids))],
                        "gene_order_hash": "sha256:0123456789abcdef",
                    }
                ),
                **tables,
            },
            reviews=reviews,
        )

    def judged(self, settings: QcSettings | None = None) -> JudgedDataset:
        return judge_cells(self.given(), settings or QcSettings())

    def _donors(self) -> list[tuple[str, str]]:
        return list(self.donors.items())


def verdict(judged: JudgedDataset, name: str, field: str = "cell_type") -> pd.Series:
    rows = judged.verdicts
    return rows[rows["sample_id"].eq(name) & rows["field"].eq(field)].iloc[0]


def sample(judged: JudgedDataset, name: str) -> pd.Series:
    return judged.samples[judged.samples["sample_id"].eq(name)].iloc[0]


def names(*labels: str) -> list[str]:
    return [label_of(label) or label for label in labels]


def test_cells_of_one_donor_and_label_have_one_verdict_of_mean_numbers() -> None:
    sure = {NAIVE_CD4: 0.9, MEMORY_B: 0.1}
    cells = Cells().types("A", 20, T_CELL, LIKE_T, sure).types("B", 20, T_CELL, LIKE_T)
    judged = cells.judged()
    assert judged.verdicts["sample_id"].tolist() == ["A: T cell", "B: T cell"]
    assert judged.samples["sample_id"].tolist() == ["A: T cell", "B: T cell"]
    found = verdict(judged, "A: T cell")
    assert (found["status"], found["reason"]) == ("pass", "prediction_more_specific")
    assert found["p_provided"] == pytest.approx((0.7 + 0.9) / 2)
    assert found["p_top"] == pytest.approx((0.35 + 0.9) / 2)
    assert sample(judged, "A: T cell")["sentence"] == (
        "The expression agrees with cell type T cell: 40 of 40 cells (100%) agree with the label."
    )


def test_cells_that_are_each_of_another_kind_agree_with_what_holds_them_all() -> None:
    # A product of probabilities would say that no one kind explains them.
    cells = Cells().types("A", 15, T_CELL, {NAIVE_CD4: 0.8, CLASSICAL: 0.2})
    cells.types("A", 15, T_CELL, {MEMORY_CD8: 0.8, CLASSICAL: 0.2})
    assert verdict(cells.judged(), "A: T cell")["status"] == "pass"


def test_fewer_than_twenty_cells_are_not_judged_and_say_so() -> None:
    judged = Cells().types("A", 19, T_CELL, LIKE_B).types("B", 20, T_CELL, LIKE_B).judged()
    few = verdict(judged, "A: T cell")
    assert (few["status"], few["reason"]) == ("not_assessed", TOO_FEW_CELLS)
    assert few[["p_provided", "p_compatible", "ratio"]].isna().all()
    assert sample(judged, "A: T cell")["sentence"] == (
        "19 cells of cell type T cell: too few to judge; 20 are needed."
    )
    assert verdict(judged, "B: T cell")["status"] == "fail"
    small = Cells().types("A", 5, T_CELL, LIKE_T).judged(QcSettings(group_min_cells=5))
    assert verdict(small, "A: T cell")["status"] == "pass"


def test_cells_that_the_model_did_not_answer_do_not_count() -> None:
    cells = Cells().types("A", 19, T_CELL, LIKE_T).add(11, {"cell_type": T_CELL}, {}, "A")
    judged = cells.judged()
    assert verdict(judged, "A: T cell")["reason"] == TOO_FEW_CELLS
    assert "30 cells of cell type T cell, 19 of them predicted" in judged.samples["sentence"][0]


def test_cells_contradict_together_what_each_leaves_open() -> None:
    judged = Cells().types("A", 30, MONOCYTE, LIKE_T).judged()
    found = verdict(judged, "A: monocyte")
    assert found["p_compatible"] == pytest.approx(0.15)  # no sample would fail with as much
    assert found["ratio"] < 100
    assert (found["status"], found["reason"]) == ("fail", CELLS_CONTRADICT)
    row = sample(judged, "A: monocyte")
    assert "Labelled monocyte; expression looks like" in row["sentence"]
    assert "All kinds of T cell together have p 0.70." in row["sentence"]
    assert "Means over 30 cells, of which none agrees with the label." in row["sentence"]
    assert row["suggestion"] == "Check the annotation of these cells (clusters, marker genes)."
    sure = Cells().types("A", 30, MONOCYTE, LIKE_B).judged()
    assert "All kinds" not in sample(sure, "A: monocyte")["sentence"]
    assert sample(sure, "A: monocyte")["suggestion"].endswith("; suggested: memory B cell.")


def test_a_group_of_which_a_fifth_agrees_is_only_doubted() -> None:
    cells = Cells().types("A", 24, MONOCYTE, LIKE_B).types("A", 6, MONOCYTE, LIKE_MONOCYTE)
    judged = cells.judged()
    assert verdict(judged, "A: monocyte")["status"] in ("warn", "unclear")
    assert "of which 6 (20%) agree with the label" in sample(judged, "A: monocyte")["sentence"]
    one = Cells().types("A", 29, MONOCYTE, LIKE_B).types("A", 1, MONOCYTE, LIKE_MONOCYTE).judged()
    assert verdict(one, "A: monocyte")["status"] == "fail"
    assert "of which 1 (3%) agrees with the label" in sample(one, "A: monocyte")["sentence"]


def test_evidence_that_each_cell_barely_has_accuses_no_number_of_them() -> None:
    hardly = {MEMORY_B: 0.3, CLASSICAL: 0.25, NAIVE_CD4: 0.25, MEMORY_CD8: 0.2}
    judged = Cells().types("A", 2_000, MONOCYTE, hardly).judged()
    assert verdict(judged, "A: monocyte")["status"] == "unclear"
    independent = Cells().types("A", 2_000, MONOCYTE, hardly)
    told = independent.judged(QcSettings(cell_correlation=0.0, doubtful_compatible=0.3))
    assert verdict(told, "A: monocyte")["status"] == "fail"


def test_another_kind_of_the_same_family_never_fails() -> None:
    judged = Cells().types("A", 200, CD4, {MEMORY_CD8: 0.98, NAIVE_CD4: 0.02}).judged()
    found = verdict(judged, f"A: {names(CD4)[0]}")
    assert (found["status"], found["reason"]) == ("warn", "same_organ")


def test_of_several_stated_values_the_best_counts() -> None:
    both = f"{MONOCYTE} || {T_CELL}"
    judged = Cells().types("A", 30, both, LIKE_T).types("A", 30, B_CELL, LIKE_T).judged()
    assert verdict(judged, "A: monocyte || T cell")["status"] == "pass"
    assert verdict(judged, "A: B cell")["status"] == "fail"


def test_labels_that_can_not_be_judged_keep_their_reason() -> None:
    cells = Cells().add(30, {"cell_type": None}, {"cell_type": LIKE_T}, "A")
    cells.types("A", 30, "CL:0000000", LIKE_T).types("A", 30, "CL:0000182", LIKE_T)
    cells.add(5, {"developmental_stage": "HsapDv:0000258"}, {}, "A")
    judged = cells.judged()
    reasons = dict(zip(judged.verdicts["sample_id"], judged.verdicts["reason"], strict=True))
    assert reasons["A: saliva"] == "unmapped"
    assert reasons["A: cell"] == "label_too_general"
    assert reasons["A: hepatocyte"] == "label_out_of_vocabulary"
    assert sample(judged, "A: saliva")["sentence"].startswith("30 cells. Not judged: cell type")
    assert "the nearest it knows is" in sample(judged, "A: hepatocyte")["sentence"]
    assert "ontology term" in sample(judged, "A: saliva")["suggestion"]


def test_a_field_of_which_no_label_resolves_beside_one_of_which_they_do() -> None:
    for label in (None, "CL:0000000"):
        looks = {"cell_type": LIKE_T, "sex": {"female": 0.9, "male": 0.1}}
        cells = Cells().add(30, {"sex": "female", "cell_type": label}, looks, "A")
        judged = cells.judged()
        assert verdict(judged, "A: female", "sex")["status"] == "pass"
        reason = judged.verdicts.set_index("field")["reason"]["cell_type"]
        assert reason == ("unmapped" if label is None else "label_too_general")


def test_words_of_donors_that_say_nothing_make_no_donor() -> None:
    cells = Cells().types("unknown", 10, T_CELL, LIKE_T).types(None, 10, T_CELL, LIKE_T)
    judged = cells.types("A", 20, T_CELL, LIKE_T).judged()
    assert judged.verdicts["sample_id"].tolist() == ["T cell", "A: T cell"]


def test_no_two_groups_of_a_field_share_a_name() -> None:
    cells = Cells().types("A", 1, T_CELL, LIKE_T).types("A", 1, B_CELL, LIKE_B)
    cells.types("A: x", 1, T_CELL, LIKE_T).types("A", 1, MONOCYTE, LIKE_T)
    cells.types("A", 1, CD4, LIKE_T)
    texts = ["T cell", "T cell", "y", "x: y", ""]
    for row, text in zip(cells.labels, texts, strict=True):
        row["provided_text"] = text
    judged = cells.judged()
    expected = ["A: T cell", "A: T cell (2)", "A: x: y", "A: x: y (2)", "A: (empty)"]
    assert judged.verdicts["sample_id"].tolist() == expected


def test_one_text_in_two_fields_is_one_row_with_two_verdicts() -> None:
    labels = {"tissue": LIVER, "cell_type": T_CELL}
    looks = {"tissue": {LIVER: 1.0}, "cell_type": LIKE_T}
    cells = Cells().add(20, labels, looks, "A")
    for row in cells.labels:
        row["provided_text"] = "mine"
    judged = cells.judged()
    assert judged.samples["sample_id"].tolist() == ["A: mine"]
    assert len(judged.verdicts) == 2
    assert judged.samples["sentence"][0].count("20 of 20 cells") == 2


def test_a_field_is_judged_by_all_cells_of_the_donor_that_state_it() -> None:
    cells = Cells()
    for cell_type, look in ((T_CELL, LIKE_T), (B_CELL, LIKE_B)):
        labels, looks = {"cell_type": cell_type, "sex": "female"}, {"cell_type": look, "sex": MALE}
        cells.add(12, labels, looks, "A")
    judged = cells.judged()
    sexes = judged.verdicts[judged.verdicts["field"].eq("sex")]
    assert sexes["sample_id"].tolist() == ["A: female"]
    assert sexes["status"].tolist() == ["fail"]
    assert verdict(judged, "A: T cell")["reason"] == TOO_FEW_CELLS
    assert "the donor's records" in sample(judged, "A: female")["suggestion"]


def test_sexes_exchanged_between_donors_are_a_swap() -> None:
    cells = Cells()
    for donor, sex, look in (("A", "female", MALE), ("B", "male", FEMALE), ("C", "male", MALE)):
        cells.add(20, {"sex": sex}, {"sex": look}, donor)
    judged = cells.judged()
    found = judged.findings.set_index("kind").loc["swap"]
    assert sorted(found["sample_ids"]) == ["A: female", "B: male"]
    assert judged.suggestions["suggested"].tolist() == ["male", "female"]
    assert judged.suggestions["sheet_column"].tolist() == ["sex", "sex"]
    told = sample(judged, "A: female")["suggestion"]
    assert told == "Check how the labels were given: it may have exchanged its with B: male."


def exchanged(*donors: str) -> Cells:
    cells = Cells()
    for donor in ("A", "B", "C", "D", "E"):
        for label, look in ((T_CELL, LIKE_T), (B_CELL, LIKE_B), (MONOCYTE, LIKE_MONOCYTE)):
            swapped = {T_CELL: B_CELL, B_CELL: T_CELL}.get(label, label)
            cells.types(donor, 20, swapped if donor in donors else label, look)
    return cells


def test_two_clusters_of_a_donor_with_each_others_label_are_a_swap() -> None:
    judged = exchanged("C").judged()
    failing = judged.verdicts[judged.verdicts["status"].eq("fail")]
    assert sorted(failing["sample_id"]) == ["C: B cell", "C: T cell"]
    assert judged.verdicts["status"].value_counts().to_dict() == {"pass": 13, "fail": 2}
    assert judged.findings["kind"].tolist() == ["swap"]
    assert "consistent with a swap of the cell type label" in judged.findings["sentence"][0]


def test_without_donors_labels_are_exchanged_in_the_whole_dataset() -> None:
    cells = Cells().types(None, 20, MONOCYTE, LIKE_MONOCYTE)
    judged = cells.types(None, 20, T_CELL, LIKE_B).types(None, 20, B_CELL, LIKE_T).judged()
    assert judged.verdicts["sample_id"].tolist() == ["monocyte", "T cell", "B cell"]
    assert judged.findings["kind"].tolist() == ["swap"]
    assert sorted(judged.findings["sample_ids"][0]) == ["B cell", "T cell"]


def test_labels_that_went_round_in_a_donor_are_a_cycle() -> None:
    cells = exchanged()
    for label, term in ((T_CELL, MEMORY_B), (B_CELL, CLASSICAL), (MONOCYTE, NAIVE_CD4)):
        rest = {NAIVE_CD4: 0.1, MEMORY_B: 0.1, CLASSICAL: 0.1}
        cells.types("F", 20, label, rest | {term: 0.8})
    judged = cells.judged()
    assert judged.findings[["kind", "reason"]].to_numpy().tolist() == [["swap", "cycle"]]
    told = sample(judged, "F: T cell")["suggestion"]
    assert told.endswith("exchanged its with F: B cell.")


def test_the_same_exchange_in_every_donor_is_one_finding_and_the_cause_of_all() -> None:
    judged = exchanged("A", "B", "C", "D", "E").judged()
    assert (judged.verdicts["status"] == "fail").sum() == 10
    assert judged.findings["kind"].tolist() == ["swap"]
    assert len(judged.findings["sample_ids"][0]) == 10
    sentence = judged.findings["sentence"][0]
    assert sentence.startswith("5 times over, cells labelled 'B cell' and cells labelled 'T cell'")
    assert judged.findings["score"][0] > 3


def test_that_two_donors_each_have_one_wrong_cluster_is_no_exchange() -> None:
    cells = exchanged()
    cells.types("F", 20, T_CELL, LIKE_B).types("G", 20, B_CELL, LIKE_T)
    cells.types("F", 20, MONOCYTE, LIKE_MONOCYTE).types("G", 20, MONOCYTE, LIKE_MONOCYTE)
    judged = cells.judged()
    assert verdict(judged, "F: T cell")["status"] == "fail"
    assert judged.findings.empty


def test_a_doubted_group_fails_where_its_partner_in_the_donor_does() -> None:
    def donor(partner: str) -> JudgedDataset:
        # A third of the cells agree, so that the group is only doubted by itself.
        cells = Cells().types("A", 22, MONOCYTE, LIKE_B).types("A", 8, MONOCYTE, LIKE_MONOCYTE)
        cells.types(partner, 30, B_CELL, {CLASSICAL: 0.97, MEMORY_B: 0.01, NAIVE_CD4: 0.02})
        cells.types("A", 20, T_CELL, LIKE_T).types("B", 20, T_CELL, LIKE_T)
        return cells.judged()

    apart, together = donor("B"), donor("A")
    assert verdict(apart, "A: monocyte")["status"] in ("warn", "unclear")
    found = verdict(together, "A: monocyte")
    assert (found["status"], found["reason"]) == ("fail", "contradicts_with_partner")
    told = sample(together, "A: monocyte")["sentence"]
    assert told.endswith("Another group that fails holds the label that fits.")


def test_a_label_that_fails_in_every_donor_is_doubted_as_such() -> None:
    cells = exchanged()
    for donor in ("A", "B", "C"):
        cells.types(donor, 20, "CL:0000623", LIKE_T)
    cells.types("F", 20, MONOCYTE, {"CL:0000623": 0.9, CLASSICAL: 0.1})  # a class of the model's
    judged = cells.judged()
    found = judged.findings.set_index("kind").loc["label_issue"]
    assert found["reason"] == "contradicted_everywhere"
    assert len(found["sample_ids"]) == 3
    assert "All 3 judged groups of cells labelled 'natural killer cell'" in found["sentence"]


def test_most_groups_failing_is_a_cause_in_terms_of_groups() -> None:
    cells = Cells()
    for donor in "ABCDEF":
        cells.types(donor, 20, MONOCYTE, LIKE_T).types(donor, 20, B_CELL, LIKE_T)
    judged = cells.judged()
    cause = judged.findings.set_index("kind").loc["dataset_cause"]
    assert cause["sentence"].startswith("12 of 12 judged groups of cells contradict their label")
    assert "samples" not in cause["sentence"]
    row = sample(judged, "A: monocyte")
    assert "(12 of 12 judged groups of cells fail): see its finding first." in row["sentence"]
    assert row["suggestion"] == "Settle the dataset's finding before changing this label."


def test_a_confirmed_cell_line_excuses_the_tissue_of_its_cells() -> None:
    looks = {"tissue": {LIVER: 0.999, "UBERON:0002371": 0.001}, "cell_line": {K562: 1.0}}
    lines = Cells().add(
        30, {"tissue": "UBERON:0002371", "cell_line": K562, "sample_type": "cell line"}, looks, "A"
    )
    tissue = verdict(lines.judged(), "A: bone marrow", "tissue")
    assert (tissue["status"], tissue["reason"]) == ("pass", "cell_line_agrees")
    other = Cells().add(10, {"tissue": "UBERON:0002371", "cell_line": K562}, looks, "A")
    other.add(20, {"tissue": "UBERON:0002371"}, looks, "A")
    assert verdict(other.judged(), "A: bone marrow", "tissue")["status"] == "fail"
    typed = Cells().add(30, {"tissue": "UBERON:0002371", "sample_type": "cell line"}, looks, "A")
    assert verdict(typed.judged(), "A: bone marrow", "tissue")["status"] == "unclear"


def test_ages_are_compared_by_the_mean_and_never_fail() -> None:
    cells = Cells()
    for age, donor in (("30", "A"), ("80", "B")):
        for i in range(20):
            cells.add(1, {"age": age}, {}, donor)
            cells.answers.number(cells.ids[-1], "age", 28 + i % 2)
    judged = cells.judged()
    assert verdict(judged, "A: 30", "age")["reason"] == "age_agrees"
    assert verdict(judged, "B: 80", "age")[["status", "predicted_label"]].tolist() == [
        "warn",
        "28.5",
    ]
    assert sample(judged, "A: 30")["sentence"] == (
        "The expression agrees with age 30: the mean over 20 cells is 28.5 years."
    )
    assert "the mean over 20 cells" in sample(judged, "B: 80")["sentence"]


def test_a_model_that_names_values_only_is_counted_by_cells() -> None:
    cells = Cells().add(30, {"cell_type": T_CELL}, {}, "A")
    for i, cell in enumerate(cells.ids):
        cells.answers.named(cell, "cell_type", NAIVE_CD4 if i < 25 else MEMORY_B)
    judged = cells.judged()
    found = verdict(judged, "A: T cell")
    assert (found["predicted_id"], found["status"]) == (NAIVE_CD4, "pass")
    assert pd.isna(found["p_top"])
    assert "25 of 30 cells (83%)" in sample(judged, "A: T cell")["sentence"]


def test_a_field_that_is_not_judged_says_so() -> None:
    cells = Cells().add(20, {"ethnicity": "Finnish"}, {}, "A")
    for cell in cells.ids:
        cells.answers.named(cell, "ethnicity", "European")
    assert verdict(cells.judged(), "A: Finnish", "ethnicity")["reason"] == "field_not_judged"


def test_disease_warns_at_most_of_any_number_of_cells() -> None:
    cancer = {"MONDO:0005061": 0.9999, "PATO:0000461": 0.0001}
    judged = Cells().add(50, {"disease": "PATO:0000461"}, {"disease": cancer}, "A").judged()
    assert judged.verdicts["status"].tolist() == ["warn"]


def test_cells_without_a_label_are_one_row_and_those_of_a_dataset_without_any_are_all() -> None:
    cells = Cells().types("A", 20, T_CELL, LIKE_T).add(1, {}, {"cell_type": LIKE_B})
    judged = cells.judged()
    assert judged.samples["sample_id"].tolist() == ["A: T cell", "(no label)"]
    assert sample(judged, "(no label)")["sentence"] == "1 cell states no label."
    bare = Cells().add(3, {}, {"cell_type": LIKE_T}).judged()
    assert bare.samples["sample_id"].tolist() == ["cell0", "cell1", "cell2"]
    assert bare.samples["status"].eq("not_assessed").all()
    assert bare.verdicts.empty
    assert bare.findings.empty


def test_labels_without_any_prediction_are_no_verdicts() -> None:
    cells = Cells().add(3, {"cell_type": T_CELL}, {})
    with pytest.raises(ValueError, match="no prediction"):
        cells.judged()


def test_reviews_are_of_groups() -> None:
    cells = Cells().types("A", 30, MONOCYTE, LIKE_T)
    row = ("A: monocyte", "cell_type", "label_correct", "ada", "2026-01-02", "", "")
    reviews = read_reviews(pd.DataFrame([row], columns=[*REVIEW_COLUMNS, LABEL]))
    judged = judge_cells(cells.given(reviews), QcSettings())
    assert verdict(judged, "A: monocyte")[["status", "reviewed_by"]].tolist() == ["fail", "ada"]
    stray = read_reviews(
        pd.DataFrame([("cell0", *row[1:])], columns=[*REVIEW_COLUMNS, LABEL]),
    )
    problems = judge_cells(cells.given(stray), QcSettings()).problems
    assert [problem.code for problem in problems] == ["review_not_applied"]


def test_cells_of_another_dataset_are_found_by_their_counts() -> None:
    cells = Cells().types("A", 20, T_CELL, LIKE_T)
    given = cells.given()
    order = "sha256:0123456789abcdef"
    other = hashes_only("before", order, ("x", "y"), (f"{3:032x}", "0" * 31 + "z"))
    judged = judge_cells(QcInput("d", given.tables, others=(other,)), QcSettings())
    found = judged.findings.set_index("kind").loc["duplicate"]
    assert (found["other_dataset"], found["sample_ids"]) == ("before", ["cell3"])
    assert len(judged.signatures) == 20


def test_the_tables_keep_their_contracts_and_make_a_row_of_history() -> None:
    cells = exchanged("A").add(2, {}, {"cell_type": LIKE_B})
    judged = cells.judged()
    for name, frame in judged.tables().items():
        validate(name, frame, modality="sc")
    predicted = cells.answers.tables()[0]
    row = history_row("d", "run", AT, judged.samples, predicted, QcSettings())
    assert row[["samples", "assessed", "failed"]].iloc[0].tolist() == [16, 15, 2]
    assert judged.verdicts["predicted_at"].eq(AT).all()
    assert set(judged.verdicts["model_id"]) == {PROVENANCE["model_id"]}


def test_what_the_model_answered_for_groups_can_be_shown() -> None:
    cells = Cells().types("A", 20, T_CELL, LIKE_T, LIKE_B).types("B", 20, B_CELL, LIKE_B)
    predicted, probs = group_predictions(cells.given())
    assert predicted["sample_id"].tolist() == ["A: T cell", "B: B cell"]
    assert predicted["predicted_id"].tolist() == [MEMORY_B, MEMORY_B]
    assert predicted["probability"].tolist() == pytest.approx([0.425, 0.7])
    assert probs["value"][1][0] == MEMORY_B
    assert np.diff(probs["probability"][0]).max() <= 0
    assert sum(probs["probability"][0]) == pytest.approx(1)
    validate("classifier_probs", probs, modality="sc")
    unlabelled = group_predictions(Cells().add(3, {}, {"cell_type": LIKE_T}).given())
    assert [len(frame) for frame in unlabelled] == [0, 0]


def test_lists_in_arrow_and_cells_in_any_order_are_judged_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = exchanged("C").given()
    plain = judge_cells(given, QcSettings())
    monkeypatch.setattr(cell_evidence, "CELLS_AT_A_TIME", 7)
    tables = dict(given.tables)
    mixed = tables["classifier_probs"].sample(frac=1, random_state=1)
    for column, kind in (("value", pa.string()), ("probability", pa.float64())):
        lists = pa.array(mixed[column], pa.list_(kind))
        pieces = pa.chunked_array([lists[:50], lists[50:]])
        mixed[column] = pd.Series(pd.arrays.ArrowExtensionArray(pieces), index=mixed.index)
    tables["classifier_probs"] = mixed
    tables["predicted_metadata"] = tables["predicted_metadata"].sample(frac=1, random_state=2)
    again = judge_cells(QcInput("d", tables), QcSettings())
    numbers = ["p_top", "p_compatible", "ratio"]
    assert np.allclose(plain.verdicts[numbers], again.verdicts[numbers])
    for name in ("samples", "findings", "suggestions"):
        pd.testing.assert_frame_equal(getattr(plain, name), getattr(again, name))


@pytest.mark.parametrize("in_arrow", [False, True])
def test_a_group_lies_where_its_cells_lie_on_average(in_arrow: bool) -> None:
    cells = Cells().types("A", 2, T_CELL, LIKE_T).types("A", 1, B_CELL, LIKE_B)
    cells.add(1, {}, {"cell_type": LIKE_T}, "A").types("B", 1, T_CELL, LIKE_T)
    vectors = pa.array([[1.0, 0.0], [3.0, 4.0], [5.0, 5.0], [9.0, 9.0]], pa.list_(pa.float32()))
    latents = pd.DataFrame({"sample_id": cells.ids[:4], "space": "biological"})
    latents["vector"] = (
        pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([vectors[:1], vectors[1:]])))
        if in_arrow
        else vectors.to_pandas()
    )
    found = group_latents(cells.given(latents=latents)).set_index("sample_id")
    assert {name: list(vector) for name, vector in found["vector"].items()} == {
        "A: T cell": [2.0, 2.0],
        "A: B cell": [5.0, 5.0],
    }, "the cell without a label is in no group, and B's cell has no latents"


@st.composite
def looks(draw: st.DrawFn) -> list[dict[str, float]]:
    weights = st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any)
    rows = draw(st.lists(weights, min_size=1, max_size=8))
    return [dict(zip(LIKE_T, (w / sum(row) for w in row), strict=True)) for row in rows]


@given_any(looks(), st.sampled_from([T_CELL, B_CELL, MONOCYTE]))
@hypothesis_settings(max_examples=25)
def test_a_group_is_what_its_cells_are_on_average(
    ways: Sequence[dict[str, float]], label: str
) -> None:
    """Mass is the mean, the more agree the better, and a lot of cells is no other verdict."""
    low = QcSettings(group_min_cells=1, cell_correlation=1.0)
    judged = Cells().types("A", 1, label, *ways).judged(low)
    found = judged.verdicts.iloc[0]
    mean = {term: np.mean([way[term] for way in ways]) for term in LIKE_T}
    assert found["p_top"] == pytest.approx(max(mean.values()))
    assert found["p_compatible"] <= 1
    more = Cells().types("A", 3, label, *ways).judged(low).verdicts.iloc[0]
    assert more[["status", "reason"]].tolist() == found[["status", "reason"]].tolist()
    assert more["p_compatible"] == pytest.approx(found["p_compatible"])


@pytest.fixture(scope="module")
def onek1k(shared_data: Path) -> QcInput:
    """Return the real cells of 40 donors, at most 30 of a donor and label, and their predictions.

    The embedded model was trained on sorted blood cells of the Human Protein Atlas and saw none of
    these donors, so that nothing has to be left out. The file holds 1,000 genes, and its dataset
    takes the coverage for a warning.
    """
    path = shared_data / "cohorts" / "onek1k_subset.h5ad"
    read = read_counts(path).matrix
    stated_by = stated_labels("onek1k", None, read.sample_ids, aliases=ALIASES, counts=path)
    place = pd.Series(range(len(read.sample_ids)), index=list(read.sample_ids))
    frame = stated_by.table.to_pandas()
    frame = frame[frame["field"].eq("cell_type")]
    donor = sheet_of_cells(stated_by.cells.to_pandas()).set_index("sample_id")["donor"]
    group = frame["provided_text"] + frame["sample_id"].map(donor)
    kept = frame[group.groupby(group).cumcount().lt(30)]["sample_id"]

    model = load_model(SINGLE_CELL)
    alignment = align_counts(read, GeneOrder(model.gene_ids))
    assert accept(alignment.problems, {"few_model_genes": "warning"})
    answers = Answers()
    for cell, answer in zip(kept, model.predict(alignment.counts[place[kept]]), strict=True):
        answers.probabilities(cell, "cell_type", answer.classifier_probs["cell_type_ontology_id"])
    metadata, probs = answers.tables()
    return QcInput(
        "d",
        {
            "sample_sheet": stated_by.cells.to_pandas(),
            "sample_labels": frame.assign(dataset="d"),
            "predicted_metadata": metadata,
            "classifier_probs": probs,
            "aligned_counts": pd.DataFrame(
                {
                    "sample_id": kept,
                    "matched_share": alignment.matched_share[place[kept]],
                    "content_hash": [f"{i:032x}" for i in range(len(kept))],
                    "gene_order_hash": "sha256:0123456789abcdef",
                }
            ),
        },
    )


ALIASES = {
    "cell_type": {"cd4nc": T_CELL, "bmem": B_CELL, "monoc": MONOCYTE, "mononc": MONOCYTE},
}
"""The cohort's own words as lineages: 1,000 genes tell no more."""


def relabelled(given: QcInput, new: Mapping[tuple[str, str], str]) -> QcInput:
    """Return the cells with labels of (donor, label) replaced."""
    labels = given.tables["sample_labels"].copy()
    donor = sheet_of_cells(given.tables["sample_sheet"]).set_index("sample_id")["donor"]
    keys = zip(labels["sample_id"].map(donor), labels["provided_text"], strict=True)
    texts = [new.get(key, key[1]) for key in keys]
    ids = pd.Series(texts, index=labels.index).map(ALIASES["cell_type"])
    labels = labels.assign(provided_text=texts, provided_id=ids, provided_label=ids.map(label_of))
    return QcInput(given.dataset, {**given.tables, "sample_labels": labels})


def test_every_true_group_of_real_cells_passes(onek1k: QcInput) -> None:
    verdicts = judge_cells(onek1k, QcSettings()).verdicts
    judged = verdicts[verdicts["reason"].ne(TOO_FEW_CELLS)]
    assert len(judged) == 110
    assert set(judged["status"]) == {"pass"}


def test_real_groups_with_each_others_label_fail_and_no_other(onek1k: QcInput) -> None:
    """Two groups of 20 cells or more and of two lineages, in every donor that has them."""
    lineage = ALIASES["cell_type"]
    sound = judge_cells(onek1k, QcSettings()).verdicts
    sound = sound[sound["status"].eq("pass")]
    held: dict[str, list[str]] = {}
    for name, text in zip(sound["sample_id"], sound["provided_text"], strict=True):
        held.setdefault(str(name).split(": ")[0], []).append(str(text))
    pairs = [
        (donor, one, other)
        for donor, labels in held.items()
        for i, one in enumerate(labels)
        for other in labels[:i]
        if lineage[one] != lineage[other]
    ]
    assert len(pairs) == 96
    exchanged = 0
    for turn in range(4):
        # One pair of every fourth donor at a time: as a few mistakes among many right labels.
        for of_turn in range(5):
            chosen: dict[tuple[str, str], str] = {}
            for donor, one, other in pairs[turn::4]:
                own = [pair for pair in pairs if pair[0] == donor]
                if own.index((donor, one, other)) == of_turn:
                    chosen |= {(donor, one): other, (donor, other): one}
            if not chosen:
                continue
            verdicts = judge_cells(relabelled(onek1k, chosen), QcSettings()).verdicts
            failing = set(verdicts.loc[verdicts["status"].eq("fail"), "sample_id"])
            assert failing == {f"{donor}: {label}" for donor, label in chosen}
            exchanged += len(chosen)
    assert exchanged == 2 * 96
