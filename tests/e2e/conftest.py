"""A real browser, which reaches this machine and nobody else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",  # the tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

MOST_BYTES = 200_000
"""Of a picture in the documentation."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", metavar="DIR", type=Path, help="take the documentation's pictures into DIR"
    )


@pytest.fixture(scope="session")
def screenshot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Return what takes a page's picture under a name; it does nothing unless `--screenshots`."""
    folder: Path | None = request.config.getoption("screenshots", None)

    def take(page: Page, name: str) -> None:
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        page.screenshot(path=file, animations="disabled", caret="hide", scale="css")
        assert file.stat().st_size < MOST_BYTES, f"{file} is too heavy for a page"

    return take


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return headless Chromium: the one of the system."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "no Chromium: `make e2e` installs it, or `apt-get install chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return what opens a page of a given size and colour scheme; closed when the test ends."""
    contexts: list[BrowserContext] = []

    def open_one(
        width: int = 1200, height: int = 900, *, dark: bool = False, **options: object
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
