"""The page on querying says what is true."""

from __future__ import annotations

from pathlib import Path

from gem_assets.warehouse.published import PUBLISHED_TABLES, PUBLISHED_VIEWS
from gem_assets.warehouse.schemas import TABLES
from gem_assets.warehouse.views import VIEWS


def in_the_copy(name: str) -> str:
    """Return what the page has to say of a table."""
    if name not in PUBLISHED_TABLES:
        return "no"
    kept = PUBLISHED_TABLES[name].column_names
    lost = [f"`{column}`" for column in TABLES[name].column_names if column not in kept]
    return f"all but {' and '.join(lost)}" if lost else "all"


def test_the_page_has_every_table_and_view_and_no_other(repository: Path) -> None:
    page = (repository / "docs" / "query.md").read_text(encoding="utf-8")
    lines = page[page.index("## Tables") :].splitlines()
    found = [line for line in lines if line.startswith("| `")]
    tables = [
        f"| `{name}` | {table.description} | {in_the_copy(name)} |"
        for name, table in TABLES.items()
    ]
    assert found[: len(tables)] == tables
    views = {line.split("`")[1]: line.split(" | ")[-1] for line in found[len(tables) :]}
    assert views == {name: "yes |" if name in PUBLISHED_VIEWS else "no |" for name in VIEWS}
