"""CSV of ours, opened by a spreadsheet, runs nothing."""

from __future__ import annotations

import csv
import io

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.safe_csv import FORMULA_STARTS, safe_csv

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("=+-@\t"),
    max_size=8,
)


@given(st.lists(texts, min_size=1))
def test_no_cell_begins_as_a_formula_and_no_text_is_lost(names: list[str]) -> None:
    frame = pd.DataFrame({"n": range(len(names)), "sample_id": names})
    rows = list(csv.reader(io.StringIO(safe_csv(frame), newline="")))[1:]
    for name, (_, cell) in zip(names, rows, strict=True):
        assert not cell.startswith(FORMULA_STARTS)
        assert cell in (name, f"'{name}")


def test_numbers_and_gaps_are_left_alone() -> None:
    frame = pd.DataFrame({"age": [-1.25, None], "n": [-3, 4], "label": ["-", None]})
    assert safe_csv(frame) == "age,n,label\n-1.25,-3,'-\n,4,\n"


def test_the_heading_of_a_column_is_no_formula_either() -> None:
    assert safe_csv(pd.DataFrame({"=cmd()": [1]})) == "'=cmd()\n1\n"
