"""What somebody sees who types ``make ui``: from no dataset to a flagged sample, by mouse."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina
from dagster_ui import DagsterUi, dagster_ui
from playwright.sync_api import Browser, Page, expect

LOCATION = "/locations/gem_assets"
DATASETS = ("geuvadis_lcl", "geuvadis_planted", "lncap")
PLANTED = {"NA20502", "NA20509", "NA20512"}
ASSETS = (
    "gem_endpoint",
    "gene_order",
    "raw_counts",
    "aligned_counts",
    "predicted_metadata",
    "classifier_probs",
    "latents",
    "decoded_counts",
    "sample_labels",
    "qc_verdicts",
    "qc_samples",
    "qc_findings",
    "qc_report",
)
PLOTS = ("raw_counts", "predicted_metadata", "latents", "qc_verdicts", "qc_samples", "qc_report")
SECONDS = 1000.0

ALL_GREEN = """
names => names.every(name => [...document.querySelectorAll("*")]
  .filter(one => !one.children.length && one.textContent === name)
  .some(one => {
    for (let box = one; box; box = box.parentElement) {
      const style = getComputedStyle(box)
      const [red, green, blue] = style.borderTopColor.match(/[0-9]+/g).map(Number)
      if (style.borderTopWidth !== "0px" && green > red + 60 && green > blue + 40) return true
    }
    return false
  }))
"""
"""Whether the box around each of the names has a green border."""

Screenshot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def ui(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[DagsterUi]:
    """Serve the shipped datasets, none of which Dagster knows yet."""
    folder = tmp_path_factory.mktemp("make-ui")
    # `gem-assets demo bodymap` may have added one.
    shipped = shutil.ignore_patterns("bodymap")
    shutil.copytree(repository / "data", folder / "data", ignore=shipped)
    failed = request.session.testsfailed
    with dagster_ui(repository, folder) as ui:
        yield ui
    if request.session.testsfailed > failed:
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print(f"\n--- {ui.log} ---", ui.log.read_text(), sep="\n")  # noqa: T201


@pytest.fixture(scope="module")
def page(browser: Browser, ui: DagsterUi) -> Iterator[Page]:
    """Return the one window in which all of it happens."""
    context = browser.new_context(
        base_url=ui.url, viewport={"width": 1440, "height": 900}, timezone_id="UTC"
    )
    context.set_default_timeout(30 * SECONDS)
    expect.set_options(timeout=30 * SECONDS)  # what is asked is drawn in one, on an idle machine
    page = context.new_page()
    # Room for what is shown: a narrow navigation, and the graph upright from now on.
    _open_lineage(page)
    page.get_by_role("button", name="Hide navigation").click()
    page.get_by_role("button", name="settings").last.click()
    page.get_by_text("Change graph to vertical orientation").click()
    yield page
    context.close()


@pytest.fixture(scope="module")
def registered(page: Page, ui: DagsterUi) -> tuple[str, ...]:
    """Turn the folder sensor on, unless it is; return the datasets when Dagster knows them."""
    page.goto(f"{LOCATION}/sensors/gem_bulk_folder_sensor")
    running = page.get_by_role("row", name="Running")
    expect(running).to_be_visible()
    if not running.get_by_role("checkbox").is_checked():
        running.locator("label").click()
    expect(running.get_by_role("checkbox")).to_be_checked()
    for attempt in stamina.retry_context(
        on=AssertionError, timeout=120, attempts=None, wait_initial=0.5, wait_max=1
    ):
        with attempt:
            assert set(ui.partitions("raw_counts")) == set(DATASETS)
    return DATASETS


@pytest.fixture(scope="module")
def materialised(page: Page, registered: tuple[str, ...]) -> str:
    """Materialise every asset of every dataset; return the path of the backfill's page."""
    _open_lineage(page)
    everything = page.get_by_role("button", name="Materialize all")
    dialog = page.get_by_role("dialog")
    launch = dialog.get_by_role("button", name="Launch backfill")
    everything.click()
    dialog.get_by_role("button", name="All", exact=True).click()
    for dataset in registered:
        expect(dialog.get_by_text(dataset, exact=True).filter(visible=True)).to_be_visible()
    launch.click()
    page.get_by_role("link", name="View", exact=True).click()
    page.wait_for_url("**/runs/b/*")
    ended = page.get_by_text(re.compile("^(Succeeded|Completed|Failed|Canceled)$")).first
    expect(page.get_by_text("100% completed").nth(len(ASSETS) - 2)).to_be_visible(
        timeout=400 * SECONDS
    )
    expect(ended).to_be_visible()
    return page.url


def test_the_lineage_shows_every_asset(page: Page) -> None:
    _open_lineage(page)
    page.get_by_role("button", name="zoom_out").click()
    for asset in ASSETS:
        expect(page.get_by_text(asset, exact=True).first).to_be_in_viewport()


def test_the_job_of_the_endpoint_runs(page: Page) -> None:
    page.goto(f"{LOCATION}/jobs/gem_bulk_endpoint")
    page.get_by_role("button", name=re.compile(r"Materialize \(")).click()
    page.get_by_role("link", name="View", exact=True).click()
    page.wait_for_url("**/runs/*")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=120 * SECONDS)


