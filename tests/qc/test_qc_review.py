"""Reviews: a fault is named by row and column; what was reviewed stays, and stops counting."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qc_rows import BRAIN, HEART, LIVER, Answers, stated, verdicts_on

from gem_assets.problems import RefusedInputError, Severity
from gem_assets.qc.findings import Finding, findings_table
from gem_assets.qc.open_findings import (
    open_findings,
    open_verdicts,
    review_sentence,
    settled_samples,
)
from gem_assets.qc.review import (
    REVIEW_COLUMNS,
    Decision,
    apply_reviews,
    read_reviews,
    reviewed_labels,
)

Row = tuple[str, ...]
GOOD: Row = ("a", "tissue", "label_correct", "kim", "2026-01-31", "")


def table(*rows: Row) -> pd.DataFrame:
    columns = [*REVIEW_COLUMNS, "label"][: max(6, *(len(row) for row in rows))] if rows else None
    return pd.DataFrame(list(rows), columns=columns or list(REVIEW_COLUMNS), dtype=str)


def reviews(*rows: Row) -> pd.DataFrame:
    return read_reviews(table(*rows))


@pytest.fixture
def verdicts() -> pd.DataFrame:
    """Three samples that fail in tissue, the first in sex, too."""
    answers = Answers()
    labels = []
    for sample, given_, p in (("a", LIVER, BRAIN), ("b", BRAIN, LIVER), ("c", HEART, BRAIN)):
        answers.probabilities(sample, "tissue", {p: 0.999, given_: 0.0005, HEART: 0.0005})
        labels.append(stated(sample, "tissue", given_))
    answers.probabilities("a", "sex", {"male": 0.9999, "female": 0.0001})
    labels.append(stated("a", "sex", "female"))
    found = verdicts_on(labels, answers)
    assert found["status"].eq("fail").all()
    return found


def test_a_reviewed_finding_stays_visible_and_stops_counting(verdicts: pd.DataFrame) -> None:
    applied = apply_reviews(verdicts, reviews(GOOD))
    assert applied.problems == ()
    assert applied.verdicts["reviewed_by"].tolist() == ["kim", None, None, None]
    pd.testing.assert_frame_equal(
        applied.verdicts.drop(columns="reviewed_by"), verdicts.drop(columns="reviewed_by")
    )
    assert len(open_verdicts(verdicts)) == 4
    assert open_verdicts(applied.verdicts)["sample_id"].tolist() == ["b", "c", "a"]
    assert verdicts["reviewed_by"].isna().all()


def test_an_excluded_sample_has_nothing_open(verdicts: pd.DataFrame) -> None:
    found = apply_reviews(verdicts, reviews(("a", "tissue", "exclude", "kim", "2026-01-31", "")))
    assert open_verdicts(found.verdicts)["sample_id"].tolist() == ["b", "c"]
    both = reviews(GOOD, ("a", "sex", "exclude", "lee", "2026-01-31", ""))
    assert apply_reviews(verdicts, both).verdicts["reviewed_by"].tolist() == [
        *("kim", None, None, "lee"),
    ]


def test_an_excluded_sample_is_decided_in_every_field(verdicts: pd.DataFrame) -> None:
    found = reviews(GOOD, ("a", "sex", "exclude", "kim", "2026-01-31", ""))
    assert reviewed_labels(verdicts, found).tolist() == ["label_correct", None, None, "exclude"]
    found = reviews(("a", "tissue", "exclude", "kim", "2026-01-31", ""))
    assert reviewed_labels(verdicts, found).tolist() == ["exclude", None, None, "exclude"]


def test_a_swap_counts_until_both_samples_are_settled(verdicts: pd.DataFrame) -> None:
    findings = findings_table(
        "d",
        [
            Finding("swap", ("b", "c"), "mutual", "b and c."),
            Finding("mixed_sex", ("a",), "both", "a."),
            Finding("duplicate", ("b", "of another dataset"), "exact", "b.", other_dataset="e"),
            Finding("batch", (), "batches_differ", "All."),
        ],
    )

    def left(*rows: Row) -> list[str]:
        applied = apply_reviews(verdicts, reviews(*rows)).verdicts
        return open_findings(findings, applied)["kind"].tolist()

    of_b, of_c = (
        (sample, "tissue", "label_wrong", "kim", "2026-01-31", "") for sample in ("b", "c")
    )
    every = ["swap", "mixed_sex", "duplicate", "batch"]
    assert left() == every
    assert left(of_b) == ["swap", "mixed_sex", "batch"]
    assert left(of_b, of_c) == ["mixed_sex", "batch"]
    assert left(GOOD) == every  # its sex is still open
    assert left(("a", "sex", "exclude", "kim", "2026-01-31", "")) == ["swap", "duplicate", "batch"]


def test_a_sample_is_settled_when_nothing_of_it_is_open(verdicts: pd.DataFrame) -> None:
    assert settled_samples(verdicts) == set()
    of_sex = ("a", "sex", "label_wrong", "kim", "2026-01-31", "")
    of_b = ("b", "tissue", "label_wrong", "kim", "2026-01-31", "")
    assert settled_samples(apply_reviews(verdicts, reviews(GOOD, of_b)).verdicts) == {"b"}
    assert settled_samples(apply_reviews(verdicts, reviews(GOOD, of_sex)).verdicts) == {"a"}


def test_how_much_is_reviewed_is_told_in_a_sentence(verdicts: pd.DataFrame) -> None:
    def said(*rows: Row) -> str | None:
        return review_sentence(apply_reviews(verdicts, reviews(*rows)).verdicts)

    b, c = (("b", "tissue", *GOOD[2:]), ("c", "tissue", *GOOD[2:]))
    everything = ("a", "sex", "exclude", *GOOD[3:])
    assert said() is None
    assert said(b) == "1 of 4 flagged labels is reviewed; 3 are open."
    assert said(everything, b) == "3 of 4 flagged labels are reviewed; 1 is open."
    assert said(everything, b, c) == "All 4 flagged labels are reviewed; none is open."
    one = apply_reviews(verdicts[verdicts["sample_id"].eq("b")], reviews(b)).verdicts
    assert review_sentence(one) == "The flagged label is reviewed; none is open."


def test_the_last_word_counts() -> None:
    found = reviews(
        ("a", "tissue", "label_wrong", "lee", "2026-02-01", ""),
        GOOD,
        ("b", "sex", "label_wrong", "lee", "2026-01-01", ""),
        ("b", "sex", "label_correct", "kim", "2026-01-01T10:00:00", ""),
    )
    assert found["decision"].tolist() == ["label_wrong", "label_correct"]
    assert found["date"].tolist() == ["2026-02-01", "2026-01-01"]


def test_spelling_is_forgiven_where_it_is_clear() -> None:
    row = (" a ", "Cell type", "Label-Correct", "kim", "2026-01-31", None)
    frame = pd.DataFrame([row], columns=["Sample_ID ", *REVIEW_COLUMNS[1:]])
    found = read_reviews(frame)
    assert found.iloc[0].tolist() == [
        *("a", "cell_type", "label_correct", "kim", "2026-01-31", "", "", 2)
    ]


@pytest.mark.parametrize(
    ("column", "text", "told", "action"),
    [
        ("sample_id", "", "is empty", "Fill it"),
        ("field", "tisue", "'tisue' is no field", "Did you mean tissue?"),
        ("decision", "label_rong", "'label_rong' is no decision", "Did you mean label_wrong?"),
        ("decision", "?", "'?' is no decision", "Use one of: label_correct, label_wrong, exclude."),
        ("reviewer", " ", "is empty", "Fill it"),
        ("date", "31.01.2026", "'31.01.2026' is no date", "2026-01-31"),
        ("date", "2026-02-30", "'2026-02-30' is no date", "2026-01-31"),
    ],
)
def test_a_fault_is_named_by_row_and_column(column: str, text: str, told: str, action: str) -> None:
    frame = table(GOOD, GOOD)
    frame.loc[1, column] = text
    with pytest.raises(RefusedInputError) as refused:
        read_reviews(frame)
    (problem,) = refused.value.problems
    assert problem.code == "review_cell"
    assert problem.sentence == f"review.csv, row 3, column {column}: {told}."
    assert action in problem.action
    with pytest.raises(RefusedInputError, match=r"mine\.csv, row 9, column"):
        read_reviews(frame, source="mine.csv", lines=[4, 9])


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(RefusedInputError) as refused:
        reviews(("", "tissue", "no", "kim", "2026-01-31", ""), GOOD, ("a", "", "", "", "", ""))
    assert len(refused.value.problems) == 6


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (["sample_id", "field", "decision", "reviewer", "date"], "no column 'comment'"),
        ([*REVIEW_COLUMNS, "Field"], "'field' twice"),
    ],
)
def test_missing_and_repeated_columns_are_refused(columns: list[str], told: str) -> None:
    with pytest.raises(RefusedInputError, match=told):
        read_reviews(pd.DataFrame([["x"] * len(columns)], columns=columns))


def test_no_reviews_are_no_fault(verdicts: pd.DataFrame) -> None:
    found = reviews()
    assert found.columns.tolist() == [*REVIEW_COLUMNS, "label", "row"]
    assert apply_reviews(verdicts, found).verdicts["reviewed_by"].isna().all()
    assert reviewed_labels(verdicts, found).isna().all()


def test_a_review_of_another_label_or_sample_does_not_count(verdicts: pd.DataFrame) -> None:
    found = reviews(
        ("a", "tissue", "label_correct", "kim", "2026-01-31", "", "heart"),
        ("b", "tissue", "label_correct", "kim", "2026-01-31", "", "Brain "),
        ("z", "tissue", "label_correct", "kim", "2026-01-31", "", ""),
        ("c", "sex", "label_wrong", "kim", "2026-01-31", "", ""),
    )
    applied = apply_reviews(verdicts, found)
    assert applied.verdicts["reviewed_by"].tolist() == [None, "kim", None, None]
    (problem,) = applied.problems
    assert problem.severity is Severity.WARNING
    assert problem.where == ("a: tissue", "z: tissue", "c: sex")
    assert problem.sentence == (
        "review.csv, rows 2, 4, 5: 3 reviews, the first of a: tissue, are of what has no label "
        "here, or another than was reviewed."
    )
    assert problem.action.endswith("or delete the rows.")
    assert reviewed_labels(verdicts, found).tolist() == [None, "label_correct", None, None]


def test_one_review_of_no_label_is_told_with_its_row(verdicts: pd.DataFrame) -> None:
    found = read_reviews(table(("z", *GOOD[1:])), lines=[7])
    (problem,) = apply_reviews(verdicts, found, source="mine.csv").problems
    assert problem.sentence == (
        "mine.csv, row 7: the review is of z: tissue, which has no label here, or another than was "
        "reviewed."
    )
    assert problem.action.endswith("or delete the row.")


def test_of_very_many_rows_the_first_are_told(verdicts: pd.DataFrame) -> None:
    found = reviews(*((f"z{i}", *GOOD[1:]) for i in range(12)))
    (problem,) = apply_reviews(verdicts, found).problems
    assert "rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ...: 12 reviews" in problem.sentence


@pytest.mark.parametrize("decision", ["exclude", "label_wrong"])
def test_a_sample_that_was_taken_out_is_no_problem(verdicts: pd.DataFrame, decision: str) -> None:
    gone = reviews(("z", "tissue", decision, "kim", "2026-01-31", ""))
    assert apply_reviews(verdicts, gone).problems == ()
    misspelt = reviews(("A ", "tissue", decision, "kim", "2026-01-31", ""))
    assert [p.where for p in apply_reviews(verdicts, misspelt).problems] == [("A: tissue",)]


def test_a_wrong_label_that_was_corrected_is_no_problem(verdicts: pd.DataFrame) -> None:
    applied = apply_reviews(
        verdicts, reviews(("a", "tissue", "label_wrong", "kim", "2026-01-31", "", "heart"))
    )
    assert applied.problems == ()
    assert applied.verdicts["reviewed_by"].isna().all()


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["tissue", "sex"]),
            st.sampled_from([str(d) for d in Decision]),
            st.sampled_from(["kim", "lee"]),
            st.dates().map(str),
            st.text("xy", max_size=2),
        ),
        max_size=8,
    )
)
def test_one_review_a_label_is_left_and_reading_it_again_changes_nothing(rows: list[Row]) -> None:
    once = reviews(*rows)
    assert len(once) == len({row[:2] for row in rows})
    assert not once.duplicated(["sample_id", "field"]).any()
    pd.testing.assert_frame_equal(read_reviews(once, lines=once["row"].tolist()), once)
