"""The real MultiQC on the files of two datasets at once, and its page in a real browser.

MultiQC is under the GPL: it is run as a program, and nothing of ours imports it.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, Route

from gem_assets.cli import main
from gem_assets.warehouse import Warehouse

EVIL = '<img src=x onerror="document.title=1">'
"""The name of a sample, and a treatment's stated sex."""

PLANTED = ("NA20502", "NA20509", "NA20512")


@dataclass
class MultiqcRun:
    """What MultiQC made of the reports of two datasets: one of them of hostile words."""

    results: Path
    page: Path
    said: str

    def data(self) -> dict[str, Any]:
        """Return its own account of what it read."""
        text = (self.page.parent / "multiqc_data" / "multiqc_data.json").read_text("utf-8")
        held: dict[str, Any] = json.loads(text)
        return held

    def table(self, name: str) -> pd.DataFrame:
        """Return a table that it wrote, by sample."""
        path = self.page.parent / "multiqc_data" / f"multiqc_{name}.txt"
        return pd.read_csv(path, sep="\t", index_col=0, dtype=str, keep_default_na=False)

    def verdicts(self, dataset: str) -> pd.DataFrame:
        """Return what the warehouse says of the labels of a dataset."""
        warehouse = Warehouse(self.results / "warehouse.duckdb", "gem_bulk")
        return warehouse.read("qc_verdicts", dataset).to_pandas()


