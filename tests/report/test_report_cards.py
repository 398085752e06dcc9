"""A card shows who says what about a flagged sample, and who has looked at it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from report_examples import Page, report_input

from gem_assets.report.content import report_content
from gem_assets.report.page import build_report
from gem_assets.report.report_input import ReportInput


def tissue_input(vote: str | None) -> ReportInput:
    """Return a dataset in which one sample's tissue is contradicted, and what its markers say."""
    given = report_input(24, (1,))
    verdicts = given.verdicts.copy()
    at = verdicts.index[(verdicts["sample_id"] == "S001") & (verdicts["field"] == "sex")]
    verdicts.loc[at, ["field", "provided_text", "provided_id", "provided_label"]] = (
        *("tissue", "liver", "UBERON:0002107", "liver"),
    )
    verdicts.loc[at, ["predicted_id", "predicted_label"]] = ("UBERON:0000955", "brain")
    votes = pd.DataFrame({"sample_id": ["S001"], "vote": [vote], "sentence": ["."]})
    return replace(given, verdicts=verdicts, votes=None if vote is None else votes)


@pytest.mark.parametrize(
    ("vote", "says", "side"),
    [
        ("label_error", "brain", "against"),
        ("model_error", "liver", "for"),
        ("sample_error", "both: a mixture", "silent"),
        ("undecided", "not settled", "silent"),
        (None, "none for this field", "silent"),
    ],
)
def test_the_markers_of_a_tissue_side_with_the_label_or_the_model_or_neither(
    vote: str | None, says: str, side: str
) -> None:
    (card,) = report_content(tissue_input(vote)).cards
    mark = card.marks[2]
    assert (mark.voice, mark.says, mark.side) == ("markers", says, side)


def test_where_only_the_markers_contradict_the_model_is_shown_to_agree() -> None:
    given = report_input(24, (1,))
    verdicts = given.verdicts.copy()
    at = verdicts.index[(verdicts["sample_id"] == "S001") & (verdicts["field"] == "sex")]
    verdicts.loc[at, ["predicted_id", "predicted_label", "status", "reason"]] = (
        *("female", "female", "warn", "markers_contradict_label"),
    )
    samples = given.samples.copy()
    samples.loc[1, "status"] = "warn"
    (card,) = report_content(replace(given, verdicts=verdicts, samples=samples)).cards
    assert (card.stated, card.claim, card.found) == ("female", "marker genes say", "male")
    assert [mark.side for mark in card.marks] == ["for", "for", "against"]


def reviewed_input() -> ReportInput:
    """Return a dataset with three failing samples, the first of which Ada has reviewed."""
    given = report_input()
    verdicts = given.verdicts.copy()
    verdicts.loc[verdicts["sample_id"] == "S001", "reviewed_by"] = "Ada"
    return replace(given, verdicts=verdicts)


def test_what_was_reviewed_stays_visible_after_what_is_open() -> None:
    content = report_content(reviewed_input())
    assert [(card.sample_id, card.reviewed_by) for card in content.cards] == [
        ("S002", None),
        ("S005", None),
        ("S001", "Ada"),
    ]
    assert "Reviewed by Ada: it no longer counts." in Page(build_report(reviewed_input())).text


def test_what_was_reviewed_is_told_beside_the_rate_and_not_in_it() -> None:
    rate = report_content(reviewed_input()).rate
    assert rate is not None
    assert rate.startswith("2 of 24 judged are flagged and not reviewed: 8%")
    assert rate.endswith("1 more was reviewed.")


def test_the_table_names_reviewers_where_there_are_any() -> None:
    assert "reviewed by" not in report_content(report_input()).table[0]
    reviewers = {
        row["sample"]: row["reviewed by"] for row in report_content(reviewed_input()).table
    }
    assert (reviewers["S001"], reviewers["S002"]) == ("Ada", "")


def test_a_card_shows_an_open_label_rather_than_one_that_was_reviewed() -> None:
    given = report_input(24, (1,))
    verdicts = given.verdicts.copy()
    own = verdicts["sample_id"] == "S001"
    verdicts.loc[own & (verdicts["field"] == "sex"), "reviewed_by"] = "Ada"
    disease = own & (verdicts["field"] == "disease")
    verdicts.loc[disease, ["status", "reason"]] = ("fail", "contradicts")
    verdicts.loc[disease, ["predicted_id", "predicted_label"]] = ("MONDO:1", "asthma")
    (card,) = report_content(replace(given, verdicts=verdicts)).cards
    assert (card.field, card.found, card.reviewed_by) == ("disease", "asthma", None)
