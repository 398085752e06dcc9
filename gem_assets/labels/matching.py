"""Which samples of a sheet are which samples of the counts."""

from __future__ import annotations

import re
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
    """Return ``'sheet': 'counts'`` for names that differ in spelling, a suffix or a prefix only.

    The closest way of being near that finds anything counts: the same letters, then the same name
    without what programs append, then one name with anything appended.
    """
    by_key: dict[str, list[str]] = {}
    by_core: dict[str, list[str]] = {}
    for name in count_ids:
        by_key.setdefault(_key(name), []).append(name)
        by_core.setdefault(_key(_core(name)), []).append(name)
    found = []
    for name in sheet_ids[:_MAX_LISTED]:
        near = (
            by_key.get(_key(name))
            or by_core.get(_key(_core(name)))
            or [c for c in count_ids if len(name) >= 3 and _extends(c, name)]
        )
        if len(near) == 1:
            found.append(f"{name!r}: {near[0]!r}")
        elif 1 < len(near) <= _MAX_LANES:
            found.append(f"{name!r}: one of {', '.join(map(repr, near))}")
    return found


_MAX_LANES = 8
"""A flow cell has at most so many lanes: more names that are near one are no suggestion."""

_FILE_ENDINGS = re.compile(
    r"(\.gz|\.bam|\.cram|\.sam|\.fastq|\.fq|\.txt|\.tsv|\.tab|\.results|\.sf|\.sorted|\.markdup"
    r"|\.dedup|\.umi|\.genes?|\.counts?|\.htseq|[._]?ReadsPerGene\.out|[._]?Aligned(\.\w+)*\.out"
    r"|\.sortedByCoord|\.out)+$",
    re.IGNORECASE,
)
"""What aligners, counters and people append to a sample's name."""

_LANES = re.compile(r"(_S\d+)?(_L\d{3})?([_.][RI]?[12])?(_001)?$", re.IGNORECASE)
"""bcl2fastq's ``_S1_L001_R1_001``: number of the sample, lane, read, set."""

_ACCESSION = re.compile(r"^GSM\d+_", re.IGNORECASE)
"""GEO puts the accession before the submitters' file names."""


def _core(name: str) -> str:
    """Return a name without what programs put around it; all of it if nothing is left."""
    core = _ACCESSION.sub("", _LANES.sub("", _FILE_ENDINGS.sub("", name)))
    return core if _key(core) else name


def _extends(one: str, other: str) -> bool:
    """Return whether one name is the other and a suffix: ``S1.bam`` of ``S1``, not ``S10``."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and not long[len(short) : len(short) + 1].isalnum()


def _key(name: str) -> str:
    """Return what is left of a name when spelling habits of R and of file names are taken away."""
    letters = "".join(c for c in name.casefold() if c.isalnum())
    return letters[1:] if letters[:1] == "x" and letters[1:2].isdigit() else letters