@pytest.fixture(scope="module")
def ran(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> MultiqcRun:
    folder = tmp_path_factory.mktemp("multiqc")
    bulk = folder / "data" / "bulk"
    shutil.copytree(repository / "data" / "bulk" / "geuvadis_planted", bulk / "geuvadis_planted")
    shutil.copytree(repository / "data" / "bulk" / "lncap", bulk / "lncap.hostile")
    _make_hostile(bulk / "lncap.hostile")
    arguments = ("--data", str(folder / "data"), "--results", str(folder / "results"))
    command = ["run", "--endpoint", "embedded", "--json", "--fail-on", "fail", *arguments]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 3, done.output  # the planted labels are not reviewed
    assert [told["failures"] for told in json.loads(done.stdout)["datasets"]] == [[], []]
    program = shutil.which("multiqc", path=str(Path(sys.executable).parent))
    assert program, "no MultiQC: `make e2e` installs it"
    made = subprocess.run(  # noqa: S603 - a program of the tests
        [
            *(program, str(folder / "results" / "reports"), "--outdir", str(folder / "page")),
            *("--strict", "--no-version-check", "--no-ansi"),
        ],
        # Nobody's settings, which may lie in a home or beside the files.
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = made.stdout + made.stderr
    assert made.returncode == 0, said
    return MultiqcRun(folder / "results", folder / "page" / "multiqc_report.html", said)


def _make_hostile(folder: Path) -> None:
    """Give a sample a name, and a label a text, that would run if anybody took it for HTML."""
    sheet = pd.read_csv(folder / "samples.csv", dtype=str)
    sheet.loc[sheet["sample_id"].eq("lane2"), "sample_id"] = EVIL
    sheet.loc[sheet["sample_id"].eq("lane3"), "sex"] = EVIL
    sheet.to_csv(folder / "samples.csv", index=False)
    counts = gzip.decompress((folder / "counts.tsv.gz").read_bytes()).decode()
    header, rest = counts.split("\n", 1)
    renamed = "\t".join(EVIL if name == "lane2" else name for name in header.split("\t"))
    (folder / "counts.tsv.gz").write_bytes(gzip.compress(f"{renamed}\n{rest}".encode(), 1))


@pytest.fixture
def page(ran: MultiqcRun, open_page: Callable[..., Page]) -> Page:
    """Return MultiQC's page in a browser that reaches nobody, and hears of each request."""
    page = open_page(1400, 1000)
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route(re.compile("^(?!file:|data:|blob:)"), refuse)
    page.goto(ran.page.as_uri())
    page.locator("#general_stats_table_table").wait_for()
    assert asked == []
    return page


def test_multiqc_finds_all_files_and_nothing_to_complain_of(ran: MultiqcRun) -> None:
    files = list(ran.results.rglob("*_mqc.json"))
    assert len(files) >= 8
    found = re.findall(r"custom_content \| (\S+): Found", ran.said)
    assert sorted(found) == sorted(path.name.removesuffix("_mqc.json") for path in files)
    log = (ran.page.parent / "multiqc_data" / "multiqc.log").read_text("utf-8")
    assert "[INFO" in log
    assert not re.findall(r"^.*\[(?:WARNING|ERROR|CRITICAL)[^\n]*$", log, re.MULTILINE)
    assert "LINT" not in ran.said


def test_its_tables_hold_the_verdicts_of_the_warehouse(ran: MultiqcRun) -> None:
    verdicts = ran.verdicts("geuvadis_planted")
    labels = ran.table("gem_bulk-geuvadis_planted-labels-plot")
    assert len(labels) == verdicts["sample_id"].nunique()
    for field in verdicts["field"].unique():
        of_field = verdicts[verdicts["field"].eq(field)].set_index("sample_id")
        expected = of_field["status"].replace("not_assessed", "not judged")
        assert labels[field].to_dict() == expected.to_dict()
    words = verdicts[verdicts["field"].eq("sex")].set_index("sample_id")
    for sample in PLANTED:
        stated, predicted = words.loc[sample, ["provided_label", "predicted_label"]]
        assert labels.loc[sample, "sex_words"].startswith(f"{stated} → {predicted} (")


def test_its_general_statistics_hold_the_measures_exactly(ran: MultiqcRun) -> None:
    warehouse = Warehouse(ran.results / "warehouse.duckdb", "gem_bulk")
    aligned = warehouse.read("aligned_counts", "geuvadis_planted", ["sample_id", "matched_share"])
    expected = aligned.to_pandas().set_index("sample_id")["matched_share"]
    held = [rows for rows in ran.data()["report_general_stats_data"].values() if PLANTED[0] in rows]
    assert len(held) == 1
    found = {sample: row["matched_share"] for sample, row in held[0].items()}
    assert found == pytest.approx(expected.to_dict(), abs=1e-12)
    flagged = {sample: row["flagged"] for sample, row in held[0].items() if "flagged" in row}
    assert flagged == dict.fromkeys(PLANTED, "sex")


def test_its_heatmap_and_bars_count_the_labels(ran: MultiqcRun) -> None:
    sex = ran.verdicts("geuvadis_planted").query("field == 'sex'")
    counts = pd.crosstab(sex["provided_label"], sex["predicted_label"])
    plots = ran.data()["report_plot_data"]
    [heatmap] = plots["gem_bulk-geuvadis_planted-stated_sex-plot"]["datasets"]
    assert (heatmap["ycats"], heatmap["xcats"]) == (list(counts.index), list(counts.columns))
    assert heatmap["rows"] == counts.to_numpy().tolist()
    bars = plots["gem_bulk-geuvadis_planted-status-plot"]["datasets"][0]
    place = bars["samples"].index("sex")
    shown = {cat["name"]: cat["data"][place] for cat in bars["cats"]}
    assert {name: n for name, n in shown.items() if n == n and n} == {
        status: int(n) for status, n in sex["status"].value_counts().items()
    }


def test_the_page_colours_what_passes_and_fails(page: Page) -> None:
    table = page.locator("[id='gem_bulk-geuvadis_planted-labels-plot_table']")
    colours = {
        words: table.locator(".badge", has_text=re.compile(f"^{words}$")).first.evaluate(
            "badge => getComputedStyle(badge).backgroundColor"
        )
        for words in ("pass", "fail", "not judged")
    }
    assert colours == {
        "pass": "rgb(92, 184, 92)",  # MultiQC's own
        "fail": "rgb(217, 83, 79)",
        "not judged": "rgb(213, 217, 221)",
    }
    failing = table.locator("tr", has=page.locator(".badge", has_text=re.compile("^fail$")))
    names = failing.locator(".th-sample-name").all_text_contents()
    assert tuple(names) == PLANTED


def test_the_page_names_each_dataset_and_who_predicted(page: Page) -> None:
    text = page.locator("body").inner_text()
    for dataset in ("geuvadis_planted", "lncap.hostile"):
        assert f"GEM metadata QC: gem_bulk/{dataset}" in text
        assert f"Labels (gem_bulk/{dataset})" in text
        assert f"Counts by status (gem_bulk/{dataset})" in text
        assert f"Label QC ({dataset})" in text
    assert "Stated and predicted sex (gem_bulk/geuvadis_planted)" in text
    assert text.count("which is not GEM-1") >= 2
    assert "3 of 24 samples contradict their label" in text


def test_names_and_labels_of_a_user_run_nothing_and_are_shown_as_they_are(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    assert page.title() != "1"
    assert page.locator("img[src='x']").count() == 0
    text = page.locator("body").inner_text()
    assert EVIL in text  # the name of the sample
    assert f"{EVIL} → " in text  # the label
