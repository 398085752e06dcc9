"""The report says what the tables hold, in one file that asks no host for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from report_examples import Page, report_input

from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.findings import Finding, findings_table
from gem_assets.qc.history import flagged_rate
from gem_assets.report.cards import MAX_CARDS
from gem_assets.report.content import report_content
from gem_assets.report.label_totals import MAX_LABELS
from gem_assets.report.page import build_report
from gem_assets.report.report_input import ReportInput
from gem_assets.report.thumbnails import label_heatmap, latent_scatter, library_sizes, status_bar
from gem_assets.report.trust import rate


def test_the_first_sentence_counts_what_failed_and_what_agrees() -> None:
    content = report_content(report_input())
    assert content.headline == "3 of 24 samples contradict their label; 21 agree."
    assert [card.sample_id for card in content.cards] == ["S001", "S002", "S005"]


def test_a_card_holds_three_voices_and_what_to_do() -> None:
    card = report_content(report_input()).cards[0]
    assert [(mark.voice, mark.says, mark.side) for mark in card.marks] == [
        ("label", "female", "for"),
        ("model", "male (0.99)", "against"),
        ("markers", "male", "against"),
    ]
    assert card.suggestion == "Suggested sex: male."


def test_markers_that_side_with_the_label_are_shown_to_do_so() -> None:
    given = report_input()
    assert given.markers is not None
    given.markers.loc[1, "call"] = "female"
    given.markers.loc[2, "call"] = "unclear"
    first, second, _ = report_content(given).cards
    assert first.marks[2].side == "for"
    assert (second.marks[2].says, second.marks[2].side) == ("unclear", "silent")


def test_the_flagged_rate_carries_its_wilson_interval() -> None:
    _, low, high = flagged_rate(3, 24)
    assert low is not None
    assert high is not None
    rate = report_content(report_input()).rate
    assert rate is not None
    assert f"{low:.0%} to {high:.0%}" in rate


def test_the_page_says_that_the_embedded_model_is_not_gem_1() -> None:
    page = Page(build_report(report_input()))
    assert "not GEM-1" in page.text
    assert "uncalibrated" in page.text


def test_the_page_asks_no_host_and_may_run_nothing_but_its_own_script() -> None:
    html = build_report(report_input())
    page = Page(html)
    assert page.tags.count("script") == 2, "its own, and the data that it reads"
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert page.policy.split("; ")[:2] == ["default-src 'none'", f"script-src 'sha256-{digest}'"]
    assert not {"link", "iframe", "object", "embed", "img"} & set(page.tags)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert re.findall(r"url\((?!#)[^)]*\)|@import", html) == []
    assert set(re.findall(r"https?://[^/\"]+", html)) == {"http://www.w3.org"}, "SVG's name"


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "a & b < c",
        "<!--<script>",
        "line\u2028separator\u2029",
    ],
)
def test_sample_names_are_text_and_never_markup(name: str) -> None:
    html = build_report(report_input(names={1: name, 3: name + "2"}))
    page = Page(html)
    assert page.tags.count("script") == 2
    assert "img" not in page.tags
    assert name in page.text
    assert page.data["samples"][0]["id"] == name
    assert f"#sample={quote(name, safe='')}" in page.links


def test_what_was_not_judged_is_listed_with_its_reason() -> None:
    (row,) = report_content(report_input()).unjudged
    assert (row.field_name, row.labels, row.samples) == ("disease", "normal", 24)
    assert row.explanation == "The model gave no answer for this field."


def test_more_flagged_samples_than_cards_are_told() -> None:
    content = report_content(report_input(40, tuple(range(15))))
    assert len(content.cards) == MAX_CARDS
    assert content.flagged == 15


def test_a_dataset_without_labels_is_annotated_and_not_judged() -> None:
    given = report_input()
    unlabelled = ReportInput(
        dataset="study",
        modality="sc",
        samples=given.samples.assign(status="not_assessed", suggestion=None),
        verdicts=given.verdicts.head(0),
        findings=given.findings,
        predicted=given.predicted,
        probabilities=given.probabilities,
        latents=given.latents,
    )
    page = Page(build_report(unlabelled))
    assert "24 cells annotated; no labels were stated, so nothing was judged." in page.text
    assert "What was predicted" in page.text


def test_a_large_dataset_shows_its_worst_rows_and_says_how_many_are_left_out() -> None:
    content = report_content(report_input(2_500, (2_499,)))
    assert content.table[0]["sample"] == "S2499"
    assert content.rows_left_out == 1_500
    assert content.strip == ()


def test_a_dataset_too_large_to_list_is_counted_by_label() -> None:
    totals = report_content(report_input(2_500, (7, 9))).totals
    assert totals is not None
    assert [(row.field_name, row.label, row.samples, row.counts) for row in totals.rows] == [
        ("sex", "female", 1_250, (2, 0, 0, 1_248, 0)),
        ("sex", "male", 1_250, (0, 0, 0, 1_250, 0)),
        ("disease", "normal", 2_500, (0, 0, 0, 0, 2_500)),
    ]
    page = Page(build_report(report_input(2_500, (7, 9))))
    assert "lists up to 1,000 samples one by one, the worst first. 1,500 more are in" in page.text
    assert "All samples by label" in page.text
    assert report_content(report_input()).totals is None


def test_a_label_of_two_values_reads_alike_wherever_it_is_shown() -> None:
    given = report_input(2_500, (7, 9))
    two = given.verdicts["provided_label"].replace("female", f"female{VALUE_SEPARATOR}male")
    given = replace(given, verdicts=given.verdicts.assign(provided_label=two))
    content = report_content(given)
    assert content.totals is not None
    assert content.totals.rows[0].label == "female / male"
    assert "female / male" in content.data["words"]
    for said in (content, build_report(given).split("<script", maxsplit=1)[0]):
        assert "female / male" in str(said)
        assert VALUE_SEPARATOR.strip() not in str(said)


def test_more_labels_than_are_shown_are_counted() -> None:
    given = report_input(2_500)
    texts = [f"label {i % 300}" for i in range(len(given.verdicts))]
    verdicts = given.verdicts.assign(provided_label=None, provided_text=texts)
    totals = report_content(replace(given, verdicts=verdicts)).totals
    assert totals is not None
    assert (len(totals.rows), totals.left_out) == (MAX_LABELS, 300 - MAX_LABELS)
    assert totals.rows[0].counts[0] == 1, "those with flagged samples come first"


def test_the_interval_of_many_samples_is_told_finer_than_a_percent() -> None:
    status = ["fail"] * 300 + ["pass"] * 9_700
    samples = pd.DataFrame({"sample_id": range(10_000), "status": status})
    many = replace(report_input(), samples=samples, verdicts=samples.assign(reviewed_by=None))
    assert rate(many) == (
        "300 of 10,000 judged are flagged: 3.0% (95 % Wilson interval 2.7% to 3.4%)."
    )


def test_the_strip_of_many_samples_is_a_bar_of_their_counts() -> None:
    assert 'class="strip"' in build_report(report_input(300))
    html = build_report(report_input(301))
    assert 'class="strip"' not in html
    assert '<span class="is-pass" style="flex:298">' in html


def test_findings_on_the_whole_dataset_come_first() -> None:
    given = report_input()
    finding = findings_table(
        "study", [Finding("dataset_cause", (), "sheet_shifted", "The sheet is shifted.")]
    )
    html = build_report(ReportInput(**(given.__dict__ | {"findings": finding})))
    assert html.index("The sheet is shifted.") < html.index('class="cards"')


def test_the_pictures_for_the_ui_are_small_png_images() -> None:
    given = report_input()
    pictures = [
        library_sizes(np.arange(24.0) * 1e6),
        status_bar(given.samples),
        label_heatmap(given.verdicts),
        latent_scatter(given.latents, given.predicted.assign(field="tissue")),
    ]
    for picture in pictures:
        assert re.match(r"!\[[^\]]+\]\(data:image/png;base64,iVBOR", picture)
        assert len(picture) < 50_000 * 4 / 3
