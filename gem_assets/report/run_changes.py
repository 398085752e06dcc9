"""What the run before judged otherwise, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gem_assets.qc.change_sentences import headline
from gem_assets.qc.change_words import Change
from gem_assets.report.words import field_words, text_or_none

MAX_CHANGES = 100
"""Changes that are shown; all are in the warehouse."""


@dataclass(frozen=True)
class ShownChange:
    """A label on which the verdict changed, as text."""

    sample_id: str
    field: str
    was: str
    now: str
    change: str
    sentence: str


@dataclass(frozen=True)
class RunChanges:
    """What changed since the run before.

    Attributes
    ----------
    headline
        One sentence.
    changes, left_out
        Those that are shown, bad news first, and how many more there are.
    """

    headline: str
    changes: tuple[ShownChange, ...]
    left_out: int


def run_changes(changes: pd.DataFrame | None, history: pd.DataFrame | None) -> RunChanges | None:
    """Return what the page says of ``qc_changes``; None where no history is kept.

    Parameters
    ----------
    changes
        The dataset's ``qc_changes``, or None.
    history
        Its rows of ``qc_history``, or None.
    """
    if changes is None or history is None or history.empty:
        return None
    order = [str(change) for change in Change]
    rows = changes.sort_values(
        "change", key=lambda column: column.map(order.index), kind="stable"
    ).head(MAX_CHANGES)
    return RunChanges(
        headline(changes, history),
        tuple(
            ShownChange(
                sample_id=str(row["sample_id"]),
                field=field_words(str(row["field"])),
                was=field_words(text_or_none(row["was_status"]) or "not there"),
                now=field_words(text_or_none(row["status"]) or "gone"),
                change=field_words(str(row["change"])),
                sentence=str(row["sentence"]),
            )
            for row in rows.to_dict("records")
        ),
        len(changes) - len(rows),
    )
