"""What a sample's panel shows is what the tables hold, and stays data."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_examples import report_input

from gem_assets.qc.findings import Finding, findings_table
from gem_assets.report.chances import MOST_PROBABLE, chances
from gem_assets.report.content import report_content
from gem_assets.report.data_block import data_block
from gem_assets.report.details import Record
from gem_assets.report.report_input import ReportInput


def sample(given: ReportInput, name: str) -> Record:
    (found,) = [one for one in report_content(given).data["samples"] if one["id"] == name]
    return dict(found)


def test_a_panel_tells_what_is_stated_and_what_was_predicted_and_why() -> None:
    data = report_content(report_input()).data
    told = sample(report_input(), "S001")
    assert (told["status"], told["next"]) == ("fail", "Suggested sex: male.")
    sex, disease = told["fields"]
    bars = sex.pop("bars")
    assert sex == {
        "name": "sex",
        "stated": "female",
        "found": "male",
        "status": "fail",
        "why": "contradicts",
        "p": "0.99",
        "fit": "0.01",
    }
    assert [(data["words"][bar[0]], *bar[1:]) for bar in bars] == [
        ("male", 0.99, "0.99"),
        ("female", 0.01, "0.01", 1),
    ]
    assert (disease["name"], disease["stated"], disease["bars"]) == ("disease", "normal", [])
    assert data["why"]["contradicts"] == "The expression contradicts the label."


def test_a_field_that_was_predicted_and_not_stated_is_told_after_the_others() -> None:
    given = report_input()
    more = given.predicted.assign(field="tissue", predicted_id="x", predicted_label="liver")
    told = sample(replace(given, predicted=pd.concat([given.predicted, more])), "S001")["fields"]
    assert [field["name"] for field in told] == ["sex", "disease", "tissue"]
    assert told[-1] == {"name": "tissue", "found": "liver", "p": "0.99", "bars": []}


def test_marker_genes_are_told_with_their_levels() -> None:
    given = report_input()
    assert given.markers is not None
    markers = given.markers.assign(haemoglobin_cpm=9235.4)
    votes = pd.DataFrame({"sample_id": ["S001"], "vote": ["label_error"], "sentence": ["Why."]})
    told = dict(sample(replace(given, markers=markers, votes=votes), "S001")["markers"])
    assert told == {
        "XIST": "0.0 CPM",
        "Chromosome Y, mean of 7 genes": "31.5 CPM",
        "Haemoglobin, HBA1 + HBA2 + HBB": "9,235.4 CPM",
        "Sex": "Marker genes say male.",
        "Tissue": "Why.",
    }


def test_markers_that_the_file_lacks_have_no_level() -> None:
    given = report_input()
    assert given.markers is not None
    told = sample(replace(given, markers=given.markers.assign(xist_cpm=np.nan)), "S001")["markers"]
    assert "XIST" not in dict(told)
    assert sample(replace(given, markers=None), "S001")["markers"] == []


def test_the_nearest_samples_are_named_with_their_labels() -> None:
    given = report_input(6, (1,))
    vectors = [np.array([float(i), 0.0]) for i in range(6)]
    data = report_content(replace(given, latents=given.latents.assign(vector=vectors))).data
    near = {one["id"]: one["near"] for one in data["samples"]}["S000"]
    assert [(name, distance) for name, distance, *_ in near] == [
        (f"S00{i}", float(i)) for i in range(1, 6)
    ]
    _, _, stated, predicted = near[0]
    assert (data["words"][stated], data["words"][predicted]) == ("female", "male")


def test_a_panel_tells_the_findings_that_name_its_sample() -> None:
    given = report_input()
    found = [
        Finding("swap", ("S001", "S002"), "mutual_pair", "S001 and S002 fit each other."),
        Finding("dataset_cause", (), "sheet_shifted", "The sheet is shifted."),
    ]
    given = replace(given, findings=findings_table("study", found))
    data = report_content(given).data
    assert data["findings"] == [
        {
            "title": "Exchanged labels or samples",
            "sentence": "S001 and S002 fit each other.",
            "reviewed": False,
        }
    ]
    assert [one["id"] for one in data["samples"] if one["findings"] == [0]] == ["S001", "S002"]


def test_a_panel_tells_how_well_its_sample_could_be_read() -> None:
    quality = pd.DataFrame(
        {
            "sample_id": ["S001", "S002"],
            "matched_share": [0.98, 0.5],
            "reconstruction_r": [0.9, None],
        }
    )
    given = replace(report_input(), quality=quality)
    assert sample(given, "S001")["quality"] == [
        ["Reads on the model's genes", "98%"],
        ["Reconstruction, r of log counts", "0.900"],
    ]
    assert [name for name, _ in sample(given, "S002")["quality"]] == ["Reads on the model's genes"]
    assert sample(given, "S003")["quality"] == []


def test_a_stated_value_is_shown_even_if_it_is_not_among_the_most_probable() -> None:
    given = report_input(2, ())
    values = [*(f"v{i}" for i in range(8)), "male"]
    rows = given.probabilities.head(1).assign(value=[values], probability=[np.full(9, 1 / 9)])
    shown = chances(replace(given, probabilities=rows), {"S000"})["S000", "sex"]
    assert [chance.name for chance in shown] == [*values[:MOST_PROBABLE], "male"]
    assert [chance.stated for chance in shown] == [False] * MOST_PROBABLE + [True]


def test_a_value_is_named_by_the_ontology_where_the_model_gives_it_no_label() -> None:
    given = report_input(2, ())
    rows = given.probabilities.head(1).assign(
        value=[["UBERON:0002107", "UBERON:1"]], probability=[np.array([0.7, 0.3])]
    )
    shown = chances(replace(given, probabilities=rows), {"S000"})["S000", "sex"]
    assert [chance.name for chance in shown] == ["liver", "UBERON:1"]


def test_the_page_is_light_for_a_hundred_samples() -> None:
    from gem_assets.report.page import build_report

    assert len(build_report(report_input(100)).encode()) < 500_000


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_no_text_ends_the_block_of_data_or_means_html(value: object) -> None:
    text = data_block(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set("<>&") & set(text)


def test_a_number_that_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        data_block([float("nan")])
