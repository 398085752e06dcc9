"""The labels of a dataset against each other, by confident learning."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qc_rows import (
    ANATOMICAL_SYSTEM,
    BLOOD,
    BRAIN,
    CEREBELLUM,
    CEREBRAL_CORTEX,
    HEART,
    HIPPOCAMPUS,
    LIVER,
    Answers,
    stated,
)

from gem_assets.embedded.evaluate import predict_file
from gem_assets.embedded.model import BULK
from gem_assets.labels.fields import field_of_api_name
from gem_assets.labels.sheet import read_sample_sheet
from gem_assets.labels.table import label_table
from gem_assets.qc.answers import FieldAnswers, field_answers
from gem_assets.qc.closed_set import (
    ClosedSet,
    ClosedSetSkipped,
    SkipReason,
    closed_set,
    closed_sets,
)
from gem_assets.qc.closed_set_findings import closed_set_findings
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.verdicts import judge

SETTINGS = QcSettings()
COLON = "UBERON:0001155"
MUCOSA = "UBERON:0000344"
COLONIC_MUCOSA = "UBERON:0000317"


class Dataset:
    """Samples, each with a tissue label and the probabilities that a model answered."""

    def __init__(self) -> None:
        self.labels: list[dict[str, object]] = []
        self.answers = Answers()

    def add(self, sample: str, term: str | None, p: Mapping[str, float]) -> Dataset:
        self.labels.append(stated(sample, "tissue", term))
        self.answers.probabilities(sample, "tissue", p)
        return self

    def typical(self, n: int, term: str, other: str) -> Dataset:
        """Add samples that are what their label says, some less surely than others."""
        for i in range(n):
            p = 0.9 + 0.09 * i / n
            self.add(f"{term}-{i}", term, {term: p, other: 1 - p})
        return self

    def compare(self) -> ClosedSet | ClosedSetSkipped:
        provided = pd.Series(
            [row["provided_id"] for row in self.labels],
            index=[row["sample_id"] for row in self.labels],
            dtype=object,
        )
        return closed_set("tissue", provided, self._field_answers(), SETTINGS)

    def compared(self) -> ClosedSet:
        found = self.compare()
        assert isinstance(found, ClosedSet)
        return found

    def skipped(self) -> ClosedSetSkipped:
        found = self.compare()
        assert isinstance(found, ClosedSetSkipped)
        return found

    def verdicts(self) -> pd.DataFrame:
        return judge(pd.DataFrame(self.labels), *self.answers.tables(), SETTINGS)

    def findings(self) -> list[tuple[str, tuple[str, ...], str, str, float | None]]:
        return [
            (one.kind, one.sample_ids, one.reason, one.sentence, one.score)
            for one in closed_set_findings([self.compare()], self.verdicts())
        ]

    def _field_answers(self) -> FieldAnswers:
        return field_answers("tissue", *self.answers.tables())


def livers_and_brains(n: int = 10) -> Dataset:
    return Dataset().typical(n, LIVER, BRAIN).typical(n, BRAIN, LIVER)


def issues(found: ClosedSet) -> set[str]:
    return set(found.samples[found.issue])


def test_exchanged_labels_are_issues_with_the_right_label_named() -> None:
    dataset = livers_and_brains()
    dataset.add("a", LIVER, {BRAIN: 0.98, LIVER: 0.02}).add("b", BRAIN, {LIVER: 0.97, BRAIN: 0.03})
    found = dataset.compared()
    assert issues(found) == {"a", "b"}
    rows = found.frame().loc[["a", "b"]]
    assert rows["own"].tolist() == [LIVER, BRAIN]
    assert rows["likeliest"].tolist() == [BRAIN, LIVER]
    assert rows["likeliest_share"].tolist() == pytest.approx([0.98, 0.97])
    assert rows["quality"].tolist() == pytest.approx([0.02, 0.03])
    assert rows["outside"].tolist() == pytest.approx([0.0, 0.0])


def test_rows_of_another_sum_than_1_hide_no_exchange() -> None:
    dataset = livers_and_brains()
    dataset.add("a", LIVER, {BRAIN: 0.0098, LIVER: 0.0002}).add(
        "b", BRAIN, {LIVER: 9.7, BRAIN: 0.3}
    )
    found = dataset.compared()
    assert issues(found) == {"a", "b"}
    assert found.frame().loc[["a", "b"], "quality"].tolist() == pytest.approx([0.02, 0.03])


def test_what_is_no_label_of_the_dataset_is_seen_by_the_verdicts_alone() -> None:
    dataset = livers_and_brains().add("bled", LIVER, {BLOOD: 0.95, LIVER: 0.0499, BRAIN: 0.0001})
    row = dataset.compared().frame().loc["bled"]
    assert row["quality"] == pytest.approx(0.998)
    assert row["outside"] == pytest.approx(0.95)
    assert not row["issue"]
    verdicts = dataset.verdicts().set_index("sample_id")
    assert verdicts.loc["bled", "status"] == "warn"


def test_a_class_counts_for_the_deepest_label_that_holds_it() -> None:
    dataset = livers_and_brains().typical(10, CEREBRAL_CORTEX, LIVER)
    dataset.add("a", LIVER, {CEREBRAL_CORTEX: 0.7, CEREBELLUM: 0.1, HIPPOCAMPUS: 0.2})
    found = dataset.compared()
    assert found.labels == tuple(sorted((LIVER, BRAIN, CEREBRAL_CORTEX)))
    row = found.frame().loc["a"]
    # The hippocampus is a part of the cortex, the cerebellum of nothing deeper than the brain.
    assert row["likeliest"] == CEREBRAL_CORTEX
    assert row["likeliest_share"] == pytest.approx(0.9)
    assert row["outside"] == pytest.approx(0)


def test_a_class_of_two_deepest_labels_counts_for_both_alike() -> None:
    dataset = (
        Dataset().typical(10, COLON, LIVER).typical(10, MUCOSA, LIVER).typical(9, LIVER, COLON)
    )
    dataset.add("a", LIVER, {COLONIC_MUCOSA: 0.9, LIVER: 0.1})
    row = dataset.compared().frame().loc["a"]
    assert row["likeliest_share"] == pytest.approx(0.45)
    dataset.add("b", MUCOSA, {COLONIC_MUCOSA: 1.0}).add("c", COLON, {COLONIC_MUCOSA: 1.0})
    rows = dataset.compared().frame().loc[["b", "c"]]
    assert not rows["issue"].any()
    assert rows["likeliest"].tolist() == rows["own"].tolist()


def test_a_label_is_not_contradicted_by_a_broader_or_a_narrower_one() -> None:
    dataset = livers_and_brains().typical(10, CEREBRAL_CORTEX, LIVER)
    dataset.add("narrower", BRAIN, {CEREBRAL_CORTEX: 0.99, LIVER: 0.01})
    dataset.add("broader", CEREBRAL_CORTEX, {BRAIN: 0.98, LIVER: 0.02})
    found = dataset.compared()
    assert not issues(found)
    rows = found.frame().loc[["narrower", "broader"]]
    assert rows["quality"].tolist() == pytest.approx([0.99, 0.98])
    assert rows["likeliest"].tolist() == [BRAIN, CEREBRAL_CORTEX]


def test_of_several_values_the_best_matching_one_is_the_label() -> None:
    dataset = livers_and_brains().typical(5, HEART, LIVER)
    dataset.add("either", f"{LIVER} || {HEART}", {HEART: 0.9, LIVER: 0.1})
    dataset.add("neither", f"{LIVER} || {HEART}", {BRAIN: 0.96, LIVER: 0.01, HEART: 0.03})
    dataset.add("half known", f"{LIVER} || UBERON:0001870", {LIVER: 1.0})
    found = dataset.compared()
    assert issues(found) == {"neither"}
    rows = found.frame().loc[["either", "neither", "half known"]]
    assert rows["own"].tolist() == [HEART, HEART, LIVER]


def test_fewer_than_20_samples_are_not_compared_and_it_says_so() -> None:
    few = Dataset().typical(10, LIVER, BRAIN).typical(9, BRAIN, LIVER)
    assert few.skipped().reason is SkipReason.TOO_FEW_SAMPLES
    assert few.skipped().sentence == (
        "The tissue labels were not compared with each other: 19 samples with a label that the "
        "model can tell, and it takes 20."
    )
    one = Dataset().add("a", LIVER, {LIVER: 1.0})
    assert "1 sample with" in one.skipped().sentence
    assert isinstance(few.add("the twentieth", LIVER, {LIVER: 1.0}).compare(), ClosedSet)


def test_one_label_is_not_compared_and_it_says_so() -> None:
    skipped = Dataset().typical(20, LIVER, BRAIN).skipped()
    assert skipped.field == "tissue"
    assert skipped.reason is SkipReason.TOO_FEW_LABELS
    assert skipped.sentence == (
        "The tissue labels were not compared with each other: all 20 samples with a label that the "
        "model can tell hold the same."
    )


@pytest.mark.parametrize(
    "term",
    [
        pytest.param(None, id="no resolved label"),
        pytest.param(ANATOMICAL_SYSTEM, id="too general"),
        pytest.param("UBERON:0000007", id="no class of the model"),
    ],
)
def test_a_sample_without_a_label_that_can_be_told_is_left_out(term: str | None) -> None:
    found = livers_and_brains().add("a", term, {LIVER: 1.0}).compared()
    assert len(found.samples) == 20
    assert "a" not in found.samples
    assert found.labels == (BRAIN, LIVER)


def test_a_sample_whose_probabilities_are_unknown_is_left_out() -> None:
    dataset = livers_and_brains().add("elsewhere", LIVER, {HEART: 1.0})
    for sample in ("named only", "not answered"):
        dataset.labels.append(stated(sample, "tissue", LIVER))
    dataset.answers.named("named only", "tissue", LIVER)
    found = dataset.compared()
    assert len(found.samples) == 20
    assert found.frame().index.isin(["elsewhere", "named only", "not answered"]).sum() == 0


def test_every_field_that_may_call_a_label_wrong_is_compared() -> None:
    labels, answers = [], Answers()
    for i in range(24):
        sample, sex = f"s{i}", "female" if i % 2 else "male"
        labels += [stated(sample, "sex", sex), stated(sample, "tissue", LIVER)]
        labels += [stated(sample, "disease", "PATO:0000461"), stated(sample, "age", "30")]
        labels += [stated(sample, "donor", "d"), stated(sample, "cell_line", "CVCL_0004")]
        answers.probabilities(sample, "sex", {sex: 0.9, "female" if sex == "male" else "male": 0.1})
        answers.probabilities(sample, "tissue", {LIVER: 1.0})
        answers.probabilities(sample, "disease", {"PATO:0000461": 1.0})
    tables = answers.tables()
    by_field = {name: field_answers(name, *tables) for name in ("sex", "tissue", "disease", "age")}
    sex, tissue = closed_sets(pd.DataFrame(labels), by_field, SETTINGS)
    assert isinstance(sex, ClosedSet)
    assert (sex.field, sex.labels) == ("sex", ("female", "male"))
    assert isinstance(tissue, ClosedSetSkipped)
    assert tissue.field == "tissue"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([LIVER, BRAIN, CEREBRAL_CORTEX, f"{HEART} || {LIVER}"]),
            st.lists(st.floats(0, 1), min_size=5, max_size=5),
        ),
        min_size=20,
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_no_answer_depends_on_the_order_of_the_samples(
    samples: list[tuple[str, list[float]]],
    random: Random,
) -> None:
    classes = tuple(sorted((LIVER, BRAIN, CEREBRAL_CORTEX, HEART, BLOOD)))
    p = np.array([row for _, row in samples]) + 1e-9
    p /= p.sum(axis=1, keepdims=True)
    names = [f"s{i}" for i in range(len(samples))]
    answers = FieldAnswers(pd.Index(names), classes, p, p.argmax(axis=1), {})
    provided = pd.Series([term for term, _ in samples], index=names, dtype=object)
    found = closed_set("tissue", provided, answers, SETTINGS)
    mixed = random.sample(names, len(names))
    again = closed_set("tissue", provided[mixed], answers, SETTINGS)
    if isinstance(found, ClosedSetSkipped):
        assert isinstance(again, ClosedSetSkipped)
        return
    assert isinstance(again, ClosedSet)
    frame = found.frame()
    assert frame["quality"].between(0, 1).all()
    assert frame["outside"].between(0, 1).all()
    assert (frame["quality"] <= frame["likeliest_share"]).all()
    assert (frame["own"].ne(frame["likeliest"]) | ~frame["issue"]).all()
    columns = ["own", "likeliest", "issue"]
    pd.testing.assert_frame_equal(frame[columns], again.frame().loc[frame.index, columns])


def test_a_failing_label_is_a_finding_that_names_the_label_that_fits() -> None:
    dataset = livers_and_brains().add("a", LIVER, {BRAIN: 0.9998, LIVER: 0.0002})
    assert dataset.findings() == [
        (
            "label_issue",
            ("a",),
            "fits_another_label",
            "a is labelled liver, but of the 2 tissue labels of this dataset brain fits it best: "
            "> 0.999 of the probability on them, < 0.001 for its own. Two views agree, for among "
            "all that the model knows the label fails as well. Check its record: brain is a "
            "candidate.",
            pytest.approx(0.9998),
        )
    ]


def test_samples_that_fit_the_same_label_are_one_finding() -> None:
    dataset = livers_and_brains(20)
    dataset.add("x", BRAIN, {LIVER: 0.999, BRAIN: 0.001})
    for i, p in enumerate((0.995, 0.993, 0.997)):
        dataset.add(f"a{i}", LIVER, {BRAIN: p, LIVER: 1 - p})
    first, second = dataset.findings()
    assert first[1] == ("a0", "a1", "a2")
    assert first[3].startswith(
        "a0, a1 and a2 are labelled liver, but of the 2 tissue labels of this dataset brain fits "
        "them best: 0.995 of the probability on them (median), 0.005 for their own."
    )
    assert first[4] == pytest.approx(0.995)
    assert second[1] == ("x",)


def test_a_sentence_names_a_dozen_samples_and_the_finding_all() -> None:
    dataset = livers_and_brains(50)
    for i in range(14):
        dataset.add(f"a{i}", LIVER, {BRAIN: 0.999, LIVER: 0.001})
    ((_, samples, _, sentence, _),) = dataset.findings()
    assert len(samples) == 14
    assert "a10, a11 and 2 more are labelled liver" in sentence


def test_an_issue_whose_label_does_not_fail_is_no_finding() -> None:
    dataset = livers_and_brains().add("a", LIVER, {BRAIN: 0.95, LIVER: 0.05})
    assert issues(dataset.compared()) == {"a"}
    assert dataset.verdicts().set_index("sample_id").loc["a", "status"] == "warn"
    assert dataset.findings() == []


def test_where_the_model_sees_no_label_of_the_dataset_none_is_named() -> None:
    dataset = livers_and_brains().add("a", LIVER, {BLOOD: 0.9, BRAIN: 0.0999, LIVER: 0.0001})
    assert issues(dataset.compared()) == {"a"}
    assert dataset.verdicts().set_index("sample_id").loc["a", "status"] == "fail"
    assert dataset.findings() == []


def test_skipped_fields_have_no_finding() -> None:
    assert Dataset().typical(3, LIVER, BRAIN).findings() == []


def test_ten_thousand_samples_of_three_hundred_labels_are_compared_in_seconds() -> None:
    rng = np.random.default_rng(0)
    # Words, for what is measured is no ontology's loading.
    classes = tuple(sorted(f"word {i}" for i in range(300)))
    true = rng.integers(0, 300, 10_000)
    scores = np.exp(rng.normal(size=(10_000, 300)) + 8 * (np.arange(300) == true[:, None]))
    p = scores / scores.sum(axis=1, keepdims=True)
    names = pd.Index([f"s{i}" for i in range(10_000)])
    wrong = rng.random(10_000) < 0.05
    label = np.where(wrong, (true + 7) % 300, true)
    provided = pd.Series(np.array(classes, dtype=object)[label], index=names)
    answers = FieldAnswers(names, classes, p, p.argmax(axis=1), {})
    start = time.process_time()
    found = closed_set("cell_type", provided, answers, SETTINGS)
    assert time.process_time() - start < 4  # 0.3 s, and 0.8 s for the first import of cleanlab
    assert isinstance(found, ClosedSet)
    assert not found.issue[~wrong].any()
    assert found.issue[wrong].mean() > 0.5


def test_cleanlab_is_imported_by_nothing_but_a_comparison() -> None:
    code = (
        "import sys, gem_assets.qc.closed_set, gem_assets.qc.closed_set_findings\n"
        "print('cleanlab' in sys.modules, 'sklearn' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert run.stdout.split() == ["False", "False"]


@pytest.fixture(scope="module")
def pooled(shared_data: Path) -> Dataset:
    """Tissues of Body Map and Castle, as the embedded model sees them."""
    dataset = Dataset()
    for cohort in ("bodymap", "castle"):
        folder = shared_data / "cohorts"
        sheet = label_table(cohort, read_sample_sheet(folder / f"{cohort}_samples.csv")).to_pandas()
        tissue = sheet[sheet["field"].eq("tissue")].set_index("sample_id")["provided_id"]
        samples, predictions = predict_file(folder / f"{cohort}_counts.tsv.gz", BULK)
        for sample, prediction in zip(samples, predictions, strict=True):
            for api_name, p in prediction.classifier_probs.items():
                field = field_of_api_name(api_name)
                if field is not None and field.name == "tissue":
                    dataset.add(f"{cohort}:{sample}", str(tissue[sample]), p)
    return dataset


def test_of_real_tissues_only_failing_ones_are_named(pooled: Dataset) -> None:
    named = {sample for _, samples, _, _, _ in pooled.findings() for sample in samples}
    # Its label is wrong; Breast, which is no more than doubtful, is an issue for cleanlab.
    assert named <= {"bodymap:Adrenal"}
    assert "bodymap:Breast" in issues(pooled.compared())


def test_exchanged_real_tissues_are_named_with_their_own_label(pooled: Dataset) -> None:
    labels = {str(row["sample_id"]): row for row in pooled.labels}
    exchanged = {"bodymap:Liver": "castle:Heart", "castle:Heart": "bodymap:Liver"}
    dataset = Dataset()
    dataset.answers = pooled.answers
    dataset.labels = [
        {**labels[exchanged.get(sample, sample)], "sample_id": sample} for sample in labels
    ]
    sentences = {
        samples: sentence
        for _, samples, _, sentence, _ in dataset.findings()
        if samples != ("bodymap:Adrenal",)
    }
    assert set(sentences) == {("bodymap:Liver",), ("castle:Heart",)}
    assert "liver fits it best" in sentences[("bodymap:Liver",)]
    assert "heart fits it best" in sentences[("castle:Heart",)]
