"""Failing labels that confident learning calls wrong, too, in words: the second view's word.

A finding is about failing labels only. Measured by leaving one source of the training references
out (datasets of 30, 100 and 300 libraries of single donors; 1,250 labels of 15,600 exchanged or
replaced): of the labels that confident learning called wrong, all 903 that failed were wrong, but
only 70 of 254 that did not fail. It would accuse two or three right samples for each wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from gem_assets.labels.ontology import label_of
from gem_assets.qc.closed_set import ClosedSet, ClosedSetSkipped
from gem_assets.qc.findings import Finding
from gem_assets.qc.reasons import Status
from gem_assets.qc.sentences import probability

LABEL_ISSUE = "label_issue"
"""The findings' kind."""

FITS_ANOTHER_LABEL = "fits_another_label"
"""Their reason."""

LEAST_INSIDE = 0.5
"""Least share of a sample's probability on the labels of the dataset for which it is said which
of them fits better. With less, what the model sees in the sample is none of them, and to name the
nearest would mislead. A majority, chosen a priori."""

NAMED_AT_MOST = 12
"""Samples that a sentence names; all are in the finding."""


def closed_set_findings(
    closed: Iterable[ClosedSet | ClosedSetSkipped], verdicts: pd.DataFrame
) -> list[Finding]:
    """Return the failing labels for which another label of the dataset is the likely true one.

    Parameters
    ----------
    closed
        The result of :func:`gem_assets.qc.closed_set.closed_sets`; skipped fields have none.
    verdicts
        The verdicts on the same labels, all rules and adjustments applied.

    Returns
    -------
    list of Finding
        One for all samples of a field that state one label and fit the same other, the most
        samples first; score: the other label's share of the probability on the dataset's labels,
        the median over the samples.
    """
    failing = verdicts[verdicts["status"].eq(str(Status.FAIL))]
    return [
        finding
        for one in closed
        if isinstance(one, ClosedSet)
        for finding in _of_field(one, failing.loc[failing["field"].eq(one.field), "sample_id"])
    ]


def _of_field(closed: ClosedSet, failing: pd.Series) -> Iterator[Finding]:
    frame = closed.frame()
    told = frame["issue"] & frame["outside"].le(1 - LEAST_INSIDE)
    accused = frame[told & frame.index.isin(failing)]
    alike = [rows for _, rows in accused.groupby(["own", "likeliest"], sort=False)]
    for rows in sorted(alike, key=len, reverse=True):
        score = float(rows["likeliest_share"].median())
        yield Finding(
            kind=LABEL_ISSUE,
            sample_ids=tuple(rows.index),
            reason=FITS_ANOTHER_LABEL,
            sentence=_sentence(closed, rows, score),
            score=score,
        )


def _sentence(closed: ClosedSet, rows: pd.DataFrame, share: float) -> str:
    samples = rows.index.tolist()
    own, other = (label_of(name) or name for name in rows[["own", "likeliest"]].iloc[0])
    several = len(samples) > 1
    field = closed.field.replace("_", " ")
    them, their = ("them", "their") if several else ("it", "its")
    return (
        f"{_listed(samples)} {'are' if several else 'is'} labelled {own}, but of the "
        f"{len(closed.labels)} {field} labels of this dataset {other} fits {them} best: "
        f"{probability(share)} of the probability on them{' (median)' if several else ''}, "
        f"{probability(float(rows['quality'].median()))} for {their} own. Two views agree, for "
        f"among all that the model knows the label fails as well. Check {their} "
        f"record{'s' if several else ''}: {other} is a candidate."
    )


def _listed(names: list[str]) -> str:
    if len(names) > NAMED_AT_MOST:
        return f"{', '.join(names[:NAMED_AT_MOST])} and {len(names) - NAMED_AT_MOST} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
