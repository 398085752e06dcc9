"""Bulk counts made for a benchmark, on disk, of which a process reads what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import sparse

from gem_assets.genes.alignment import hash_counts
from parts.replay_server import GENES, bulk_counts

ROWS_AT_A_TIME = 32


def write_counts(folder: Path, samples: int) -> None:
    """Write counts of so many different samples, and their content hashes."""
    rng = np.random.default_rng(0)
    templates = np.array([bulk_counts(rng) for _ in range(ROWS_AT_A_TIME)])
    hashes: list[str] = []
    ends = [0]
    with (folder / "indices").open("wb") as indices, (folder / "data").open("wb") as data:
        for first in range(0, samples, ROWS_AT_A_TIME):
            # One gene tells the samples of one template apart.
            templates[:, 0] = np.arange(first, first + ROWS_AT_A_TIME) + 1
            rows = sparse.csr_array(templates[: samples - first])
            indices.write(rows.indices.astype(np.int32).tobytes())
            data.write(rows.data.astype(np.int32).tobytes())
            ends += (ends[-1] + rows.indptr[1:]).tolist()
            hashes += hash_counts(rows)
    np.save(folder / "indptr.npy", np.array(ends))
    (folder / "hashes").write_text("\n".join(hashes))


def read_counts(folder: Path, samples: int) -> Iterator[sparse.csr_array]:
    """Yield the counts of the first samples, some rows at a time."""
    indptr = np.load(folder / "indptr.npy")
    with (folder / "indices").open("rb") as indices, (folder / "data").open("rb") as data:
        for first in range(0, samples, ROWS_AT_A_TIME):
            part = indptr[first : min(first + ROWS_AT_A_TIME, samples) + 1]
            n = int(part[-1] - part[0])
            values, columns = (np.fromfile(file, np.int32, n) for file in (data, indices))
            shape = (len(part) - 1, GENES)
            yield sparse.csr_array((values, columns, part - part[0]), shape=shape)


def read_hashes(folder: Path, samples: int) -> list[str]:
    """Return the content hashes of the first samples."""
    return (folder / "hashes").read_text().split("\n")[:samples]
