"""Find 10x matrices by the names of their files: in one folder, in CellRanger's, or as GEO's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from gem_assets.counts.readers.folder import Member
from gem_assets.problems import InputProblem, Severity, refuse

_PART = re.compile(
    r"(?P<prefix>.*?)(?P<what>(matrix|counts)\.mtx|(genes|features)\.(tsv|txt)|barcodes\.(tsv|txt))"
    r"(\.(gz|bz2|zst))?",
    re.IGNORECASE,
)
"""``matrix.mtx.gz``, and with what GEO puts before it: ``GSM123_matrix.mtx.gz``."""

H5_NAME = re.compile(r".*(filtered|raw)_(feature|gene)_bc_matri(x|ces)(_h5)?\.h5", re.IGNORECASE)

_FILTERED = re.compile(r"(.*[._-])?filtered([._-].*)?", re.IGNORECASE)
_RAW = re.compile(r"(.*[._-])?raw([._-].*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TenxPlace:
    """The three files of one matrix.

    Attributes
    ----------
    name
        Folder and prefix that they share; empty at the top without a prefix.
    matrix, features, barcodes
        The files; more than one of a kind if there are copies, none if it is missing.
    """

    name: str
    matrix: tuple[Member, ...] = ()
    features: tuple[Member, ...] = ()
    barcodes: tuple[Member, ...] = ()


def find_places(members: Iterable[Member]) -> tuple[TenxPlace, ...]:
    """Group the files that have a name of 10x by matrix; only groups with two kinds or more."""
    found: dict[str, dict[str, list[Member]]] = {}
    for member in members:
        match = _PART.fullmatch(member.base)
        if match is None:
            continue
        what = match["what"].lower()
        kind = "matrix" if ".mtx" in what else "barcodes" if "barcodes" in what else "features"
        place = f"{member.parent}/" if member.parent else ""
        found.setdefault(place + match["prefix"], {}).setdefault(kind, []).append(member)
    return tuple(
        TenxPlace(name, **{kind: tuple(files) for kind, files in kinds.items()})
        for name, kinds in sorted(found.items())
        if len(kinds) > 1
    )


def choose(names: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """Choose among several matrices: the filtered one where the others are raw.

    Returns
    -------
    position, notes
        Which, and what to tell.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``several_matrices``.
    """
    if len(names) == 1:
        return 0, ()
    filtered = [i for i, name in enumerate(names) if _is(_FILTERED, name)]
    others = [name for i, name in enumerate(names) if i not in filtered]
    if len(filtered) == 1 and all(_is(_RAW, name) for name in others):
        chosen = names[filtered[0]]
        return filtered[0], (f"Took {chosen}; the raw matrix beside it holds empty droplets, too.",)
    listed = ", ".join(name or "(no prefix)" for name in names)
    raise refuse(
        "several_matrices",
        f"the folder holds {len(names)} 10x matrices: {listed}.",
        "Name one of them, or make a dataset of each: several samples are several matrices, "
        "several genomes too.",
        tuple(names[:100]),
    )


def warn_if_raw(name: str, n_barcodes: int, n_empty: int) -> tuple[InputProblem, ...]:
    """Return a warning if a name says that the matrix holds every barcode, empty droplets too."""
    if not _is(_RAW, name) or _is(_FILTERED, name):
        return ()
    return (
        InputProblem(
            "raw_droplets",
            Severity.WARNING,
            f"this is CellRanger's raw matrix: of its {n_barcodes:,} barcodes, {n_empty:,} have no "
            "count at all, and most others are empty droplets.",
            "Give the filtered matrix, which holds the cells.",
        ),
    )


def _is(word: re.Pattern[str], name: str) -> bool:
    return any(word.fullmatch(part) for part in PurePosixPath(name).parts)
