"""Reader of AnnData's ``.h5ad``: finds the matrix that holds counts, and reads no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from gem_assets.counts.gene_names import ensembl_share
from gem_assets.counts.matrix import CountMatrix, narrowest
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.values import find_value_problems
from gem_assets.problems import RefusedInputError, refuse

if TYPE_CHECKING:
    import h5py
    import pandas as pd

_MAGIC = b"\x89HDF\r\n\x1a\n"

CANDIDATES = (("layers/counts", "var"), ("raw/X", "raw/var"), ("X", "var"))
"""Places of counts, in the order they are tried, each with the table that names its genes."""

_SECOND_NAMES = (
    "gene_ids",  # scanpy.read_10x_*
    "gene_id",
    "ensembl_id",
    "ensembl_gene_id",
    "feature_id",
    "feature_name",  # CELLxGENE schema
    "gene_symbols",  # scanpy.read_10x_*(var_names="gene_ids")
    "gene_symbol",
    "gene_name",
    "gene_names",
    "gene_short_name",
    "symbol",
    "hgnc_symbol",
)
"""Columns of ``var`` that name the genes once more, in the order they are looked for."""

_CHUNK = 4_000_000
"""Values looked at at a time, 32 MB as float64."""


class H5adReader:
    """Reads AnnData files, sparse (CSR, CSC) or dense.

    Counts are looked for in ``layers["counts"]``, ``raw.X`` and ``X``: the first whose values are
    all whole and none negative. Only if there is none, the first with fractions that can still be
    counts (estimated by salmon or RSEM) is taken.
    """

    rank = 10
    reads = "AnnData .h5ad with counts in layers['counts'], raw.X or X"

    def recognises(self, source: CountsSource) -> bool:
        """Tell whether it is HDF5 with ``var``; one that can't be opened counts by its name."""
        if not source.head.startswith(_MAGIC):
            return source.path.name.endswith(".h5ad")
        try:
            with _open(source) as file:
                return "var" in file
        except RefusedInputError:
            return True

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        if not source.head.startswith(_MAGIC):
            raise refuse(
                "not_hdf5",
                "it is named .h5ad, but it is not an HDF5 file.",
                "Write it with anndata's write_h5ad, uncompressed.",
            )
        with _open(source) as file:
            return _read(file)


