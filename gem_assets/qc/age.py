"""Stated against predicted age."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gem_assets.qc.reasons import Reason, Status
from gem_assets.qc.settings import QcSettings


def judge_age(
    stated_years: pd.Series, predicted_years: pd.Series, settings: QcSettings
) -> pd.DataFrame:
    """Compare ages in years, row by row.

    A difference beyond ``max(age_years, 2 * age_expected_error)`` warns; it never fails. No
    endpoint states the error that it expects of its ages, so unless the settings do, the limit
    is ``age_years``.

    Returns
    -------
    pandas.DataFrame
        Columns status and reason, on the index of the stated ages; ``unmapped`` where a stated
        age is no number, ``field_not_predicted`` where a predicted one is missing.
    """
    stated = pd.to_numeric(stated_years, errors="coerce").to_numpy(dtype=float)
    predicted = predicted_years.to_numpy(dtype=float)
    limit = max(settings.age_years, 2 * settings.age_expected_error)
    missing = [np.isnan(stated), np.isnan(predicted)]
    differs = np.abs(stated - predicted) > limit
    status = np.select(
        [missing[0] | missing[1], differs], [Status.NOT_ASSESSED, Status.WARN], Status.PASS
    )
    reason = np.select(
        [*missing, differs],
        [Reason.UNMAPPED, Reason.FIELD_NOT_PREDICTED, Reason.AGE_DIFFERS],
        Reason.AGE_AGREES,
    )
    return pd.DataFrame({"status": status, "reason": reason}, index=stated_years.index)
