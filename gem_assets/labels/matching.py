"""Which samples of a sheet are which samples of the counts."""

from __future__ import annotations

from collections.abc import Sequence

from gem_assets.problems import InputProblem, Severity

_MAX_LISTED = 100


def match_samples(sheet_ids: Sequence[str], count_ids: Sequence[str]) -> tuple[InputProblem, ...]:
    """Compare the samples of a sheet with those of the counts. Names must be exactly equal.

    Near misses (case, ``-`` and ``.`` and ``_``, R's leading ``X``, a suffix) are suggested and
    never applied.

    Returns
    -------
    tuple of InputProblem
        Nothing if all match; ``samples_do_not_match`` (error) if none does; else warnings
        ``samples_without_row`` and ``rows_without_sample``, each with its names.
    """
    in_sheet, in_counts = frozenset(sheet_ids), frozenset(count_ids)
    without_row = [name for name in count_ids if name not in in_sheet]
    without_sample = [name for name in sheet_ids if name not in in_counts]
    suggestions = _suggest(without_sample, without_row)
    hint = (
        f" Near misses (sheet: counts), not applied: {'; '.join(suggestions[:5])}."
        if suggestions
        else ""
    )
    if len(without_row) == len(count_ids):
        return (
            InputProblem(
                "samples_do_not_match",
                Severity.ERROR,
                f"None of the {len(sheet_ids)} samples of the sheet (first: {_first(sheet_ids)}) "
                f"is among the {len(count_ids)} of the counts (first: {_first(count_ids)}).{hint}",
                "Write the sample_id of each row exactly as the counts file names the sample.",
                tuple(suggestions[:_MAX_LISTED]),
            ),
        )
    problems = []
    if without_row:
        problems.append(
            InputProblem(
                "samples_without_row",
                Severity.WARNING,
                f"{len(without_row)} of {len(count_ids)} samples of the counts have no row in the "
                f"sheet (first: {_first(without_row)}); they are annotated, not judged.{hint}",
                "Add their rows, if they should be judged.",
                tuple(without_row[:_MAX_LISTED]),
            )
        )
    if without_sample:
        problems.append(
            InputProblem(
                "rows_without_sample",
                Severity.WARNING,
                f"{len(without_sample)} of {len(sheet_ids)} rows of the sheet name no sample of "
                f"the counts (first: {_first(without_sample)}); they are left out.{hint}",
                "Correct their sample_id, or ignore this if those samples were dropped.",
                tuple(without_sample[:_MAX_LISTED]),
            )
        )
    return tuple(problems)


def _first(names: Sequence[str]) -> str:
    return repr(names[0]) if names else "none"


def _suggest(sheet_ids: Sequence[str], count_ids: Sequence[str]) -> list[str]:
    """Return ``'sheet': 'counts'`` for names that differ in spelling or a suffix only."""
    by_key: dict[str, list[str]] = {}
    for name in count_ids:
        by_key.setdefault(_key(name), []).append(name)
    found = []
    for name in sheet_ids[:_MAX_LISTED]:
        near = by_key.get(_key(name)) or [
            c for c in count_ids if len(name) >= 3 and _extends(c, name)
        ]
        if len(near) == 1:
            found.append(f"{name!r}: {near[0]!r}")
    return found


def _extends(one: str, other: str) -> bool:
    """Return whether one name is the other and a suffix: ``S1.bam`` of ``S1``, not ``S10``."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and not long[len(short)].isalnum()


def _key(name: str) -> str:
    """Return what is left of a name when spelling habits of R and of file names are taken away."""
    letters = "".join(c for c in name.casefold() if c.isalnum())
    return letters[1:] if letters[:1] == "x" and letters[1:2].isdigit() else letters
