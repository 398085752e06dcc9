"""Which column of a sheet names the samples."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from gem_assets.labels.columns import SAMPLE_ID, plain_name
from gem_assets.labels.sheets.layout import Layout
from gem_assets.problems import RefusedInputError, refuse

_MAX_LISTED = 100


def choose_sample_column(
    layout: Layout,
    mapped: list[str],
    by_name: list[str],
    sample_ids: Collection[str] | None,
    source: str,
) -> tuple[str, list[str]]:
    """Return the column that names the samples, and why it was taken, if there was a choice.

    Parameters
    ----------
    layout
        The sheet.
    mapped
        The column that the dataset says it is, if it says so.
    by_name
        Columns that say so by their names, the likeliest first.
    sample_ids
        Samples of the counts, if they are known: of the format's columns, and of those that say so
        by a synonym, the one that holds most of them is taken.
    source
        The file, for messages.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is none.
    """
    header = tuple(layout.frame.columns)
    if mapped:
        return mapped[0], []
    by_format = (SAMPLE_ID, *layout.sample_columns)
    candidates = [name for name in dict.fromkeys(by_format) if name in header] or by_name
    if not candidates:
        raise _without_sample_id(layout, sample_ids, source)
    known = frozenset(sample_ids or ())
    found = {name: len(known.intersection(layout.frame[name])) for name in candidates}
    best = max(candidates, key=lambda name: found[name])  # the first of equals
    if len(candidates) == 1 or best == SAMPLE_ID:
        return best, []
    if not known:
        return best, [f"The samples are named by {best!r}, the first of {listed(candidates)}."]
    others = "; ".join(f"{name!r}: {n}" for name, n in found.items() if name != best)
    return best, [
        f"The samples are named by {best!r}: it holds {found[best]} of the {len(known)} samples "
        f"of the counts ({others})."
    ]


def _without_sample_id(
    layout: Layout, sample_ids: Collection[str] | None, source: str
) -> RefusedInputError:
    header = tuple(layout.frame.columns)
    known = frozenset(sample_ids or ())
    found = {name: len(known.intersection(layout.frame[name])) for name in header}
    best = max(header, key=lambda name: found[name])
    if found[best]:
        action = (
            f"Its column {best!r} holds {found[best]} of the {len(known)} samples of the counts: "
            f"write 'columns: {{{best}: sample_id}}' in dataset.yaml."
        )
    else:
        plain = {plain_name(name): name for name in header}
        near = get_close_matches("sample id", plain, 1, 0.6) or [
            p for p in plain if p in ("id", "name", "ids", "names")
        ]
        action = (
            f"Rename {plain[near[0]]!r} to sample_id, or map it under `columns:` in dataset.yaml."
            if near
            else "Name the column that holds the samples' names sample_id."
        )
    return refuse(
        "sample_sheet_without_sample_id",
        f"{source} has no column 'sample_id'; it has: {listed(header)}.",
        action,
        header[:_MAX_LISTED],
    )


def listed(names: Collection[str]) -> str:
    """Return names for a sentence, cut to the first 30."""
    shown = list(names)[:30]
    return ", ".join(shown) + (", ..." if len(names) > 30 else "")
