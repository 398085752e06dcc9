"""What a dataset's findings come to, question by question, and what could not be asked of it."""

from __future__ import annotations

import pandas as pd
import pytest
from dataset_lab import SAMPLES, counts_of, tables_of, with_sheet
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.cell_groups import judge_cells
from gem_assets.qc.dataset import QcInput, judge_dataset
from gem_assets.qc.outcomes import QUESTIONS, SENTENCES, Outcome, outcomes
from gem_assets.qc.review import LABEL, REVIEW_COLUMNS, read_reviews
from gem_assets.qc.settings import QcSettings
from gem_assets.warehouse.qc_tables import FINDING_KINDS

TRUTH = {"s1": "male", "s2": "female", "s3": "male"}
SWAPPED = TRUTH | {"s1": "female", "s2": "male"}
COUNTS = sparse.csr_array([[1 + (i * j) % 7 for j in range(20)] for i in (1, 2, 3)])


def asked(
    tables: dict[str, pd.DataFrame],
    counts: CountMatrix | None = None,
    *,
    settings: QcSettings | None = None,
    **more: object,
) -> dict[str, Outcome]:
    settings = settings or QcSettings()
    given = QcInput("d", tables, counts, **more)  # type: ignore[arg-type]
    judged = judge_dataset(given, settings)
    return {one.question.name: one for one in outcomes(given, judged, settings, "bulk")}


def test_every_kind_of_finding_answers_one_question() -> None:
    kinds = [kind for question in QUESTIONS for kind in question.kinds]
    assert sorted(kinds) == sorted(FINDING_KINDS)


def test_a_finding_is_told_with_what_to_do_and_the_other_questions_stay_answered() -> None:
    found = asked(tables_of(SWAPPED, TRUTH), counts_of(TRUTH))
    swap = found.pop("no_exchanged_labels")
    assert swap.left_open == len(swap.findings) == 1
    assert swap.sentence.startswith("1 finding. ")
    assert str(swap.findings["sentence"].iloc[0]) in swap.sentence
    assert swap.sentence.endswith(swap.question.action)
    assert not any(outcome.left_open for outcome in found.values())
    assert found["no_mixed_samples"].sentence == (
        "Nothing found. No sample holds marker genes of a second tissue, of both sexes or of blood."
    )


def test_what_somebody_has_reviewed_is_shown_and_no_longer_counts() -> None:
    rows = [[name, "sex", "label_wrong", "Ada", "2026-02-01", "", ""] for name in ("s1", "s2")]
    reviews = read_reviews(pd.DataFrame(rows, columns=[*REVIEW_COLUMNS, LABEL]))
    one = asked(tables_of(SWAPPED, TRUTH), reviews=reviews)["no_exchanged_labels"]
    assert one.left_open == 0
    assert one.findings["reviewed"].tolist() == [True]
    assert one.sentence == "1 finding, every sample of which is reviewed."


def test_of_many_findings_the_first_are_told_and_the_rest_counted() -> None:
    sentences = [f"Finding {i}." for i in range(SENTENCES + 2)]
    findings = pd.DataFrame({"sentence": sentences, "reviewed": False})
    told = Outcome(QUESTIONS[0], findings, len(findings), None).sentence
    assert told.startswith(f"{len(findings)} findings. Finding 0.")
    assert f"Finding {SENTENCES - 1}. And 2 more, in the table." in told
    assert sentences[SENTENCES] not in told
    findings.loc[SENTENCES:, "reviewed"] = True
    told = Outcome(QUESTIONS[0], findings, SENTENCES, None).sentence
    assert told.startswith(f"{SENTENCES} findings (2 more reviewed).")
    assert "And " not in told


def test_a_dataset_without_labels_passes_and_says_what_was_not_looked_for() -> None:
    found = asked(tables_of({}, TRUTH))
    for name in ("no_cause_in_the_dataset", "no_exchanged_labels", "no_label_issues"):
        assert found[name].sentence == "Not looked for: no label is stated."
    assert found["no_mixed_samples"].not_asked == "the raw counts were not read."
    assert "states no two batches" in str(found["batches_are_comparable"].not_asked)


def test_labels_that_nobody_could_judge_are_not_called_right() -> None:
    tables = tables_of(TRUTH, TRUTH)
    tables["sample_labels"] = tables["sample_labels"].assign(provided_id=None, resolution="unknown")
    why = asked(tables)["no_exchanged_labels"].not_asked
    assert why == "none of the stated labels could be judged."


def test_few_samples_say_nothing_of_a_common_cause() -> None:
    tables = tables_of(TRUTH, TRUTH)
    why = asked(tables)["no_cause_in_the_dataset"].not_asked
    assert why == "a common cause shows in 5 judged samples or more; here 3 are."
    fewer = QcSettings(dataset_cause_min_judged=3)
    assert asked(tables, settings=fewer)["no_cause_in_the_dataset"].not_asked is None


def test_beside_a_cause_of_the_whole_dataset_no_label_was_looked_for_elsewhere() -> None:
    names = tuple(f"s{i}" for i in range(12))
    truth = {name: "male" if i < 6 else "female" for i, name in enumerate(names)}
    reversed_ = {name: "female" if sex == "male" else "male" for name, sex in truth.items()}
    tables = tables_of(reversed_, truth)
    tables["aligned_counts"] = pd.concat([tables["aligned_counts"]] * 4, ignore_index=True).assign(
        sample_id=names, content_hash=[f"{i:032x}" for i in range(12)]
    )
    found = asked(tables, counts_of(truth))
    assert found["no_cause_in_the_dataset"].left_open == 1
    assert "one cause" in str(found["no_exchanged_labels"].not_asked)
    assert found["no_mixed_samples"].not_asked is None
    poor = tables_of(dict.fromkeys(names, "female"), truth)
    poor["aligned_counts"] = tables["aligned_counts"].assign(matched_share=0.1)
    assert "can't be trusted" in str(asked(poor, counts_of(truth))["no_mixed_samples"].not_asked)


def test_samples_that_were_not_compared_are_not_called_distinct() -> None:
    tables = tables_of(TRUTH, TRUTH)
    assert asked(tables)["no_duplicates"].not_asked == "the aligned counts were not read."
    assert asked(tables, aligned=COUNTS)["no_duplicates"].not_asked is None
    nothing = asked(tables, aligned=sparse.csr_array(COUNTS.shape))["no_duplicates"]
    assert nothing.not_asked == "no sample has enough genes to be recognised by."


@pytest.mark.parametrize(
    ("batches", "why"),
    [
        (["a", "a", "a"], "states no two batches"),
        (["a", "b", "NA"], "no two batches of 3 samples or more"),
    ],
)
def test_batches_that_can_not_be_compared_are_not_called_comparable(
    batches: list[str], why: str
) -> None:
    tables = with_sheet(tables_of(TRUTH, TRUTH), batch=batches)
    assert why in str(asked(tables)["batches_are_comparable"].not_asked)


def test_of_single_cells_is_said_what_is_never_looked_for() -> None:
    given = QcInput("d", tables_of({}, TRUTH))
    judged = judge_cells(given, QcSettings())
    found = {one.question.name: one.sentence for one in outcomes(given, judged, QcSettings(), "sc")}
    assert set(found) == {question.name for question in QUESTIONS}
    assert all(sentence.startswith("Not looked for: ") for sentence in found.values())
    assert "doublet" in found["no_mixed_samples"]
    assert "other datasets" in found["no_duplicates"]
    assert len(SAMPLES) == len(judged.samples)
