"""Every link between the pages, and from the README, leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDERS = ("docs", "data", "benchmarks", "campaigns", "gem_assets")
PAGES = sorted(
    page
    for page in [
        *REPOSITORY.glob("*.md"),
        *(p for f in _FOLDERS for p in (REPOSITORY / f).rglob("*.md")),
    ]
    if "_build" not in page.parts
)


def _links(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        target = token.attrGet("href") or token.attrGet("src")
        if isinstance(target, str):
            yield target
        yield from _links(token.children or [])


@pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(REPOSITORY)) for p in PAGES])
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    found = _links(MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")))
    near = [urlsplit(link) for link in found]
    missing = [
        link.path
        for link in near
        if not link.scheme and link.path and not (page.parent / unquote(link.path)).exists()
    ]
    assert not missing
