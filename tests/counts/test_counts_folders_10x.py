"""10x matrices: folders of Matrix Market files and .h5, of CellRanger 2 and 3."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
from formats_written import matrix_market, tenx_h5
from scipy import sparse
from scipy.io import mmwrite
from upath import UPath

from gem_assets.counts.readers import CountsFile, read_counts
from gem_assets.problems import InputProblem, RefusedInputError

GENES = ("ENSG00000141510", "ENSG00000012048", "ENSG00000229807")
SYMBOLS = ("TP53", "BRCA1", "XIST")
CELLS = ("AAAC-1", "AAAG-1")
TABLE = np.array([[5, 0, 7], [0, 3, 0]])  # cells x genes


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def mtx(table: np.ndarray = TABLE, field: str = "integer") -> str:
    return matrix_market(table, field)


def features(types: Sequence[str] = ("Gene Expression",) * 3) -> str:
    rows = zip(GENES, SYMBOLS, types, strict=True)
    return "".join("\t".join(row) + "\n" for row in rows)


def v2(folder: Path, prefix: str = "") -> Path:
    genes = "".join(f"{i}\t{s}\n" for i, s in zip(GENES, SYMBOLS, strict=True))
    put(folder / f"{prefix}genes.tsv", genes)
    put(folder / f"{prefix}barcodes.tsv", "\n".join(CELLS) + "\n")
    put(folder / f"{prefix}matrix.mtx", mtx())
    return folder


def v3(folder: Path, prefix: str = "", **files: str) -> Path:
    given = {"features.tsv": features(), "barcodes.tsv": "\n".join(CELLS), "matrix.mtx": mtx()}
    given |= {name.replace("_", "."): text for name, text in files.items()}
    for name, text in given.items():
        put(folder / f"{prefix}{name}.gz", text)
    return folder


def write_h5(
    path: Path,
    group: str = "matrix",
    *,
    types: Sequence[str] = ("Gene Expression",) * 3,
    genomes: Sequence[str] = ("GRCh38",) * 3,
    **changes: np.ndarray,
) -> Path:
    names = {"cells": CELLS, "genes": GENES, "symbols": SYMBOLS, "types": types, "genomes": genomes}
    return tenx_h5(path, group, TABLE, names, **changes)


def check(file: CountsFile, name: str) -> None:
    assert file.format == name
    assert file.matrix.sample_ids == CELLS
    assert file.matrix.gene_ids == GENES
    assert file.matrix.gene_symbols == SYMBOLS
    assert file.matrix.counts.dtype == np.int32
    assert np.array_equal(file.matrix.counts.toarray(), TABLE)


def refused(path: Path | UPath) -> InputProblem:
    with pytest.raises(RefusedInputError) as caught:
        _ = read_counts(path).matrix
    (problem,) = caught.value.problems
    assert problem.sentence.startswith(f"{path}: ")
    return problem


@pytest.mark.parametrize("make", [v2, v3])
@pytest.mark.parametrize("prefix", ["", "GSM123_", "GSM123_lung."])
def test_a_folder_is_read_by_ids(tmp_path: Path, make: type, prefix: str) -> None:
    check(read_counts(make(tmp_path, prefix)), "10x_mtx")


@pytest.mark.parametrize("place", ["outs/filtered_feature_bc_matrix", "Gene/filtered"])
def test_cellrangers_own_folders_are_looked_into(tmp_path: Path, place: str) -> None:
    v3(tmp_path / place)
    check(read_counts(tmp_path), "10x_mtx")
    check(read_counts(tmp_path / place.split("/")[0]), "10x_mtx")
    v3(tmp_path / place.replace("filtered", "raw"))
    file = read_counts(tmp_path)
    check(file, "10x_mtx")
    assert any("raw matrix beside it" in note for note in file.notes)


def test_a_matrix_may_be_named_itself(tmp_path: Path) -> None:
    check(read_counts(v3(tmp_path) / "matrix.mtx.gz"), "10x_mtx")
    alone = put(tmp_path / "alone" / "matrix.mtx", mtx())
    assert refused(alone).code == "member_missing"


@pytest.mark.parametrize("location", ["memory", "file"])
def test_a_folder_may_lie_anywhere(tmp_path: Path, location: str) -> None:
    v3(tmp_path / "x")
    write_h5(tmp_path / "y.h5")
    there = UPath(f"file://{tmp_path}")
    if location == "memory":
        there = UPath(f"memory://{tmp_path.name}-10x")
        (there / "x").mkdir(parents=True)
        for path in (tmp_path / "y.h5", *(tmp_path / "x").iterdir()):
            (there / path.relative_to(tmp_path).as_posix()).write_bytes(path.read_bytes())
    check(read_counts(there / "x"), "10x_mtx")
    check(read_counts(there / "y.h5"), "10x_h5")


def test_entries_in_any_order_and_real_numbers_are_read(tmp_path: Path) -> None:
    header, meta, size, *entries = mtx(field="real").splitlines()
    v3(tmp_path, matrix_mtx="\r\n".join([header, meta, size, *entries[::-1]]))
    check(read_counts(tmp_path), "10x_mtx")


def test_what_scipy_writes_is_read(tmp_path: Path) -> None:
    v3(tmp_path)
    (tmp_path / "matrix.mtx.gz").unlink()
    mmwrite(tmp_path / "matrix.mtx", sparse.coo_array(TABLE.T))
    check(read_counts(tmp_path), "10x_mtx")


@pytest.mark.parametrize("kind", ["mtx", "h5"])
def test_only_gene_expression_is_kept(tmp_path: Path, kind: str) -> None:
    types = ("Gene Expression", "Antibody Capture", "Gene Expression")
    if kind == "mtx":
        file = read_counts(v3(tmp_path, features_tsv=features(types)))
    else:
        genomes = ("GRCh38", "", "GRCh38")
        file = read_counts(write_h5(tmp_path / "a.h5", types=types, genomes=genomes))
    assert file.matrix.gene_ids == (GENES[0], GENES[2])
    assert file.matrix.counts.toarray().tolist() == [[5, 7], [0, 0]]
    assert "Kept 2 features of gene expression; left out 1 Antibody Capture." in file.notes


@pytest.mark.parametrize("kind", ["mtx", "h5"])
def test_antibodies_alone_are_refused(tmp_path: Path, kind: str) -> None:
    types = ("Antibody Capture",) * 3
    path = v3(tmp_path, features_tsv=features(types)) if kind == "mtx" else tmp_path / "a.h5"
    if kind == "h5":
        write_h5(path, types=types)
    problem = refused(path)
    assert problem.code == "no_genes"
    assert "3 Antibody Capture" in problem.sentence


def test_swapped_names_and_ids_are_put_right(tmp_path: Path) -> None:
    swapped = "".join(f"{s}\t{i}\tGene Expression\n" for i, s in zip(GENES, SYMBOLS, strict=True))
    check(read_counts(v3(tmp_path, features_tsv=swapped)), "10x_mtx")


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ({"barcodes_tsv": "A\nB\nC\n"}, "shape_mismatch", "it is 3 x 2, but there are 3 features"),
        ({"matrix_mtx": mtx(TABLE.T)}, "shape_mismatch", "it lies cells x features"),
        ({"matrix_mtx": mtx().replace("1 1 5\n", "")}, "mtx_incomplete", "announces 3 entries"),
        ({"matrix_mtx": mtx().replace("1 1 5", "9 1 5")}, "mtx_malformed", "line 4 (9 1 5) lies"),
        ({"matrix_mtx": mtx().replace("1 1 5", "1 1 x")}, "mtx_malformed", "line 4 is '1 1 x'"),
        ({"matrix_mtx": mtx().replace("1 1 5", "1 1 2.5")}, "mtx_malformed", "'1 1 2.5'"),
        ({"matrix_mtx": mtx().replace("1 1 5", "1 1")}, "mtx_malformed", "line 4 is '1 1'"),
        ({"matrix_mtx": mtx().replace("coordinate", "array")}, "mtx_malformed", "first line"),
        ({"matrix_mtx": mtx(field="complex")}, "mtx_malformed", "its entries are 'complex"),
        ({"matrix_mtx": mtx().replace("3 2 3", "3 2")}, "mtx_malformed", "which gives its size"),
        ({"matrix_mtx": "%%MatrixMarket matrix coordinate integer general\n"}, "mtx_malformed", ""),
        ({"matrix_mtx": "nothing\n"}, "unrecognised_format", "does not begin with"),
        ({"matrix_mtx": mtx(field="real").replace("1 1 5", "1 1 nan")}, "mtx_malformed", "nan"),
        ({"barcodes_tsv": "A\nA\n"}, "duplicate_sample_ids", "'A'"),
        ({"barcodes_tsv": "A\n\tB\n"}, "no_names", "line 2 has no name"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, files: dict[str, str], code: str, words: str
) -> None:
    problem = refused(v3(tmp_path, **files))
    assert problem.code == code
    assert words in problem.sentence


def test_a_size_that_no_file_can_hold_allocates_nothing(tmp_path: Path) -> None:
    huge = mtx().replace("3 2 3", "999999999999 999999999999 999999999999")
    assert refused(v3(tmp_path, matrix_mtx=huge)).code == "shape_mismatch"
    many = mtx().replace("3 2 3", "3 2 999999999999")
    shutil.rmtree(tmp_path)
    assert refused(v3(tmp_path, matrix_mtx=many)).code == "mtx_incomplete"


@pytest.mark.parametrize("missing", ["barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    (v3(tmp_path) / missing).unlink()
    problem = refused(tmp_path)
    assert problem.code == "member_missing"
    assert missing.split(".")[0] in problem.sentence


def test_several_matrices_are_refused_by_name(tmp_path: Path) -> None:
    v3(tmp_path, "GSM1_")
    v3(tmp_path, "GSM2_")
    problem = refused(tmp_path)
    assert problem.code == "several_matrices"
    assert "GSM1_, GSM2_" in problem.sentence
    other = tmp_path / "filtered_gene_bc_matrices"
    for genome in ("GRCh38", "mm10"):
        v2(other / genome)
    assert refused(other).code == "several_matrices"


def test_two_copies_of_a_file_are_refused(tmp_path: Path) -> None:
    put(v3(tmp_path) / "matrix.mtx", mtx())
    problem = refused(tmp_path)
    assert "2 files of matrix: matrix.mtx, matrix.mtx.gz" in problem.sentence


def test_the_raw_matrix_is_read_with_a_warning(tmp_path: Path) -> None:
    file = read_counts(v3(tmp_path / "raw_feature_bc_matrix"))
    assert [problem.code for problem in file.problems] == ["raw_droplets"]
    file = read_counts(write_h5(tmp_path / "raw_feature_bc_matrix.h5"))
    assert [problem.code for problem in file.problems] == ["raw_droplets"]


@pytest.mark.parametrize("link", ["features.tsv.gz", "matrix.mtx.gz"])
def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, link: str) -> None:
    folder = v3(tmp_path / "run")
    (folder / link).rename(tmp_path / link)
    (folder / link).symlink_to(tmp_path / link)
    problem = refused(folder)
    assert problem.code == "path_leaves_folder"
    assert link in problem.sentence


@pytest.mark.parametrize("group", ["matrix", "GRCh38"])
def test_an_h5_of_either_version_is_read(tmp_path: Path, group: str) -> None:
    check(read_counts(write_h5(tmp_path / "a.h5", group)), "10x_h5")


def test_an_h5_is_read_in_chunks(tmp_path: Path) -> None:
    chunks = list(read_counts(write_h5(tmp_path / "a.h5")).counts.chunks(1))
    assert [chunk.sample_ids for chunk in chunks] == [CELLS[:1], CELLS[1:]]


def test_several_genomes_are_refused_by_name(tmp_path: Path) -> None:
    write_h5(tmp_path / "a.h5", "GRCh38")
    problem = refused(write_h5(tmp_path / "a.h5", "mm10"))
    assert problem.code == "several_genomes"
    assert "GRCh38, mm10" in problem.sentence
    problem = refused(write_h5(tmp_path / "b.h5", genomes=("GRCh38", "mm10", "mm10")))
    assert problem.code == "several_genomes"
    assert "GRCh38 (1 genes), mm10 (2 genes)" in problem.sentence


def test_an_outs_folder_stands_for_its_filtered_h5(tmp_path: Path) -> None:
    for name in ("filtered", "raw"):
        write_h5(tmp_path / f"{name}_feature_bc_matrix.h5")
        v3(tmp_path / f"{name}_feature_bc_matrix")
    file = read_counts(tmp_path)
    check(file, "10x_h5")
    assert any("filtered_feature_bc_matrix.h5" in note for note in file.notes)


def test_molecules_are_refused_by_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "molecule_info.h5", "w") as file:
        file["barcode_idx"] = [1, 2]
    assert "lists molecules" in refused(tmp_path / "molecule_info.h5").sentence


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"indptr": np.array([0, 2, 9])}, "damaged_matrix"),
        ({"indptr": np.array([0, 2])}, "damaged_matrix"),
        ({"indices": np.array([0, 2, 8])}, "damaged_matrix"),
        ({"shape": np.array([9, 2])}, "shape_mismatch"),
        ({"shape": np.array([3])}, "damaged_file"),
        ({"barcodes": np.array([b"A", b"A"])}, "duplicate_sample_ids"),
    ],
)
def test_an_h5_that_contradicts_itself_is_refused(
    tmp_path: Path, changes: dict[str, np.ndarray], code: str
) -> None:
    assert refused(write_h5(tmp_path / "a.h5", **changes)).code == code


def test_a_cut_off_h5_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5")
    path.write_bytes(path.read_bytes()[:2000])
    assert refused(path).code == "damaged_file"


@pytest.mark.parametrize("how", ["external", "storage", "virtual"])
def test_an_h5_that_points_into_another_file_is_refused(tmp_path: Path, how: str) -> None:
    path = write_h5(tmp_path / "a.h5")
    write_h5(tmp_path / "secret.h5")
    with h5py.File(path, "a") as file:
        del file["matrix/data"]
        if how == "external":
            file["matrix/data"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "matrix/data")
        elif how == "storage":
            places = [(str(tmp_path / "secret.h5"), 0, 12)]
            file["matrix"].create_dataset("data", (3,), np.int32, external=places)
        else:
            layout = h5py.VirtualLayout((3,), np.int32)
            source = h5py.VirtualSource(str(tmp_path / "secret.h5"), "matrix/data", (3,))
            layout[:] = source
            file["matrix"].create_virtual_dataset("data", layout)
    assert refused(path).code in {"links_elsewhere", "damaged_file"}


def test_an_h5_that_expands_absurdly_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        del file["matrix/data"]
        file["matrix"].create_dataset("data", (10**11,), np.int32, chunks=(10**6,))
    assert refused(path).code == "expands_too_far"
