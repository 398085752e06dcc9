"""What still counts of verdicts, samples and findings: what is flagged, and nobody has reviewed."""

from __future__ import annotations

import pandas as pd

from gem_assets.qc.reasons import Status

_FLAGGED = (str(Status.WARN), str(Status.FAIL))


def open_verdicts(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts that checks and notifications count: flagged, and not reviewed."""
    flagged = verdicts["status"].isin(_FLAGGED)
    return verdicts[flagged & verdicts["reviewed_by"].isna()]


def settled_samples(verdicts: pd.DataFrame) -> set[str]:
    """Return the samples of which something was reviewed, and nothing is left open."""
    reviewed = set(verdicts.loc[verdicts["reviewed_by"].notna(), "sample_id"])
    return reviewed - set(open_verdicts(verdicts)["sample_id"])


def open_samples(samples: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``qc_samples`` that are flagged and not settled, the fails first."""
    flagged = samples[samples["status"].isin(_FLAGGED)]
    found = flagged[~flagged["sample_id"].isin(settled_samples(verdicts))]
    # "fail" is before "warn" by the alphabet, too.
    return found.sort_values("status", kind="stable")


def review_sentence(verdicts: pd.DataFrame) -> str | None:
    """Return how many of the flagged labels are reviewed, None where none is.

    "1 of 3 flagged labels is reviewed; 2 are open."
    """
    flagged = int(verdicts["status"].isin(_FLAGGED).sum())
    left = len(open_verdicts(verdicts))
    reviewed = flagged - left
    if not reviewed:
        return None
    if not left:
        every = "The flagged label is" if flagged == 1 else f"All {flagged} flagged labels are"
        return f"{every} reviewed; none is open."
    return (
        f"{reviewed} of {flagged} flagged labels {'is' if reviewed == 1 else 'are'} reviewed; "
        f"{left} {'is' if left == 1 else 'are'} open."
    )


def open_findings(findings: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that still count.

    A finding is settled when each of its samples with a label here is, as `settled_samples` says.
    One about the dataset, which names no samples, is settled by no review.

    Parameters
    ----------
    findings
        The ``qc_findings`` table.
    verdicts
        The ``qc_verdicts`` table after `gem_assets.qc.review.apply_reviews`.
    """
    settled = settled_samples(verdicts)
    judged = set(verdicts["sample_id"])
    here = [judged.intersection(names) for names in findings["sample_ids"]]
    counts = [not names or not settled.issuperset(names) for names in here]
    return findings[pd.Series(counts, index=findings.index, dtype=bool)]
