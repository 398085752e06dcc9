"""All readers, and the one call that finds the right one."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import cast

from gem_assets.counts.readers import formats
from gem_assets.counts.readers.foreign import foreign_file
from gem_assets.counts.readers.nfcore_results import find_merged_counts
from gem_assets.counts.readers.reader import CountsFile, Reader
from gem_assets.counts.readers.source import CountsSource, Location, named, naming
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
    return tuple(sorted((_reader_of(import_module(name)) for name in names), key=_rank))


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
        If the file can't be used: each problem's sentence begins with the path, as those of the
        warnings do.
    """
    with naming(path):
        source = CountsSource.open(path)
        if source.is_folder:
            table = find_merged_counts(path, source.members)
            if table is not None:
                with naming(table.name):
                    return _named(_read(source.open_member(table), readers), path / table.name)
        return _named(_read(source, readers), path)


def _named(file: CountsFile, path: Location) -> CountsFile:
    return replace(file, problems=named(path, file.problems)) if file.problems else file


def holds_counts(folder: Location, readers: tuple[Reader, ...] = READERS) -> bool:
    """Tell whether a folder is one that `read_counts` would read, or refuse with a reason."""
    try:
        source = CountsSource.open(folder)
        if find_merged_counts(folder, source.members) is not None:
            return True
    except RefusedInputError as error:
        return error.problems[0].code == "counts_ambiguous"
    return source.is_folder and any(reader.recognises(source) for reader in readers)


def _read(source: CountsSource, readers: tuple[Reader, ...]) -> CountsFile:
    finding = (reader for reader in readers if reader.recognises(source))
    reader = next(finding, None)
    if reader is None:
        raise _unrecognised(source, readers)
    others = [other for other in finding if other.reads] if source.is_folder else []
    if others and reader.reads:
        kinds = "; ".join(found.reads for found in (reader, *others))
        raise refuse(
            "counts_ambiguous",
            f"the folder holds counts in several formats: {kinds}.",
            "Name the file or the folder of one of them, or move the others out.",
        )
    return reader.read(source)


def _unrecognised(source: CountsSource, readers: tuple[Reader, ...]) -> RefusedInputError:
    foreign = foreign_file(source)
    if foreign is not None:
        return refuse("unrecognised_format", f"this is {foreign.what}, not counts.", foreign.action)
    return refuse(
        "unrecognised_format",
        f"{_appearance(source)}, which no reader recognises as counts.",
        f"Give counts as one of: {'; '.join(r.reads for r in readers if r.reads)}.",
    )


def _appearance(source: CountsSource) -> str:
    if source.is_folder:
        names = [member.name for member in source.members]
        listed = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return f"this is a folder of {len(names)} file(s)" + (f" ({listed})" if names else "")
    if source.head.startswith(b"\x89HDF"):
        return "this is an HDF5 file, but not an AnnData one, nor one of 10x"
    if b"\0" in source.head:
        return "this is a binary file of an unknown kind"
    first = source.head.splitlines()[0][:80].decode("utf-8", "replace")
    return f"this is text without columns of numbers (it begins {first!r})"
