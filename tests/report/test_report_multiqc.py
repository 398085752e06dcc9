"""What MultiQC gets to read of a dataset; `tests/e2e/test_multiqc.py` runs it on such files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from report_examples import report_input

from gem_assets.report.multiqc import multiqc_files
from gem_assets.report.multiqc.plots import MAX_VALUES
from gem_assets.report.multiqc.tables import MAX_ROWS
from gem_assets.report.report_input import ReportInput
from gem_assets.reporting import write_report

EVIL = '<script>alert("x")</script>, **a_b_** [c](javascript:d)'


def files_of(given: ReportInput) -> dict[str, dict]:  # type: ignore[type-arg]
    """Return the files, by the last part of their ids, as they are read from JSON."""
    files = multiqc_files(given, "gem_bulk")
    assert {name for name in files if not name.endswith("_mqc.json")} == set()
    read = {name: json.loads(json.dumps(held, allow_nan=False)) for name, held in files.items()}
    return {held["id"].rpartition("-")[2]: held for held in read.values()}


def measured(given: ReportInput) -> ReportInput:
    names = given.samples["sample_id"]
    quality = pd.DataFrame({"sample_id": names, "matched_share": 0.75, "reconstruction_r": None})
    return replace(given, quality=quality)


def test_the_general_statistics_hold_a_row_a_sample_in_the_words_of_the_tables() -> None:
    general = files_of(measured(report_input()))["general"]
    assert len(general["data"]) == 24
    assert general["data"]["S001"] == {
        "status": "fail",
        "flagged": "sex",
        "sex": "male (0.99)",
        "matched_share": 0.75,
    }
    assert "flagged" not in general["data"]["S000"]
    assert set(general["headers"]) == {"status", "flagged", "sex", "matched_share"}
    for header in general["headers"].values():
        assert header["title"].endswith("(study)")
        assert "not GEM-1" in header["description"]


def test_the_table_holds_every_label_the_worst_first() -> None:
    table = files_of(report_input())["labels"]
    assert list(table["data"])[:4] == ["S001", "S002", "S005", "S000"]
    assert table["data"]["S001"] == {
        "disease": "not judged",
        "disease_words": "normal → no answer",
        "sex": "fail",
        "sex_words": "female → male (0.99)",
    }
    rules = table["headers"]["sex"]["cond_formatting_rules"]
    assert {status: rule for status, [rule] in rules.items()} == {
        "pass": {"s_eq": "pass"},
        "unclear": {"s_eq": "unclear"},
        "warn": {"s_eq": "warn"},
        "fail": {"s_eq": "fail"},
        "not_assessed": {"s_eq": "not judged"},
    }


def test_a_review_stands_beside_its_label() -> None:
    given = report_input()
    given.verdicts["reviewed_by"] = given.verdicts["reviewed_by"].astype(object)
    given.verdicts.loc[given.verdicts["sample_id"].eq("S001"), "reviewed_by"] = "A. B."
    words = files_of(given)["labels"]["data"]["S001"]["sex_words"]
    assert words == "female → male (0.99); reviewed by A. B."


def test_bars_and_heatmap_count_every_sample() -> None:
    files = files_of(report_input())
    bars = files["status"]
    assert [view["name"] for view in bars["pconfig"]["data_labels"]] == ["labels", "predicted sex"]
    assert bars["data"] == [
        {"disease": {"not_assessed": 24}, "sex": {"fail": 3, "pass": 21}},
        {"male": {"fail": 2, "pass": 11}, "female": {"fail": 1, "pass": 10}},
    ]
    heatmap = files["stated_sex"]
    assert heatmap["ycats"] == heatmap["xcats"] == ["female", "male"]
    assert heatmap["data"] == [[10, 2], [1, 11]]


def test_a_plot_counts_rare_values_as_other() -> None:
    given = report_input(n=MAX_VALUES + 10, wrong=())
    of_sex = given.verdicts["field"].eq("sex")
    words = [f"word {i}" for i in range(MAX_VALUES + 10)]
    given.verdicts.loc[of_sex, "provided_label"] = words
    heatmap = files_of(given)["stated_sex"]
    assert len(heatmap["ycats"]) == MAX_VALUES + 1
    assert sum(map(sum, heatmap["data"])) == MAX_VALUES + 10


def test_where_nothing_differs_there_is_no_heatmap() -> None:
    given = report_input(wrong=())
    only = given.verdicts["provided_label"].eq("male") | given.verdicts["field"].eq("disease")
    files = files_of(replace(given, verdicts=given.verdicts[only]))
    assert set(files) == {"general", "labels", "status"}


def test_without_labels_it_is_said_what_was_predicted() -> None:
    given = report_input()
    files = files_of(replace(given, verdicts=given.verdicts.head(0), samples=given.samples.head(0)))
    assert set(files) == {"general", "status"}
    assert files["status"]["data"] == [{"male": {"no_label": 13}, "female": {"no_label": 11}}]
    assert files["general"]["data"]["S001"] == {"sex": "male (0.99)"}
    assert "nothing was judged" in files["status"]["parent_description"]


def test_groups_of_cells_have_no_rows_among_the_samples_of_other_tools() -> None:
    given = report_input()
    groups = (given.predicted, given.probabilities)
    files = files_of(replace(given, modality="sc", group_predictions=groups))
    assert set(files) == {"labels", "status", "stated_sex"}
    assert files["labels"]["pconfig"]["col1_header"] == "Group of cells"


def test_ten_thousand_samples_are_the_worst_five_hundred_and_counts_of_all() -> None:
    files = files_of(report_input(n=10_000, wrong=(9_000, 9_998)))
    for section in ("general", "labels"):
        assert len(files[section]["data"]) == MAX_ROWS
        assert list(files[section]["data"])[:2] == ["S9000", "S9998"]
    assert "9,500 more samples" in files["labels"]["description"]
    assert files["status"]["data"][0]["sex"] == {"fail": 2, "pass": 9_998}
    assert len(json.dumps(files)) < 300_000


def test_no_text_of_a_user_is_html_or_markdown() -> None:
    given = measured(report_input(names={1: "<b>/S1", 3: "S_3, left"}))
    given.verdicts["provided_label"] = EVIL
    given.verdicts["reviewed_by"] = EVIL
    given.predicted["predicted_label"] = EVIL
    given.predicted["model_version"] = EVIL
    files = files_of(given)
    assert "&lt;b&gt;&#47;S1" in files["labels"]["data"]
    assert "S_3, left" in files["general"]["data"]  # as other tools call it
    shown = json.dumps(files, ensure_ascii=False)
    for mark in ("<", "**", "[c]", "_b_", "</"):
        assert mark not in shown


@pytest.mark.parametrize(
    ("one", "other"), [("a.b", "a_b"), ("a-b", "a.b"), ("a-db", "a.b"), ("a--b", "a-b")]
)
def test_no_two_datasets_share_an_id_or_a_file(one: str, other: str) -> None:
    held = [multiqc_files(replace(report_input(n=2), dataset=n), "gem_bulk") for n in (one, other)]
    assert not set(held[0]) & set(held[1])
    ids = [{str(content["id"]) for content in files.values()} for files in held]
    assert not ids[0] & ids[1]
    # What MultiQC would not leave as it is, it might make the same.
    assert all(set(name) <= set("gem_bulk-adlnrstxu") for name in ids[0] | ids[1]), ids


def test_files_of_a_run_before_are_gone(tmp_path: Path) -> None:
    given = report_input(wrong=())
    folder = write_report(tmp_path / "gem_bulk", given).multiqc
    assert folder == tmp_path / "gem_bulk" / "study.multiqc"
    before = {path.name for path in folder.iterdir()}
    assert "gem_bulk-study-stated_sex_mqc.json" in before
    unjudged = given.verdicts[given.verdicts["field"].eq("disease")]
    write_report(tmp_path / "gem_bulk", replace(given, verdicts=unjudged))
    after = {path.name for path in folder.iterdir()}
    assert after == before - {"gem_bulk-study-stated_sex_mqc.json"}
