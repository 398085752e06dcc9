"""A counts file or folder before it is known what it is: its first bytes, and how to open it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import pyarrow as pa
from upath import UPath

from gem_assets.problems import RefusedInputError, refuse

Location: TypeAlias = Path | UPath
"""A local path, or any location that fsspec reaches (``s3://``, ``https://``, ``memory://``)."""

HEAD_BYTES = 65_536

_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}
"""First bytes of a compressed file, and what Arrow calls the compression."""


@dataclass(frozen=True, slots=True)
class CountsSource:
    """A place to read counts from.

    Attributes
    ----------
    path
        The file or folder.
    head
        First 64 KiB of the file, decompressed; empty for a folder.
    compression
        ``gzip``, ``zstd``, ``bz2`` or None: told by the first bytes, not by the name.
    """

    path: Location
    head: bytes
    compression: str | None = None

    @classmethod
    def open(cls, path: Location) -> CountsSource:
        """Look at a location.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If it does not exist, may not be read, is empty, or its compression is damaged.
        """
        if path.is_dir():
            return cls(path, b"")
        try:
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except FileNotFoundError as error:
            raise refuse(
                "file_not_found",
                "there is no such file.",
                "Check the path of the counts file.",
            ) from error
        except PermissionError as error:
            raise refuse(
                "file_not_readable",
                "the file may not be read by this user.",
                "Grant read permission on the file.",
            ) from error
        if not head:
            raise refuse("empty_file", "the file is empty.", "Write or download it again.")
        compression = next(
            (c for magic, c in _COMPRESSIONS.items() if head.startswith(magic)), None
        )
        if compression is None:
            return cls(path, head)
        compressed = cls(path, b"", compression)
        with compressed.bytes() as stream:
            head = stream.read(HEAD_BYTES)
        if not head:
            raise refuse(
                "empty_file",
                f"the file is empty inside its {compression} compression.",
                "Write or download it again.",
            )
        return cls(path, head, compression)

    @contextmanager
    def arrow_stream(self) -> Iterator[pa.NativeFile]:
        """Open the file for Arrow, decompressed.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            While reading, if the compressed stream is cut off or damaged (``damaged_file``).
        """
        with self.path.open("rb") as file, pa.PythonFile(file, mode="r") as stream:
            if self.compression is None:
                yield stream
                return
            try:
                with pa.CompressedInputStream(stream, self.compression) as decompressed:
                    yield decompressed
            except RefusedInputError:
                raise
            except OSError as error:
                # Arrow's own errors have no errno; an error of the disk or network has one and
                # says nothing about the file.
                if error.errno is not None:
                    raise
                raise refuse(
                    "damaged_file",
                    f"its {self.compression} compression is cut off or damaged ({error}).",
                    "Copy or download the file again; it is probably incomplete.",
                ) from error

    @contextmanager
    def bytes(self) -> Iterator[BinaryIO]:
        """Open the file for Python as buffered, decompressed bytes."""
        with self.arrow_stream() as stream, io.BufferedReader(cast(io.RawIOBase, stream)) as file:
            yield cast(BinaryIO, file)
