"""Find the counts in a results folder of nf-core/rnaseq, which is left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gem_assets.counts.readers.folder import Location, Member, list_members
from gem_assets.problems import refuse

_TABLE = re.compile(
    r"(?:.*/)?(?:salmon|rsem|kallisto)\.merged\.gene_counts(?P<scaled>(?:_length)?_scaled)?\.tsv(\.gz)?"
    r"|(?:.*/)?featureCounts/merged_gene_counts\.txt"
)
"""Merged tables of counts: ``star_salmon/salmon.merged.gene_counts.tsv``, of pseudo-alignment
``salmon/...`` and ``kallisto/...``, and featureCounts of version 1 of the pipeline."""


def find_merged_counts(folder: Location, members: Iterable[Member] | None = None) -> Member | None:
    """Return the merged counts table of a results folder, None if the folder is no such folder.

    Where a quantifier's folder has the table and its scaled twins, it is the unscaled one.

    Parameters
    ----------
    folder
        The results folder, or the folder of one quantifier in it.
    members
        Its files, if they are known already.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``counts_ambiguous``, if several quantifiers have written one.
    """
    found = [
        (match, member)
        for member in (list_members(folder, 2) if members is None else members)
        if member.name.count("/") <= 1 and (match := _TABLE.fullmatch(member.name))
    ]
    raw = [member for match, member in found if not match["scaled"]]
    chosen = raw or [member for _, member in found]
    if len(chosen) > 1:
        names = tuple(member.name for member in chosen)
        raise refuse(
            "counts_ambiguous",
            f"these nf-core results hold {len(names)} tables of counts: {', '.join(names)}.",
            f"Name one of them, e.g. {names[0]}.",
            names,
        )
    return chosen[0] if chosen else None
