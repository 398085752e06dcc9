"""What a run judges otherwise than the run before, and what explains it.

A verdict follows from the label, the model's answer to the counts, the rules with their thresholds,
and from other labels. Each of these is compared with what it was, and what differs may be why.
Where several differ all are told, since nothing was judged twice to tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gem_assets.qc.change_sentences import ChangedLabel, describe_change
from gem_assets.qc.change_words import Cause, Change
from gem_assets.qc.verdict_pairs import JudgedRun, VerdictPair, rows_of

CHANGE_COLUMNS = (
    "dataset",
    "run_id",
    "since",
    "sample_id",
    "field",
    "was_status",
    "status",
    "change",
    "why",
    "sentence",
)


def run_before(history: pd.DataFrame, run_id: str) -> Mapping[str, object] | None:
    """Return the row of a dataset's last run but this one; None if this is the first.

    Parameters
    ----------
    history
        The dataset's rows of ``qc_history``, in any order.
    run_id
        The present run, whose own row may be there already.
    """
    others = history[history["run_id"].ne(run_id)].sort_values("at", kind="stable")
    if not len(others):
        return None
    return rows_of(others.tail(1))[0]


def find_changes(
    before: JudgedRun | None, now: JudgedRun, *, held: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the labels on which a run says otherwise than the one before.

    The same verdict for another reason or by other numbers is no change; nor is the review of a
    label that is not flagged.

    Parameters
    ----------
    before
        The run before; None if there was none.
    now
        The present run of the same dataset.
    held
        The dataset's ``qc_changes`` as it stands. What the present run wrote there is returned as
        it is: a step that is tried again would compare its verdicts with themselves.

    Returns
    -------
    pandas.DataFrame
        The ``qc_changes`` table, empty for a first run: dataset and run_id of the present run;
        since, the time of the one before (UTC); sample_id; field; was_status and status, None
        where the label was or is not there; change, a word of `Change`; why, a list of words of
        `Cause`, the nearest to the label first; sentence. In the order of the present verdicts,
        then the labels that are gone.
    """
    if held is not None and held["run_id"].eq(str(now.run["run_id"])).any():
        return held[list(CHANGE_COLUMNS)]
    if before is None:
        return _table([])
    pair = VerdictPair(before, now)
    changes = pair.changes()
    causes = pair.causes(changes)
    moved = pair.moved_samples()
    since = pd.to_datetime(str(before.run["at"]), utc=True)
    changed = np.flatnonzero(changes.notna())
    found = []
    for place, (sample, field), change, was, present in zip(
        changed.tolist(),
        pair.labels[changed].tolist(),
        changes.iloc[changed].tolist(),
        rows_of(pair.was.iloc[changed]),
        rows_of(pair.now.iloc[changed]),
        strict=True,
    ):
        why = tuple(cause for cause, holds in causes.items() if holds[place])
        partners = moved.get(field, []) if Cause.PARTNER_CHANGED in why else []
        label = ChangedLabel(
            sample,
            field,
            Change(change),
            why,
            was,
            present,
            tuple(name for name in partners if name != sample),
        )
        found.append(
            {
                "dataset": now.run["dataset"],
                "run_id": now.run["run_id"],
                "since": since,
                "sample_id": sample,
                "field": field,
                "was_status": was["status"],
                "status": present["status"],
                "change": str(label.change),
                "why": [str(cause) for cause in why],
                "sentence": describe_change(label, before.run, now.run),
            }
        )
    return _table(found)


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS), dtype=object)
    since = pd.to_datetime(table["since"], utc=True).astype("datetime64[us, UTC]")
    return table.assign(since=since)
