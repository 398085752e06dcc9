"""The table of stated labels, and what to tell their author."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gem_assets.labels.aliases import check_aliases
from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.hierarchy import broader
from gem_assets.labels.resolution import Resolution, ResolvedLabel, resolve_label
from gem_assets.labels.sheet import SampleSheet
from gem_assets.labels.words import says_nothing
from gem_assets.problems import InputProblem, Severity

if TYPE_CHECKING:
    import pyarrow as pa

Aliases = Mapping[str, Mapping[str, str]]
"""A dataset's own aliases: field name, then text, then term id or label."""

VALUE_SEPARATOR = " || "
"""Between the ids (and labels) of a multi-valued label."""


@dataclass(frozen=True, slots=True)
class _Stated:
    sample_id: str
    field: str
    text: str
    id_text: str
    label: ResolvedLabel


def _resolved(sheet: SampleSheet, own: Aliases) -> Iterator[_Stated]:
    """Yield every stated label, resolved; each distinct one is resolved once."""
    resolved: dict[tuple[str, str, str], ResolvedLabel] = {}
    for sample_id, name, text, id_text in sheet.stated().itertuples(index=False, name=None):
        label = resolved.get((name, text, id_text))
        if label is None:
            label = resolve_label(FIELD_BY_NAME[name], text, id_text, own.get(name))
            resolved[name, text, id_text] = label
        yield _Stated(sample_id, name, text, id_text, label)


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

    rows = list(_resolved(sheet, check_aliases(aliases or {})))
    columns: dict[str, list[str | None]] = {
        "dataset": [dataset] * len(rows),
        "sample_id": [row.sample_id for row in rows],
        "field": [row.field for row in rows],
        "provided_text": [row.label.provided_text for row in rows],
        "provided_id": [VALUE_SEPARATOR.join(row.label.ids) or None for row in rows],
        "provided_label": [VALUE_SEPARATOR.join(row.label.labels) or None for row in rows],
        "resolution": [row.label.resolution.value for row in rows],
    }
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def label_problems(sheet: SampleSheet, aliases: Aliases | None = None) -> tuple[InputProblem, ...]:
    """Return warnings on the labels of a sheet, one a kind and field.

    ``labels_disagree``: label and id of one sample name unrelated terms (the id is taken).
    ``labels_not_understood``: texts that state something and resolve to nothing.
    """
    disagreeing: dict[str, dict[str, str]] = {}
    unread: dict[str, dict[str, Resolution]] = {}
    own = check_aliases(aliases or {})
    for row in _resolved(sheet, own):
        if not row.label.resolved and row.label.resolution is not Resolution.UNKNOWN:
            unread.setdefault(row.field, {})[row.label.provided_text] = row.label.resolution
        if row.text and row.id_text and not says_nothing(row.id_text):
            field = FIELD_BY_NAME[row.field]
            by_text = resolve_label(field, row.text, None, own.get(row.field))
            by_id = resolve_label(field, None, row.id_text, own.get(row.field))
            if by_text.resolved and not _agree(by_text, by_id):
                meant = ", ".join(by_id.labels) or by_id.resolution.value
                disagreeing.setdefault(row.field, {})[row.sample_id] = (
                    f"{row.sample_id}: {row.text!r}, but {row.id_text} ({meant})"
                )
    return (
        *(_disagreement(field, found, sheet.source) for field, found in disagreeing.items()),
        *(_unread(field, found, sheet.source) for field, found in unread.items()),
    )


def _agree(by_text: ResolvedLabel, by_id: ResolvedLabel) -> bool:
    """Return whether a label and an id share a term, or one is above the other."""
    return any(
        one in broader(other) or other in broader(one) for one in by_text.ids for other in by_id.ids
    )


def _disagreement(field: str, found: Mapping[str, str], source: str) -> InputProblem:
    return InputProblem(
        "labels_disagree",
        Severity.WARNING,
        f"{source}: {field} and {field}_ontology_id disagree for {len(found)} sample(s); the first "
        f"is {next(iter(found.values()))}. An id that names a term is taken.",
        "Correct the one that is wrong.",
        tuple(found.values())[:100],
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
