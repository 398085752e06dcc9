"""The table of stated labels, and what to tell their author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gem_assets.labels.aliases import check_aliases
from gem_assets.labels.fields import FIELD_BY_NAME as _FIELD
from gem_assets.labels.hierarchy import related
from gem_assets.labels.resolution import Resolution, ResolvedLabel, resolve_label
from gem_assets.labels.sheet import SampleSheet
from gem_assets.labels.words import says_nothing
from gem_assets.problems import InputProblem, Severity

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

Aliases = Mapping[str, Mapping[str, str]]
"""A dataset's own aliases: field name, then text, then term id or label."""

VALUE_SEPARATOR = " || "
"""Between the ids (and labels) of a multi-valued label."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """What one or many samples state of a field in the same words."""

    field: str
    text: str
    id_text: str
    label: ResolvedLabel


def _statements(stated: pd.DataFrame, own: Aliases) -> tuple[list[_Statement], np.ndarray]:
    """Return the different statements, each resolved once, and which one each row makes."""
    columns = ["field", "provided_text", "provided_id_text"]
    which = stated.groupby(columns, sort=False).ngroup().to_numpy()
    statements = [
        _Statement(name, text, id_text, resolve_label(_FIELD[name], text, id_text, own.get(name)))
        for name, text, id_text in stated[columns].drop_duplicates().itertuples(index=False)
    ]
    return statements, which


def label_table(dataset: str, sheet: SampleSheet, aliases: Aliases | None = None) -> pa.Table:
    """Resolve every label of a sheet.

    Parameters
    ----------
    dataset
        Name of the dataset.
    sheet
        Its sample sheet.
    aliases
        Its own aliases; see `check_aliases`.

    Returns
    -------
    pyarrow.Table
        ``sample_labels``: one row a sample and field that the sheet has a column for, resolved or
        not. Text columns ``dataset, sample_id, field, provided_text, provided_id, provided_label,
        resolution``; id and label are null where nothing was resolved, and hold several values
        joined by `VALUE_SEPARATOR` for a multi-valued label.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If an alias names no field or term.
    """
    import pyarrow as pa

    stated = sheet.stated()
    statements, which = _statements(stated, check_aliases(aliases or {}))
    by_statement: dict[str, list[str | None]] = {
        "field": [one.field for one in statements],
        "provided_text": [one.label.provided_text for one in statements],
        "provided_id": [VALUE_SEPARATOR.join(one.label.ids) or None for one in statements],
        "provided_label": [VALUE_SEPARATOR.join(one.label.labels) or None for one in statements],
        "resolution": [one.label.resolution.value for one in statements],
    }
    columns = {
        "dataset": pa.repeat(pa.scalar(dataset, pa.string()), len(stated)),
        "sample_id": pa.array(stated["sample_id"], pa.string(), from_pandas=True),
    } | {name: pa.array(cells, pa.string()).take(which) for name, cells in by_statement.items()}
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def label_problems(sheet: SampleSheet, aliases: Aliases | None = None) -> tuple[InputProblem, ...]:
    """Return warnings on the labels of a sheet, one a kind and field.

    ``labels_disagree``: label and id of one sample name unrelated terms (the id is taken).
    ``labels_not_understood``: texts that state something and resolve to nothing.
    """
    own = check_aliases(aliases or {})
    stated = sheet.stated()
    statements, which = _statements(stated, own)
    disagreeing: dict[str, list[str]] = {}
    unread: dict[str, dict[str, Resolution]] = {}
    for number, one in enumerate(statements):
        if not one.label.resolved and one.label.resolution is not Resolution.UNKNOWN:
            unread.setdefault(one.field, {})[one.label.provided_text] = one.label.resolution
        if meant := _disagreement_of(one, own):
            disagreeing.setdefault(one.field, []).extend(
                f"{sample_id}: {meant}" for sample_id in stated["sample_id"][which == number]
            )
    return (
        *(_disagreement(field, found, sheet.source) for field, found in disagreeing.items()),
        *(_unread(field, found, sheet.source) for field, found in unread.items()),
    )


def _disagreement_of(one: _Statement, own: Aliases) -> str | None:
    """Return what label and id mean, if they are unrelated."""
    if not one.text or not one.id_text or says_nothing(one.id_text):
        return None
    by_text = resolve_label(_FIELD[one.field], one.text, None, own.get(one.field))
    by_id = resolve_label(_FIELD[one.field], None, one.id_text, own.get(one.field))
    if not by_text.resolved or related(by_text.ids, by_id.ids):
        return None
    meant = ", ".join(by_id.labels) or by_id.resolution.value
    return f"{one.text!r}, but {one.id_text} ({meant})"


def _disagreement(field: str, found: Sequence[str], source: str) -> InputProblem:
    return InputProblem(
        "labels_disagree",
        Severity.WARNING,
        f"{source}: {field} and {field}_ontology_id disagree for {len(found)} sample(s); the first "
        f"is {found[0]}. An id that names a term is taken.",
        "Correct the one that is wrong.",
        tuple(found[:100]),
    )


def _unread(field: str, found: Mapping[str, Resolution], source: str) -> InputProblem:
    listed = [f"{text!r} ({word.value})" for text, word in found.items()]
    return InputProblem(
        "labels_not_understood",
        Severity.WARNING,
        f"{source}: {len(listed)} different value(s) of {field} name no single term and are not "
        f"judged: {', '.join(listed[:5])}{'...' if len(listed) > 5 else ''}.",
        "Use an ontology id or label, or explain the words under `aliases:` in dataset.yaml.",
        tuple(listed[:100]),
    )
