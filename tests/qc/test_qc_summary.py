"""What a sample's verdicts come to, in words; and a dataset in one sentence."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qc_rows import (
    ADRENAL,
    BRAIN,
    CEREBELLUM,
    CEREBRAL_CORTEX,
    HEART,
    HIPPOCAMPUS,
    K562,
    LIVER,
    LNCAP,
    LYMPH_NODE,
    Answers,
    stated,
    verdicts_on,
)

from gem_assets.qc.dataset_cause import DatasetCause
from gem_assets.qc.reasons import STATUS_ORDER, worst
from gem_assets.qc.sentences import probability
from gem_assets.qc.summary import headline, summarise_samples

ADRENAL_LIKE_NODE = {LYMPH_NODE: 0.66, LIVER: 0.3367, ADRENAL: 0.0033}
SURELY_MALE = {"male": 0.998, "female": 0.002}


class Sheet:
    """Labels and answers of one sample."""

    def __init__(self) -> None:
        self.labels: list[dict[str, object]] = []
        self.answers = Answers()
        self.decoded: pd.DataFrame | None = None

    def field(self, name: str, label: str | None, p: dict[str, float], how: str = "id") -> Sheet:
        self.labels.append(stated("s", name, label, how))
        if p:
            self.answers.probabilities("s", name, p)
        return self

    def summary(self, **options: object) -> pd.Series:
        verdicts = verdicts_on(self.labels, self.answers, decoded_counts=self.decoded)
        return summarise_samples(verdicts, ["s"], dataset="d", **options).iloc[0]  # type: ignore[arg-type]  # keywords by name


def sentence(field: str, label: str | None, p: dict[str, float], how: str = "id") -> str:
    return str(Sheet().field(field, label, p, how).summary()["sentence"])


def markers(call: str) -> pd.DataFrame:
    return pd.DataFrame({"sample_id": ["s"], "call": [call], "sentence": ["Seen (Y 80 CPM)."]})


def test_a_mislabel_in_the_words_of_a_biologist() -> None:
    row = Sheet().field("tissue", ADRENAL, ADRENAL_LIKE_NODE).summary()
    assert row["status"] == "fail"
    assert row["reasons"] == ["tissue:contradicts"]
    assert row["sentence"] == (
        "Labelled adrenal gland; expression looks like lymph node (p 0.66; p of the label 0.003)."
    )
    assert row["suggestion"] == (
        "Check the sample's records; suggested tissue: lymph node (UBERON:0000029)."
    )


@pytest.mark.parametrize(
    ("field", "label", "p", "expected"),
    [
        (
            "tissue",
            HEART,
            {LIVER: 0.94, HEART: 0.06},
            "Labelled heart; expression looks more like liver (p 0.94; p of the label 0.06).",
        ),
        (
            "tissue",
            HEART,
            {LIVER: 0.46, HEART: 0.36, BRAIN: 0.18},
            "Labelled heart; expression looks like liver (p 0.46; p of the label 0.36), "
            "too weakly to tell.",
        ),
        (
            "tissue",
            CEREBELLUM,
            {HIPPOCAMPUS: 0.6, CEREBELLUM: 0.4},
            "Labelled cerebellum; expression looks like hippocampal formation, of the same organ "
            "or family (p 0.60; p of the label 0.40).",
        ),
        (
            "tissue",
            CEREBRAL_CORTEX,
            {BRAIN: 0.9, CEREBRAL_CORTEX: 0.1},
            "Labelled cerebral cortex; the prediction is only brain (p 0.90).",
        ),
        (
            "sex",
            "female",
            SURELY_MALE,
            "Labelled female; expression looks male (p 0.998; p of the label 0.002).",
        ),
        (
            "disease",
            "PATO:0000461",
            {"MONDO:0005148": 1.0, "PATO:0000461": 0.0},
            "Labelled normal; expression looks like type 2 diabetes mellitus (p > 0.999; p of the "
            "label < 0.001), though disease alone never proves a label wrong.",
        ),
        ("tissue", LIVER, {LIVER: 1.0}, "The expression agrees with tissue liver."),
        (
            "tissue",
            None,
            {LIVER: 1.0},
            "Not judged: tissue 'saliva' (the label's text names no known term).",
        ),
    ],
)
def test_each_kind_of_verdict_has_its_sentence(
    field: str, label: str | None, p: dict[str, float], expected: str
) -> None:
    assert sentence(field, label, p, "id" if label else "unmapped") == expected


def test_a_contradicting_tissue_of_a_cell_line_is_put_mildly() -> None:
    sheet = Sheet().field("tissue", ADRENAL, ADRENAL_LIKE_NODE)
    row = sheet.field("sample_type", "cell line", {"cell line": 1.0}).summary()
    assert row["status"] == "unclear"
    assert row["suggestion"] is None
    assert row["sentence"].endswith(
        "(p 0.66; p of the label 0.003), which a cell line may. "
        "The expression agrees with sample type cell line."
    )


def test_a_related_line_is_called_so() -> None:
    child = "CVCL_4632"  # a subline of LNCaP
    said = sentence("cell_line", LNCAP, {child: 0.6, LNCAP: 0.0, K562: 0.4})
    assert "LNCaP" in said


def test_an_age_far_off_is_told_in_years() -> None:
    sheet = Sheet().field("age", "19", {})
    sheet.answers.number("s", "age", 61.25)
    row = sheet.summary()
    assert row["sentence"] == "Stated age 19; expression looks like 61.25 years."
    assert row["suggestion"] == (
        "Check the sample's records on its age before relying on the label."
    )


def test_a_prediction_without_probabilities_names_no_numbers() -> None:
    sheet = Sheet().field("tissue", HEART, {})
    sheet.answers.named("s", "tissue", LIVER).named("t", "tissue", HEART)
    expected = "Labelled heart; expression looks like liver, too weakly to tell."
    assert sheet.summary()["sentence"] == expected


def test_a_model_that_cannot_follow_the_sample_is_admitted() -> None:
    sheet = Sheet().field("tissue", ADRENAL, ADRENAL_LIKE_NODE)
    r = [0.3, 0.93, 0.94, 0.95, 0.95, 0.96, 0.96, 0.97]
    names = ["s", *map(str, range(7))]
    sheet.decoded = pd.DataFrame({"sample_id": names, "reconstruction_r": r})
    row = sheet.summary()
    assert row["status"] == "warn"
    assert "but the model reconstructs this sample far worse than the others." in row["sentence"]


def test_a_label_unknown_to_the_model_names_the_nearest_class() -> None:
    sheet = Sheet().field("tissue", ADRENAL, {LIVER: 0.9, BRAIN: 0.1})
    row = sheet.summary(vocabularies={"tissue": (BRAIN, LIVER)})
    assert row["status"] == "not_assessed"
    assert row["sentence"].startswith(
        "Not judged: tissue 'adrenal gland' (the model knows no class"
    )
    assert "; the nearest it knows is " in row["sentence"]
    assert "nearest" not in sheet.summary()["sentence"]
    assert "nearest" not in sheet.summary(vocabularies={"tissue": ("male",)})["sentence"]


def test_the_worst_field_is_the_samples_status_and_comes_first() -> None:
    sheet = Sheet().field("sample_type", "primary tissue", {"primary tissue": 1.0})
    sheet.field("sex", None, {}, "unknown").field("tissue", ADRENAL, ADRENAL_LIKE_NODE)
    row = sheet.summary()
    assert row["status"] == "fail"
    assert row["reasons"] == ["tissue:contradicts", "sample_type:same_term", "sex:unknown"]


def test_independent_labels_failing_together_raise_the_suspicion_of_a_swap() -> None:
    sheet = Sheet().field("tissue", ADRENAL, ADRENAL_LIKE_NODE).field("sex", "female", SURELY_MALE)
    row = sheet.summary()
    assert "swap or contamination suspected" in row["sentence"]
    assert row["suggestion"].startswith("Check the sample's identity")


def test_two_labels_of_the_same_evidence_are_no_swap() -> None:
    sheet = Sheet().field("tissue", ADRENAL, ADRENAL_LIKE_NODE)
    cell_types = {"CL:0000084": 1.0, "CL:0000182": 0.0}
    row = sheet.field("cell_type", "CL:0000182", cell_types).summary()
    assert row["reasons"] == ["tissue:contradicts", "cell_type:contradicts"]
    assert "swap" not in row["sentence"]


@pytest.mark.parametrize(
    ("stated_sex", "p", "call", "word", "suggestion"),
    [
        (
            "female",
            SURELY_MALE,
            "male",
            "Marker genes agree with the prediction: male.",
            "Check the sample's records; suggested sex: male.",
        ),
        (
            "female",
            SURELY_MALE,
            "female",
            "Marker genes agree with the label: probably an error of the model.",
            "Keep the stated sex: its marker genes agree with it.",
        ),
        (
            "female",
            SURELY_MALE,
            "unclear",
            "Marker genes don't settle it: Seen (Y 80 CPM).",
            "Check the sample's records; suggested sex: male.",
        ),
        (
            "male",
            SURELY_MALE,
            "female",
            "The stated sex is contradicted: Seen (Y 80 CPM).",
            "Check the sample's records; suggested sex: female.",
        ),
        ("male", SURELY_MALE, "male", None, None),
        ("male", SURELY_MALE, "not_assessed", None, None),
    ],
)
def test_marker_genes_are_the_third_voice(
    stated_sex: str, p: dict[str, float], call: str, word: str | None, suggestion: str | None
) -> None:
    row = Sheet().field("sex", stated_sex, p).summary(markers=markers(call))
    assert row["suggestion"] == suggestion
    if word is None:
        assert "Marker" not in row["sentence"]
    else:
        assert word in row["sentence"]


def test_marker_genes_speak_even_where_the_model_is_silent() -> None:
    sheet = Sheet().field("sex", "female", {})
    sheet.answers.named("s", "tissue", LIVER)
    row = sheet.summary(markers=markers("male"))
    assert row["status"] == "not_assessed"
    assert row["sentence"].startswith("The stated sex is contradicted")
    assert row["suggestion"] == "Check the sample's records; suggested sex: male."


def test_marker_genes_have_no_word_where_no_sex_is_stated() -> None:
    row = Sheet().field("sex", None, SURELY_MALE, "unknown").summary(markers=markers("male"))
    assert "Marker" not in row["sentence"]
    assert row["suggestion"] is None


def test_a_fixable_label_comes_with_the_way_to_fix_it() -> None:
    row = Sheet().field("tissue", None, {LIVER: 1.0}, "ambiguous").summary()
    assert row["suggestion"] == (
        "Write the tissue 'saliva' as an ontology term, or add it to the aliases in dataset.yaml, "
        "to have it judged."
    )


def test_failing_samples_refer_to_the_datasets_cause() -> None:
    cause = DatasetCause("unexplained", 10, 6, ("s",), "6 of 10 judged samples...")
    row = Sheet().field("tissue", ADRENAL, ADRENAL_LIKE_NODE).summary(cause=cause)
    assert row["status"] == "fail"
    assert row["sentence"].endswith(
        "The fault may lie with the whole dataset (6 of 10 judged samples fail): see its finding "
        "first."
    )
    assert row["suggestion"] == "Settle the dataset's finding before changing this label."
    passing = Sheet().field("tissue", LIVER, {LIVER: 1.0}).summary(cause=cause)
    assert "dataset" not in passing["sentence"]


def test_every_sample_of_the_dataset_has_its_row_in_order() -> None:
    verdicts = verdicts_on(
        [stated("b", "tissue", LIVER), stated("stranger", "tissue", LIVER)],
        Answers().probabilities("b", "tissue", {LIVER: 1.0}),
    )
    rows = summarise_samples(verdicts, ["c", "b", "a"], dataset="d")
    assert rows["sample_id"].tolist() == ["c", "b", "a"]
    assert rows["status"].tolist() == ["not_assessed", "pass", "not_assessed"]
    assert rows["reasons"].tolist() == [[], ["tissue:same_term"], []]
    assert rows["sentence"].iloc[0] == "No label is stated."
    assert rows["suggestion"].iloc[0] == "State a label in the sample sheet to have it judged."
    assert rows["dataset"].eq("d").all()


def test_the_worst_of_nothing_is_not_assessed() -> None:
    assert worst([]) == "not_assessed"
    assert worst(["pass", "not_assessed"]) == "pass"
    assert worst(list(STATUS_ORDER)) == "fail"


def statuses(**counts: int) -> pd.DataFrame:
    return pd.DataFrame({"status": [word for word, n in counts.items() for _ in range(n)]})


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (
            {"fail": 3, "pass": 19, "not_assessed": 2},
            "3 of 24 samples contradict their label; 19 agree; 2 could not be judged.",
        ),
        (
            {"fail": 1, "warn": 1, "unclear": 1, "pass": 1},
            "1 of 4 samples contradicts its label; 1 looks doubtful; 1 is unclear; 1 agrees.",
        ),
        (
            {"warn": 2, "unclear": 3},
            "None of 5 samples contradicts its label; 2 look doubtful; 3 are unclear.",
        ),
        ({"pass": 16}, "None of 16 samples contradicts its label; 16 agree."),
        ({"fail": 1}, "The sample contradicts its label."),
        ({"warn": 1}, "The sample looks doubtful."),
        ({"unclear": 1}, "The sample is unclear."),
        ({"pass": 1}, "The sample agrees with its label."),
        ({"not_assessed": 1}, "The sample could not be judged."),
        ({"not_assessed": 7}, "None of 7 samples could be judged."),
        ({"fail": 2}, "2 of 2 samples contradict their label."),
        ({}, "The dataset has no samples."),
    ],
)
def test_a_dataset_in_one_sentence(counts: dict[str, int], expected: str) -> None:
    assert headline(statuses(**counts)) == expected


@given(st.floats(0, 1))
@settings(deadline=None)
def test_a_probability_is_never_a_bare_zero_or_one(p: float) -> None:
    assert probability(p) not in {"0", "1", "0.00", "0.000", "1.00", "1.000"}
