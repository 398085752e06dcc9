"""The report in a real browser: by mouse, by keyboard, on a phone, in the dark, on paper."""

from __future__ import annotations

import json
import select
import shutil
import socketserver
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from gem_assets.report.index_page import IndexEntry, build_index

PLANTED = ("NA20502", "NA20509", "NA20512")
HOSTILE = {
    "NA20502": "<img src=x onerror=document.title='hit'>",
    "NA20504": "</script><script>document.title='hit'</script>",
    "NA20505": "a b/c&d=\"'é%41",
}
"""Names of samples: a flagged one, one that would end a script, one that an address escapes."""
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"

Open = Callable[..., Page]


@dataclass
class Reports:
    """Reports of real runs, and what a browser would open of them."""

    folder: Path

    def url(self, name: str) -> str:
        return (self.folder / "gem_bulk" / f"{name}.html").as_uri()

    @property
    def index(self) -> str:
        return (self.folder / "index.html").as_uri()


@pytest.fixture(scope="session")
def reports(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Return the reports of shipped lines, and of the same lines under hostile names."""
    folder = tmp_path_factory.mktemp("reports")
    shipped = repository / "data" / "bulk" / "geuvadis_planted"
    planted, hostile = (folder / "data" / "bulk" / name for name in ("planted", "hostile"))
    shutil.copytree(shipped, planted)
    shutil.copytree(shipped, hostile)
    counts = next(hostile.glob("counts*"))
    pd.read_csv(counts, sep="\t").rename(columns=HOSTILE).to_csv(counts, sep="\t", index=False)
    sheet = pd.read_csv(hostile / "samples.csv", index_col=0)
    sheet.rename(index=HOSTILE).to_csv(hostile / "samples.csv")
    # In a process of its own: Dagster and Playwright each have an event loop, and a thread has one.
    call = "from gem_assets.cli import main; main()"
    options = ["--data", str(folder / "data"), "--results", str(folder / "results")]
    run = [sys.executable, "-c", call, "run", "--endpoint", "embedded", *options]
    subprocess.run(run, check=True)  # noqa: S603 - our own program
    return Reports(folder / "results" / "reports")


@pytest.fixture(scope="session")
def large(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the report of 10,000 samples that the benchmark makes, with its seconds and bytes."""
    folder = tmp_path_factory.mktemp("large")
    program = str(repository / "benchmarks" / "report.py")
    command = [sys.executable, program, "--samples", "10000", "--child", str(folder)]
    # The command is a file of this repository.
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return dict(json.loads(made.stdout))


@pytest.fixture
def view(open_page: Open) -> Callable[..., Page]:
    """Return what opens an address; a request to anywhere, or an error, fails the test."""
    faults: list[str] = []

    def open_one(url: str, *arguments: int, **options: object) -> Page:
        page = open_page(*arguments, **options)
        page.on("request", lambda r: r.url.startswith("file://") or faults.append(r.url))
        page.on("console", lambda m: m.type in ("error", "warning") and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        return page

    def done() -> list[str]:
        return faults

    open_one.faults = done  # type: ignore[attr-defined]
    return open_one


@pytest.fixture(autouse=True)
def _nothing_went_wrong(view: Any) -> Any:
    yield
    assert view.faults() == []


def panel(page: Page) -> Any:
    return page.get_by_role("dialog")


def names(page: Page) -> list[str]:
    return page.locator(".samples tbody tr:not([hidden]) th").all_inner_texts()


# By mouse


def test_the_first_screen_says_what_is_wrong_with_whom_and_what_to_do(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.url("planted"), 360, 740)
    for text in ("3 of 24 samples contradict their label", "not GEM-1"):
        expect(page.get_by_text(text).first).to_be_in_viewport()
    page = view(reports.url("planted"), 1280, 900)
    for name in PLANTED:
        card = page.locator(".card", has_text=name)
        expect(card).to_be_in_viewport()
        expect(card).to_contain_text("What to do")


def test_words_and_statuses_filter_the_table_and_the_count_is_told(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.url("planted"))
    count = page.locator(".filters [role=status]")
    expect(count).to_have_text("24 of 24 shown")
    page.get_by_role("button", name="contradicting").click()
    expect(count).to_have_text("3 of 24 shown")
    assert names(page) == list(PLANTED)
    page.get_by_role("searchbox").fill("MALE na20509")
    assert names(page) == ["NA20509"]
    page.get_by_role("searchbox").fill("no such word")
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="All").click()
    expect(count).to_have_text("24 of 24 shown")


def test_a_column_head_sorts_up_and_down(reports: Reports, view: Callable[..., Page]) -> None:
    page = view(reports.url("planted"))
    worst_first = names(page)
    head = page.get_by_role("columnheader", name="sample", exact=True)
    head.get_by_role("button").click()
    assert names(page) == sorted(worst_first)
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.get_by_role("button").click()
    assert names(page) == sorted(worst_first, reverse=True)
    expect(head).to_have_attribute("aria-sort", "descending")
    status = page.get_by_role("columnheader", name="status")
    status.get_by_role("button").click()
    assert sorted(names(page)[:3]) == list(PLANTED), "the worst first"
    assert head.get_attribute("aria-sort") is None


def test_a_click_on_a_sample_shows_its_evidence_and_its_neighbours(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.url("planted"))
    page.locator("tr[data-sample=NA20509] td.words").click()
    for text in (
        "Labelled female; expression looks male",
        "What to do",
        "Findings that name it",
        "The expression contradicts the label.",
        "Marker genes say male",
        "Chromosome Y, mean of",
        "Most similar samples in the model's latent space",
        "Reconstruction",
    ):
        expect(panel(page)).to_contain_text(text)
    expect(panel(page).locator(".place")).to_have_text("2 of 24")
    sex = panel(page).locator(".field", has_text="sex")
    assert sex.locator(".bars .name").all_inner_texts() == ["male", "female stated"]
    near = panel(page).locator(".near a")
    assert near.count() == 5
    next_one = near.first.inner_text()
    near.first.click()
    expect(panel(page).get_by_role("heading", level=2)).to_have_text(next_one)
    panel(page).get_by_role("button", name="Close").click()
    expect(panel(page)).to_be_hidden()
    assert "#" not in page.url


def test_previous_and_next_go_through_the_table_as_it_is_shown(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.url("planted"))
    page.get_by_role("button", name="contradicting").click()
    page.locator("tr[data-sample=NA20502] th a").click()
    forward = panel(page).get_by_role("button", name="Next")
    for name in PLANTED[1:]:
        forward.click()
        expect(panel(page).get_by_role("heading", level=2)).to_have_text(name)
        assert page.url.endswith(f"#sample={name}")
    expect(forward).to_be_disabled()
    page.mouse.click(5, 5)
    expect(panel(page)).to_be_hidden()


def test_a_link_to_a_sample_opens_it_and_the_way_back_closes_it(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.url("planted") + "#sample=NA20512")
    expect(panel(page).get_by_role("heading", level=2)).to_have_text("NA20512")
    page.keyboard.press("Escape")
    page.locator(".card a", has_text="NA20502").click()
    expect(panel(page)).to_be_visible()
    page.go_back()
    expect(panel(page)).to_be_hidden()
    for address, told in (("#sample=nobody", "does not list a sample of this name"),):
        page.goto(reports.url("planted") + address)
        expect(panel(page)).to_contain_text(told)
    page = view(reports.url("planted") + "#sample=%E0%A4%A")
    expect(panel(page)).to_be_hidden()


# By keyboard


def test_everything_is_done_by_keyboard_alone(reports: Reports, view: Callable[..., Page]) -> None:
    page = view(reports.url("planted"))
    keys = page.keyboard
    keys.press("Tab")
    expect(page.locator(".card a").first).to_be_focused()
    keys.press("Enter")
    expect(panel(page).get_by_role("heading", level=2)).to_be_focused()
    keys.press("ArrowRight")
    expect(panel(page).get_by_role("heading", level=2)).to_have_text("NA20509")
    keys.press("Shift+Tab")
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    keys.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(page.locator(".card a").first).to_be_focused()
    page.get_by_role("searchbox").focus()
    keys.type("NA20512")
    assert names(page) == ["NA20512"]
    for _ in range(20):
        keys.press("Tab")
        if page.evaluate("document.activeElement.closest('th[aria-sort], thead th') !== null"):
            break
    keys.press("Enter")
    expect(page.locator("th[aria-sort=ascending]").first).to_be_visible()


def test_the_map_is_one_stop_of_the_tab_key_and_arrows_walk_on_it(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.url("planted"))
    points = page.locator("svg a")
    assert points.count() == 24
    assert page.locator("svg a[tabindex='0']").count() == 1
    page.locator("svg a[tabindex='0']").focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    rightmost = page.evaluate(
        """() => [...document.querySelectorAll('svg a')].every((a) =>
          a.getBoundingClientRect().left <= document.activeElement.getBoundingClientRect().left)"""
    )
    assert rightmost
    name = page.evaluate("document.activeElement.getAttribute('href')").removeprefix("#sample=")
    page.keyboard.press("Enter")
    expect(panel(page).get_by_role("heading", level=2)).to_have_text(name)


# As it looks


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_no_page_is_wider_than_the_screen(
    reports: Reports, view: Callable[..., Page], width: int
) -> None:
    for url in (reports.url("planted"), reports.url("planted") + "#sample=NA20502", reports.index):
        page = view(url, width, 900)
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide == [width, width]
        if "#" in url:
            inside = page.evaluate(
                "[...document.querySelectorAll('dialog, dialog .body')].map(e => e.scrollWidth <= "
                "e.clientWidth)"
            )
            assert inside == [True, True]


def luminance(page: Page, selector: str, what: str) -> float:
    """Return how light a colour is, 0 to 1."""
    colour = page.evaluate(
        "([selector, what]) => getComputedStyle(document.querySelector(selector))[what]",
        [selector, what],
    )
    parts = [float(x) for x in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(parts) / 3 / 255


def test_in_the_dark_page_and_charts_are_dark_and_paper_is_always_light(
    reports: Reports, view: Callable[..., Page]
) -> None:
    light, dark = (view(reports.url("planted"), dark=d) for d in (False, True))
    assert luminance(light, "body", "backgroundColor") > 0.95
    assert luminance(light, "svg text", "fill") < 0.4
    assert luminance(dark, "body", "backgroundColor") < 0.15
    assert luminance(dark, "svg text", "fill") > 0.8
    dark.emulate_media(media="print")
    assert luminance(dark, "body", "backgroundColor") > 0.95
    assert luminance(dark, "svg text", "fill") < 0.4


def test_paper_holds_every_row_and_no_control(reports: Reports, view: Callable[..., Page]) -> None:
    page = view(reports.url("planted"), 794, 1123)
    page.emulate_media(media="print")
    expect(page.locator(".filters")).to_be_hidden()
    table = page.locator(".samples .scroll")
    assert table.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
    words = table.locator("th.words")
    share = words.evaluate("e => e.offsetWidth / e.closest('table').offsetWidth")
    assert share > 0.4, "sentences have room, or each takes a tenth of a page"
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_without_javascript_all_that_matters_is_there(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.url("planted"), java_script_enabled=False)
    expect(page.locator("h1")).to_contain_text("3 of 24 samples contradict their label")
    assert page.locator(".card").count() == 3
    page.locator("summary").first.click()
    expect(page.locator(".card .bars").first).to_be_visible()
    assert page.locator(".samples tbody tr").count() == 24
    expect(page.locator(".filters")).to_be_hidden()
    expect(page.locator("svg").first).to_be_visible()


# Whatever a sample is called


def test_hostile_names_stay_text(reports: Reports, view: Callable[..., Page]) -> None:
    page = view(reports.url("hostile"))
    for name in HOSTILE.values():
        page.locator(".samples th a").get_by_text(name, exact=True).click()
        expect(panel(page).get_by_role("heading", level=2)).to_have_text(name)
        address = page.url
        page.keyboard.press("Escape")
        again = view(address)
        expect(panel(again).get_by_role("heading", level=2)).to_have_text(name)
    assert "hit" not in page.title()
    assert page.locator("img").count() == 0


def test_the_policy_lets_nothing_else_run_or_be_fetched(reports: Reports, open_page: Open) -> None:
    """Not by our own restraint: the browser refuses."""
    page = open_page()
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as nobody:
        nobody.timeout = 1
        page.goto(reports.url("planted"))
        refused = page.evaluate(
            """async (host) => {
              const refused = [];
              document.addEventListener("securitypolicyviolation",
                (event) => refused.push(event.effectiveDirective));
              const add = (html) => document.body.append(
                document.createRange().createContextualFragment(html));
              add(`<img src="${host}/x.png">`);
              add('<script>document.title = "hit"</script>');
              add('<a id="bad" onclick="document.title = 1">x</a>');
              document.getElementById("bad").click();
              await fetch(host).catch(() => {});
              await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
              return refused;
            }""",
            f"http://127.0.0.1:{nobody.server_address[1]}",
        )
        assert select.select([nobody], [], [], 0)[0] == [], "nobody has knocked"
    assert set(refused) >= {"img-src", "script-src-elem", "script-src-attr", "connect-src"}
    assert "contradict" in page.title()


# For everybody


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("what", ["page", "panel", "index", "phone"])
def test_axe_finds_nothing_serious(
    reports: Reports, view: Callable[..., Page], what: str, dark: bool
) -> None:
    assert AXE.exists(), "`make e2e` fetches axe-core"
    url = reports.index if what == "index" else reports.url("planted")
    url += "#sample=NA20502" if what == "panel" else ""
    page = view(url, 360 if what == "phone" else 1280, 900, dark=dark, reduced_motion="reduce")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document)).violations")
    assert [
        (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ] == []


# Many


def test_ten_thousand_samples_are_a_light_page_that_says_what_it_leaves_out(
    large: dict[str, Any], view: Callable[..., Page], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n10,000 samples: {large['seconds']} s, {large['bytes']:,} bytes\n")
    assert large["bytes"] < 5_000_000
    page = view(Path(large["path"]).as_uri())
    expect(
        page.get_by_text("lists up to 1,000 samples one by one, the worst first")
    ).to_be_visible()
    expect(page.locator(".samples .filters [role=status]")).to_have_text("1000 of 1000 shown")
    expect(page.get_by_role("heading", name="All samples by label")).to_be_visible()
    page.get_by_role("columnheader", name="sample", exact=True).get_by_role("button").click()
    page.locator(".samples th a").first.click()
    expect(panel(page).locator(".place")).to_have_text("1 of 1000")
    assert panel(page).locator(".near li").count() == 5


# All datasets


def test_the_page_of_all_datasets_leads_to_each(
    reports: Reports, view: Callable[..., Page]
) -> None:
    page = view(reports.index)
    expect(page.locator("h1")).to_have_text(
        "2 of 2 datasets hold labels that the expression contradicts."
    )
    page.get_by_role("searchbox").fill("planted")
    expect(page.locator(".filters [role=status]")).to_have_text("1 of 2 shown")
    page.get_by_role("link", name="planted").click()
    expect(page.locator("h1")).to_contain_text("3 of 24 samples contradict their label")


def test_rates_sort_as_numbers_and_a_dataset_without_one_comes_last(
    tmp_path: Path, view: Callable[..., Page]
) -> None:
    judged = {
        "a quarter": {"fail": 1, "pass": 3},
        "a fourteenth": {"fail": 1, "pass": 13},
        "half": {"warn": 12, "pass": 12},
        "none": {"not_assessed": 5},
    }
    runs = pd.DataFrame(columns=["at", "flagged_rate", "ci_low", "ci_high"])
    file = tmp_path / "index.html"
    entries = [
        IndexEntry("gem_bulk", "bulk", name, True, statuses, runs, None)
        for name, statuses in judged.items()
    ]
    file.write_text(build_index(entries), encoding="utf-8")
    page = view(file.as_uri())

    def sorted_by(head: str) -> list[str]:
        page.get_by_role("columnheader", name=head).get_by_role("button").click()
        found = page.locator(".datasets tbody th").all_inner_texts()
        return [text.splitlines()[0] for text in found]

    assert sorted_by("flagged") == ["a fourteenth", "a quarter", "half", "none"]
    assert sorted_by("flagged") == ["half", "a quarter", "a fourteenth", "none"]
    assert sorted_by("samples") == ["a fourteenth", "a quarter", "half", "none"], "the worst first"
