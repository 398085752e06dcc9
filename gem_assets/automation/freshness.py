"""How fresh a report is to be: the one place that uses Dagster's freshness policies.

In Dagster 1.13 they are public and warn of nothing, but their page stands under "labs". A policy is
of an asset, not of its partitions: the youngest report of any dataset counts. So it says that the
refreshes have stopped, and not that one dataset was left out.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

_LEAST_HOURS = 1.0


def report_freshness(hours: float | None) -> dg.FreshnessPolicy | None:
    """Return the policy of ``qc_report``: it fails when no report was made for so many hours.

    Parameters
    ----------
    hours
        At least 1; None for no policy.

    Raises
    ------
    ValueError
        If it is less.
    """
    if hours is None:
        return None
    if not hours >= _LEAST_HOURS:
        raise ValueError(
            f"fresh_within_hours is {hours}; it must be at least {_LEAST_HOURS:g}, or None for no "
            "policy. The daily refresh needs 25 or more."
        )
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=hours))
