"""What tempers a verdict after its own evidence: other fields, the model's fit, a field's cap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gem_assets.qc.reasons import (
    CELL_LINE,
    FIELD_CAP,
    STATUS_ORDER,
    TISSUE_CAP_IN_CELL_LINES,
    Reason,
    Status,
)
from gem_assets.qc.settings import QcSettings

SCALED_MAD = 1.4826
"""Median absolute deviation times this estimates the standard deviation of a normal sample."""


def adjust(
    verdicts: pd.DataFrame, settings: QcSettings, decoded_counts: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the verdicts with the rules between fields applied, in this order.

    A tissue that fails or warns passes where the cell line is confirmed; a fail becomes a warning
    where the model reconstructs the sample poorly; tissue is at most unclear in a stated cell
    line; disease and age are at most a warning. Each takes back, none accuses.
    """
    verdicts = verdicts.copy()
    status, field, sample = verdicts["status"], verdicts["field"], verdicts["sample_id"]
    tissue = field.eq("tissue")

    confirmed = sample[field.eq("cell_line") & status.eq(str(Status.PASS))]
    excused = tissue & status.isin([str(Status.FAIL), str(Status.WARN)]) & sample.isin(confirmed)
    verdicts.loc[excused, "status"] = str(Status.PASS)
    verdicts.loc[excused, "reason"] = str(Reason.CELL_LINE_AGREES)

    if decoded_counts is not None:
        untrusted = verdicts["status"].eq(str(Status.FAIL)) & sample.isin(
            poorly_reconstructed(decoded_counts, settings)
        )
        verdicts.loc[untrusted, "status"] = str(Status.WARN)
        verdicts.loc[untrusted, "reason"] = str(Reason.PREDICTION_NOT_TRUSTWORTHY)

    lines = sample[field.eq("sample_type") & verdicts["provided_id"].eq(CELL_LINE)]
    _cap(verdicts, tissue & sample.isin(lines), TISSUE_CAP_IN_CELL_LINES)
    for name, cap in FIELD_CAP.items():
        _cap(verdicts, field.eq(name), cap)
    return verdicts


def poorly_reconstructed(decoded_counts: pd.DataFrame, settings: QcSettings) -> frozenset[str]:
    """Return the samples whose ``reconstruction_r`` is a low outlier of their dataset.

    None where fewer than ``outlier_min_samples`` samples have one, or more than half are equal:
    the spread is not known then.
    """
    r = decoded_counts["reconstruction_r"].astype(float).to_numpy()
    known = r[~np.isnan(r)]
    if len(known) < settings.outlier_min_samples:
        return frozenset()
    median = np.median(known)
    mad = SCALED_MAD * np.median(np.abs(known - median))
    if mad == 0:
        return frozenset()
    low = r < median - settings.outlier_mads * mad
    return frozenset(str(sample) for sample in decoded_counts.loc[low, "sample_id"])


def _cap(verdicts: pd.DataFrame, rows: pd.Series, cap: Status) -> None:
    worse = STATUS_ORDER[STATUS_ORDER.index(cap) + 1 :]
    verdicts.loc[rows & verdicts["status"].isin(worse), "status"] = str(cap)
