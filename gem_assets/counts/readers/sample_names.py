"""Names of samples out of the paths of alignment files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gem_assets.problems import refuse

_ENDING = re.compile(
    r"([._-]?Aligned\.sortedByCoord\.out|(\.markdup)?[._]sorted)?\.(bam|sam|cram)$"
)
"""STAR's own name, and what samtools sort, nf-core and others append."""

_LISTED = 100


def sample_names(paths: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take folder and ending off the paths of alignment files.

    ``runs/A.sorted.bam`` is ``A``. Where nothing is left of the name (``A/Aligned.sortedByCoord
    .out.bam``), the folder's name is the sample's. A name that is no such path stays as it is.

    Returns
    -------
    names
        One for each path.
    notes
        What was taken off, if anything was.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``sample_names_clash``, if two paths become one name; both are named.
    """
    names = tuple(map(_name, paths))
    first: dict[str, str] = {}
    for name, path in zip(names, paths, strict=True):
        if first.setdefault(name, path) != path:
            clashes = [p for n, p in zip(names, paths, strict=True) if n == name]
            raise refuse(
                "sample_names_clash",
                f"without folder and ending, {clashes[0]!r} and {clashes[1]!r} both become the "
                f"sample {name!r}.",
                "Write the names of the samples into the header instead of the paths.",
                tuple(clashes[:_LISTED]),
            )
    changed = [(path, name) for path, name in zip(paths, names, strict=True) if path != name]
    if not changed:
        return names, ()
    path, name = changed[0]
    return names, (
        f"{len(changed)} of {len(names)} sample names are taken from paths, without folder and "
        f"ending: {path!r} is {name!r}.",
    )


def _name(path: str) -> str:
    if not _ENDING.search(path):
        return path
    *folders, file = re.split(r"[/\\]", path)
    name = _ENDING.sub("", file)
    return name or next((f for f in reversed(folders) if f not in {"", ".", ".."}), path)
