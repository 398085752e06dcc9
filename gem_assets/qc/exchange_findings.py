"""Exchanges and shifts in the words of somebody who prepared the samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from gem_assets.qc.exchanges import CYCLE, SAME_DONOR, Exchange
from gem_assets.qc.findings import Finding
from gem_assets.qc.shifts import Shift

NAMED_AT_MOST = 12
"""Samples that a sentence names; all are in the finding."""


def exchange_findings(
    exchanges: Iterable[Exchange], shifts: Sequence[Shift], verdicts: pd.DataFrame
) -> list[Finding]:
    """Return shifts, then exchanges, as findings; score: log10 of the joint likelihood ratio.

    Where a shift and an exchange explain the same samples alike, each sentence names the other.

    Parameters
    ----------
    exchanges, shifts
        The results of `find_exchanges` and `find_shifts`.
    verdicts
        The verdicts on the same labels, for the labels' words.
    """
    words = verdicts["provided_label"].where(
        verdicts["provided_label"].notna(), verdicts["provided_text"]
    )
    labels = dict(
        zip(zip(verdicts["sample_id"], verdicts["field"], strict=True), words, strict=True)
    )
    told = list(exchanges)
    found = [_of_shift(shift, told) for shift in shifts]
    return found + [_of_exchange(exchange, shifts, labels) for exchange in told]


def _of_exchange(
    exchange: Exchange, shifts: Sequence[Shift], labels: Mapping[tuple[str, str], str]
) -> Finding:
    fields = _fields(exchange.fields)
    first = exchange.fields[0]
    if exchange.kind == "swap":
        members = _listed([f"{one} (labelled {labels[one, first]})" for one in exchange.sample_ids])
        if exchange.reason == CYCLE:
            clause = (
                f"{members} each look like what the next is labelled, the last like the first: "
                "consistent with a ring exchange"
            )
        else:
            clause = f"{members} each look like what the other is labelled: consistent with a swap"
        what = (
            "of the samples or of their rows in the sheet"
            if exchange.whole_row
            else f"of the {fields}"
        )
        clause += f" {what}"
        if exchange.rows_possible:
            clause += ", or of the samples: nothing else that is stated can tell"
    elif not exchange.takes_from:
        members = _listed(exchange.sample_ids)
        clause = (
            f"{len(exchange.sample_ids)} samples contradict their {fields} ({members}): an "
            "exchange explains some of them, but not all, so labels were wrong by themselves or "
            "their partners are not here"
        )
    else:
        members = _listed(exchange.sample_ids)
        clause = (
            f"{len(exchange.sample_ids)} samples contradict their {fields} and fit each other's "
            f"({members}): consistent with an exchange among them, but their labels can't tell "
            "who exchanged with whom"
        )
    known = bool(exchange.takes_from)
    ratio = f" (joint likelihood ratio {_ratio(exchange.log_ratio)})" if known else ""
    sentence = f"{clause}{ratio}."
    if exchange.reason == SAME_DONOR:
        sentence += " Others fit alike; these two are of one donor."
    if exchange.across_batches:
        sentence += " They are of different batches."
    for shift in shifts:
        if not shift.alone and set(exchange.sample_ids) <= shift.contradicted:
            sentence += f" So would labels that slipped by {_rows(shift.rows)}."
    sentence += " Check their records before changing a label."
    return Finding(
        kind=exchange.kind,
        sample_ids=exchange.sample_ids,
        reason=exchange.reason,
        sentence=sentence,
        score=exchange.log_ratio / math.log(10) if known else None,
    )


def _of_shift(shift: Shift, exchanges: Sequence[Exchange]) -> Finding:
    below = "below" if shift.rows > 0 else "above"
    where = (
        f"from {shift.sample_ids[0]} to {shift.sample_ids[-1]}, samples"
        if shift.partly
        else (f"in batch {shift.batch}, samples" if shift.batch is not None else "the samples")
    )
    sentence = (
        f"Along the sheet, {where} fit the {_fields(shift.fields)} stated {_rows(shift.rows)} "
        f"{below} their own (likelihood ratio {_ratio(shift.log_ratio)}; "
        f"{len(shift.contradicted)} samples fit theirs worse): consistent with labels that slipped "
        f"by {_rows(shift.rows)}."
    )
    sentence = sentence[0].upper() + sentence[1:]
    if not shift.alone:
        same = any(set(one.sample_ids) <= shift.contradicted for one in exchanges)
        sentence += (
            f" The labels change at {shift.places} places only, so an exchange of the "
            f"contradicted samples{' (see there)' if same else ''} explains it as well."
        )
    sentence += " Compare the sheet with its source, row by row."
    return Finding(
        kind="shift",
        # Where an exchange may be the cause as well, the other rows are accused of nothing.
        sample_ids=tuple(
            one for one in shift.sample_ids if shift.alone or one in shift.contradicted
        ),
        reason="rows_slipped" if shift.alone else "shift_or_exchange",
        sentence=sentence,
        score=shift.log_ratio / math.log(10),
    )


def _fields(fields: Sequence[str]) -> str:
    names = [field.replace("_", " ") for field in fields]
    return f"{_listed(names)} label{'s' if len(names) > 1 else ''}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMED_AT_MOST:
        return f"{', '.join(names[:NAMED_AT_MOST])} and {len(names) - NAMED_AT_MOST} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _rows(rows: int) -> str:
    return f"{abs(rows)} row{'s' if abs(rows) > 1 else ''}"


def _ratio(log_ratio: float) -> str:
    """Return a ratio by its power of ten: no more of it is known."""
    return f"about 1e{math.floor(log_ratio / math.log(10) + 1e-9)}"
