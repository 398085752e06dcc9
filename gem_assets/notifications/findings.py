"""The message on a dataset's open findings: flagged samples that nobody has reviewed."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from gem_assets.notifications.message import Message, shown_name

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

MOST_SAMPLES = 5
"""Samples that a message names; the report names all."""

NOT_GEM = "Predicted by the embedded demonstration model, which is not GEM-1."


@dataclass(frozen=True, slots=True)
class OpenFindings:
    """What of a dataset waits for a person.

    Attributes
    ----------
    state
        A word that changes with the set of open flagged samples; empty where none is open.
    message
        What to tell; None where nothing is open.
    """

    state: str
    message: Message | None


def open_findings_of(
    title: str,
    samples: pd.DataFrame,
    verdicts: pd.DataFrame,
    report: Path,
    report_url: str | None = None,
    units: tuple[str, str] = ("sample", "samples"),
) -> OpenFindings:
    """Return what to tell of a dataset: of samples that are flagged and not reviewed.

    Parameters
    ----------
    title
        Instance and name of the dataset, e.g. ``gem_bulk/lungs``.
    samples
        Its ``qc_samples``.
    verdicts
        Its ``qc_verdicts``, which say what was reviewed and who predicted.
    report
        Where its report lies.
    report_url
        Where it is served; None if nowhere, and its path is told.
    units
        What a row of ``samples`` is called, and what several are.
    """
    from gem_assets.endpoint.redaction import quote
    from gem_assets.qc.open_findings import open_samples, review_sentence
    from gem_assets.qc.summary import headline

    found = open_samples(samples, verdicts)
    if found.empty:
        return OpenFindings("", None)
    unit = units[0] if len(found) == 1 else units[1]
    lines = [headline(samples, *units)]
    if (reviewed := review_sentence(verdicts)) is not None:
        lines.append(reviewed)
    lines += [
        f"• {shown_name(str(row['sample_id']))}: {quote(str(row['sentence']))}"
        for row in found.head(MOST_SAMPLES).to_dict("records")
    ]
    if (left := len(found) - MOST_SAMPLES) > 0:
        lines.append(f"and {left} more.")
    if report_url is None:
        lines.append(f"Report: {report}")
    note = NOT_GEM if verdicts["served_by"].eq("embedded").any() else ""
    head = f"{shown_name(title)}: {len(found)} {unit} to look at"
    message = Message(head, tuple(lines), note, report_url or "")
    return OpenFindings(_state(found["sample_id"].astype(str)), message)


def _state(sample_ids: pd.Series[str]) -> str:
    digest = blake2b(digest_size=9)  # 12 characters, of which a cursor holds one set a dataset
    for sample in sorted(sample_ids):
        digest.update(f"{len(sample)}:{sample}".encode())
    return urlsafe_b64encode(digest.digest()).decode()
