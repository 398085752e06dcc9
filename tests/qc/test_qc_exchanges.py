"""Planted exchanges and shifts: found with their partners, or named without, and put back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qc_rows import BLOOD, BRAIN, HEART, LIVER, Answers, stated

from gem_assets.qc.adjustments import adjust
from gem_assets.qc.corrected_sheet import suggest_sheet
from gem_assets.qc.exchange_findings import exchange_findings
from gem_assets.qc.exchanges import Exchange, find_exchanges
from gem_assets.qc.label_fit import LabelFits, label_fits
from gem_assets.qc.partners import with_partners
from gem_assets.qc.reasons import Reason
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.shifts import find_shifts
from gem_assets.qc.verdicts import judge

TISSUES = (LIVER, BRAIN, HEART, BLOOD)
Label = tuple[str, ...]


def tables(
    true: list[Label], given: list[Label], p: float = 0.99
) -> tuple[LabelFits, pd.DataFrame, pd.DataFrame]:
    """Return fits, verdicts and labels of samples s0, s1... of (tissue[, sex[, age]])."""
    answers, labels = Answers(), []
    for i, (truth, label) in enumerate(zip(true, given, strict=True)):
        for field, is_, says in zip(("tissue", "sex", "age"), truth, label, strict=False):
            labels.append(stated(f"s{i}", field, says))
            if field == "age":
                answers.number(f"s{i}", field, float(is_))
                continue
            classes = TISSUES if field == "tissue" else ("female", "male")
            rest = (1 - p) / (len(classes) - 1)
            answers.probabilities(f"s{i}", field, {c: p if c == is_ else rest for c in classes})
    frame, answered = pd.DataFrame(labels), answers.tables()
    fits = label_fits(frame, *answered, QcSettings())
    verdicts = adjust(judge(frame, *answered, QcSettings()), QcSettings(), None)
    return fits, with_partners(verdicts, fits), frame


def exchanges(true: list[Label], given: list[Label], **kwargs: pd.Series) -> list[Exchange]:
    fits, verdicts, _ = tables(true, given, 0.9999)
    return find_exchanges(fits, verdicts, **kwargs)


def exchanged(labels: list[Label], *pairs: tuple[int, int]) -> list[Label]:
    labels = list(labels)
    for i, j in pairs:
        labels[i], labels[j] = labels[j], labels[i]
    return labels


FOUR: list[Label] = [(tissue,) for tissue in TISSUES]


def test_a_pair_that_fits_each_others_label_is_a_swap() -> None:
    (swap,) = exchanges(FOUR, exchanged(FOUR, (0, 1)))
    assert (swap.kind, swap.reason) == ("swap", "mutual_pair")
    assert (swap.sample_ids, swap.takes_from) == (("s0", "s1"), ("s1", "s0"))
    assert not swap.whole_row


def test_right_labels_exchange_nothing() -> None:
    assert exchanges(FOUR * 3, FOUR * 3) == []


def test_two_pairs_that_share_a_label_keep_their_partners() -> None:
    true: list[Label] = [(LIVER,), (BRAIN,), (LIVER,), (HEART,)]
    given: list[Label] = [(BRAIN,), (LIVER,), (HEART,), (LIVER,)]
    found = {one.sample_ids for one in exchanges(true, given)}
    assert found == {("s0", "s1"), ("s2", "s3")}


def test_labels_that_went_round_are_a_cycle_in_its_order() -> None:
    (cycle,) = exchanges(FOUR, [(BRAIN,), (HEART,), (LIVER,), (BLOOD,)])
    assert (cycle.kind, cycle.reason) == ("swap", "cycle")
    assert dict(zip(cycle.sample_ids, cycle.takes_from, strict=True)) == {
        "s0": "s2",
        "s1": "s0",
        "s2": "s1",
    }


def test_a_third_that_fits_alike_makes_it_a_group() -> None:
    true: list[Label] = [(LIVER,), (LIVER,), (BRAIN,)]
    (group,) = exchanges(true, [(BRAIN,), (BRAIN,), (LIVER,)])
    assert (group.kind, group.sample_ids) == ("exchange_group", ("s0", "s1", "s2"))
    assert group.takes_from == ()


def test_the_other_labels_of_a_row_tell_partners_apart() -> None:
    true: list[Label] = [(LIVER, "male"), (LIVER, "female"), (BRAIN, "female"), (BRAIN, "male")]
    found = exchanges(true, exchanged(true, (0, 2), (1, 3)))
    assert {one.sample_ids for one in found} == {("s0", "s2"), ("s1", "s3")}
    assert all(one.whole_row and one.fields == ("tissue", "sex") for one in found)


def test_ages_alone_decide_no_partner() -> None:
    true: list[Label] = [("male", "30"), ("male", "33"), ("female", "31"), ("female", "34")]
    rows = [(LIVER, *row) for row in true]
    (group,) = exchanges(rows, exchanged(rows, (0, 2), (1, 3)))
    assert group.kind == "exchange_group"
    assert group.takes_from != ()


def test_a_donor_decides_where_the_labels_cannot() -> None:
    true: list[Label] = [(LIVER,), (LIVER,), (BRAIN,), (BRAIN,)]
    given = exchanged(true, (0, 2), (1, 3))
    donors = pd.Series({"s0": "a", "s2": "a", "s1": "b", "s3": "b"})
    found = exchanges(true, given, donors=donors)
    assert {(one.sample_ids, one.reason) for one in found} == {
        (("s0", "s2"), "same_donor"),
        (("s1", "s3"), "same_donor"),
    }


def test_partners_are_sought_in_a_batch_first_and_across_batches_then() -> None:
    true: list[Label] = [(LIVER,), (LIVER,), (BRAIN,), (BRAIN,)]
    given = exchanged(true, (0, 2), (1, 3))
    within = exchanges(true, given, batches=pd.Series({"s0": 1, "s2": 1, "s1": 2, "s3": 2}))
    assert {(one.sample_ids, one.across_batches) for one in within} == {
        (("s0", "s2"), False),
        (("s1", "s3"), False),
    }
    (across,) = exchanges(
        FOUR, exchanged(FOUR, (0, 1)), batches=pd.Series({"s0": 1, "s1": 2, "s2": 1, "s3": 2})
    )
    assert across.across_batches


def test_one_column_confused_is_no_exchange_of_rows() -> None:
    true: list[Label] = [(LIVER, "male"), (BRAIN, "female"), (HEART, "male"), (BLOOD, "female")]
    given = [("".join(row[0]), row[1]) for row in true]
    given[0], given[1] = (LIVER, "female"), (BRAIN, "male")
    (swap,) = exchanges(true, given)
    assert (swap.fields, swap.whole_row) == (("sex",), False)


def doubtful_pair() -> tuple[LabelFits, pd.DataFrame]:
    """s0 fails as brain; s1 is doubtful as liver, with some probability left for it."""
    labels = [stated("s0", "tissue", BRAIN), stated("s1", "tissue", LIVER)]
    answers = Answers().probabilities("s0", "tissue", {LIVER: 0.999, BRAIN: 0.001})
    answers.probabilities("s1", "tissue", {BRAIN: 0.9, LIVER: 0.1})
    fits = label_fits(pd.DataFrame(labels), *answers.tables(), QcSettings())
    return fits, judge(pd.DataFrame(labels), *answers.tables(), QcSettings())


def test_a_failing_partner_turns_doubt_into_a_fail() -> None:
    fits, verdicts = doubtful_pair()
    assert verdicts["reason"].tolist() == ["contradicts", "doubtful"]
    found = with_partners(verdicts, fits)
    assert found["reason"].tolist() == ["contradicts", Reason.CONTRADICTS_WITH_PARTNER]
    assert found["status"].tolist() == ["fail", "fail"]
    assert verdicts["reason"].tolist() == ["contradicts", "doubtful"], "the input stays"


def test_a_partner_of_another_batch_or_that_passes_supports_nothing() -> None:
    fits, verdicts = doubtful_pair()
    apart = with_partners(verdicts, fits, batches=pd.Series({"s0": 1, "s1": 2}))
    assert apart["status"].tolist() == ["fail", "warn"]
    excused = verdicts.assign(status=["pass", "warn"])
    assert with_partners(excused, fits)["status"].tolist() == ["pass", "warn"]


@pytest.mark.parametrize("rows", [1, -1, 2, -2, 3, -3])
@pytest.mark.parametrize("lost", [False, True])
def test_a_shifted_sheet_is_named_with_its_rows(rows: int, lost: bool) -> None:
    rng = np.random.default_rng(3)
    true: list[Label] = [(TISSUES[i],) for i in rng.integers(0, 4, 24)]
    given = [true[(i - rows) % 24] for i in range(24)]
    if lost:
        for end in range(24 - rows, 24) if rows > 0 else range(-rows):
            given[(end + rows) % 24] = (HEART,)
    fits, verdicts, _ = tables(true, given, 0.9999)
    (shift,) = find_shifts(fits)
    assert (shift.rows, shift.fields, shift.alone, shift.partly) == (rows, ("tissue",), True, False)
    (finding,) = exchange_findings([], [shift], verdicts)
    assert finding.kind == "shift"
    assert f"slipped by {abs(rows)} row" in finding.sentence


def test_a_run_of_shifted_rows_is_named_from_where_to_where() -> None:
    rng = np.random.default_rng(5)
    true: list[Label] = [(TISSUES[i],) for i in rng.integers(0, 4, 60)]
    given = [*true[:30], (BLOOD,), *true[30:-1]]
    fits, _, _ = tables(true, given, 0.9999)
    (shift,) = find_shifts(fits)
    assert (shift.rows, shift.partly, shift.alone) == (1, True, True)
    assert int(shift.sample_ids[0][1:]) in range(28, 33)


def test_a_batch_of_its_own_may_be_shifted() -> None:
    rng = np.random.default_rng(7)
    true: list[Label] = [(TISSUES[i],) for i in rng.integers(0, 4, 48)]
    given = [*true[:24], true[47], *true[24:47]]
    fits, _, _ = tables(true, given, 0.9999)
    batches = pd.Series({f"s{i}": "one" if i < 24 else "two" for i in range(48)})
    (shift,) = find_shifts(fits, batches=batches)
    assert (shift.rows, shift.batch, len(shift.sample_ids)) == (1, "two", 24)


def test_three_errors_beside_a_right_label_are_no_shift() -> None:
    female, male = (LIVER, "female"), (LIVER, "male")
    true = [female] * 12 + [male] * 12
    given = exchanged(true)
    given[0], given[12], given[14] = male, female, female
    fits, verdicts, _ = tables(true, given, 0.999)
    assert find_shifts(fits) == []
    (group,) = find_exchanges(fits, verdicts)
    assert (group.fields, set(group.sample_ids)) == (("sex",), {"s0", "s12", "s14"})
    (finding,) = exchange_findings([group], [], verdicts)
    assert "explains some of them, but not all" in finding.sentence
    assert finding.score is None


def test_swaps_in_a_sheet_sorted_by_sex_are_no_run_of_shifted_rows() -> None:
    female, male = (LIVER, "female"), (LIVER, "male")
    true = [female] * 40 + [male] * 40
    rng = np.random.default_rng(1)
    for _ in range(20):
        pairs = zip(rng.permutation(40)[:6], 40 + rng.permutation(40)[:6], strict=True)
        fits, _, _ = tables(true, exchanged(true, *pairs), 0.999)
        assert [shift for shift in find_shifts(fits) if shift.alone] == []


def test_of_three_rows_that_went_round_no_two_are_a_swap() -> None:
    rows: list[Label] = [(LIVER, "male"), (BRAIN, "female"), (HEART, "male"), (BLOOD, "female")]
    fits, verdicts, _ = tables(rows, [rows[1], rows[2], rows[0], rows[3]], 0.999)
    (ring,) = find_exchanges(fits, verdicts)
    assert (ring.kind, ring.reason, ring.whole_row) == ("swap", "cycle", True)
    takes = dict(zip(ring.sample_ids, ring.takes_from, strict=True))
    assert takes == {"s0": "s2", "s1": "s0", "s2": "s1"}


def test_a_swap_that_may_be_of_rows_says_so() -> None:
    male: list[Label] = [(LIVER, "male"), (BRAIN, "male"), (HEART, "female")]
    fits, verdicts, _ = tables(male, exchanged(male, (0, 1)), 0.999)
    (swap,) = find_exchanges(fits, verdicts)
    (finding,) = exchange_findings([swap], [], verdicts)
    assert (swap.whole_row, swap.rows_possible) == (False, True)
    assert "or of the samples: nothing else that is stated can tell" in finding.sentence


def test_rows_that_slipped_take_everything_of_a_person_along() -> None:
    sexes = ["male" if letter == "m" else "female" for letter in "mmfmfffmmfmf"]
    true: list[Label] = list(zip(TISSUES * 3, sexes, strict=True))
    given = [*true[1:], true[0]]
    fits, _, _ = tables(true, given, 0.999)
    shifts = find_shifts(fits)
    sheet = sheet_of(given).assign(donor=[f"d{i}" for i in range(1, 12)] + ["d0"], batch="b")
    suggested = suggest_sheet(sheet, [], shifts).frame
    assert suggested["donor"].tolist() == [f"d{i}" for i in range(12)]


def test_a_sorted_sheet_says_shift_and_exchange_alike() -> None:
    true: list[Label] = [(LIVER,)] * 20 + [(BRAIN,)] * 20
    given = [*true[-1:], *true[:-1]]
    fits, verdicts, _ = tables(true, given, 0.9999)
    (shift,) = find_shifts(fits)
    assert not shift.alone
    found = exchange_findings(find_exchanges(fits, verdicts), [shift], verdicts)
    assert [one.kind for one in found] == ["shift", "swap"]
    assert "explains it as well" in found[0].sentence
    assert set(found[0].sample_ids) == shift.contradicted == {"s0", "s20"}
    assert "So would labels that slipped by 1 row" in found[1].sentence


@settings(max_examples=20)
@given(st.permutations(range(12)))
def test_every_exchange_leaves_each_label_where_it_fits(order: list[int]) -> None:
    true: list[Label] = [(TISSUES[i % 4],) for i in range(12)]
    given = [true[i] for i in order]
    found = exchanges(true, given)
    told = [name for one in found for name in one.sample_ids]
    assert len(told) == len(set(told)), "no sample is told twice"
    wrong = {f"s{i}" for i in range(12) if true[i] != given[i]}
    assert set(told) == wrong, "a permutation is explained whole"
    for one in found:
        for taker, giver in zip(one.sample_ids, one.takes_from, strict=False):
            assert given[int(giver[1:])] == true[int(taker[1:])]


def sheet_of(labels: list[Label]) -> pd.DataFrame:
    rows = [(f"s{i}", t, t, sex, f"w{i}", f"{i}.fq") for i, (t, sex) in enumerate(labels)]
    columns = ["sample_id", "tissue", "tissue_ontology_id", "sex", "well", "file"]
    return pd.DataFrame(rows, columns=columns)


def test_the_corrected_sheet_puts_rows_back_and_leaves_wells_and_the_original() -> None:
    true: list[Label] = [(LIVER, "male"), (BRAIN, "female"), (HEART, "male"), (BLOOD, "female")]
    given = exchanged(true, (0, 1))
    sheet = sheet_of(given)
    before = sheet.copy()
    suggestion = suggest_sheet(sheet, exchanges(true, given))
    pd.testing.assert_frame_equal(suggestion.frame, sheet_of(true))
    pd.testing.assert_frame_equal(sheet, before)
    assert suggestion.diff["sample_id"].tolist() == ["s0"] * 3 + ["s1"] * 3
    assert "s0: sex female -> male (swap, as s1 has it)" in suggestion.readable()


def test_a_group_gets_its_labels_but_no_partner() -> None:
    true: list[Label] = [(LIVER, "male"), (LIVER, "male"), (LIVER, "female"), (LIVER, "female")]
    given = exchanged(true, (0, 2), (1, 3))
    suggestion = suggest_sheet(sheet_of(given), exchanges(true, given))
    pd.testing.assert_frame_equal(suggestion.frame, sheet_of(true))
    assert suggestion.diff["taken_from"].isna().all()
    assert "(exchange_group)" in suggestion.readable()


def test_a_shift_is_put_back_and_a_lost_label_stays_open() -> None:
    rng = np.random.default_rng(3)
    true: list[Label] = [(TISSUES[i], "male") for i in rng.integers(0, 4, 24)]
    true[-1] = (LIVER, "male")
    given: list[Label] = [(HEART, "male"), *true[:-1]]
    fits, _, _ = tables(true, given, 0.9999)
    suggestion = suggest_sheet(sheet_of(given), [], find_shifts(fits))
    assert suggestion.frame["tissue"].tolist()[:-1] == [tissue for tissue, _ in true[:-1]]
    assert suggestion.frame["tissue"].iloc[-1] == ""


def test_sentences_are_consistent_with_never_proof() -> None:
    given = exchanged(FOUR, (0, 1))
    fits, verdicts, _ = tables(FOUR, given, 0.9999)
    (finding,) = exchange_findings(find_exchanges(fits, verdicts), [], verdicts)
    assert finding.score is not None
    assert finding.score >= 3
    assert finding.sentence.startswith("s0 (labelled brain) and s1 (labelled liver) each look like")
    assert "consistent with a swap of the tissue label" in finding.sentence


def test_each_kind_of_finding_has_its_sentence() -> None:
    group: list[Label] = [(LIVER,), (LIVER,), (BRAIN,), (BRAIN,)]
    donors = pd.Series({"s0": "a", "s2": "a", "s1": "b", "s3": "b"})
    batches = pd.Series({"s0": 1, "s1": 2, "s2": 1, "s3": 2})
    many: list[Label] = [(LIVER,), (BRAIN,)] * 8
    cases = [
        (FOUR, [(BRAIN,), (HEART,), (LIVER,), (BLOOD,)], {}, "a ring exchange of the tissue label"),
        (group, exchanged(group, (0, 2), (1, 3)), {}, "can't tell who exchanged with whom"),
        (group, exchanged(group, (0, 2), (1, 3)), {"donors": donors}, "of one donor"),
        (FOUR, exchanged(FOUR, (0, 1)), {"batches": batches}, "of different batches"),
        (many, exchanged(many, *((i, i + 1) for i in range(0, 16, 2))), {}, "and 4 more"),
    ]
    for true, stated_, known, words in cases:
        fits, verdicts, _ = tables(true, stated_, 0.9999)
        found = exchange_findings(find_exchanges(fits, verdicts, **known), [], verdicts)
        assert any(words in one.sentence for one in found), words
    rows: list[Label] = [(LIVER, "male"), (BRAIN, "female")]
    fits, verdicts, _ = tables(rows, rows[::-1], 0.9999)
    (finding,) = exchange_findings(find_exchanges(fits, verdicts), [], verdicts)
    assert "of the samples or of their rows in the sheet" in finding.sentence


def test_nothing_stated_and_nothing_answered_exchange_nothing() -> None:
    labels = pd.DataFrame([stated("s0", "tissue", None, "unmapped"), stated("s1", "tissue", LIVER)])
    answered = Answers().probabilities("s0", "tissue", {LIVER: 0.9, BRAIN: 0.1}).tables()
    fits = label_fits(labels, *answered, QcSettings())
    verdicts = judge(labels, *answered, QcSettings())
    assert find_exchanges(fits, verdicts) == []
    assert find_shifts(fits) == []
    assert with_partners(verdicts, fits)["status"].tolist() == verdicts["status"].tolist()
