"""How often a dataset was flagged, run by run: numbers to plot and a table to read."""

from __future__ import annotations

import pandas as pd

from gem_assets.qc.change_sentences import headline
from gem_assets.qc.change_words import Change
from gem_assets.qc.verdict_pairs import rows_of

RUNS_SHOWN = 10
"""Runs of the table, the latest first."""


def run_numbers(changes: pd.DataFrame, history: pd.DataFrame) -> dict[str, float | int | str]:
    """Return what Dagster shows, and plots over the runs, of the latest one.

    Parameters
    ----------
    changes
        The dataset's ``qc_changes``.
    history
        Its rows of ``qc_history``, at least the present run's.

    Returns
    -------
    dict
        ``since the last run``, a sentence; the numbers ``failed``, ``warned``, ``assessed``,
        ``newly failing`` and ``newly passing``; ``flagged rate``, unless nothing was judged.
    """
    latest = rows_of(_latest_first(history).head(1))[0]
    numbers: dict[str, float | int | str] = {"since the last run": headline(changes, history)}
    for name in ("failed", "warned", "assessed"):
        numbers[name] = int(str(latest[name]))
    for change in (Change.NEWLY_FAILING, Change.NEWLY_PASSING):
        numbers[str(change).replace("_", " ")] = int(changes["change"].eq(str(change)).sum())
    rate = latest["flagged_rate"]
    if isinstance(rate, float) and rate == rate:  # NaN where nothing was judged
        numbers["flagged rate"] = rate
    return numbers


def trend_table(history: pd.DataFrame, runs: int = RUNS_SHOWN) -> str:
    """Return the latest runs of a dataset as a Markdown table, the latest first.

    A cell of the model, the rules or the thresholds is bold where it differs from the run before.
    """
    latest = rows_of(_latest_first(history).head(runs + 1))
    lines = [
        "| at (UTC) | failed | warned | judged | flagged (95 % interval) | model | rules | "
        "thresholds |",
        "|---|--:|--:|--:|---|---|---|---|",
    ]
    for i, row in enumerate(latest[:runs]):
        before = latest[i + 1] if i + 1 < len(latest) else row
        cells = [
            f"{pd.to_datetime(str(row['at']), utc=True):%Y-%m-%d %H:%M}",
            *(str(row[name]) for name in ("failed", "warned", "assessed")),
            _rate(row),
            *(
                f"**{now}**" if now != then else now
                for now, then in zip(_judged_by(row), _judged_by(before), strict=True)
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _latest_first(history: pd.DataFrame) -> pd.DataFrame:
    return history.sort_values("at", kind="stable", ascending=False)


def _judged_by(run: dict[str, object]) -> tuple[str, str, str]:
    """Return model, rules and thresholds in a few characters each."""
    thresholds = str(run["settings_hash"]).removeprefix("sha256:")[:8]
    return f"{run['model_version']} ({run['served_by']})", str(run["rules_version"]), thresholds


def _rate(run: dict[str, object]) -> str:
    rate, low, high = (run[name] for name in ("flagged_rate", "ci_low", "ci_high"))
    if not isinstance(rate, float) or rate != rate:
        return "none judged"
    return f"{rate:.0%} ({low:.0%} to {high:.0%})"
