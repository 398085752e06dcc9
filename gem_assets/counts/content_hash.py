"""One word for the content of a counts matrix."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from gem_assets.counts.matrix import CountMatrix, Counts

_CHUNK = 1_000_000


class CountsHash:
    """One word for the content of counts, taken in chunk after chunk.

    Equal content gives an equal hash whatever the dtypes and the chunks: 3 reads are 3 reads as
    int32 or float64. The order of samples and genes is part of the content.

    Parameters
    ----------
    counts
        Whose chunks they will be; only its names are looked at.
    """

    def __init__(self, counts: Counts) -> None:
        self._names = hashlib.sha256()
        for names in (counts.sample_ids, counts.gene_ids, counts.gene_symbols):
            _add_names(self._names, names)
        # One digest for each of the three arrays: chunks of rows cut all of them.
        self._arrays = tuple(hashlib.sha256() for _ in range(3))

    def add(self, chunk: CountMatrix) -> None:
        """Take in the rows that follow those taken in before."""
        counts = chunk.counts
        lengths = np.diff(counts.indptr)
        for digest, buffer, dtype in zip(
            self._arrays,
            (lengths, counts.indices, counts.data),
            ("<i8", "<i4", "<f8"),
            strict=True,
        ):
            for start in range(0, len(buffer), _CHUNK):
                part = np.ascontiguousarray(buffer[start : start + _CHUNK], dtype=dtype)
                digest.update(part.data)

    def hexdigest(self) -> str:
        """Return ``sha256:<64 hex digits>`` over names and values."""
        whole = self._names.copy()
        for digest in self._arrays:
            whole.update(digest.digest())
        return f"sha256:{whole.hexdigest()}"


def hash_matrix(matrix: CountMatrix) -> str:
    """Return the hash of a matrix; see `CountsHash`."""
    content = CountsHash(matrix)
    content.add(matrix)
    return content.hexdigest()


def _add_names(digest: hashlib._Hash, names: Iterable[str] | None) -> None:
    """Add names with their lengths, so that no two different lists give the same bytes."""
    if names is None:
        digest.update(b"none;")
        return
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    digest.update(f"{len(encoded)};{','.join(str(len(name)) for name in encoded)};".encode())
    digest.update(b"".join(encoded))
