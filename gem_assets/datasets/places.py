"""Where the files of a dataset lie: always within its folder, whatever names or links say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upath import UPath

from gem_assets.datasets.config import CONFIG_NAME
from gem_assets.problems import RefusedInputError, refuse

_ELSEWHERE = re.compile(r"[/\\~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://")
"""How a path begins that isn't relative, on any system."""


@contextmanager
def reaching(place: str) -> Iterator[None]:
    """Refuse a remote place that its file system can't reach, in a sentence.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``location_unreachable``.
    """
    try:
        yield
    except RefusedInputError:
        raise
    except Exception as error:
        if "://" not in place:
            raise
        # Every driver of fsspec has errors of its own: of its network, its keys, its absence.
        from gem_assets.counts.readers.source import naming, unreachable

        with naming(place):
            raise unreachable(error) from error


def named_path(folder: UPath, relative: str, key: str) -> UPath:
    """Return the file or folder that ``dataset.yaml`` names.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``path_leaves_folder`` if it lies outside the dataset's folder, by its name or by a link;
        ``file_missing`` if it does not exist.
    """
    said = f"{folder / CONFIG_NAME} names {relative!r} as {key}"
    plain = posixpath.normpath(relative)
    if _ELSEWHERE.match(relative) or plain == ".." or plain.startswith("../"):
        raise _leaves(said)
    path = folder / plain if plain != "." else folder
    try:
        if relative.isprintable() and path.exists():
            if not is_within(folder, path):
                raise _leaves(said)
            return path
    except OSError:
        pass  # a name that no file can have, e.g. a too long one
    raise refuse(
        "file_missing",
        f"{said}, but {path} does not exist.",
        "Correct the path; it is relative to the dataset's folder.",
    )


def found_path(folder: UPath, name: str) -> UPath:
    """Return a file or folder that was found in the dataset's folder by its name.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``path_leaves_folder`` if it is a link that leads out of the folder.
    """
    path = folder / name
    if not is_within(folder, path):
        raise _leaves(f"{path} is a link")
    return path


def is_within(folder: UPath, path: UPath) -> bool:
    """Tell whether a path lies in a folder when all links are followed."""
    if folder.protocol not in {"", "file", "local"}:
        return path.path.startswith(folder.path.rstrip("/"))  # these have no links
    return Path(path.path).resolve().is_relative_to(Path(folder.path).resolve())


def _leaves(said: str) -> RefusedInputError:
    return refuse(
        "path_leaves_folder",
        f"{said}, which lies outside the dataset's folder.",
        "Put the file (or its results folder) into the dataset's folder.",
    )
