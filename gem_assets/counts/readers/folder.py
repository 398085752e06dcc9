"""The files of a folder: their names, their sizes, and which of them lie elsewhere in truth."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from upath import UPath

from gem_assets.problems import refuse

Location: TypeAlias = Path | UPath
"""A local path, or any location that fsspec reaches (``s3://``, ``https://``, ``memory://``)."""

DEEPEST = 3
"""Levels looked into: GDC has a folder a file, salmon and CellRanger a folder or two a sample."""

MOST_FILES = 100_000

_CHANGES = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")
"""Where file systems tell that a file has changed, the surest first (fsspec has no one name)."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a folder.

    Attributes
    ----------
    name
        Its path relative to the folder, with ``/``; ends with one for a link to a folder.
    size
        In bytes; 0 where it is not told.
    changed
        A word that changes when the file does; empty where there is none.
    leaves
        True for a link (of a file or of a folder) to somewhere outside the folder.
    """

    name: str
    size: int
    changed: str = ""
    leaves: bool = False

    @property
    def base(self) -> str:
        """Its name without folders."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def parent(self) -> str:
        """The folder that it lies in, relative; empty at the top."""
        return self.name.rpartition("/")[0]


def local_path(path: Location) -> Path | None:
    """Return a location of this machine as ``pathlib.Path``, None if it is elsewhere."""
    if isinstance(path, Path):
        return Path(path)
    return Path(path.path) if path.protocol in {"", "file", "local"} else None


def list_members(folder: Location, deepest: int = DEEPEST) -> tuple[Member, ...]:
    """List the files of a folder and of its folders, by name; hidden ones are left out.

    Links that stay within the folder are left out too: what they point to is listed itself.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``too_many_files``, beyond 100,000.
    """
    local = local_path(folder)
    found = _walk(local, deepest) if local is not None else _find(UPath(folder), deepest)
    members = []
    for member in found:
        members.append(member)
        if len(members) > MOST_FILES:
            raise refuse(
                "too_many_files",
                f"the folder holds more than {MOST_FILES:,} files.",
                "Name the folder within it that holds the counts, and nothing else.",
            )
    return tuple(sorted(members, key=lambda member: member.name))


def describe(path: Location) -> str:
    """Return a word that changes when a file does: its size, and when it changed."""
    local = local_path(path)
    if local is not None:
        stat = local.stat()
        return f"{stat.st_size} {stat.st_mtime_ns}"
    other = UPath(path)
    info = other.fs.info(other.path)
    return f"{info.get('size')} {_changed(info)}"


def _walk(folder: Path, deepest: int) -> Iterator[Member]:
    root = folder.resolve()
    waiting = [(folder, "", 1)]
    while waiting:
        place, prefix, level = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                name = prefix + entry.name
                if _is_hidden(entry.name):
                    continue
                if entry.is_symlink():
                    if not Path(entry.path).resolve().is_relative_to(root):
                        yield Member(f"{name}/" if entry.is_dir() else name, 0, leaves=True)
                elif entry.is_dir():
                    if level < deepest:
                        waiting.append((place / entry.name, f"{name}/", level + 1))
                elif entry.is_file():
                    stat = entry.stat()
                    yield Member(name, stat.st_size, str(stat.st_mtime_ns))


def _find(folder: UPath, deepest: int) -> Iterator[Member]:
    found = folder.fs.find(folder.path, maxdepth=deepest, detail=True)
    root = folder.path.rstrip("/") + "/"
    for path, info in found.items():
        name = path.removeprefix(root)
        parts = PurePosixPath(name).parts
        if any(_is_hidden(part) for part in parts if part != ".."):
            continue
        # An object store's key may hold anything; a listing may name other places.
        leaves = name == path or ".." in parts or "\\" in name
        yield Member(name, int(info.get("size") or 0), _changed(info), leaves)


def _changed(info: Mapping[str, Any]) -> str:
    return next((str(info[key]) for key in _CHANGES if info.get(key)), "")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))
