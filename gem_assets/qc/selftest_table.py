"""The self-test as the table ``qc_selftest``, and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import pandas as pd

from gem_assets.qc.history import PROVENANCE, flagged_rate
from gem_assets.qc.selftest_words import (
    SelftestRow,
    all_in_a_sentence,
    row_in_words,
    tally_sentence,
)
from gem_assets.qc.settings import RULES_VERSION, QcSettings
from gem_assets.qc.tally import MIXTURE, Tally

SELFTEST_COLUMNS = (
    "dataset",
    "kind",
    "share",
    "samples",
    "planted",
    "found",
    "sensitivity",
    "ci_low",
    "ci_high",
    "named",
    "close",
    "untouched",
    "false_positives",
    "false_positive_rate",
    "fp_ci_low",
    "fp_ci_high",
    "judgements",
    "tellable",
    "possible",
    "sentence",
    "run_id",
    "at",
    "seed",
    "rules_version",
    "settings_hash",
    *PROVENANCE,
)
_NUMBERS = (
    "share",
    "sensitivity",
    "ci_low",
    "ci_high",
    "false_positive_rate",
    "fp_ci_low",
    "fp_ci_high",
)
_MAY_BE_MISSING = ("close", "tellable", "possible")


def selftest_table(
    dataset: str,
    tallies: Iterable[Tally],
    predicted_metadata: pd.DataFrame,
    settings: QcSettings,
    *,
    run_id: str,
    at: datetime,
    seed: int,
) -> pd.DataFrame:
    """Return the ``qc_selftest`` table: a row a kind of error, of mixtures one a share.

    Parameters
    ----------
    dataset
        Its name.
    tallies
        What was counted.
    predicted_metadata
        The dataset's table; the provenance of its latest prediction is the rows'.
    settings
        The thresholds that were tested.
    run_id, at
        Which run it was, and when; with a time zone.
    seed
        Where chance began.

    Raises
    ------
    ValueError
        If the time has no time zone, or there is no prediction.
    """
    if at.tzinfo is None:
        raise ValueError(f"the time of a self-test needs a time zone, got {at.isoformat()}")
    if not len(predicted_metadata):
        raise ValueError(f"dataset {dataset!r} has no prediction, so nothing was tested")
    latest = predicted_metadata.sort_values("predicted_at", kind="stable").iloc[-1]
    told = {
        "run_id": run_id,
        "at": pd.Timestamp(at),
        "seed": seed,
        "rules_version": RULES_VERSION,
        "settings_hash": settings.hash(),
        **{name: latest[name] for name in PROVENANCE},
    }
    rows = []
    for tally in tallies:
        sensitivity, ci_low, ci_high = flagged_rate(tally.found, tally.planted)
        rate, fp_low, fp_high = flagged_rate(tally.false_positives, tally.untouched)
        rows.append(
            {
                "dataset": dataset,
                **asdict(tally),
                "sensitivity": sensitivity,
                "ci_low": ci_low,
                "ci_high": ci_high,
                "false_positive_rate": rate,
                "fp_ci_low": fp_low,
                "fp_ci_high": fp_high,
                "sentence": tally_sentence(tally),
                **told,
            }
        )
    table = pd.DataFrame(rows, columns=list(SELFTEST_COLUMNS))
    types = dict.fromkeys(_NUMBERS, "float64") | dict.fromkeys(_MAY_BE_MISSING, "Int64")
    table = table.astype(types)
    for name in ("at", "predicted_at"):
        table[name] = pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]")
    return table


def with_earlier_mixtures(table: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Return a new table with the mixtures of an earlier one, where it planted none itself.

    They may have been paid. Only those of the same predictions, rules and thresholds still hold.

    Parameters
    ----------
    table
        What takes the place of ``earlier``; at least a row.
    earlier
        The dataset's rows of ``qc_selftest`` so far.
    """
    if table["kind"].eq(MIXTURE).any():
        return table
    held = earlier["kind"].eq(MIXTURE)
    for name in ("rules_version", "settings_hash", *PROVENANCE):
        held &= earlier[name].eq(table[name].iloc[0])
    kept = earlier.loc[held, list(SELFTEST_COLUMNS)].astype(table.dtypes.to_dict())
    return pd.concat([table, kept], ignore_index=True) if len(kept) else table


def selftest_sentence(table: pd.DataFrame) -> str:
    """Return a dataset's rows of ``qc_selftest``, at least one, in one sentence."""
    return all_in_a_sentence(tallies_of(table), table["sentence"].tolist())


def selftest_rows(table: pd.DataFrame) -> tuple[SelftestRow, ...]:
    """Return rows of ``qc_selftest`` as texts for people."""
    return tuple(map(row_in_words, tallies_of(table), table["sentence"]))


def tallies_of(table: pd.DataFrame) -> list[Tally]:
    """Return what rows of ``qc_selftest`` were made of, but for the number of judged samples."""
    return [
        Tally(
            kind=str(row["kind"]),
            samples=int(row["samples"]),
            planted=int(row["planted"]),
            found=int(row["found"]),
            named=int(row["named"]),
            untouched=int(row["untouched"]),
            false_positives=int(row["false_positives"]),
            judgements=int(row["judgements"]),
            share=None if pd.isna(row["share"]) else float(row["share"]),
            close=_whole(row["close"]),
            tellable=_whole(row["tellable"]),
            possible=_whole(row["possible"]),
        )
        for row in table.to_dict("records")
    ]


def _whole(number: float | None) -> int | None:
    return None if pd.isna(number) else int(number)
