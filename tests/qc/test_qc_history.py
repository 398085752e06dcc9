"""The flagged rate with its interval, and a run's row of history."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qc_rows import AT, LIVER, PROVENANCE, Answers

from gem_assets.qc.history import flagged_rate, history_row
from gem_assets.qc.settings import RULES_VERSION, QcSettings

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def samples(*statuses: str) -> pd.DataFrame:
    return pd.DataFrame({"status": list(statuses)})


def test_the_rate_has_its_wilson_interval() -> None:
    # Toker 2016's 32 of 70, by the closed formula.
    rate, low, high = flagged_rate(32, 70)
    assert rate == pytest.approx(32 / 70)
    assert low == pytest.approx(0.3457, abs=5e-4)
    assert high == pytest.approx(0.5730, abs=5e-4)


def test_no_judged_sample_has_no_rate() -> None:
    assert flagged_rate(0, 0) == (None, None, None)


@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 2)])
def test_more_flagged_than_judged_is_an_error(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="flagged of 2 judged"):
        flagged_rate(k, n)


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_rate(k_n: tuple[int, int]) -> None:
    rate, low, high = flagged_rate(*k_n)
    assert rate is not None
    assert low is not None
    assert high is not None
    assert 0 <= low <= rate <= high <= 1


def test_a_run_is_one_row_with_the_latest_provenance() -> None:
    answers = Answers().named("a", "tissue", LIVER).named("b", "tissue", LIVER)
    answers.metadata[0]["predicted_at"] = AT - pd.Timedelta(days=1)
    metadata, _ = answers.tables()
    statuses = samples("fail", "warn", "unclear", "pass", "not_assessed")
    thresholds = QcSettings()
    row = history_row("d", "run-1", NOON, statuses, metadata, thresholds).iloc[0].to_dict()
    rate, low, high = flagged_rate(2, 4)
    assert row == {
        "dataset": "d",
        "run_id": "run-1",
        "at": pd.Timestamp(NOON),
        "samples": 5,
        "assessed": 4,
        "failed": 1,
        "warned": 1,
        "flagged_rate": rate,
        "ci_low": low,
        "ci_high": high,
        "rules_version": RULES_VERSION,
        "settings_hash": thresholds.hash(),
        **PROVENANCE,
    }


def test_a_run_that_judged_nothing_has_no_rate() -> None:
    metadata, _ = Answers().named("a", "tissue", LIVER).tables()
    row = history_row("d", "r", NOON, samples("not_assessed"), metadata, QcSettings())
    assert row[["flagged_rate", "ci_low", "ci_high"]].isna().all(axis=None)
    assert str(row["at"].dtype) == str(row["predicted_at"].dtype) == "datetime64[us, UTC]"


def test_a_time_without_zone_and_a_run_without_predictions_are_errors() -> None:
    metadata, _ = Answers().named("a", "tissue", LIVER).tables()
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="needs a time zone"):
        history_row("d", "r", naive, samples("pass"), metadata, QcSettings())
    with pytest.raises(ValueError, match="'d' has no prediction"):
        history_row("d", "r", NOON, samples("pass"), metadata.iloc[:0], QcSettings())
