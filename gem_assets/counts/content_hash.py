"""One word for the content of a counts matrix."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from gem_assets.counts.matrix import CountMatrix

_CHUNK = 4_000_000


def hash_matrix(matrix: CountMatrix) -> str:
    """Return ``sha256:<64 hex digits>`` over names and values.

    Equal content gives an equal hash whatever the dtypes: 3 reads are 3 reads as int32 or float64.
    The order of samples and genes is part of the content.
    """
    digest = hashlib.sha256()
    for names in (matrix.sample_ids, matrix.gene_ids, matrix.gene_symbols):
        _add_names(digest, names)
    counts = matrix.counts
    for buffer, dtype in ((counts.indptr, "<i8"), (counts.indices, "<i8"), (counts.data, "<f8")):
        for start in range(0, len(buffer), _CHUNK):
            chunk = np.ascontiguousarray(buffer[start : start + _CHUNK], dtype=dtype)
            digest.update(chunk.data)
    return f"sha256:{digest.hexdigest()}"


def _add_names(digest: hashlib._Hash, names: Iterable[str] | None) -> None:
    """Add names with their lengths, so that no two different lists give the same bytes."""
    if names is None:
        digest.update(b"none;")
        return
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    digest.update(f"{len(encoded)};{','.join(str(len(name)) for name in encoded)};".encode())
    digest.update(b"".join(encoded))
