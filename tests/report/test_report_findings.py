"""Findings are read by kind: those that explain labels first, each with its strength."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import Page, report_input

from gem_assets.qc.findings import Finding, findings_table
from gem_assets.report.content import ReportContent, report_content
from gem_assets.report.finding_groups import MAX_FINDINGS, MAX_NAMES
from gem_assets.report.page import build_report
from gem_assets.warehouse.qc_tables import FINDING_KINDS


def content_with(*findings: Finding) -> ReportContent:
    return report_content(replace(report_input(), findings=findings_table("study", findings)))


def test_every_kind_that_there_is_has_its_place() -> None:
    content = content_with(*(Finding(kind, (), "why", ".") for kind in sorted(FINDING_KINDS)))
    kinds = [group.kind for group in (*content.about_labels, *content.about_samples)]
    assert set(kinds) == FINDING_KINDS
    assert kinds[:4] == ["dataset_cause", "shift", "swap", "exchange_group"]


@pytest.mark.parametrize(
    ("finding", "strength"),
    [
        (Finding("swap", ("a", "b"), "mutual_pair", "a, b", score=12.4), "likelihood ratio 1e12"),
        (Finding("shift", (), "rows_slipped", ".", score=-0.5), "likelihood ratio 1e-1"),
        (
            Finding("mixture", (), "second_tissue", ".", score=0.21, ci_low=0.18, ci_high=0.256),
            "21% (18% to 26%)",
        ),
        (
            Finding(
                "duplicate", (), "nearly_identical", ".", score=0.9991, ci_low=0.998, ci_high=1
            ),
            "r = 0.999 (0.998 to 1.000)",
        ),
        (Finding("mixed_sex", (), "both_sexes", ".", score=37.94), "37.9 reads per million"),
        (Finding("blood", (), "haemoglobin", ".", score=9235.4), "9,235 reads per million"),
        (Finding("batch", (), "batches_differ", ".", score=0.004), "0.4%"),
    ],
)
def test_the_strength_is_told_in_the_unit_of_its_kind(finding: Finding, strength: str) -> None:
    content = content_with(finding)
    (group,) = (*content.about_labels, *content.about_samples)
    assert group.note is not None
    (shown,) = group.findings
    assert shown.details == (finding.reason.replace("_", " "), strength)


def test_a_finding_without_a_score_needs_no_explanation_of_it() -> None:
    (group,) = content_with(Finding("batch", (), "not_separable", "Not separable.")).about_samples
    assert group.note is None
    assert group.findings[0].details == ("not separable",)


def test_samples_are_listed_where_the_sentence_does_not_name_them() -> None:
    names = tuple(f"S{i:03d}" for i in range(15))
    named = Finding("exchange_group", names[:2], "open", "S000 and S001 may be exchanged.")
    unnamed = Finding("exchange_group", names, "open", "15 samples may be exchanged.")
    (group,) = content_with(named, unnamed).about_labels
    first, second = group.findings
    assert first.details == ("open",)
    assert second.details == ("open", f"{', '.join(names[:MAX_NAMES])} and 3 more")


def test_a_finding_across_datasets_names_the_other() -> None:
    found = Finding("duplicate", ("S001",), "identical_counts", "Same.", other_dataset="other")
    (group,) = content_with(found).about_samples
    assert group.findings[0].details[-1] == "S001 (and dataset other)"


def test_more_findings_than_are_shown_are_counted() -> None:
    many = [Finding("blood", (f"S{i}",), "haemoglobin", f"S{i}", score=1.0) for i in range(30)]
    (group,) = content_with(*many).about_samples
    assert (len(group.findings), group.left_out) == (MAX_FINDINGS, 30 - MAX_FINDINGS)


def test_a_reviewed_finding_comes_last_and_says_so() -> None:
    given = report_input()
    verdicts = given.verdicts.copy()
    verdicts.loc[verdicts["sample_id"].isin(["S001", "S002"]), "reviewed_by"] = "Ada"
    findings = findings_table(
        "study",
        [
            Finding("swap", ("S001", "S002"), "mutual_pair", "S001 and S002 are exchanged."),
            Finding("swap", ("S005", "S007"), "mutual_pair", "S005 and S007 are exchanged."),
        ],
    )
    given = replace(given, verdicts=verdicts, findings=findings)
    (group,) = report_content(given).about_labels
    assert [shown.reviewed for shown in group.findings] == [False, True]
    assert "reviewed: it no longer counts" in Page(build_report(given)).text


def test_findings_about_labels_stand_before_the_samples_and_others_after_them() -> None:
    findings = [
        Finding("duplicate", (), "identical_counts", "These are one sample."),
        Finding("swap", (), "mutual_pair", "These were exchanged."),
    ]
    html = build_report(replace(report_input(), findings=findings_table("study", findings)))
    places = [html.index(t) for t in ("These were exch", 'class="cards"', "These are one sample")]
    assert places == sorted(places)


def test_of_many_findings_of_a_kind_the_first_are_open_and_the_others_a_click_away() -> None:
    many = [Finding("swap", (f"S{i}",), "mutual_pair", f"Pair {i}.") for i in range(5)]
    html = build_report(replace(report_input(), findings=findings_table("study", many)))
    before, within = html.split("<summary>2 more: exchanged labels or samples</summary>")
    assert [f"Pair {i}." in before for i in range(5)] == [True, True, True, False, False]
    assert within.index("Pair 4.") < within.index("</details>")
