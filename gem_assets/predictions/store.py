"""The store: a folder of answers, one Arrow file for each answered query.

A file is written under a temporary name, forced to disk and renamed into place, so that whoever
lists the folder sees whole files only, and any number of workers may write without a lock. Its
name is the sha256 of its bytes: whoever reads it can tell whether it is what was written. Files
are never changed. Next to them, in ``gene_orders/``, lie the gene orders that endpoints stated.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.answers import ANSWER_SCHEMA
from gem_assets.predictions.errors import UnreadableFileError

logger = logging.getLogger(__name__)

ROWS_A_BATCH = 16
"""Answers that come into memory at once when a file is read."""

_NAME = re.compile(r"[0-9a-f]{64}\.arrow")
_ASIDE = ".unreadable"


class Store:
    """The answers in a folder.

    Parameters
    ----------
    folder
        Made when something is written to it first.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._whole: set[str] = set()

    def names(self) -> set[str]:
        """Return the names of all files of answers."""
        if not self.folder.is_dir():
            return set()
        return {path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name)}

    def write(self, rows: pa.Table) -> str:
        """Write answers to a file of their own and return its name; on disk when this returns.

        Parameters
        ----------
        rows
            A table of `gem_assets.predictions.answers.ANSWER_SCHEMA`, one row a sample.
        """
        with _placed(self.folder) as written:
            # Measured on bulk answers: 0.3 ms and 188 kB a sample; zstd takes 0.65 ms and 115 kB,
            # and three times as long to read. Arrow's threads would each keep room of their own.
            options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
            with (
                pa.PythonFile(written, mode="w") as sink,
                pa.ipc.new_file(sink, ANSWER_SCHEMA, options=options) as writer,
            ):
                writer.write_table(rows.cast(ANSWER_SCHEMA), max_chunksize=ROWS_A_BATCH)
            name = f"{written.digest.hexdigest()}.arrow"
            written.name = name
        self._whole.add(name)
        return name

    def remove(self, name: str) -> None:
        """Delete a file of answers; one that is gone already is no error."""
        self._path(name).unlink(missing_ok=True)
        self._whole.discard(name)

    def keys(self, name: str) -> list[str]:
        """Return the content keys of a file's rows, after making sure that the file is whole.

        Raises
        ------
        UnreadableFileError
            If the file is absent, or not what was written. A damaged file is moved aside, to
            ``NAME.unreadable``, and counts as absent from then on.
        """
        self.verify(name)
        return [
            str(key)
            for rows in self._batches(name, ["content_key"])
            for key in rows.column("content_key").to_pylist()
        ]

    def verify(self, name: str) -> None:
        """Make sure, once in the life of this object, that a file is what was written.

        Raises
        ------
        UnreadableFileError
            As `keys`.
        """
        if name in self._whole:
            return
        path = self._path(name)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UnreadableFileError(path, f"can't be read ({error.strerror})") from error
        if found != path.stem:
            path.replace(path.with_name(path.name + _ASIDE))
            raise UnreadableFileError(
                path, f"is damaged or cut short, and was moved aside to {path.name}{_ASIDE}"
            )
        self._whole.add(name)

    def read(
        self, files: Mapping[str, str], columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """Yield the answers to some content keys, file by file, a batch of rows at a time.

        Parameters
        ----------
        files
            The file of each content key. The order of the keys is kept within a batch of rows, and
            files come in the order of their first key.
        columns
            Columns to read; ``content_key`` is always there. None: all.

        Raises
        ------
        UnreadableFileError
            If a file is absent or damaged, or doesn't hold a key that it should.
        """
        wanted: dict[str, list[str]] = {}
        for key, name in files.items():
            wanted.setdefault(name, []).append(key)
        selected = None if columns is None else list(dict.fromkeys(["content_key", *columns]))
        for name, keys in wanted.items():
            self.verify(name)
            missing = dict.fromkeys(keys)
            for rows in self._batches(name, selected):
                at = {key: i for i, key in enumerate(rows.column("content_key").to_pylist())}
                held = [key for key in missing if key in at]
                for key in held:
                    del missing[key]
                # Lists of counts are slow to move: rows in their own order are left as they are.
                if held == list(at):
                    yield rows
                elif held:
                    yield rows.take(pa.array([at[key] for key in held], pa.int64()))
            if missing:
                raise UnreadableFileError(
                    self._path(name),
                    f"doesn't hold the answer to {next(iter(missing))}; delete the ledger's index "
                    "of it",
                )

    # -- gene orders -----------------------------------------------------------------------------

    def keep_gene_order(self, gene_order_hash: str, gene_ids: Sequence[str]) -> None:
        """Keep a gene order under its hash, one id a line."""
        path = self._gene_order_path(gene_order_hash)
        if not path.exists():
            with _placed(path.parent, path.name) as written:
                written.write("\n".join(gene_ids).encode())

    def gene_order(self, gene_order_hash: str) -> tuple[str, ...] | None:
        """Return the gene order of a hash, None if it isn't kept here or isn't whole."""
        path = self._gene_order_path(gene_order_hash)
        if not path.exists():
            return None
        gene_ids = tuple(path.read_text(encoding="utf-8").split("\n"))
        if hash_gene_ids(gene_ids) != gene_order_hash:
            logger.warning("%s is damaged and ignored; the gene order is asked for anew.", path)
            return None
        return gene_ids

    def _gene_order_path(self, gene_order_hash: str) -> Path:
        return self.folder / "gene_orders" / f"{re.sub('[^0-9a-z]', '-', gene_order_hash)}.txt"

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a file of answers")
        return self.folder / name

    def _batches(self, name: str, columns: Sequence[str] | None) -> Iterator[pa.Table]:
        included = (
            None if columns is None else sorted(ANSWER_SCHEMA.get_field_index(c) for c in columns)
        )
        options = pa.ipc.IpcReadOptions(included_fields=included, use_threads=False)
        with (
            pa.memory_map(str(self._path(name))) as source,
            pa.ipc.open_file(source, options=options) as reader,
        ):
            for i in range(reader.num_record_batches):
                yield pa.Table.from_batches([reader.get_batch(i)])


class _Hashed(io.RawIOBase):
    """A file that is hashed as it is written, and named afterwards."""

    def __init__(self, file: IO[bytes], name: str | None = None) -> None:
        self.name = name
        self.digest = hashlib.sha256()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:  # any buffer: collections.abc.Buffer is of Python 3.12
        self.digest.update(content)
        return self._file.write(content)


@contextmanager
def _placed(folder: Path, name: str | None = None) -> Iterator[_Hashed]:
    """Put a file into place at once: temporary name, to disk, rename, folder to disk."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        with temporary.open("wb") as file:
            written = _Hashed(file, name)
            yield written
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / (written.name or temporary.name))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
