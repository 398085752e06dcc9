"""A counts file or folder before it is known what it is: its first bytes, and how to open it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO, cast

import pyarrow as pa

from gem_assets.counts.readers.expansion import BoundedStream
from gem_assets.counts.readers.folder import Location, Member, list_members, local_path
from gem_assets.problems import InputProblem, RefusedInputError, refuse

__all__ = ["HEAD_BYTES", "CountsSource", "Location", "named", "naming"]

HEAD_BYTES = 65_536

_MEMBER_HEAD_BYTES = 8_192

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
    members
        The files of a folder; empty for a file.
    is_folder
        Whether it is a folder.
    """

    path: Location
    head: bytes
    compression: str | None = None
    members: tuple[Member, ...] = ()
    is_folder: bool = False
    _heads: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, path: Location) -> CountsSource:
        """Look at a location.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If it does not exist, may not be read, can't be reached, is empty, or its compression
            is damaged.
        """
        try:
            if path.is_dir():
                return cls(path, b"", members=list_members(path), is_folder=True)
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except RefusedInputError:
            raise
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
        except Exception as error:
            if local_path(path) is not None:
                raise
            # Every driver of fsspec has errors of its own: of its network, its keys, its absence.
            raise unreachable(error) from error
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

    def open_member(self, member: Member) -> CountsSource:
        """Open a file of the folder; its caller names it (see `naming`).

        Raises
        ------
        gem_assets.problems.RefusedInputError
            As `open`, and if it is a link that leads out of the folder (``path_leaves_folder``).
        """
        if member.leaves:
            raise refuse(
                "path_leaves_folder",
                "this is a link to somewhere outside the folder, which is not followed.",
                "Copy what it points to into the folder, or remove the link.",
            )
        return CountsSource.open(self.path / member.name)

    def member_head(self, member: Member) -> bytes:
        """Return the first 8 KiB of a file of the folder; none if it can't be read. Cached."""
        head = self._heads.get(member.name)
        if head is None:
            try:
                head = self.open_member(member).head[:_MEMBER_HEAD_BYTES]
            except (RefusedInputError, OSError):
                head = b""
            self._heads[member.name] = head
        return head

    @contextmanager
    def arrow_stream(self) -> Iterator[pa.NativeFile]:
        """Open the file for Arrow, decompressed.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            While reading, if the compressed stream is cut off or damaged (``damaged_file``), or
            unpacks to absurdly much (``expands_too_far``).
        """
        with self._decompressed() as file, pa.PythonFile(file, mode="r") as stream:
            yield stream

    @contextmanager
    def bytes(self) -> Iterator[BinaryIO]:
        """Open the file for Python as buffered, decompressed bytes; refuses as `arrow_stream`."""
        with self._decompressed() as file, io.BufferedReader(file, 1 << 20) as buffered:
            yield cast(BinaryIO, buffered)

    @contextmanager
    def _decompressed(self) -> Iterator[io.RawIOBase]:
        with self.path.open("rb") as file:
            if self.compression is None:
                yield cast(io.RawIOBase, file)
                return
            try:
                with (
                    pa.PythonFile(file, mode="r") as stream,
                    pa.CompressedInputStream(stream, self.compression) as decompressed,
                    BoundedStream(decompressed, stream.tell) as bounded,
                ):
                    yield bounded
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
def naming(place: Location | str) -> Iterator[None]:
    """Put a location, or the name of a folder's file, before each sentence of a refusal."""
    try:
        yield
    except RefusedInputError as error:
        raise RefusedInputError(*named(place, error.problems)) from error


def named(place: Location | str, problems: Iterable[InputProblem]) -> tuple[InputProblem, ...]:
    """Return problems with a location before each sentence."""
    return tuple(replace(p, sentence=f"{place}: {p.sentence}") for p in problems)


def unreachable(error: Exception) -> RefusedInputError:
    """Return the refusal of a location that its file system can't reach."""
    lines: Sequence[str] = str(error).strip().splitlines() or [""]
    reason = f"{type(error).__name__}: {lines[0].rstrip('.')}" if lines[0] else type(error).__name__
    return refuse(
        "location_unreachable",
        f"the location can't be reached ({reason}).",
        "Check the address, the network and the access keys, and that the fsspec package of this "
        "kind of storage is installed (s3fs, gcsfs, adlfs, aiohttp); or copy the file here.",
    )
