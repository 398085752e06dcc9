"""All readers, and the one call that finds the right one."""

from __future__ import annotations

from dataclasses import replace

from gem_assets.counts.readers.h5ad import H5adReader
from gem_assets.counts.readers.reader import CountsFile, Reader
from gem_assets.counts.readers.source import CountsSource, Location
from gem_assets.counts.readers.text import DelimitedTextReader
from gem_assets.problems import RefusedInputError, refuse

READERS: tuple[Reader, ...] = (H5adReader(), DelimitedTextReader())
"""Asked in this order; the least particular comes last."""


def read_counts(path: Location, readers: tuple[Reader, ...] = READERS) -> CountsFile:
    """Read a counts file or folder with the first reader that recognises it.

    Parameters
    ----------
    path
        ``pathlib.Path`` or ``upath.UPath``; only ``open("rb")`` and ``is_dir()`` are asked of it.
    readers
        The readers to ask.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the file can't be used: each problem's sentence begins with the path.
    """
    try:
        source = CountsSource.open(path)
        for reader in readers:
            if reader.recognises(source):
                return reader.read(source)
        raise _unrecognised(source, readers)
    except RefusedInputError as error:
        named = (replace(p, sentence=f"{path}: {p.sentence}") for p in error.problems)
        raise RefusedInputError(*named) from error


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
