"""How often samples are flagged: the rate with its interval, and a run's row of history."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from gem_assets.qc.reasons import Status
from gem_assets.qc.settings import RULES_VERSION, QcSettings

PROVENANCE = ("model_id", "model_version", "served_by", "predicted_at")


def flagged_rate(k: int, n: int) -> tuple[float | None, float | None, float | None]:
    """Return the share k/n and its 95 % Wilson interval; three None for n = 0.

    Parameters
    ----------
    k
        Flagged samples.
    n
        Judged samples: those without a verdict say nothing about the rate.

    Raises
    ------
    ValueError
        Unless 0 <= k <= n.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} flagged of {n} judged samples; expected 0 <= flagged <= judged")
    if n == 0:
        return None, None, None
    from scipy.stats import binomtest  # 0.5 s to import

    interval = binomtest(k, n).proportion_ci(method="wilson")
    # At k = 0 and k = n rounding may leave the rate outside by 1e-17.
    return k / n, min(float(interval.low), k / n), max(float(interval.high), k / n)


def history_row(
    dataset: str,
    run_id: str,
    at: datetime,
    qc_samples: pd.DataFrame,
    predictions: pd.DataFrame,
    settings: QcSettings,
) -> pd.DataFrame:
    """Return a run's row of the ``qc_history`` table.

    Flagged are the samples that fail or warn, as in the view ``qc_mismatches``; the rate is over
    the assessed ones.

    Parameters
    ----------
    dataset, run_id
        The key of the row.
    at
        When the verdicts were made; with a time zone.
    qc_samples
        The result of :func:`gem_assets.qc.summary.summarise_samples`.
    predictions
        Any table of the dataset with provenance, such as ``predicted_metadata``; that of its
        latest prediction becomes the row's.
    settings
        The thresholds that were used.

    Returns
    -------
    pandas.DataFrame
        One row.

    Raises
    ------
    ValueError
        If the time has no time zone, or there is no prediction.
    """
    if at.tzinfo is None:
        raise ValueError(f"the time of a run needs a time zone, got {at.isoformat()}")
    counts = qc_samples["status"].value_counts()
    failed, warned = int(counts.get(str(Status.FAIL), 0)), int(counts.get(str(Status.WARN), 0))
    assessed = len(qc_samples) - int(counts.get(str(Status.NOT_ASSESSED), 0))
    rate, low, high = flagged_rate(failed + warned, assessed)
    if not len(predictions):
        raise ValueError(f"dataset {dataset!r} has no prediction, so there is no run to record")
    latest = predictions.sort_values("predicted_at").iloc[-1]
    provenance = {name: latest[name] for name in PROVENANCE}
    row = pd.DataFrame(
        [
            {
                "dataset": dataset,
                "run_id": run_id,
                "at": pd.Timestamp(at),
                "samples": len(qc_samples),
                "assessed": assessed,
                "failed": failed,
                "warned": warned,
                "flagged_rate": rate,
                "ci_low": low,
                "ci_high": high,
                "rules_version": RULES_VERSION,
                "settings_hash": settings.hash(),
                **provenance,
            }
        ]
    )
    for name in ("at", "predicted_at"):
        row[name] = pd.to_datetime(row[name], utc=True).astype("datetime64[us, UTC]")
    for name in ("flagged_rate", "ci_low", "ci_high"):
        row[name] = row[name].astype("float64")
    return row