@contextmanager
def _open(source: CountsSource) -> Iterator[h5py.File]:
    """Open the file; its damage becomes a refusal, now or while it is read."""
    import h5py

    with source.path.open("rb") as raw:
        try:
            with h5py.File(raw, "r") as file:
                yield file
        except RefusedInputError:
            raise
        except (OSError, KeyError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the disk or the network
            reason = str(error.__cause__ or error).splitlines()[0]
            raise refuse(
                "damaged_file",
                f"the HDF5 file is cut off or damaged ({reason}).",
                "Copy or download the file again; it is probably incomplete.",
            ) from error


def _read(file: h5py.File) -> CountsFile:
    present = [(place, var) for place, var in CANDIDATES if place in file]
    if not present:
        raise refuse(
            "no_matrix",
            "the AnnData file holds no matrix: there is no layers['counts'], raw.X or X.",
            "Store the raw counts in layers['counts'] or X and write the file again.",
        )
    for place, var in present:
        if _holds_whole_numbers(file[place]):
            return CountsFile(
                _matrix(file, place, var),
                "h5ad",
                notes=(
                    f"Counts are from {_spoken(place)}: {_why_chosen(place, present)}.",
                    *_names_note(file[var]),
                ),
            )
    last: RefusedInputError | None = None
    for place, var in present:
        matrix = _matrix(file, place, var)
        problems = find_value_problems(matrix, "sc")
        if not problems:
            return CountsFile(
                matrix,
                "h5ad",
                notes=(
                    f"Counts are from {_spoken(place)}, which holds fractions that look like "
                    "estimated counts; nothing in the file holds whole numbers.",
                    *_names_note(file[var]),
                ),
            )
        last = refuse(
            problems[0].code,
            f"no matrix holds raw counts (looked in {', '.join(_spoken(p) for p, _ in present)}); "
            f"in {_spoken(place)}, {problems[0].sentence}",
            "Store the raw counts in layers['counts'] before normalising, and write the file "
            "again.",
            problems[0].where,
        )
    assert last is not None  # noqa: S101 (there was at least one candidate)
    raise last


def _matrix(file: h5py.File, place: str, var: str) -> CountMatrix:
    sample_ids = _names(file["obs"])
    gene_ids, symbols, _ = _gene_names(file[var])
    counts = _load(file[place])
    if counts.shape != (len(sample_ids), len(gene_ids)):
        raise refuse(
            "shape_mismatch",
            f"{_spoken(place)} is {counts.shape[0]} x {counts.shape[1]}, but there are "
            f"{len(sample_ids)} obs names and {len(gene_ids)} var names.",
            "Write the file again with anndata's write_h5ad.",
        )
    if np.all(np.isfinite(counts.data)):
        counts = narrowest(counts)
    return CountMatrix(sample_ids, gene_ids, counts, symbols)


def _load(node: h5py.Group | h5py.Dataset) -> sparse.csr_array:
    """Load a matrix as CSR; a dense one by chunks of rows, so that it is never whole in memory."""
    import h5py
    from anndata.io import read_elem

    if not isinstance(node, h5py.Dataset):
        return sparse.csr_array(read_elem(node))
    if node.ndim != 2:
        raise refuse(
            "no_matrix",
            f"{_spoken(node.name.strip('/'))} has {node.ndim} dimension(s), not 2.",
            "Write the file again with anndata's write_h5ad.",
        )
    chunks = [sparse.csr_array(node[rows]) for rows in _row_slices(node)]
    if not chunks:
        return sparse.csr_array(node.shape, dtype=node.dtype)
    return sparse.csr_array(sparse.vstack(chunks, format="csr"))


def _holds_whole_numbers(node: h5py.Group | h5py.Dataset) -> bool:
    """Tell whether every value is whole, finite and not negative; stops at the first that isn't."""
    import h5py

    if isinstance(node, h5py.Dataset):
        values, slices = node, _row_slices(node)
    else:
        values = node["data"]
        slices = [slice(i, i + _CHUNK) for i in range(0, values.shape[0], _CHUNK)]
    if values.dtype.kind in "ub":
        return True
    for part in slices:
        found = values[part]
        # NaN equals nothing, so it fails here too; an infinity equals its own rounding.
        if not (np.all(found >= 0) and np.all(np.isfinite(found))):
            return False
        if found.dtype.kind == "f" and not np.array_equal(found, np.rint(found)):
            return False
    return True


def _row_slices(node: h5py.Dataset) -> list[slice]:
    if node.ndim == 0:
        return []
    step = max(1, _CHUNK // max(1, int(np.prod(node.shape[1:]))))
    return [slice(start, start + step) for start in range(0, node.shape[0], step)]


def _names(frame: h5py.Group | h5py.Dataset) -> tuple[str, ...]:
    """Return the index of ``obs`` or ``var``."""
    import h5py

    # anndata before 0.7 wrote one compound dataset, with the index as field "index".
    old = isinstance(frame, h5py.Dataset)
    key = "index" if old else frame.attrs.get("_index", "_index")
    return tuple(str(name) for name in _cells(frame, key))


def _columns(frame: h5py.Group | h5py.Dataset) -> tuple[str, ...]:
    import h5py

    return frame.dtype.names or () if isinstance(frame, h5py.Dataset) else tuple(frame)


def _cells(frame: h5py.Group | h5py.Dataset, column: str) -> pd.Series[Any]:
    """Return a column of ``obs`` or ``var``, text as ``str``."""
    import h5py
    import pandas as pd
    from anndata.io import read_elem

    if isinstance(frame, h5py.Dataset):
        values = [v.decode() if isinstance(v, bytes) else v for v in frame[column]]
    else:
        values = read_elem(frame[column])
    return pd.Series(values, dtype=object)


def _gene_names(
    frame: h5py.Group | h5py.Dataset,
) -> tuple[tuple[str, ...], tuple[str, ...] | None, str | None]:
    """Return ids, second names, and the column that the second names (or the ids) came from.

    Ensembl ids win as ids wherever they stand, in the index or in a column.
    """
    index = _names(frame)
    index_share = ensembl_share(index)
    for column in _SECOND_NAMES:
        if column not in _columns(frame):
            continue
        other = _column(frame, column, index)
        if other is None or other == index:
            continue
        other_share = ensembl_share(other)
        if other_share > index_share:
            return other, index, column
        if index_share >= 0.5 and other_share < 0.5:
            return index, other, column
    return index, None, None


def _column(
    frame: h5py.Group | h5py.Dataset, column: str, index: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Return a text column of ``var``, with the index's name where a cell is missing."""
    import pandas as pd

    cells = _cells(frame, column)
    if len(cells) != len(index) or not all(isinstance(c, str) for c in cells[cells.notna()]):
        return None
    return tuple(cells.where(cells.notna(), pd.Series(index, dtype=object)))


def _names_note(frame: h5py.Group | h5py.Dataset) -> tuple[str, ...]:
    column = _gene_names(frame)[2]
    return () if column is None else (f"The column {column!r} of var names the genes once more.",)


def _why_chosen(place: str, present: list[tuple[str, str]]) -> str:
    passed = [_spoken(p) for p, _ in present[: [p for p, _ in present].index(place)]]
    if not passed:
        return "all its values are whole numbers"
    verb = "does" if len(passed) == 1 else "do"
    return f"all its values are whole numbers, while {' and '.join(passed)} {verb} not hold counts"


def _spoken(place: str) -> str:
    return {"layers/counts": "layers['counts']", "raw/X": "raw.X"}.get(place, place)