def test_materialize_all_refreshes_every_dataset(
    page: Page, ui: DagsterUi, materialised: str, screenshot: Screenshot
) -> None:
    page.goto(materialised)
    expect(page.get_by_role("link", name="gem_bulk / qc_report")).to_be_attached()
    expect(page.get_by_text("100% completed")).to_have_count(len(ASSETS) - 1)
    screenshot(page, "backfill")
    runs = ui.ask("{runsOrError {... on Runs {results {runId status}}}}")["runsOrError"]["results"]
    assert runs
    assert {run["status"] for run in runs} == {"SUCCESS"}
    reports = {path.stem for path in ui.results.glob("reports/gem_bulk/*.html")}
    assert reports >= set(DATASETS)


@pytest.mark.usefixtures("materialised")
def test_the_lineage_turns_green(page: Page, screenshot: Screenshot) -> None:
    _open_lineage(page)
    page.get_by_role("button", name="zoom_out").click(click_count=3)
    page.wait_for_function(ALL_GREEN, arg=[asset for asset in ASSETS if asset != "gem_endpoint"])
    screenshot(page, "lineage")


@pytest.mark.usefixtures("materialised")
def test_an_assets_partitions_are_the_datasets(page: Page, screenshot: Screenshot) -> None:
    _open_partition(page, "qc_verdicts", "geuvadis_planted")
    expect(page.get_by_text(f"Materialized ({len(DATASETS)})")).to_be_visible()
    for dataset in DATASETS:
        expect(page.get_by_text(dataset, exact=True).filter(visible=True).first).to_be_visible()
    screenshot(page, "partitions")


@pytest.mark.parametrize(
    ("table", "check"),
    [("raw_counts", "is_raw_counts"), ("raw_counts", "contract"), ("qc_samples", "contract")],
)
@pytest.mark.usefixtures("materialised")
def test_a_check_tells_of_each_dataset(
    page: Page, screenshot: Screenshot, table: str, check: str
) -> None:
    _open_check(page, table, check)
    expect(page.get_by_text(f"Passed ({len(DATASETS)})")).to_be_visible()
    expect(page.get_by_text("Missing (0)")).to_be_visible()
    _choose(page, "geuvadis_planted")
    if check == "is_raw_counts":
        screenshot(page, "checks")


@pytest.mark.usefixtures("materialised")
def test_the_check_of_the_labels_names_the_planted_samples_and_no_other(
    page: Page, screenshot: Screenshot
) -> None:
    _open_check(page, "qc_samples", "labels_agree")
    expect(page.get_by_text("Failed (1)")).to_be_visible()
    expect(page.get_by_text(f"Passed ({len(DATASETS) - 1})")).to_be_visible()
    _choose(page, "geuvadis_planted")
    offenders = page.get_by_role("cell", name=re.compile("^NA[0-9]+$"))
    expect(offenders.first).to_be_visible()
    assert set(offenders.all_inner_texts()) == PLANTED
    offenders.last.scroll_into_view_if_needed()
    screenshot(page, "check")


@pytest.mark.parametrize("table", PLOTS)
@pytest.mark.usefixtures("materialised")
def test_a_plot_in_the_metadata_is_drawn(page: Page, screenshot: Screenshot, table: str) -> None:
    _open_partition(page, table, "geuvadis_planted")
    page.get_by_text("[Show Markdown]").first.click()
    picture = page.get_by_role("dialog").locator("img")
    expect(picture.first).to_be_visible()
    page.wait_for_function("() => document.querySelector('[role=dialog] img').naturalWidth > 100")
    if table == "qc_verdicts":
        screenshot(page, "plot")


@pytest.mark.usefixtures("materialised")
def test_the_report_that_the_metadata_link_to_shows_the_planted_samples(
    page: Page, open_page: Callable[..., Page], ui: DagsterUi, screenshot: Screenshot
) -> None:
    _open_partition(page, "qc_report", "geuvadis_planted")
    path = page.get_by_text(re.compile(r"^/.*geuvadis_planted\.html$")).first.inner_text()
    assert Path(path).is_relative_to(ui.results)
    link = page.locator("a[href^='http://127.0.0.1:'][href$='/gem_bulk/geuvadis_planted.html']")
    report = open_page(1440, 900)
    answer = report.goto(link.first.inner_text())
    assert answer is not None
    assert answer.text() == Path(path).read_text(encoding="utf-8"), "make ui serves the reports"
    for sample in PLANTED:
        expect(report.get_by_text(sample).first).to_be_visible()
    screenshot(report, "report")
    report.get_by_role("searchbox").fill("NA20509")
    report.get_by_role("row", name=re.compile("NA20509")).get_by_role("link").first.click()
    expect(report.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text("NA20509")
    report.set_viewport_size({"width": 1200, "height": 760})
    screenshot(report, "sample")


def _open_lineage(page: Page) -> None:
    page.goto(f"{LOCATION}/asset-groups/gem_bulk/lineage")
    expect(page.get_by_text("aligned_counts", exact=True).first).to_be_visible()


def _open_partition(page: Page, table: str, dataset: str) -> None:
    page.goto(f"/assets/gem_bulk/{table}?view=partitions&partition={dataset}")
    expect(page.get_by_text("View all historical events")).to_be_enabled()


def _open_check(page: Page, table: str, name: str) -> None:
    page.goto(f"/assets/gem_bulk/{table}?view=checks&checkDetail={name}")
    page.get_by_role("tab", name="Partitions").nth(1).click()  # the first is the asset's own
    expect(page.get_by_text("Select a partition to view details")).to_be_visible()


def _choose(page: Page, dataset: str) -> None:
    page.get_by_text(dataset, exact=True).filter(visible=True).last.click()
    expect(page.get_by_text("Target materialization")).to_be_visible()
