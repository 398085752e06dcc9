"""Reader of 10x Genomics' Matrix Market folders, of CellRanger 2 and of 3 and later."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix, narrowest
from gem_assets.counts.readers.folder import Member
from gem_assets.counts.readers.matrix_market import MAGIC, read_cells, read_header
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource, naming
from gem_assets.counts.readers.tenx_features import TenxFeatures
from gem_assets.counts.readers.tenx_places import (
    H5_NAME,
    TenxPlace,
    choose,
    find_places,
    warn_if_raw,
)
from gem_assets.problems import RefusedInputError, refuse


class TenxMtxReader:
    """Reads ``matrix.mtx`` with ``barcodes.tsv`` and ``features.tsv`` (or ``genes.tsv``).

    Plain or compressed, with a prefix such as GEO's or without, in the folder itself or as
    CellRanger and STARsolo nest them. Of features, those of gene expression are kept, by their
    Ensembl ids. The matrix itself may be named instead of its folder.
    """

    rank = 10
    reads = "10x Matrix Market folder (matrix.mtx, features.tsv or genes.tsv, barcodes.tsv)"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the names of a folder's files, or the first line of a file."""
        if not source.is_folder:
            return source.head.startswith(MAGIC)
        if any(H5_NAME.fullmatch(member.name) for member in source.members):
            return False  # the same matrix, faster to read
        return bool(find_places(source.members))

    def read(self, source: CountsSource) -> CountsFile:
        """Read the folder; see ``Reader.read``."""
        if not source.is_folder:
            return self._read_beside(source)
        places = find_places(source.members)
        at, notes = choose([place.name for place in places])
        return _read(source, places[at], notes)

    def _read_beside(self, source: CountsSource) -> CountsFile:
        """Read a matrix that was named itself, with the files beside it."""
        folder = CountsSource.open(source.path.parent)
        for place in find_places(folder.members):
            if any(member.name == source.path.name for member in place.matrix):
                return _read(folder, place, ())
        raise refuse(
            "member_missing",
            "this is a matrix without names: there is no features.tsv (or genes.tsv) and "
            "barcodes.tsv beside it.",
            "Put them into its folder, as CellRanger does, and name the folder.",
        )


def _read(source: CountsSource, place: TenxPlace, notes: tuple[str, ...]) -> CountsFile:
    barcodes = _table(source, _only(place, "barcodes"))
    features = _features(source, _only(place, "features"))
    member = _only(place, "matrix")
    with naming(member.name):
        matrix = source.open_member(member)
        if not matrix.head.startswith(MAGIC):
            raise refuse(
                "unrecognised_format",
                "it is named .mtx, but does not begin with %%MatrixMarket.",
                "Download or write the matrix again.",
            )
        header = read_header(matrix)
        if (header.n_rows, header.n_columns) != (len(features.ids), len(barcodes)):
            swapped = (header.n_columns, header.n_rows) == (len(features.ids), len(barcodes))
            raise refuse(
                "shape_mismatch",
                f"it is {header.n_rows:,} x {header.n_columns:,}, but there are "
                f"{len(features.ids):,} features and {len(barcodes):,} barcodes"
                + ("; it lies cells x features." if swapped else "."),
                "Write it again, features x cells."
                if swapped
                else "Take the three files from one run; one of them may be cut off, or have a "
                "header.",
            )
        genes, of_types = features.genes()
        counts = read_cells(matrix, header)
    if not genes.all():
        counts = sparse.csr_array(counts[:, np.flatnonzero(genes)])
    ids, symbols = features.gene_names(genes)
    cells = CountMatrix(tuple(row[0] for row in barcodes), ids, narrowest(counts), symbols)
    empty = int(np.sum(cells.detected_genes == 0))
    problems = warn_if_raw(f"{source.path.name}/{place.name}", cells.n_samples, empty)
    return CountsFile(cells, "10x_mtx", None, (*notes, *of_types), problems)


def _only(place: TenxPlace, kind: str) -> Member:
    """Return the one file of a kind."""
    files: tuple[Member, ...] = getattr(place, kind)
    if len(files) == 1:
        return files[0]
    where = f" for {place.name!r}" if place.name else ""
    if files:
        names = ", ".join(member.name for member in files)
        raise refuse(
            "several_matrices",
            f"there are {len(files)} files of {kind}{where}: {names}.",
            "Remove all but one of them.",
        )
    raise refuse(
        "member_missing",
        f"there is no file of {kind}{where} beside the others of a 10x matrix.",
        "Put matrix.mtx, features.tsv (or genes.tsv) and barcodes.tsv into one folder.",
    )


def _features(source: CountsSource, member: Member) -> TenxFeatures:
    rows = _table(source, member)
    width = min(len(row) for row in rows)
    columns = [tuple(row[i] for row in rows) for i in range(min(width, 3))]
    return TenxFeatures(
        columns[0],
        columns[1] if width > 1 else None,
        columns[2] if width > 2 else (),
    )


def _table(source: CountsSource, member: Member) -> list[list[str]]:
    """Return the cells of the names' file."""
    with naming(member.name), source.open_member(member).bytes() as file:
        try:
            lines = file.read().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise refuse(
                "not_utf8", f"it is not UTF-8 text ({error.reason}).", "Save it as UTF-8."
            ) from error
        rows = [[cell.strip('"') for cell in line.split("\t")] for line in lines if line]
        unnamed = next((i for i, row in enumerate(rows, 1) if not row[0]), None)
        if unnamed is not None or not rows:
            raise _nameless(unnamed)
        return rows


def _nameless(line: int | None) -> RefusedInputError:
    return refuse(
        "no_names",
        f"line {line} has no name." if line else "it names nothing.",
        "Download or write the file again.",
    )
