"""Every format is read as other readers read it, and docs/formats.md says so truly."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_cases import LAYOUTS, TRAPS, Layout, Trap
from format_page import PAGE, key, page, read_layout, read_trap, rows_of

TOLD = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
ROWS = rows_of(TOLD)
ANEW = "python tests/counts/format_page.py writes the page anew"


@pytest.mark.usefixtures("shared_data")
@pytest.mark.parametrize("case", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_layout_is_read_as_its_reference_reads_it(case: Layout, tmp_path: Path) -> None:
    row, difference = read_layout(case, tmp_path)
    assert difference is None
    assert row == ROWS.get(key(case)), ANEW


@pytest.mark.usefixtures("shared_data")
@pytest.mark.parametrize("case", TRAPS.values(), ids=TRAPS.keys())
def test_what_only_looks_like_counts_is_told(case: Trap, tmp_path: Path) -> None:
    row, code = read_trap(case, tmp_path)
    assert code == case.code
    assert row == ROWS.get(key(case)), ANEW


def test_the_page_has_every_case_in_order() -> None:
    assert page(ROWS) == TOLD, ANEW
