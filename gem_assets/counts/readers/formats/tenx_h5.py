"""Reader of 10x Genomics' ``.h5`` matrices, of CellRanger 2 and of 3 and later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from gem_assets.counts.matrix import VALUES_A_CHUNK, CountMatrix, require_unique
from gem_assets.counts.readers.hdf5 import MAGIC, open_hdf5, own_node
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource, naming
from gem_assets.counts.readers.stored_rows import named_chunks, shape_of, stored_rows
from gem_assets.counts.readers.tenx_features import TenxFeatures
from gem_assets.counts.readers.tenx_places import H5_NAME, choose, warn_if_raw
from gem_assets.problems import RefusedInputError, refuse

if TYPE_CHECKING:
    import h5py

_PARTS = frozenset(["barcodes", "data", "indices", "indptr", "shape"])


class TenxH5Reader:
    """Reads ``filtered_feature_bc_matrix.h5`` and its like, a chunk of cells at a time.

    CellRanger 3 has one group ``matrix``; CellRanger 2 a group for each genome. A folder with
    the filtered and the raw matrix stands for the filtered one.
    """

    rank = 10
    reads = "10x .h5 (filtered_feature_bc_matrix.h5)"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the groups of the file, or the names of a folder's files."""
        if source.is_folder:
            return any(H5_NAME.fullmatch(member.name) for member in source.members)
        if not source.head.startswith(MAGIC):
            return False
        try:
            with open_hdf5(source) as file:
                return bool(_matrices(file)) or _is_molecule_info(file)
        except RefusedInputError:
            return source.path.name.endswith(".h5")

    def read(self, source: CountsSource) -> CountsFile:
        """Read the names, and see where the counts are; see ``Reader.read``."""
        if not source.is_folder:
            return _read(source, ())
        members = [member for member in source.members if H5_NAME.fullmatch(member.name)]
        at, notes = choose([member.name for member in members])
        with naming(members[at].name):
            return _read(source.open_member(members[at]), notes)


@dataclass(frozen=True, slots=True, eq=False)
class TenxCounts:
    """Counts in a 10x file, read from it each time they are gone through."""

    source: CountsSource
    group: str
    genes: tuple[int, ...] | None
    sample_ids: tuple[str, ...]
    gene_ids: tuple[str, ...]
    gene_symbols: tuple[str, ...] | None

    def chunks(self, values: int = VALUES_A_CHUNK) -> Iterator[CountMatrix]:
        """Yield all rows in their order; see ``Counts.chunks``."""
        with naming(self.source.path), open_hdf5(self.source) as file:
            rows = stored_rows(own_node(file, self.group), values)
            if self.genes is not None:
                kept = list(self.genes)
                rows = (sparse.csr_array(part[:, kept]) for part in rows)
            yield from named_chunks(rows, self.sample_ids, self.gene_ids, self.gene_symbols)


def _read(source: CountsSource, notes: tuple[str, ...]) -> CountsFile:
    with open_hdf5(source) as file:
        groups = _matrices(file)
        if not groups:
            raise refuse(
                "no_matrix",
                "this is CellRanger's molecule_info.h5, which lists molecules, not counts.",
                "Give filtered_feature_bc_matrix.h5 of the same run.",
            )
        if len(groups) > 1:
            raise refuse(
                "several_genomes",
                f"the cells were counted on {len(groups)} genomes at once: {', '.join(groups)}.",
                "Count the human cells on the human genome alone, or take its genes into a file "
                "of their own.",
                tuple(groups),
            )
        node = own_node(file, groups[0])
        features = _features(file, groups[0])
        barcodes = _words(node["barcodes"])
        if shape_of(node) != (len(barcodes), len(features.ids)):
            n_cells, n_features = shape_of(node)
            raise refuse(
                "shape_mismatch",
                f"the matrix is {n_features:,} x {n_cells:,}, but there are "
                f"{len(features.ids):,} features and {len(barcodes):,} barcodes.",
                "Download or write the file again.",
            )
        empty = int(np.sum(np.diff(node["indptr"][:].astype(np.int64)) == 0))
    require_unique(barcodes)
    genes, of_types = features.genes()
    ids, symbols = features.gene_names(genes)
    kept = None if genes.all() else tuple(np.flatnonzero(genes).tolist())
    counts = TenxCounts(source, groups[0], kept, barcodes, ids, symbols)
    of_genome = () if groups[0] == "matrix" else (f"Counted on the genome {groups[0]}.",)
    return CountsFile(
        counts,
        "10x_h5",
        None,
        (*notes, *of_genome, *of_types),
        warn_if_raw(source.path.name, len(barcodes), empty),
    )


def _matrices(file: h5py.File) -> list[str]:
    """Return the groups that are a matrix: ``matrix``, or one for each genome."""
    import h5py

    return [
        name
        for name in file
        if isinstance(file.get(name, getlink=True), h5py.HardLink)
        and isinstance(file[name], h5py.Group)
        and _PARTS.issubset(file[name])
    ]


def _is_molecule_info(file: h5py.File) -> bool:
    return "barcode_idx" in file or "molecule_info" in file


def _features(file: h5py.File, group: str) -> TenxFeatures:
    node = own_node(file, group)
    if "features" not in node:
        own = own_node(file, group)
        return TenxFeatures(_words(own["genes"]), _words(own["gene_names"]))
    own = own_node(file, f"{group}/features")
    return TenxFeatures(
        _words(own["id"]),
        _words(own["name"]) if "name" in own else None,
        _words(own["feature_type"]) if "feature_type" in own else (),
        _words(own["genome"]) if "genome" in own else (),
    )


def _words(node: h5py.Dataset) -> tuple[str, ...]:
    return tuple(
        word.decode("utf-8") if isinstance(word, bytes) else str(word) for word in node[:].tolist()
    )
