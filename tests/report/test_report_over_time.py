"""What changed since the last run, what planted errors came to, and how sure it all is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from report_examples import PROVENANCE, Page, report_input

from gem_assets.qc.calibration import Calibration
from gem_assets.qc.change_words import Change
from gem_assets.qc.changes import CHANGE_COLUMNS
from gem_assets.qc.selftest_table import selftest_table
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.tally import Tally
from gem_assets.report.content import report_content
from gem_assets.report.page import build_report
from gem_assets.report.report_input import ReportInput
from gem_assets.report.run_changes import MAX_CHANGES

LAST = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def over_time(*changes: Change, runs: int = 2) -> ReportInput:
    """Return a dataset judged some times, on whose samples the last run says otherwise."""
    history = pd.DataFrame(
        [
            PROVENANCE
            | {
                "dataset": "study",
                "run_id": f"r{i}",
                "at": pd.Timestamp(LAST + timedelta(days=7 * i)),
                "rules_version": "1",
                "settings_hash": "sha256:0",
            }
            for i in range(runs)
        ]
    )
    rows = [
        {
            "dataset": "study",
            "run_id": "r1",
            "since": pd.Timestamp(LAST),
            "sample_id": f"S{i:03d}",
            "field": "sample_type",
            "was_status": None if change is Change.ADDED else "pass",
            "status": None if change is Change.REMOVED else "fail",
            "change": str(change),
            "why": ["label_changed"],
            "sentence": f"S{i:03d}: because.",
        }
        for i, change in enumerate(changes)
    ]
    table = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
    return replace(report_input(), changes=table, history=history)


def test_what_changed_is_told_in_a_sentence_at_the_top_and_label_by_label_below() -> None:
    given = over_time(Change.NEWLY_PASSING, Change.NEWLY_FAILING)
    changes = report_content(given).changes
    assert changes is not None
    assert changes.headline.startswith("Since 2026-01-02: 1 label newly failing")
    assert [(c.sample_id, c.field, c.change) for c in changes.changes] == [
        ("S001", "sample type", "newly failing"),
        ("S000", "sample type", "newly passing"),
    ], "bad news first"
    html = build_report(given)
    assert (
        html.index("Since 2026-01-02") < html.index('class="strip"') < html.index("S001: because")
    )
    assert "#changes" in Page(html).links


def test_a_label_that_came_or_went_has_a_word_for_the_status_it_lacks() -> None:
    changes = report_content(over_time(Change.ADDED, Change.REMOVED)).changes
    assert changes is not None
    assert [(c.was, c.now) for c in changes.changes] == [("pass", "gone"), ("not there", "fail")]


def test_a_run_that_changes_nothing_says_so_and_a_first_run_that_there_is_none_before() -> None:
    calm = Page(build_report(over_time())).text
    assert "No verdict changed since 2026-01-02." in calm
    assert "What changed since the last run" not in calm
    assert "First run" in Page(build_report(over_time(runs=1))).text
    assert report_content(report_input()).changes is None


def test_more_changes_than_are_shown_are_counted() -> None:
    changes = report_content(over_time(*[Change.NEWLY_FAILING] * (MAX_CHANGES + 3))).changes
    assert changes is not None
    assert (len(changes.changes), changes.left_out) == (MAX_CHANGES, 3)


def with_selftest(*tallies: Tally) -> ReportInput:
    """Return a dataset whose check was checked."""
    given = report_input()
    table = selftest_table(
        "study", tallies, given.predicted, QcSettings(), run_id="r", at=LAST, seed=3
    )
    return replace(given, selftest=table)


def test_planted_errors_are_told_by_kind_with_rates_and_intervals() -> None:
    swaps = Tally("swap", 24, planted=200, found=196, untouched=24, judgements=200)
    mixed = Tally("mixture", 24, planted=10, found=9, untouched=0, share=0.2, close=8)
    selftest = report_content(with_selftest(swaps, mixed)).selftest
    assert selftest is not None
    assert "model version embedded-1" in selftest.sentence
    assert "seed 3" in selftest.sentence
    first, second = selftest.rows
    assert first.planted == "two samples' rows exchanged"
    assert first.found == "196 of 200: 98% (95% to 99.2%)"
    assert first.false_alarms.startswith("0 of 24: 0% (0% to 14%")
    assert second.planted == "reads of another sample mixed in: 20%"
    assert second.false_alarms == "none tried"
    assert "How well the check finds errors" in Page(build_report(with_selftest(swaps))).text


def test_a_self_test_of_another_model_version_says_so() -> None:
    given = with_selftest(Tally("swap", 24, planted=2, found=2))
    newer = given.predicted.assign(model_version="embedded-2")
    selftest = report_content(replace(given, predicted=newer)).selftest
    assert selftest is not None
    assert selftest.sentence.endswith("another model version now: test again.")


def test_without_a_self_test_there_is_no_word_of_it() -> None:
    assert report_content(report_input()).selftest is None
    assert report_content(with_selftest()).selftest is None


def test_fields_with_one_calibration_share_its_sentence() -> None:
    none = Calibration(0, None, None, None, "Uncalibrated: 0 of 100 are reviewed.")
    given = replace(report_input(), calibrations={"sex": none, "tissue": none})
    content = report_content(given)
    assert content.calibrations == (("tissue, sex", none.sentence),)
    assert "Probabilities are uncalibrated." in content.provenance


def test_calibrated_probabilities_are_called_so() -> None:
    none = Calibration(0, None, None, None, "Uncalibrated.")
    some = Calibration(120, 1.4, 1.1, 1.9, "Calibrated on 120.")
    in_part = report_content(replace(report_input(), calibrations={"sex": some, "tissue": none}))
    assert "calibrated for sex, and uncalibrated for the other fields." in in_part.provenance
    assert any("uncalibrated" in spot for spot in in_part.blind_spots)
    whole = report_content(replace(report_input(), calibrations={"sex": some}))
    assert "Probabilities are calibrated." in whole.provenance
    assert not any("uncalibrated" in spot for spot in whole.blind_spots)


def test_batches_are_told_of_where_there_is_nothing_to_find_in_them() -> None:
    sentence = "The 2 batches do not differ measurably on average."
    assert sentence in Page(build_report(replace(report_input(), batches=sentence))).text


def groups_input() -> ReportInput:
    """Return single cells judged by groups, each of 10 cells."""
    given = report_input(6, (1,))
    cells = [f"{group}-{i}" for group in given.samples["sample_id"] for i in range(10)]
    predicted = pd.DataFrame(
        [
            PROVENANCE
            | {
                "dataset": "study",
                "sample_id": cell,
                "field": "cell_type",
                "predicted_id": "CL:0000084",
                "predicted_label": "T cell",
                "probability": 0.9,
            }
            for cell in cells
        ]
    )
    latents = pd.DataFrame(
        {
            "sample_id": cells,
            "space": "biological",
            "vector": list(np.random.default_rng(0).normal(size=(60, 4))),
        }
    )
    return replace(
        given,
        modality="sc",
        predicted=predicted,
        latents=latents,
        group_predictions=(given.predicted, given.probabilities),
        markers=None,
    )


def test_single_cells_are_told_of_by_group_and_drawn_one_by_one() -> None:
    given = groups_input()
    content = report_content(given)
    assert content.headline == "1 of 6 groups of cells contradicts its label; 5 agree."
    assert content.table[0]["group of cells"] == "S001"
    assert content.table[0]["sex"] == "male 0.99"
    page = Page(build_report(given))
    assert "Every group of cells" in page.text
    assert "What was predicted" in page.text
    assert "The cells in the model's biological latent space, coloured by predicted cell type" in (
        page.text
    )
    group = next(sample for sample in page.data["samples"] if sample["id"] == "S001")
    (sex,) = [told for told in group["fields"] if told["name"] == "sex"]
    assert [page.data["words"][bar[0]] for bar in sex["bars"]] == ["male", "female"]
