"""All readers, and the one call that finds the right one."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import cast

from gem_assets.counts.readers import formats
from gem_assets.counts.readers.reader import CountsFile, Reader, naming
from gem_assets.counts.readers.source import CountsSource, Location
from gem_assets.problems import RefusedInputError, refuse


def find_readers(package: ModuleType) -> tuple[Reader, ...]:
    """Return the readers of a package's modules, by rank, then by the module's name.

    Parameters
    ----------
    package
        Each of its modules holds one class with ``rank``, ``recognises`` and ``read``; modules
        whose names begin with an underscore are left out.

    Raises
    ------
    TypeError
        If a module holds no such class, or several.
    """
    names = sorted(
        f"{package.__name__}.{module.name}"
        for module in pkgutil.iter_modules(package.__path__)
        if not module.name.startswith("_")
    )
    names += [n for n in _NOT_MOVED_YET if find_spec(n) is not None]
    return tuple(sorted((_reader_of(import_module(name)) for name in names), key=_rank))


_NOT_MOVED_YET = ("gem_assets.counts.readers.h5ad", "gem_assets.counts.readers.text")


def _rank(reader: Reader) -> int:
    return reader.rank


def _reader_of(module: ModuleType) -> Reader:
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and all(hasattr(value, name) for name in ("rank", "reads", "recognises", "read"))
    ]
    if len(classes) != 1:
        raise TypeError(f"{module.__name__} must hold one Reader; it holds {len(classes)}")
    return cast(Reader, classes[0]())


READERS: tuple[Reader, ...] = find_readers(formats)
"""Asked in this order; the least particular comes last."""


def read_counts(path: Location, readers: tuple[Reader, ...] = READERS) -> CountsFile:
    """Read a counts file or folder with the first reader that recognises it.

    Parameters
    ----------
    path
        ``pathlib.Path`` or ``upath.UPath``.
    readers
        The readers to ask.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the file can't be used: each problem's sentence begins with the path.
    """
    with naming(path):
        source = CountsSource.open(path)
        for reader in readers:
            if reader.recognises(source):
                return reader.read(source)
        raise _unrecognised(source, readers)


def _unrecognised(source: CountsSource, readers: tuple[Reader, ...]) -> RefusedInputError:
    return refuse(
        "unrecognised_format",
        f"{_appearance(source)}, which no reader recognises as counts.",
        f"Give counts as one of: {'; '.join(reader.reads for reader in readers)}.",
    )


def _appearance(source: CountsSource) -> str:
    if not source.head:
        return "this is a folder"
    if source.head.startswith(b"PK\x03\x04"):
        return "this is a zip archive (or an Excel workbook)"
    if source.head.startswith(b"\x89HDF"):
        return "this is an HDF5 file, but not an AnnData one"
    if b"\0" in source.head:
        return "this is a binary file of an unknown kind"
    first = source.head.splitlines()[0][:80].decode("utf-8", "replace")
    return f"this is text without columns of numbers (it begins {first!r})"
