"""Time of importing the package and of loading its code location, beside Dagster alone, in one run.

``python benchmarks/loading.py [--repeats N]``

Each line is a Python of its own, from its start to its end, since that is what Dagster pays in
every process of a run and `dg` in every command. The lines take turns, so that a busy machine is
busy for all; of the repeats the least is kept. On a busy machine processor time says more than wall
time. What each line does stands in `LINES`. A code location is loaded with its definitions
resolved: the repository, every asset graph and job.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
from parts.measuring import surroundings

RESULTS = Path(__file__).parent / "results"
LOADED = "defs.get_repository_def().load_all_definitions()"
LINES = {
    "import dagster": "import dagster",
    "import gem_assets": "import gem_assets",
    "gem_assets, as dg looks into it": "import gem_assets\n"
    "[getattr(gem_assets, name) for name in dir(gem_assets)]",
    "empty code location": f"import dagster\ndefs = dagster.Definitions()\n{LOADED}",
    "gem_assets.definitions": f"from gem_assets.definitions import defs\n{LOADED}",
}
DAGSTER, _, _, EMPTY, _ = LINES
BESIDE = {
    "import gem_assets": DAGSTER,
    "gem_assets, as dg looks into it": DAGSTER,
    "gem_assets.definitions": EMPTY,
}
"""What a line is compared with."""


def measure_once(code: str) -> dict[str, float]:
    """Run a Python with this code, and return its wall time and processor time."""
    began = time.perf_counter()
    # The code is one of LINES.
    process = subprocess.Popen([sys.executable, "-c", code])  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"this does not run:\n{code}")
    return {"seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime}


def measure(repeats: int) -> list[dict[str, Any]]:
    """Run the lines in turns, after one that fills the caches, and return the least of each."""
    found: dict[str, list[dict[str, float]]] = {line: [] for line in LINES}
    for turn in range(repeats + 1):
        for line, code in LINES.items():
            once = measure_once(code)
            if turn:
                found[line].append(once)
    least = {
        line: {of: min(once[of] for once in turns) for of in ("seconds", "cpu_seconds")}
        for line, turns in found.items()
    }
    return [_row(line, times, least.get(BESIDE.get(line, ""))) for line, times in least.items()]


def _row(line: str, times: dict[str, float], beside: dict[str, float] | None) -> dict[str, Any]:
    row: dict[str, Any] = {"line": line, **{of: round(value, 3) for of, value in times.items()}}
    if beside is not None:
        row["beside"] = BESIDE[line]
        row["ratio"] = round(times["seconds"] / beside["seconds"], 2)
        row["cpu_ratio"] = round(times["cpu_seconds"] / beside["cpu_seconds"], 2)
    return row


def as_markdown(rows: list[dict[str, Any]], what: str, about: dict[str, str | int]) -> str:
    """Return the table as a page."""
    head = ["line", "wall s", "CPU s", "beside", "times as long (wall)", "(CPU)"]
    lines = [head, ["---", "---:", "---:", "---", "---:", "---:"]]
    for row in rows:
        cells = [row["line"], f"{row['seconds']:.2f}", f"{row['cpu_seconds']:.2f}"]
        if "beside" in row:
            cells += [row["beside"], f"{row['ratio']:.2f}", f"{row['cpu_ratio']:.2f}"]
        else:
            cells += ["", "", ""]
        lines.append(cells)
    return "\n".join(
        [
            "# Loading beside Dagster alone",
            "",
            f"Made by `python benchmarks/loading.py`; rows in `loading.json`. {what} "
            + ", ".join(f"{name} {value}" for name, value in about.items())
            + ".",
            "",
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
            *(f"- **{line}**: `{'; '.join(code.splitlines())}`" for line, code in LINES.items()),
            "",
        ]
    )


@click.command()
@click.option("--repeats", default=30, show_default=True)
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), show_default=False)
def main(repeats: int, results: Path) -> None:
    """Measure, and write the table and its rows."""
    rows = measure(repeats)
    about = surroundings("gem-assets", "dagster")
    what = f"Least of {repeats} turns, each line a process of its own, start and end included."
    page = as_markdown(rows, what, about)
    click.echo(page)
    results.mkdir(exist_ok=True)
    content = {"surroundings": about, "what": what, "rows": rows}
    (results / "loading.json").write_text(json.dumps(content, indent=1) + "\n")
    (results / "loading.md").write_text(page)


if __name__ == "__main__":
    main()
