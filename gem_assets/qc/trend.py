"""How often a dataset was flagged, run by run: numbers to plot and a table to read."""

from __future__ import annotations

import pandas as pd

from gem_assets.markdown import escaped
from gem_assets.qc.change_sentences import headline
from gem_assets.qc.change_words import Change
from gem_assets.qc.verdict_pairs import rows_of

RUNS_SHOWN = 10
"""Runs of the table, the latest first."""

_RATE = {
    "flagged rate": "flagged_rate",
    "flagged rate low": "ci_low",
    "flagged rate high": "ci_high",
}


def rate_numbers(history: pd.DataFrame) -> dict[str, float | int]:
    """Return what Dagster plots over the runs of how many samples were flagged.

    Parameters
    ----------
    history
        A dataset's rows of ``qc_history``, at least the present run's.

    Returns
    -------
    dict
        Of the latest run: ``assessed``, ``failed`` and ``warned`` (samples); and ``flagged rate``
        with the ends of its 95 % interval, ``flagged rate low`` and ``flagged rate high`` (shares),
        unless nothing was judged.
    """
    latest = rows_of(_latest_first(history).head(1))[0]
    numbers: dict[str, float | int] = {
        name: int(str(latest[name])) for name in ("assessed", "failed", "warned")
    }
    for name, column in _RATE.items():
        value = latest[column]
        if isinstance(value, float) and value == value:  # NaN where nothing was judged
            numbers[name] = value
    return numbers


def change_numbers(changes: pd.DataFrame, history: pd.DataFrame) -> dict[str, int | str]:
    """Return what Dagster shows of the labels that are judged otherwise than in the run before.

    Parameters
    ----------
    changes
        The dataset's ``qc_changes``.
    history
        Its rows of ``qc_history``, at least the present run's.

    Returns
    -------
    dict
        ``since the last run``, a sentence; and the numbers of labels ``newly failing`` and
        ``newly passing``.
    """
    numbers: dict[str, int | str] = {"since the last run": headline(changes, history)}
    for change in (Change.NEWLY_FAILING, Change.NEWLY_PASSING):
        numbers[str(change).replace("_", " ")] = int(changes["change"].eq(str(change)).sum())
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
                f"**{escaped(now)}**" if now != then else escaped(now)
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
