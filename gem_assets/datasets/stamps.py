"""The stamp of a dataset's files: what a look at the file system's lists says of them.

No file is opened but ``dataset.yaml``: one that is still growing must not be read. A dataset that
was opened has `gem_assets.datasets.Dataset.fingerprint`, which knows which of them are its own.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b

from upath import UPath

from gem_assets.datasets.config import CONFIG_NAME, read_config
from gem_assets.datasets.dataset import SHEET_NAMES
from gem_assets.datasets.places import named_path, reaching
from gem_assets.datasets.review_file import REVIEW_NAME
from gem_assets.problems import RefusedInputError

_BESIDE = frozenset({*SHEET_NAMES, CONFIG_NAME, REVIEW_NAME})
"""Files that are no counts, so that a dataset of no others waits for its counts."""

_STAMP_BYTES = 6  # 8 characters of a cursor; two states of a dataset share one by 1 in 2**48


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the files of a dataset look like.

    Attributes
    ----------
    word
        Changes when a file does (name, size, time of change or ETag), or comes or goes.
    has_counts
        Whether there is a file that may be counts: any that isn't a sheet, a table of aliases, a
        review or the configuration.
    """

    word: str
    has_counts: bool


def stamp_dataset(folder: UPath) -> Stamp:
    """Look at the files of a dataset's folder, and at those that its ``dataset.yaml`` names.

    A folder of counts is looked into as deep as its readers do; below that only where
    ``dataset.yaml`` points. Hidden files are left out: uploads in progress are often hidden.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``too_many_files``; ``location_unreachable`` of a remote place.
    OSError
        If a local folder can't be listed.
    """
    digest = blake2b(digest_size=_STAMP_BYTES)
    with reaching(str(folder)):
        found, beside = _files(folder)
    for name, state in sorted(found.items()):
        digest.update(f"{name}\0{state}\n".encode())
    return Stamp(urlsafe_b64encode(digest.digest()).decode(), bool(found.keys() - beside))


def _files(folder: UPath) -> tuple[dict[str, str], set[str]]:
    """Return the state of each file, by its path in the folder; and which are no counts."""
    from gem_assets.counts.readers.folder import DEEPEST, describe, list_members

    members = list_members(folder, DEEPEST + 1)  # the folder of counts, and what is below that
    found = {member.name: f"{member.size} {member.changed}" for member in members}
    beside = set(_BESIDE)
    for key, path in _named(folder) if CONFIG_NAME in found else ():
        name = path.path.removeprefix(folder.path).strip("/")
        if key != "counts":
            beside.add(name)
        if path.is_dir():
            for member in list_members(path):
                found[f"{name}/{member.name}"] = f"{member.size} {member.changed}"
        else:
            found[name] = describe(path)
    return found, beside


def _named(folder: UPath) -> Iterator[tuple[str, UPath]]:
    """Yield what ``dataset.yaml`` points to, by its key; what can't be understood a run refuses."""
    try:
        config = read_config(folder / CONFIG_NAME)
    except RefusedInputError:
        return
    aliases = config.aliases if isinstance(config.aliases, str) else None
    named = {"counts": config.counts, "samples": config.samples, "aliases": aliases}
    for key, relative in named.items():
        if relative:
            with suppress(RefusedInputError):
                yield key, named_path(folder, relative, key)
