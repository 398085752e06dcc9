"""The evidence on a flagged sample: label, model and marker genes, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.qc.open_findings import open_verdicts
from gem_assets.qc.reasons import STATUS_ORDER, Reason, Status
from gem_assets.qc.sentences import probability
from gem_assets.qc.vote import Vote
from gem_assets.report.chances import Chance, Chances
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import field_words, stated_word, text_or_none

MAX_CARDS = 10
"""Evidence cards on the first screen; the other flagged samples are in the table below."""

FLAGGED = (str(Status.FAIL), str(Status.WARN))
"""Statuses that somebody should look at."""

_FIELD_ORDER = {f.name: i for i, f in enumerate(FIELDS)}


@dataclass(frozen=True)
class Mark:
    """One of the three voices on a card: what it says, and whether it sides with the label."""

    voice: str
    says: str
    side: str  # "for", "against" or "silent"


@dataclass(frozen=True)
class Card:
    """The evidence on one flagged sample.

    Attributes
    ----------
    sample_id, status
        Which sample; its status.
    field, field_name
        The field that is shown, by our name and as a word.
    stated, claim, found
        The label; who says otherwise; and what.
    marks
        The three voices.
    sentence, suggestion
        Of ``qc_samples``.
    reviewed_by
        Who reviewed it; None where something flagged is open.
    chances
        The most probable values of the field.
    """

    sample_id: str
    status: str
    field: str
    field_name: str
    stated: str
    claim: str
    found: str
    marks: tuple[Mark, ...]
    sentence: str
    suggestion: str | None
    reviewed_by: str | None
    chances: tuple[Chance, ...]


def flagged_samples(given: ReportInput) -> pd.DataFrame:
    """Return the rows of the samples that fail or warn: the open ones first, the worst first."""
    flagged = given.samples[given.samples["status"].isin(FLAGGED)]
    rank = -flagged["status"].map(STATUS_ORDER.index).astype(int)
    settled = ~flagged["sample_id"].isin(open_verdicts(given.verdicts)["sample_id"])
    order = flagged.assign(settled=settled, rank=rank)
    return order.sort_values(["settled", "rank"], kind="stable")


def cards(given: ReportInput, shown: Chances) -> tuple[Card, ...]:
    """Return a card for each of the first flagged samples.

    Parameters
    ----------
    given
        The dataset's tables.
    shown
        Probabilities of these samples at least.
    """
    rows = flagged_samples(given).head(MAX_CARDS)
    verdicts = given.verdicts[given.verdicts["sample_id"].isin(rows["sample_id"])]
    return tuple(
        _card(given, {str(k): v for k, v in row.items()}, verdicts, shown)
        for row in rows.to_dict("records")
    )


def _card(
    given: ReportInput, row: Mapping[str, object], verdicts: pd.DataFrame, shown: Chances
) -> Card:
    sample_id, status = str(row["sample_id"]), str(row["status"])
    own = verdicts[verdicts["sample_id"] == sample_id]
    verdict = _worst(own, status)
    field = str(verdict["field"])
    stated = stated_word(verdict.to_dict())
    predicted = text_or_none(verdict["predicted_label"]) or text_or_none(verdict["predicted_id"])
    predicted = predicted or "no answer"
    markers = _markers(given, sample_id, field, stated, predicted)
    by_markers = verdict["reason"] == Reason.MARKERS_CONTRADICT_LABEL
    p = verdict["p_top"]
    says = predicted if pd.isna(p) else f"{predicted} ({probability(float(p))})"
    flagged = own[own["status"].isin(FLAGGED)]["reviewed_by"]
    return Card(
        sample_id=sample_id,
        status=status,
        field=field,
        field_name=field_words(field),
        stated=stated,
        claim="marker genes say" if by_markers else "expression says",
        found=markers.says if by_markers else predicted,
        marks=(
            Mark("label", stated, "for"),
            Mark("model", says, "for" if by_markers else "against"),
            markers,
        ),
        sentence=str(row["sentence"]),
        suggestion=text_or_none(row["suggestion"]),
        reviewed_by=", ".join(dict.fromkeys(flagged)) if flagged.notna().all() else None,
        chances=shown.get((sample_id, field), ()),
    )


def _worst(own: pd.DataFrame, status: str) -> pd.Series:
    """Return the verdict to show: an open one before a reviewed one, then in the fields' order."""
    worst = own[own["status"] == status].assign(
        place=lambda rows: rows["field"].map(_FIELD_ORDER),
        settled=lambda rows: rows["reviewed_by"].notna(),
    )
    return worst.sort_values(["settled", "place"], kind="stable").iloc[0]


def _markers(given: ReportInput, sample_id: str, field: str, stated: str, predicted: str) -> Mark:
    if field == "sex" and (call := _said(given.markers, sample_id, "call")) is not None:
        if call not in ("male", "female"):
            return Mark("markers", call.replace("_", " "), "silent")
        return Mark("markers", call, "for" if call == stated else "against")
    if field == "tissue" and (vote := _said(given.votes, sample_id, "vote")) is not None:
        return {
            Vote.LABEL_ERROR: Mark("markers", predicted, "against"),
            Vote.MODEL_ERROR: Mark("markers", stated, "for"),
            Vote.SAMPLE_ERROR: Mark("markers", "both: a mixture", "silent"),
            Vote.UNDECIDED: Mark("markers", "not settled", "silent"),
        }[Vote(vote)]
    return Mark("markers", "none for this field", "silent")


def _said(table: pd.DataFrame | None, sample_id: str, column: str) -> str | None:
    if table is None:
        return None
    said = table.loc[table["sample_id"] == sample_id, column]
    return None if said.empty else str(said.iloc[0])
