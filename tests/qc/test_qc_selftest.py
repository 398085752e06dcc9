"""What is planted is counted as found, named or missed, and false alarms beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from selftest_lab import answered, made_dataset

from gem_assets.qc.dataset import JudgedDataset, QcInput, judge_dataset
from gem_assets.qc.findings import Finding, findings_table
from gem_assets.qc.planted_mixtures import PlannedMixture
from gem_assets.qc.review import REVIEW_COLUMNS, read_reviews
from gem_assets.qc.selftest import SelfTest
from gem_assets.qc.selftest_table import (
    SELFTEST_COLUMNS,
    selftest_rows,
    selftest_sentence,
    selftest_table,
    tallies_of,
)
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.tally import Tally
from gem_assets.warehouse import validate

SETTINGS = QcSettings()
PLANNED = (PlannedMixture("s0", "s1", 0.1),)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def selftest_of(letters: str, **more: object) -> SelfTest:
    return SelfTest(made_dataset(letters), SETTINGS, **more)


def table_of(*tallies: Tally, given: QcInput | None = None) -> pd.DataFrame:
    predicted = (given or made_dataset("lb")).tables["predicted_metadata"]
    return selftest_table("d", tallies, predicted, SETTINGS, run_id="r", at=AT, seed=0)


def judge_that(
    finds: Callable[[QcInput, JudgedDataset], JudgedDataset],
) -> Callable[[QcInput, QcSettings], JudgedDataset]:
    """Return a judge that changes what the real one says, except of the sheet as it stands."""
    seen = []

    def judge(given: QcInput, settings: QcSettings) -> JudgedDataset:
        judged = judge_dataset(given, settings)
        seen.append(given)
        return judged if len(seen) == 1 else finds(given, judged)

    return judge


def test_swaps_are_found_and_named_and_nobody_else_is_accused() -> None:
    tally = selftest_of("lbmlbm").swaps()
    assert (tally.planted, tally.found, tally.named) == (12, 12, 12)
    assert (tally.untouched, tally.false_positives, tally.judgements) == (6, 0, 12)
    assert (tally.tellable, tally.possible) == (12, 15)


def test_slips_of_the_sheet_are_found_and_named() -> None:
    tally = selftest_of("lbmmblblm").shifts()
    assert (tally.planted, tally.found, tally.named) == (6, 6, 6)
    assert (tally.tellable, tally.possible) == (6, 6)


def test_what_is_wrong_already_is_neither_planted_in_nor_counted() -> None:
    given = made_dataset("lbmlbm", wrong={0: "b", 1: "l"})
    test = SelfTest(given, SETTINGS)
    assert test.samples == {"s2", "s3", "s4", "s5"}
    tally = test.swaps()
    assert (tally.planted, tally.possible) == (5, 6)
    assert tally.false_positives == 0
    assert tally.untouched == 4


def test_reviews_of_the_labels_as_they_stand_settle_no_planted_error() -> None:
    rows = [
        {
            "sample_id": f"s{i}",
            "field": "tissue",
            "decision": "label_correct",
            "reviewer": "M",
            "date": "2026-01-02",
        }
        for i in range(6)
    ]
    reviews = pd.DataFrame(rows).reindex(columns=list(REVIEW_COLUMNS), fill_value="")
    given = replace(made_dataset("lbmlbm"), reviews=read_reviews(reviews))
    tally = SelfTest(given, SETTINGS).swaps(4)
    assert (tally.planted, tally.found) == (4, 4)


def test_a_judge_that_finds_nothing_has_no_sensitivity() -> None:
    def nothing(_: QcInput, judged: JudgedDataset) -> JudgedDataset:
        return replace(
            judged,
            verdicts=judged.verdicts.assign(status="pass"),
            findings=findings_table("d", ()),
        )

    test = selftest_of("lbmlbm", judge=judge_that(nothing))
    assert (test.swaps().found, test.swaps().named) == (0, 0)
    assert test.shifts().found == 0


def test_a_judge_that_accuses_everybody_has_false_positives() -> None:
    def everything(_: QcInput, judged: JudgedDataset) -> JudgedDataset:
        return replace(judged, verdicts=judged.verdicts.assign(status="fail"))

    tally = selftest_of("lbmlbm", judge=judge_that(everything)).swaps()
    assert (tally.found, tally.untouched, tally.false_positives) == (12, 6, 6)


def test_a_sample_accused_again_and_again_is_one_false_positive() -> None:
    def last(_: QcInput, judged: JudgedDataset) -> JudgedDataset:
        fails = judged.verdicts["sample_id"].eq("s5")
        return replace(
            judged, verdicts=judged.verdicts.assign(status=fails.map({True: "fail", False: "pass"}))
        )

    tally = selftest_of("lbmlbm", judge=judge_that(last)).swaps()
    assert (tally.judgements, tally.untouched, tally.false_positives) == (12, 6, 1)


def test_who_is_only_named_in_an_exchange_is_accused_too() -> None:
    def exchange(given: QcInput, judged: JudgedDataset) -> JudgedDataset:
        found = Finding("exchange_group", tuple(given.sample_ids), "partners_open", "All.")
        return replace(
            judged,
            verdicts=judged.verdicts.assign(status="pass"),
            findings=findings_table("d", [found]),
        )

    tally = selftest_of("lbmlbm", judge=judge_that(exchange)).swaps()
    assert (tally.found, tally.named, tally.false_positives) == (12, 12, 6)


def test_a_shift_counts_as_found_where_most_of_its_samples_fail() -> None:
    def unnamed(_: QcInput, judged: JudgedDataset) -> JudgedDataset:
        return replace(judged, findings=findings_table("d", ()))

    tally = selftest_of("lbmmblblm", judge=judge_that(unnamed)).shifts()
    assert (tally.found, tally.named) == (6, 0)


def test_mixtures_are_found_with_their_source_and_share() -> None:
    given = made_dataset("lbmlbm")
    test = SelfTest(given, SETTINGS)
    planned = test.plan_mixtures(9)
    tallies = test.mixtures(answered(given, test.mixed_counts(planned), planned))
    assert [tally.share for tally in tallies] == [0.1, 0.2, 0.3]
    for tally in tallies:
        assert (tally.planted, tally.found, tally.named, tally.close) == (3, 3, 3, 3)
        assert (tally.untouched, tally.false_positives) == (6, 0)


def test_a_judge_that_calls_everything_mixed_has_false_positives() -> None:
    def everything(given: QcInput, judged: JudgedDataset) -> JudgedDataset:
        found = [
            Finding("mixture", (name, "s0"), "second_tissue", "Mixed.", score=0.9)
            for name in given.sample_ids
        ]
        return replace(judged, findings=findings_table("d", found))

    given = made_dataset("lbmb")
    test = SelfTest(given, SETTINGS, judge=judge_that(everything))
    planned = test.plan_mixtures(3)
    tallies = test.mixtures(answered(given, test.mixed_counts(planned), planned))
    assert sum(tally.found for tally in tallies) == 3
    assert sum(tally.close or 0 for tally in tallies) == 0
    assert sum(tally.false_positives for tally in tallies) == 9


def test_without_raw_counts_nothing_is_mixed() -> None:
    test = SelfTest(replace(made_dataset("lbmlbm"), raw_counts=None), SETTINGS)
    assert test.plan_mixtures(5) == ()
    assert test.swaps(2).found == 2
    with pytest.raises(ValueError, match="without raw counts"):
        test.mixed_counts(())
    given = made_dataset("lb")
    with pytest.raises(ValueError, match="without raw counts"):
        test.mixtures(answered(given, SelfTest(given, SETTINGS).mixed_counts(PLANNED), PLANNED))


def test_too_few_samples_are_said_to_be_too_few() -> None:
    test = selftest_of("lbm")
    assert not test.enough
    assert test.plan_mixtures(5) == ()
    assert (test.swaps().planted, test.shifts().planted) == (0, 0)
    sentence = selftest_sentence(table_of(test.swaps(), test.shifts()))
    assert sentence == (
        "Nothing was planted: 3 samples are judged, and a self-test needs 4 that nothing accuses "
        "as the sheet stands."
    )


@pytest.mark.parametrize(
    ("judged", "left", "told"),
    [
        (0, 0, "no sample is judged"),
        (1, 1, "1 sample is judged"),
        (3, 1, "3 samples are judged"),
        (6, 0, "all 6 judged samples are accused as the sheet stands"),
        (6, 1, "5 of 6 judged samples are accused as the sheet stands"),
        (4, 3, "1 of 4 judged samples is accused as the sheet stands"),
    ],
)
def test_too_few_judged_samples_are_told_from_accused_ones(
    judged: int, left: int, told: str
) -> None:
    table = table_of(*(Tally(kind, left, judged=judged) for kind in ("swap", "shift", "mixture")))
    assert selftest_sentence(table).startswith(f"Nothing was planted: {told}, and a self-test")
    assert selftest_sentence(table).count("planted") == 1, "said once for all kinds"
    assert selftest_rows(table)[2].sentence == selftest_sentence(table)


def test_a_sheet_of_which_all_is_wrong_is_said_to_be_accused() -> None:
    test = SelfTest(made_dataset("lbmlb", wrong=dict(enumerate("bmlbm"))), SETTINGS)
    assert selftest_sentence(table_of(test.swaps(), test.shifts())) == (
        "Nothing was planted: all 5 judged samples are accused as the sheet stands, and a "
        "self-test needs 4 that nothing accuses."
    )


def test_samples_of_one_label_are_said_to_have_nothing_to_exchange() -> None:
    test = selftest_of("lllll")
    rows = selftest_rows(table_of(test.swaps(), test.shifts(), *test.mixtures(None)))
    assert rows[0].sentence == (
        "No swap was planted: no two of the 5 samples that nothing accuses as the sheet stands "
        "have labels that exclude each other."
    )
    assert rows[1].sentence == (
        "No slip of the sheet was planted: none of the 6 by one to three rows changes a label to "
        "one that excludes it."
    )
    assert rows[0].sensitivity == rows[0].false_alarms == ""
    assert rows[2].sentence == (
        "No mixture was planted: there are no two samples of different tissues."
    )


def test_slips_that_change_nothing_are_said_to_be_left_out() -> None:
    tally = selftest_of("lbmlbmlbm").shifts()
    assert (tally.planted, tally.tellable, tally.possible) == (4, 4, 6)
    (row,) = selftest_rows(table_of(tally))
    assert (
        "2 of 6 slips were left out, since they change no label to one that excludes it, such as "
        "another tissue: no such check sees these."
    ) in row.sentence
    (row,) = selftest_rows(table_of(replace(tally, tellable=5)))
    assert "1 of 6 slips was left out, since it changes no label" in row.sentence
    (row,) = selftest_rows(table_of(replace(tally, tellable=6)))
    assert "left out" not in row.sentence


def test_progress_is_told_to_the_last_judgement() -> None:
    told: list[tuple[int, int]] = []
    selftest_of("lbmlbm").swaps(3, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_same_seed_gives_the_same_table() -> None:
    one, other = (table_of(selftest_of("lbmlbm", seed=3).swaps(5)) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_the_table_keeps_its_contract_and_gives_the_tallies_back() -> None:
    tallies = [
        Tally("swap", 10, 4, 3, 2, 10, 1, 4, tellable=10, possible=15),
        Tally("shift", 10),
        Tally("mixture", 9, 2, 2, 1, 8, 0, 2, share=0.1, close=1),
    ]
    table = table_of(*tallies)
    assert tuple(table.columns) == SELFTEST_COLUMNS
    rows = validate("qc_selftest", table)
    assert tallies_of(rows.to_pandas()) == tallies
    assert tallies_of(table) == tallies


def test_rates_come_with_their_numbers_and_intervals() -> None:
    table = table_of(
        Tally("swap", 24, 200, 198, 195, 24, 2, 200, tellable=252, possible=276),
        Tally("shift", 24, 6, 6, 5, 0, 0, 6),
        Tally("mixture", 24, 1, 1, 1, 22, 1, 1, share=0.2, close=0),
    )
    assert selftest_sentence(table) == (
        "Of errors planted in these data the check found 198 of 200 swaps, 6 of 6 slips of the "
        "sheet and 1 of 1 mixtures of 20%; of untouched samples that nothing accuses as the sheet "
        "stands it accused 2 of 24 beside swaps and 1 of 22 beside mixtures of 20%. "
        "The rates hold for errors of these kinds among these samples."
    )
    swap, shift, mixture = selftest_rows(table)
    assert swap.planted == "200 swaps of two samples"
    assert swap.found == "198, 195 told as an exchange of the two"
    assert swap.sensitivity == "99% (96% to 99.7%)"
    assert swap.false_alarms == "2 of 24 (2% to 26%)"
    assert swap.sentence == (
        "198 of 200 planted swaps of two samples were found (99%, 95% interval 96% to 99.7%, "
        "too narrow where swaps share a sample), 195 told as an exchange of the two. "
        "24 of 276 pairs of samples have labels that do not "
        "exclude each other, such as the same tissue and sex: no such check sees a swap of these. "
        "2 of 24 untouched samples that nothing accuses as the sheet stands were accused in one of "
        "200 judgements or more (8%, 95% interval 2% to 26%)."
    )
    assert shift.found == "6, 5 told as a shift"
    assert shift.false_alarms == ""
    assert mixture.planted == "1 sample with 20% of the reads from another tissue"
    assert mixture.found == "1, 1 with the right tissue, 0 with a share within .05"
    assert mixture.sentence.endswith(
        "1 of 22 untouched samples that nothing accuses as the sheet stands was accused in the one "
        "judgement (5%, 95% interval 1% to 22%)."
    )


def test_where_all_samples_were_touched_no_false_alarm_is_spoken_of() -> None:
    sentence = selftest_sentence(table_of(Tally("shift", 4, 6, 6, 6, 0, 0, 6)))
    assert sentence == (
        "Of errors planted in these data the check found 6 of 6 slips of the sheet. The rates hold "
        "for errors of these kinds among these samples."
    )


def test_what_was_not_found_is_not_said_to_be_named() -> None:
    (row,) = selftest_rows(table_of(Tally("swap", 24, 3, 0, 0, 24, 0, 3, tellable=5, possible=5)))
    assert row.found == "0"
    assert row.sentence.startswith(
        "0 of 3 planted swaps of two samples were found (0%, 95% interval 0% to 56%, "
        "too narrow where swaps share a sample). 0 of 24 untouched samples"
    )


def test_a_table_needs_a_time_zone_and_a_prediction() -> None:
    predicted = made_dataset("lb").tables["predicted_metadata"]
    told = {"run_id": "r", "seed": 0}
    with pytest.raises(ValueError, match="time zone"):
        selftest_table("d", [], predicted, SETTINGS, at=AT.replace(tzinfo=None), **told)
    with pytest.raises(ValueError, match="no prediction"):
        selftest_table("d", [], predicted.iloc[:0], SETTINGS, at=AT, **told)
