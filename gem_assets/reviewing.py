"""Reviewing a label: a person's decision, checked and written into ``review.csv``."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gem_assets.open_reviews import LastRun, last_run
from gem_assets.problems import refuse
from gem_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.qc.review import Decision

_LONGEST = 2_000
"""Characters of a comment; a cell of a megabyte would be read by nobody, and by no spreadsheet."""


def add_review(
    settings: Settings,
    dataset: str,
    sample: str,
    field: str,
    decision: str,
    *,
    reviewer: str | None = None,
    comment: str = "",
    today: date | None = None,
) -> str:
    """Write a decision about a label into the dataset's ``review.csv``, and say so.

    What the label is now is written beside it, if the file has a column for it: the decision does
    not count for another label that the sheet states later.

    Parameters
    ----------
    settings, dataset
        As of `gem_assets.open_reviews.last_run`.
    sample, field
        Whose label; it must have been judged, or found to be impossible to judge.
    decision
        A word of `gem_assets.qc.review.Decision`.
    reviewer
        Who decides; None: the name of the login.
    comment
        Why.
    today
        Date of the decision; None: the local one.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no such dataset, sample, label or decision, if ``review.csv`` can't be
        understood or written, or if it holds a decision of a later date.
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.datasets import add_review_row
    from gem_assets.qc.open_findings import review_sentence
    from gem_assets.qc.review import LABEL, REVIEW_COLUMNS, apply_reviews

    run = last_run(settings, dataset)
    decided = _decision(decision)
    verdict = _verdict(run, sample, field)
    cells = {
        "sample_id": sample,
        "field": str(verdict["field"]),
        "decision": str(decided),
        "reviewer": _written("reviewer", reviewer or _login()),
        "date": (today or date.today()).isoformat(),  # noqa: DTZ011 - a person's day is local
        "comment": _written("comment", comment),
        LABEL: str(verdict["provided_text"]),
    }
    label = f"{run.title}, {sample}: the {cells['field'].replace('_', ' ')} {cells[LABEL]!r}"
    if _stands_already(run, cells):
        return f"{label} is reviewed so already; nothing was written."
    try:
        add_review_row(run.path, (*REVIEW_COLUMNS, LABEL), cells)
    except OSError as error:
        row = ",".join(cells.values())
        raise refuse(
            "review_not_written",
            f"{run.path} can't be written ({error.strerror or error}).",
            f"Get the right to, or have this row added to it: {row}",
        ) from error
    applied = apply_reviews(run.verdicts, run.reviews(), source=str(run.path))
    said = [
        f"{label} ({_was(verdict)}) is now {decided}, says {cells['reviewer']} in {run.path}.",
        _consequence(run, decided, sample),
        review_sentence(applied.verdicts) or "",
        f"gem-assets run {run.title} takes it over into tables, checks and report.",
    ]
    return " ".join(filter(None, said))


def _decision(word: str) -> Decision:
    from gem_assets.qc.review import Decision

    spelt = word.strip().casefold().replace("-", "_").replace(" ", "_")
    if spelt not in set(Decision):
        raise refuse("no_such_decision", f"{word!r} is no decision.", _one_of(spelt, Decision))
    return Decision(spelt)


def _verdict(run: LastRun, sample: str, field: str) -> pd.Series:
    """Return the verdict on a label, or say what there is in its place."""
    of_sample = run.verdicts[run.verdicts["sample_id"].eq(sample)]
    if of_sample.empty:
        known = run.verdicts["sample_id"].astype(str).unique()
        near = get_close_matches(sample, known, 1)
        raise refuse(
            "sample_not_judged",
            f"{run.title} has no label of a sample {sample!r}.",
            f"Did you mean {near[0]!r}?" if near else f"It has of {known[0]!r}, for example.",
        )
    spelt = field.strip().casefold().replace("-", "_").replace(" ", "_")
    found = of_sample[of_sample["field"].eq(spelt)]
    if found.empty:
        raise refuse(
            "field_not_judged",
            f"{sample} of {run.title} has no label of a field {field!r}.",
            _one_of(spelt, of_sample["field"].astype(str)),
        )
    return found.iloc[0]


def _one_of(word: str, known: Iterable[str]) -> str:
    names = [str(name) for name in known]
    near = get_close_matches(word, names, 1, 0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"{hint}Use {'one of: ' if len(names) > 1 else ''}{', '.join(names)}."


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise refuse(
            "no_reviewer", "This system does not tell who you are.", "Say it with --reviewer NAME."
        ) from None


def _written(what: str, text: str) -> str:
    """Return a text as it is written into one line of the file."""
    line = " ".join(text.split())
    if len(line) > _LONGEST or not line.isprintable() or (what == "reviewer" and not line):
        raise refuse(
            "review_text",
            f"The {what} must be a line of text of at most {_LONGEST:,} characters.",
            "Shorten it, or write it without control characters."
            if line
            else f"Say it with --{what}.",
        )
    return line


def _stands_already(run: LastRun, cells: dict[str, str]) -> bool:
    """Tell whether the last word on a label is the same; refuse where it would stay another."""
    reviews = run.reviews()
    same = reviews["sample_id"].eq(cells["sample_id"]) & reviews["field"].eq(cells["field"])
    if not same.any():
        return False
    last = reviews[same].iloc[0]
    if str(last["date"]) > cells["date"]:
        raise refuse(
            "review_in_the_future",
            f"{run.path} has a review of this label with the date {last['date']}, which is "
            "after today and would stay the last word.",
            "Correct its date.",
        )
    columns = ("decision", "reviewer", "comment")
    return all(str(last[column]) == cells[column] for column in columns) and str(last["label"]) in (
        "",
        cells["label"],
    )


def _was(verdict: pd.Series) -> str:
    return f"{str(verdict['status']).replace('_', ' ')}: {verdict['reason']}"


def _consequence(run: LastRun, decided: Decision, sample: str) -> str:
    from gem_assets.datasets import read_review_file
    from gem_assets.qc.review import LABEL, Decision

    if decided is Decision.EXCLUDE:
        of_sample = run.verdicts["sample_id"].eq(sample)
        fields = run.verdicts.loc[of_sample, "field"].astype(str).str.replace("_", " ")
        return f"All its labels ({', '.join(fields)}) are settled."
    if decided is Decision.LABEL_WRONG:
        has_label = LABEL in [name.casefold() for name in read_review_file(run.path).header]
        again = (
            "the corrected one is judged anew"
            if has_label
            else f"as review.csv has no column {LABEL!r}, the review counts for the corrected one "
            "too until its row is deleted"
        )
        return f"Correct the label in the sample sheet: {again}."
    return ""
