"""The page on sample sheets says what is true."""

from __future__ import annotations

from gem_assets.labels.columns import SYNONYMS
from gem_assets.labels.sheet import sheet_formats


def test_the_page_on_sample_sheets_names_every_format_and_synonym(repository) -> None:
    lines = (repository / "docs" / "sample_sheets.md").read_text().splitlines()
    for one in sheet_formats():
        assert any(line.startswith(f"| `{one.name}` |") for line in lines)
    for ours, names in SYNONYMS.items():
        assert f"| `{ours}` | {', '.join(names)} |" in lines
