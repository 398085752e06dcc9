"""The suggested sheet: a diff on the page, and a file beside it that no spreadsheet runs."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from report_examples import Page, report_input

from gem_assets.report.content import report_content
from gem_assets.report.corrected_samples import MAX_CELLS, SheetChangedError, corrected_samples
from gem_assets.report.page import build_report
from gem_assets.report.report_input import ReportInput
from gem_assets.reporting import write_report

NAMES = ["S000", "S001", "=1+1"]


def suggesting(*cells: tuple[str, str, str, str, str | None, str]) -> ReportInput:
    """Return a dataset with a sheet of three samples, and suggestions for it."""
    sheet = pd.DataFrame(
        {"sample_id": NAMES, "sex": ["male", "female", None], "tissue": ["liver"] * 3},
        dtype=object,
    )
    names = ["sample_id", "sheet_column", "stated", "suggested", "taken_from", "why"]
    suggestions = pd.DataFrame(cells, columns=names, dtype=object)
    return replace(report_input(), sheet=sheet, suggestions=suggestions)


SWAP = (
    ("S000", "sex", "male", "female", "S001", "swap"),
    ("S001", "sex", "female", "male", "S000", "swap"),
)
LOST = ("=1+1", "tissue", "liver", "", None, "shift")


def test_suggested_cells_take_the_place_of_the_stated_ones_and_others_stay() -> None:
    given = suggesting(*SWAP)
    corrected = corrected_samples(given)
    assert corrected is not None
    assert corrected["sex"].tolist()[:2] == ["female", "male"]
    assert corrected["tissue"].tolist() == ["liver"] * 3
    assert given.sheet is not None
    assert given.sheet["sex"].tolist()[:2] == ["male", "female"], "the sheet stays"


def test_an_empty_cell_may_be_filled() -> None:
    corrected = corrected_samples(suggesting(("=1+1", "sex", "", "male", "S000", "shift")))
    assert corrected is not None
    assert corrected["sex"].tolist()[2] == "male"


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (("S009", "sex", "male", "female", None, "swap"), "no sex of S009"),
        (("S000", "donor", "d1", "d2", None, "swap"), "no donor of S000"),
        (("S000", "sex", "female", "male", None, "swap"), "is 'male' in the sheet, not 'female'"),
    ],
)
def test_suggestions_for_another_sheet_are_refused(
    cell: tuple[str, str, str, str, str | None, str], fault: str
) -> None:
    with pytest.raises(SheetChangedError, match=fault):
        corrected_samples(suggesting(cell))


def test_the_page_shows_what_would_change_and_links_to_the_sheet_beside_it() -> None:
    given = suggesting(*SWAP, LOST)
    suggested = report_content(given).suggested
    assert suggested is not None
    assert suggested.sentence.startswith("The findings would be settled by 3 other labels of 3 ")
    assert "1 would be empty" in suggested.sentence
    assert [cell.why for cell in suggested.cells] == [
        *("exchanged", "exchanged", "slipped along the sheet")
    ]
    page = Page(build_report(given))
    assert [x for x in page.links if not x.startswith("#")] == ["study.corrected_samples.csv"]
    assert "your file is as it was" in page.text


def test_groups_of_cells_have_suggestions_and_no_sheet() -> None:
    given = replace(suggesting(SWAP[0]), modality="sc", sheet=None)
    suggested = report_content(given).suggested
    assert suggested is not None
    assert suggested.file is None
    assert "1 other label of 1 group of cells" in suggested.sentence
    assert corrected_samples(given) is None


def test_more_cells_than_are_shown_are_counted() -> None:
    cells = [(f"S{i:03d}", "sex", "a", "b", None, "shift") for i in range(MAX_CELLS + 7)]
    suggested = report_content(suggesting(*cells)).suggested
    assert suggested is not None
    assert (len(suggested.cells), suggested.left_out) == (MAX_CELLS, 7)


def test_nothing_is_suggested_where_nothing_changed_places() -> None:
    assert report_content(report_input()).suggested is None
    assert report_content(suggesting()).suggested is None
    assert corrected_samples(suggesting()) is None


def test_the_file_beside_the_report_holds_no_formula_and_goes_when_nothing_is_suggested(
    tmp_path: Path,
) -> None:
    files = write_report(tmp_path / "reports", suggesting(*SWAP))
    assert files.report.name == "study.html"
    text = files.corrected_sheet.read_text(encoding="utf-8")
    assert pd.read_csv(StringIO(text))["sample_id"].tolist() == ["S000", "S001", "'=1+1"]
    assert pd.read_csv(StringIO(text))["sex"].tolist()[:2] == ["female", "male"]

    write_report(tmp_path / "reports", suggesting())
    left = {path.name for path in (tmp_path / "reports").iterdir()}
    assert left == {"study.html", "study.multiqc"}


def test_a_report_that_can_not_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    files = write_report(tmp_path, suggesting(*SWAP))
    before = files.report.read_bytes()
    with pytest.raises(SheetChangedError):
        write_report(tmp_path, suggesting(("S009", "sex", "male", "female", None, "swap")))
    assert files.report.read_bytes() == before
