"""Reader of AnnData's ``.h5ad``: finds the matrix that holds counts, and reads no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gem_assets.counts.facts import CountsFacts
from gem_assets.counts.matrix import VALUES_A_CHUNK, CountMatrix, require_unique
from gem_assets.counts.readers.anndata_names import gene_names, index_of
from gem_assets.counts.readers.foreign import foreign_text
from gem_assets.counts.readers.hdf5 import MAGIC, open_hdf5, own_node
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource, naming
from gem_assets.counts.readers.stored_rows import dense_runs, named_chunks, shape_of, stored_rows
from gem_assets.counts.values import find_value_problems
from gem_assets.problems import RefusedInputError, refuse

if TYPE_CHECKING:
    import h5py

CANDIDATES = (("layers/counts", "var"), ("raw/X", "raw/var"), ("X", "var"))
"""Places of counts, in the order they are tried, each with the table that names its genes."""

GLANCES = 16
"""So many parts of the only matrix of a file, evenly spread, are looked at before it is read."""

_GLANCE = 2**18
"""Values of a part."""


class H5adReader:
    """Reads AnnData files, sparse (CSR, CSC) or dense.

    Counts are looked for in ``layers["counts"]``, ``raw.X`` and ``X``: the first whose values are
    all whole and none negative. Only if there is none, the first with fractions that can still be
    counts (estimated by salmon or RSEM) is taken.

    A file with one matrix leaves no choice, so it is only glanced at: what its values are is seen
    when they are read, and judged with all counts.
    """

    rank = 10
    reads = "AnnData .h5ad with counts in layers['counts'], raw.X or X"

    def recognises(self, source: CountsSource) -> bool:
        """Tell whether it is HDF5 with ``var``; one that can't be opened counts by its name."""
        if not source.head.startswith(MAGIC):
            return source.path.name.endswith(".h5ad") and foreign_text(source.head) is None
        try:
            with open_hdf5(source) as file:
                return "var" in file
        except RefusedInputError:
            return True

    def read(self, source: CountsSource) -> CountsFile:
        """Read the names, and find the counts; see ``Reader.read``."""
        if not source.head.startswith(MAGIC):
            raise refuse(
                "not_hdf5",
                "it is named .h5ad, but it is not an HDF5 file.",
                "Write it with anndata's write_h5ad, uncompressed.",
            )
        with open_hdf5(source) as file:
            return _find_counts(source, file)


@dataclass(frozen=True, slots=True, eq=False)
class H5adCounts:
    """Counts in an AnnData file, read from it each time they are gone through."""

    source: CountsSource
    place: str
    sample_ids: tuple[str, ...]
    gene_ids: tuple[str, ...]
    gene_symbols: tuple[str, ...] | None

    def chunks(self, values: int = VALUES_A_CHUNK) -> Iterator[CountMatrix]:
        """Yield all rows in their order; see ``Counts.chunks``."""
        with naming(self.source.path), open_hdf5(self.source) as file:
            rows = stored_rows(_matrix(file, self.place), values)
            yield from named_chunks(rows, self.sample_ids, self.gene_ids, self.gene_symbols)


def _find_counts(source: CountsSource, file: h5py.File) -> CountsFile:
    present = [(place, var) for place, var in CANDIDATES if _is_there(file, place)]
    if not present:
        raise refuse(
            "no_matrix",
            "the AnnData file holds no matrix: there is no layers['counts'], raw.X or X.",
            "Store the raw counts in layers['counts'] or X and write the file again.",
        )
    only = len(present) == 1
    for place, var in present:
        if _holds_whole_numbers(_matrix(file, place), glancing=only):
            return _counts_file(source, file, place, var, f"{_why_chosen(place, present)}.")
    last: RefusedInputError | None = None
    for place, var in present:
        found = _counts_file(
            source,
            file,
            place,
            var,
            "which holds fractions that look like estimated counts; nothing in the file holds "
            "whole numbers.",
        )
        problems = find_value_problems(CountsFacts.of(found.counts), "sc")
        if not problems:
            return found
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


def _counts_file(
    source: CountsSource, file: h5py.File, place: str, var: str, why: str
) -> CountsFile:
    sample_ids = index_of(own_node(file, "obs"))
    gene_ids, symbols, column = gene_names(own_node(file, var))
    shape = shape_of(file[place])
    if shape != (len(sample_ids), len(gene_ids)):
        raise refuse(
            "shape_mismatch",
            f"{_spoken(place)} is {shape[0]} x {shape[1]}, but there are {len(sample_ids)} obs "
            f"names and {len(gene_ids)} var names.",
            "Write the file again with anndata's write_h5ad.",
        )
    require_unique(sample_ids)
    named = () if column is None else (f"The column {column!r} of var names the genes once more.",)
    counts = H5adCounts(source, place, sample_ids, gene_ids, symbols)
    return CountsFile(counts, "h5ad", notes=(f"Counts are from {_spoken(place)}, {why}", *named))


def _matrix(file: h5py.File, place: str) -> h5py.Group | h5py.Dataset:
    """Return a stored matrix, after looking that it is one."""
    node = own_node(file, place, _spoken(place))
    n_dimensions = len(shape_of(node))
    if n_dimensions != 2:
        raise refuse(
            "no_matrix",
            f"{_spoken(place)} has {n_dimensions} dimension(s), not 2.",
            "Write the file again with anndata's write_h5ad.",
        )
    return node


def _is_there(file: h5py.File, place: str) -> bool:
    """Tell whether there is something at a place, be it a link that leads nowhere."""
    return file.get(place, getlink=True) is not None


def _holds_whole_numbers(node: h5py.Group | h5py.Dataset, *, glancing: bool) -> bool:
    """Tell whether every value is whole, finite and not negative; stops at the first that isn't.

    ``glancing`` looks at `GLANCES` parts of the values instead of all.
    """
    import h5py

    if isinstance(node, h5py.Dataset):
        values, parts = node, dense_runs(node, _GLANCE)
    else:
        values = node["data"]
        parts = [slice(i, i + _GLANCE) for i in range(0, values.shape[0], _GLANCE)]
    if values.dtype.kind in "ub":
        return True
    if glancing and len(parts) > GLANCES:
        parts = [parts[i] for i in np.linspace(0, len(parts) - 1, GLANCES, dtype=int)]
    for part in parts:
        found = values[part]
        # NaN equals nothing, so it fails here too; an infinity equals its own rounding.
        if not (np.all(found >= 0) and np.all(np.isfinite(found))):
            return False
        if found.dtype.kind == "f" and not np.array_equal(found, np.rint(found)):
            return False
    return True


def _why_chosen(place: str, present: list[tuple[str, str]]) -> str:
    if len(present) == 1:
        return "the only matrix in the file"
    passed = [_spoken(p) for p, _ in present[: [p for p, _ in present].index(place)]]
    if not passed:
        return "all of whose values are whole numbers"
    verb = "does" if len(passed) == 1 else "do"
    return f"all of whose values are whole, while {' and '.join(passed)} {verb} not hold counts"


def _spoken(place: str) -> str:
    return {"layers/counts": "layers['counts']", "raw/X": "raw.X"}.get(place, place)
