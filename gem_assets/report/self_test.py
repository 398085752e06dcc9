"""How many planted errors the check found in this dataset, as the page shows it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import number_or_none, share

_PLANTED = {
    "swap": "two samples' rows exchanged",
    "shift": "labels slipped by some rows",
    "mixture": "reads of another sample mixed in",
}


@dataclass(frozen=True)
class SelfTestRow:
    """What became of the planted errors of one kind, as text.

    Attributes
    ----------
    planted
        What was planted.
    found, false_alarms
        How many of how many errors were found, and how many of how many untouched samples
        were accused; each with its rate and Wilson interval.
    sentence
        The same, and what else is to be known.
    """

    planted: str
    found: str
    false_alarms: str
    sentence: str


@dataclass(frozen=True)
class SelfTest:
    """The last self-test of a dataset: of when and with what, and what came of it."""

    sentence: str
    rows: tuple[SelfTestRow, ...]


def self_test(given: ReportInput) -> SelfTest | None:
    """Return what the page says of ``qc_selftest``; None if there was none."""
    table = given.selftest
    if table is None or table.empty:
        return None
    last = table.sort_values("at", kind="stable").iloc[-1]
    now = set(given.predicted["model_version"].astype(str))
    sentence = (
        "Errors were planted in the dataset's own data, among samples that nothing accuses as the "
        "sheet stands; false alarms are counted among these too. It was judged anew: "
        f"{pd.Timestamp(last['at']):%Y-%m-%d}, model version {last['model_version']}, rules "
        f"{last['rules_version']}, seed {last['seed']}."
    )
    if set(table["model_version"].astype(str)) != now:
        sentence += " The predictions are of another model version now: test again."
    return SelfTest(sentence, tuple(_row(row) for row in table.to_dict("records")))


def _row(row: Mapping[Hashable, object]) -> SelfTestRow:
    kind, mixed = str(row["kind"]), number_or_none(row["share"])
    planted = _PLANTED.get(kind, kind) + ("" if mixed is None else f": {share(mixed)}")
    return SelfTestRow(
        planted,
        _rate(row, "found", "planted", ("sensitivity", "ci_low", "ci_high")),
        _rate(
            row,
            "false_positives",
            "untouched",
            ("false_positive_rate", "fp_ci_low", "fp_ci_high"),
        ),
        str(row["sentence"]),
    )


def _rate(row: Mapping[Hashable, object], k: str, n: str, columns: tuple[str, str, str]) -> str:
    rate, low, high = (number_or_none(row[name]) for name in columns)
    if rate is None or low is None or high is None:
        return "none tried"
    return f"{row[k]} of {row[n]}: {share(rate)} ({share(low)} to {share(high)})"
