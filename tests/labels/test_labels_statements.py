"""A dataset's sheet states labels of its samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from gem_assets.labels.statements import stated_labels
from gem_assets.problems import RefusedInputError
from gem_assets.warehouse import validate

SAMPLES = ("a", "b", "c")


def test_a_dataset_without_a_sheet_states_nothing() -> None:
    stated = stated_labels("d", None, SAMPLES)
    assert stated.table.num_rows == 0
    assert stated.problems == ()
    assert stated.resolutions() == {}
    validate("sample_labels", stated.table)


def test_labels_are_resolved_and_those_of_other_samples_are_told_and_left_out(
    tmp_path: Path,
) -> None:
    sheet = tmp_path / "samples.csv"
    sheet.write_text("sample_id,tissue,sex\na,liver,male\nb,whole blood,M\nz,heart,female\n")
    stated = stated_labels("d", sheet, SAMPLES)
    validate("sample_labels", stated.table)
    rows = stated.table.to_pylist()
    assert {row["sample_id"] for row in rows} == {"a", "b"}
    assert {(r["sample_id"], r["provided_id"]) for r in rows if r["field"] == "tissue"} == {
        ("a", "UBERON:0002107"),
        ("b", "UBERON:0000178"),
    }
    told = " ".join(str(problem) for problem in stated.problems)
    assert "'c'" in told or "c" in told.split()
    assert "z" in told


def test_a_sheet_of_another_dataset_is_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "samples.csv"
    sheet.write_text("sample_id,tissue\nx,liver\n")
    with pytest.raises(RefusedInputError):
        stated_labels("d", sheet, SAMPLES)


def test_a_sheet_whose_samples_stand_in_another_column_is_refused_with_its_name(
    tmp_path: Path,
) -> None:
    sheet = tmp_path / "samples.csv"
    sheet.write_text("sample_id,library,tissue\np1,a,liver\np2,b,lung\n")
    with pytest.raises(RefusedInputError, match="column 'library' holds 2 of them"):
        stated_labels("d", sheet, SAMPLES)


def test_the_hash_follows_the_labels_and_not_the_file(tmp_path: Path) -> None:
    sheet = tmp_path / "samples.csv"
    hashes = []
    for text in (
        "sample_id,sex\na,male\n",
        "sample_id,sex,note\na,male,x\n",
        "sample_id,sex\na,f\n",
    ):
        sheet.write_text(text)
        hashes.append(stated_labels("d", sheet, ("a",)).content_hash())
    assert hashes[0] == hashes[1] != hashes[2]


def test_columns_and_aliases_of_the_dataset_are_used(tmp_path: Path) -> None:
    sheet = tmp_path / "samples.csv"
    sheet.write_text("sample_id,body_site\na,gut feeling\n")
    stated = stated_labels(
        "d",
        sheet,
        ("a",),
        columns={"body_site": "tissue"},
        aliases={"tissue": {"gut feeling": "UBERON:0000160"}},
    )
    assert stated.table["provided_id"].to_pylist() == ["UBERON:0000160"]
    assert stated.resolutions() == {"alias": 1}
