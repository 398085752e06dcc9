"""What people decided about labels: ``review.csv`` as a table, and as a column of the verdicts."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import pandas as pd

from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.spelling import fold
from gem_assets.problems import InputProblem, RefusedInputError, Severity

REVIEW_COLUMNS = ("sample_id", "field", "decision", "reviewer", "date", "comment")
"""Columns of ``review.csv``; only the comment may be empty."""

LABEL = "label"
"""A further column that may be there: the label as it was when it was reviewed. Where it is filled,
the review does not count for another label that the sheet states since."""

ROW = "row"
"""Where a review stands in the file; a column of what `read_reviews` returns, for messages."""

_MAX_LISTED = 100
_MAX_ROWS = 10


class Decision(StrEnum):
    """What a person found of a label.

    ``exclude`` takes the sample out of the analysis, so it settles all labels of the sample and
    says of none whether it is right.
    """

    LABEL_CORRECT = "label_correct"
    LABEL_WRONG = "label_wrong"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedVerdicts:
    """Verdicts with their reviews.

    Attributes
    ----------
    verdicts
        The ``qc_verdicts`` table; status and reason are as they were.
    problems
        A warning where reviews belong to no label of the dataset. What was decided and done is no
        problem: a label called wrong that the sheet has replaced since, or a sample excluded (or
        called wrong) that is no longer there.
    """

    verdicts: pd.DataFrame
    problems: tuple[InputProblem, ...]


def read_reviews(
    frame: pd.DataFrame, *, source: str = "review.csv", lines: Sequence[int] | None = None
) -> pd.DataFrame:
    """Return the last word on each sample and field.

    Parameters
    ----------
    frame
        The file's cells as text, under its column names.
    source
        Name of the file, for messages.
    lines
        Where each row stands in the file; from 2 on, unless told.

    Returns
    -------
    pandas.DataFrame
        `REVIEW_COLUMNS` and `LABEL`, text, the date as ``YYYY-MM-DD``; empty cells are "". And
        `ROW`, int. Of several reviews the one with the latest date is kept, of one date the lowest
        in the file.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``review_columns`` if a column is missing or there twice; ``review_cell`` with row and
        column of every cell that is empty or not understood.
    """
    names = [str(name).strip().casefold() for name in frame.columns]
    faults = [f"no column {name!r}" for name in REVIEW_COLUMNS if name not in names]
    faults += [f"{name!r} twice" for name in (*REVIEW_COLUMNS, LABEL) if names.count(name) > 1]
    if faults:
        raise RefusedInputError(
            InputProblem(
                "review_columns",
                Severity.ERROR,
                f"{source} has {' and '.join(faults)}; its columns are: {', '.join(names)}.",
                f"Give it the columns {', '.join(REVIEW_COLUMNS)}.",
            )
        )
    table = frame.set_axis(names, axis="columns").reset_index(drop=True)
    if LABEL not in names:
        table[LABEL] = ""
    table = table[[*REVIEW_COLUMNS, LABEL]].astype(object)
    table = table.where(table.notna(), "").astype(str).apply(lambda column: column.str.strip())
    for name in ("field", "decision"):
        table[name] = table[name].str.casefold().str.replace(r"[\s-]+", "_", regex=True)
    places = list(range(2, len(table) + 2) if lines is None else lines)
    problems = [
        problem
        for line, cells in zip(places, table.to_dict("records"), strict=True)
        for problem in _problems(cells, f"{source}, row {line}")
    ]
    if problems:
        raise RefusedInputError(*problems[:_MAX_LISTED])
    table["date"] = [datetime.fromisoformat(text).date().isoformat() for text in table["date"]]
    table[ROW] = pd.Series(places, index=table.index, dtype="int64")
    latest = table.sort_values("date", kind="stable")
    latest = latest.drop_duplicates(["sample_id", "field"], keep="last")
    kept: pd.DataFrame = latest.sort_index().reset_index(drop=True)
    return kept


def apply_reviews(
    verdicts: pd.DataFrame, reviews: pd.DataFrame, *, source: str = "review.csv"
) -> ReviewedVerdicts:
    """Return the verdicts with ``reviewed_by`` filled: a finding stays as visible as it was.

    Parameters
    ----------
    verdicts
        The result of :func:`gem_assets.qc.verdicts.judge`; or the ``sample_labels``, to know
        which reviews belong to none of them.
    reviews
        The result of `read_reviews`.
    source
        Name of the file, for messages.
    """
    reviewed_by: dict[tuple[str, str], str] = {}
    texts = _stated(verdicts)
    samples = {sample for sample, _ in texts}
    spelt = {fold(sample) for sample in samples}
    strays: list[tuple[str, int]] = []
    # Single labels last: who looked at one has the word on it.
    excluded = reviews["decision"].eq(str(Decision.EXCLUDE))
    for review in pd.concat([reviews[excluded], reviews[~excluded]]).to_dict("records"):
        sample, field = str(review["sample_id"]), str(review["field"])
        if review["decision"] == Decision.EXCLUDE and sample in samples:
            reviewed_by |= {key: str(review["reviewer"]) for key in texts if key[0] == sample}
        elif _applies(review, texts):
            reviewed_by[sample, field] = str(review["reviewer"])
        elif review["decision"] == Decision.LABEL_WRONG and (sample, field) in texts:
            continue  # the sheet was corrected, as the review asked
        elif review["decision"] != Decision.LABEL_CORRECT and fold(sample) not in spelt:
            continue  # the sample was taken out
        else:
            strays.append((f"{sample}: {field}", int(str(review[ROW]))))
    keys = zip(verdicts["sample_id"], verdicts["field"], strict=True)
    reviewers = [reviewed_by.get((str(sample), str(field))) for sample, field in keys]
    column = pd.Series(reviewers, index=verdicts.index, dtype=object)
    problems = (_not_applied(strays, source),) if strays else ()
    return ReviewedVerdicts(verdicts.assign(reviewed_by=column), problems)


def reviewed_labels(verdicts: pd.DataFrame, reviews: pd.DataFrame) -> pd.Series:
    """Return each verdict's decision on its label as it is now, None where there is none.

    In the order of the verdicts. Labels of an excluded sample that have no other are ``exclude``.
    """
    texts = _stated(verdicts)
    decided = {
        (str(review["sample_id"]), str(review["field"])): str(review["decision"])
        for review in reviews.to_dict("records")
        if _applies(review, texts)
    }
    gone = reviews.loc[reviews["decision"].eq(str(Decision.EXCLUDE)), "sample_id"]
    otherwise = dict.fromkeys(gone, str(Decision.EXCLUDE))
    keys = zip(verdicts["sample_id"].astype(str), verdicts["field"].astype(str), strict=True)
    decisions = [decided.get(key, otherwise.get(key[0])) for key in keys]
    return pd.Series(decisions, index=verdicts.index, dtype=object)


def _stated(verdicts: pd.DataFrame) -> dict[tuple[str, str], str]:
    columns = (verdicts[name].astype(str) for name in ("sample_id", "field", "provided_text"))
    return {(sample, field): text for sample, field, text in zip(*columns, strict=True)}


def _applies(review: Mapping[Hashable, object], texts: dict[tuple[str, str], str]) -> bool:
    text = texts.get((str(review["sample_id"]), str(review["field"])))
    label = str(review[LABEL])
    return text is not None and (not label or fold(label) == fold(text))


def _not_applied(strays: list[tuple[str, int]], source: str) -> InputProblem:
    """Return the warning on reviews of no label: what each is of, and its row."""
    strays = sorted(strays, key=lambda stray: stray[1])
    names = [name for name, _ in strays]
    if len(names) == 1:
        place, told = f"row {strays[0][1]}", f"the review is of {names[0]}, which"
        action = "Correct the names, review the new label, or delete the row."
    else:
        rows = ", ".join(str(row) for _, row in strays[:_MAX_ROWS])
        place = f"rows {rows}{', ...' if len(strays) > _MAX_ROWS else ''}"
        told = f"{len(names)} reviews, the first of {names[0]}, are of what"
        action = "Correct the names, review the new labels, or delete the rows."
    return InputProblem(
        "review_not_applied",
        Severity.WARNING,
        f"{source}, {place}: {told} has no label here, or another than was reviewed.",
        action,
        tuple(names[:_MAX_LISTED]),
    )


def _problems(cells: Mapping[Hashable, object], place: str) -> Iterator[InputProblem]:
    """Yield what is wrong with a row, a problem a cell."""
    for column in REVIEW_COLUMNS[:-1]:
        text = str(cells[column])
        if not text:
            yield _cell(place, column, "is empty", "Fill it, or delete the row.")
        elif column == "field" and text not in FIELD_BY_NAME:
            yield _cell(place, column, f"{text!r} is no field", _choose(text, FIELD_BY_NAME))
        elif column == "decision" and text not in set(Decision):
            yield _cell(place, column, f"{text!r} is no decision", _choose(text, Decision))
        elif column == "date" and _date(text) is None:
            yield _cell(
                place, column, f"{text!r} is no date", "Write it as year-month-day: 2026-01-31."
            )


def _cell(place: str, column: str, fault: str, action: str) -> InputProblem:
    return InputProblem(
        "review_cell", Severity.ERROR, f"{place}, column {column}: {fault}.", action, (place,)
    )


def _choose(text: str, known: Iterable[str]) -> str:
    names = [str(name) for name in known]
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"{hint}Use one of: {', '.join(names)}."


def _date(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None
