"""Time to build the report, its size, and how soon Chromium shows it.

``python benchmarks/report.py [--samples N]... [--repeats N]``

The tables are made (`parts.many_samples`: five fields of 300 values each, 3 % of the samples with
the labels of another, judged by the real rules) and hold a latent vector of 128 numbers a sample.
Building is `gem_assets.reporting.write_report`: everything from the tables in memory to the file on
disk, in a process of its own, with the import of the chart library. What is not in it is the
reading of the tables from the warehouse. First paint is Chromium's own PerformancePaintTiming, the
file opened from disk in a fresh context; of several repeats the greatest counts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from parts.many_samples import DATASET, read_input, write_tables
from parts.measuring import cpu_seconds, peak_bytes, surroundings

from gem_assets.qc.dataset import judge_dataset
from gem_assets.qc.settings import QcSettings
from gem_assets.report.report_input import ReportInput

RESULTS = Path(__file__).parent / "results"
SIZES = (100, 1_000, 10_000)
BOUNDS = {
    100: {"bytes": 2_000_000},
    10_000: {"bytes": 5_000_000, "seconds": 60.0, "first_paint": 2.0},
}
"""What is asked of a report by its samples; bytes, seconds to build, seconds to first paint."""
DIMENSIONS = 128
PAINT = """() => Object.fromEntries(
  performance.getEntriesByType("paint").map((entry) => [entry.name, entry.startTime / 1000]))"""


def made_report(samples: int) -> ReportInput:
    """Return the tables of a dataset of some samples, judged."""
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder), samples)
        given = read_input(Path(folder))
    judged = judge_dataset(given, QcSettings())
    names = judged.samples["sample_id"]
    vectors = np.random.default_rng(1).normal(size=(samples, DIMENSIONS)).astype(np.float32)
    latents = pd.DataFrame({"sample_id": names, "space": "biological", "vector": list(vectors)})
    return ReportInput(
        DATASET,
        "bulk",
        judged.samples,
        judged.verdicts,
        judged.findings,
        given.tables["predicted_metadata"],
        given.tables["classifier_probs"],
        latents,
        quality=given.tables["aligned_counts"].merge(given.tables["decoded_counts"]),
    )


def build_here(samples: int, folder: Path) -> dict[str, Any]:
    """Build a report in this process, which is there for nothing else, and return the row."""
    from gem_assets.reporting import write_report

    given = made_report(samples)
    clock, cpu = time.perf_counter(), cpu_seconds()
    path = write_report(folder, given).report
    seconds, cpu = time.perf_counter() - clock, cpu_seconds() - cpu
    return {
        "samples": samples,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "bytes": path.stat().st_size,
        "peak_bytes": peak_bytes(),
        "path": str(path),
    }


def first_paint(path: Path, repeats: int) -> dict[str, float]:
    """Return the seconds until Chromium shows anything, and content: the greatest of each."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("no Chromium: apt-get install chromium")
    seen: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        for _ in range(repeats):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.goto(path.as_uri())
            page.wait_for_function("() => performance.getEntriesByType('paint').length > 1")
            for name, seconds in page.evaluate(PAINT).items():
                seen.setdefault(name.replace("-", "_"), []).append(round(seconds, 3))
            context.close()
        browser.close()
    return {name: max(seconds) for name, seconds in seen.items()}


def missed(rows: list[dict[str, Any]]) -> list[str]:
    """Return what does not hold its bound."""
    return [
        f"{row['samples']:,} samples: {name} {row[name]} is over {most}"
        for row in rows
        for name, most in BOUNDS.get(row["samples"], {}).items()
        if row[name] > most
    ]


def as_markdown(rows: list[dict[str, Any]], about: dict[str, str | int]) -> str:
    """Return the table as a page."""
    lines = [
        "| samples | build s | CPU s | peak MB | file MB | first paint s | first content s |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {row['samples']:,} | {row['seconds']:.1f} | "
            f"{row['cpu_seconds']:.1f} | {row['peak_bytes'] / 1e6:.0f} | "
            f"{row['bytes'] / 1e6:.2f} | {row['first_paint']:.2f} | "
            f"{row['first_contentful_paint']:.2f} |"
            for row in rows
        ),
    ]
    return "\n".join(
        [
            "# The report: time to build, size, and first paint",
            "",
            "Made by `python benchmarks/report.py`; rows in `report.json`. Peak memory is of the "
            "whole process, the making and judging of the tables in it. "
            + ", ".join(f"{name} {value}" for name, value in about.items())
            + ".",
            "",
            *lines,
            "",
            "Asked: less than 2 MB for 100 samples; for 10,000 less than 60 s, 5 MB, and 2 s to "
            "the first paint.",
            "",
        ]
    )


@click.command()
@click.option("--samples", multiple=True, type=int, default=SIZES, show_default=True)
@click.option("--repeats", default=3, show_default=True, help="Times each page is opened.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), show_default=False)
@click.option("--child", hidden=True, help="Build one report into this folder, and say so.")
def main(samples: tuple[int, ...], repeats: int, results: Path, child: str | None) -> None:
    """Measure, and write the table and its rows."""
    if child is not None:
        click.echo(json.dumps(build_here(samples[0], Path(child))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n in samples:
            command = [sys.executable, __file__, "--samples", str(n), "--child", folder]
            # The command is this very file.
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
            row = json.loads(answer.stdout)
            rows.append(row | first_paint(Path(row.pop("path")), repeats))
            click.echo(json.dumps(rows[-1]))
    about = surroundings("gem-assets", "altair", "vl-convert-python", "pandas", "numpy")
    page = as_markdown(rows, about)
    click.echo(page)
    results.mkdir(exist_ok=True)
    content = {"surroundings": about, "rows": rows}
    (results / "report.json").write_text(json.dumps(content, indent=1) + "\n")
    (results / "report.md").write_text(page)
    if found := missed(rows):
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
