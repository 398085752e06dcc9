"""A campaign's results, as JSON and as a table to read."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gem_assets import __version__

RESULTS = Path(__file__).parent / "results"


def write_results(
    name: str, title: str, command: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Write ``results/NAME.json`` and ``results/NAME.md``, with the command that made them."""
    RESULTS.mkdir(exist_ok=True)
    made_by = {
        "command": command,
        "gem_assets": __version__,
        "python": platform.python_version(),
    }
    (RESULTS / f"{name}.json").write_text(json.dumps({**made_by, "rows": rows}, indent=1) + "\n")
    columns = list(rows[0])
    lines = [
        f"# {title}",
        "",
        f"Made by `{command}` (gem_assets {__version__}, Python {platform.python_version()}).",
        "",
        _line(column.replace("_", " ") for column in columns),
        _line("---" for _ in columns),
        *(_line(_cell(row[column]) for column in columns) for row in rows),
        _line(_total(column, rows) for column in columns),
    ]
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return str(value)


def _total(column: str, rows: Sequence[Mapping[str, object]]) -> str:
    values = [row[column] for row in rows]
    if column == "seed":
        return "**sum**"
    counts = [value for value in values if isinstance(value, int)]
    return f"**{sum(counts)}**" if len(counts) == len(values) else ""
