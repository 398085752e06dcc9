"""AnnData files: the matrix that holds counts is found, and damage is named."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from upath import UPath

from gem_assets.counts.readers import read_counts
from gem_assets.problems import RefusedInputError

COUNTS = np.array([[3, 0, 1, 40], [0, 0, 2, 5], [7, 1, 0, 60]])
LOGGED = np.log1p(COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e4)
IDS = [f"ENSG{i:011d}" for i in range(4)]
SYMBOLS = ["TP53", "MYC", "ACTB", "GAPDH"]


def annotated(values, var_names=SYMBOLS, **var) -> anndata.AnnData:
    n_obs, n_vars = values.shape
    return anndata.AnnData(
        values,
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(n_obs)]),
        var=pd.DataFrame(var, index=list(var_names)[:n_vars]),
    )


@pytest.fixture
def written(tmp_path: Path):
    """Return a function that writes an AnnData and gives its path."""

    def write(data: anndata.AnnData) -> Path:
        path = tmp_path / "counts.h5ad"
        data.write_h5ad(path)
        return path

    return write


def refused(path):
    with pytest.raises(RefusedInputError) as caught:
        read_counts(path)
    (problem,) = caught.value.problems
    assert str(path) in problem.sentence
    assert problem.action
    return problem


@pytest.mark.parametrize(
    "stored",
    [
        COUNTS,
        COUNTS.astype(np.float32),
        COUNTS.astype(np.uint16),
        sparse.csr_matrix(COUNTS),
        sparse.csc_matrix(COUNTS.astype(float)),
        sparse.csr_array(COUNTS),
    ],
    ids=["int", "float", "unsigned", "csr", "csc of floats", "csr array"],
)
def test_counts_are_the_same_however_they_are_stored(written, stored):
    file = read_counts(written(annotated(stored)))
    assert file.matrix.counts.toarray().tolist() == COUNTS.tolist()
    assert file.matrix.counts.dtype == np.int32
    assert file.matrix.sample_ids == ("cell0", "cell1", "cell2")
    assert file.matrix.gene_ids == tuple(SYMBOLS)
    assert (file.format, file.orientation) == ("h5ad", None)
    assert file.notes == ("Counts are from X, the only matrix in the file.",)


def test_a_counts_layer_wins(written):
    data = annotated(sparse.csr_matrix(COUNTS))
    data.layers["counts"] = sparse.csr_matrix(COUNTS * 2)
    file = read_counts(written(data))
    assert file.matrix.counts.toarray().tolist() == (COUNTS * 2).tolist()
    assert "from layers['counts']" in file.notes[0]


def test_raw_counts_behind_a_normalised_x_are_found_with_their_own_genes(written):
    data = annotated(COUNTS.astype(float))
    data.raw = data.copy()
    data = data[:, :2].copy()
    data.X = LOGGED[:, :2]
    file = read_counts(written(data))
    assert file.matrix.counts.toarray().tolist() == COUNTS.tolist()
    assert file.matrix.gene_ids == tuple(SYMBOLS)
    assert "from raw.X" in file.notes[0]


def test_x_is_taken_when_what_comes_before_it_holds_no_counts(written):
    data = annotated(LOGGED)
    data.raw = data.copy()
    data.layers["counts"] = sparse.csr_matrix(LOGGED)
    data.X = COUNTS.astype(float)
    file = read_counts(written(data))
    assert file.matrix.counts.toarray().tolist() == COUNTS.tolist()
    assert "while layers['counts'] and raw.X do not hold counts" in file.notes[0]


@pytest.mark.parametrize(
    ("values", "code", "said"),
    [
        (LOGGED, "log_like", "look like logarithms"),
        (sparse.csr_matrix(LOGGED), "log_like", "look like logarithms"),
        (np.where(COUNTS > 50, np.nan, COUNTS), "not_finite", "sample 'cell2', gene 'GAPDH'"),
        (np.where(COUNTS > 50, np.inf, COUNTS), "not_finite", "sample 'cell2', gene 'GAPDH'"),
        (COUNTS - 2, "negative_counts", "sample 'cell0', gene 'MYC' (-2)"),
        ((COUNTS - COUNTS.mean(0)) / COUNTS.std(0), "zscore_like", "look like z-scores"),
    ],
)
def test_what_x_looks_like_is_said_when_nothing_holds_counts(written, values, code, said):
    problem = refused(written(annotated(values)))
    assert problem.code == code
    assert "no matrix holds raw counts (looked in X)" in problem.sentence
    assert said in problem.sentence


def test_estimated_counts_with_fractions_are_taken_when_nothing_is_whole(written):
    estimated = COUNTS * 7.0 + [0.25, 0.5, 0, 0.123]
    file = read_counts(written(annotated(estimated)))
    assert np.allclose(file.matrix.counts.toarray(), estimated)
    assert "fractions that look like estimated counts" in file.notes[0]


@pytest.mark.parametrize("column", ["gene_ids", "ensembl_id"])
def test_ids_in_a_column_become_the_ids_and_the_index_the_symbols(written, column):
    file = read_counts(written(annotated(COUNTS, **{column: IDS})))
    assert file.matrix.gene_ids == tuple(IDS)
    assert file.matrix.gene_symbols == tuple(SYMBOLS)
    assert f"{column!r} of var" in file.notes[1]


@pytest.mark.parametrize("column", ["feature_name", "gene_symbols"])
@pytest.mark.parametrize("kind", ["object", "category"])
def test_symbols_in_a_column_are_the_second_names(written, column, kind):
    file = read_counts(written(annotated(COUNTS, IDS, **{column: pd.Series(SYMBOLS, IDS, kind)})))
    assert file.matrix.gene_ids == tuple(IDS)
    assert file.matrix.gene_symbols == tuple(SYMBOLS)


def test_a_missing_second_name_falls_back_on_the_first(written):
    names = pd.Categorical(["TP53", None, "ACTB", "GAPDH"])
    file = read_counts(written(annotated(COUNTS, IDS, feature_name=names)))
    assert file.matrix.gene_symbols == ("TP53", IDS[1], "ACTB", "GAPDH")


@pytest.mark.parametrize("column", [[1, 2, 3, 4], IDS])
def test_a_column_that_adds_nothing_is_no_second_name(written, column):
    assert read_counts(written(annotated(COUNTS, IDS, gene_ids=column))).matrix.gene_symbols is None


def test_repeated_cells_are_refused_and_repeated_genes_are_not(written):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # anndata's, while this test writes
        data = annotated(COUNTS, ["ACTB", "ACTB", "MYC", "TP53"])
        path = written(data)
        assert read_counts(path).matrix.gene_ids == ("ACTB", "ACTB", "MYC", "TP53")
        data.obs_names = ["a", "a", "b"]
        path = written(data)
    assert refused(path).code == "duplicate_sample_ids"


def test_an_old_file_of_compound_tables_is_read(tmp_path):
    path = tmp_path / "old.h5ad"
    with h5py.File(path, "w") as file:
        file["X"] = COUNTS
        file["obs"] = np.array([(b"c0",), (b"c1",), (b"c2",)], dtype=[("index", "S2")])
        file["var"] = np.array(
            [(s.encode(), i.encode()) for s, i in zip(SYMBOLS, IDS, strict=True)],
            dtype=[("index", "S5"), ("gene_ids", "S15")],
        )
    file = read_counts(path)
    assert file.matrix.sample_ids == ("c0", "c1", "c2")
    assert file.matrix.gene_ids == tuple(IDS)
    assert file.matrix.gene_symbols == tuple(SYMBOLS)
    assert file.matrix.counts.toarray().tolist() == COUNTS.tolist()


def test_any_fsspec_location_can_be_read(written):
    path = UPath("memory://counts-h5ad/counts.h5ad")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(annotated(sparse.csr_matrix(COUNTS))).read_bytes())
    assert read_counts(path).matrix.counts.toarray().tolist() == COUNTS.tolist()


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.99])
def test_a_file_cut_off_anywhere_is_refused(written, kept):
    path = written(annotated(sparse.csr_matrix(COUNTS)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    problem = refused(path)
    assert problem.code == "damaged_file"
    assert "cut off or damaged" in problem.sentence


def test_a_file_with_damaged_chunks_is_refused(tmp_path):
    path = tmp_path / "counts.h5ad"
    data = annotated(sparse.csr_matrix(np.arange(40_000).reshape(10_000, 4)))
    data.write_h5ad(path, compression="gzip")
    with h5py.File(path) as file:
        chunk = file["X/data"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    path.write_bytes(content)
    assert refused(path).code == "damaged_file"


def test_a_file_named_h5ad_that_is_no_hdf5_is_refused(tmp_path):
    path = tmp_path / "counts.h5ad"
    path.write_text("gene_id\tA\nENSG00000000003\t5\n")
    assert refused(path).code == "not_hdf5"


def test_an_hdf5_file_of_another_kind_is_not_recognised(tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["values"] = COUNTS
    problem = refused(path)
    assert problem.code == "unrecognised_format"
    assert "HDF5 file, but not an AnnData one" in problem.sentence


def test_a_fault_of_the_disk_is_no_fault_of_the_file(written):
    content = written(annotated(COUNTS)).read_bytes()

    class FailingFile(io.BytesIO):
        left = 3

        def readinto(self, buffer):
            self.left -= 1
            if self.left < 0:
                raise OSError(5, "Input/output error")
            return super().readinto(buffer)

    class Failing(type(Path())):
        def open(self, *_args, **_kwargs):
            return FailingFile(content)

    with pytest.raises(OSError, match="Input/output error"):
        read_counts(Failing("counts.h5ad"))


def _without_obs(file):
    del file["obs"]


def _without_matrix(file):
    del file["X"]


def _with_a_vector(file):
    del file["X"]
    file["X"] = np.arange(3)


def _with_a_scalar(file):
    del file["X"]
    file["X"] = 3


def _with_other_shape(file):
    del file["X"]
    file["X"] = COUNTS[:2]


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (_without_matrix, "no_matrix", "no layers['counts'], raw.X or X"),
        (_with_a_vector, "no_matrix", "X has 1 dimension(s), not 2"),
        (_with_a_scalar, "no_matrix", "X has 0 dimension(s), not 2"),
        (_with_other_shape, "shape_mismatch", "X is 2 x 4, but there are 3 obs names"),
        (_without_obs, "damaged_file", "obs"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(written, change, code, said):
    path = written(annotated(COUNTS))
    with h5py.File(path, "a") as file:
        change(file)
    problem = refused(path)
    assert problem.code == code
    assert said in problem.sentence


def test_no_cells_are_read_as_no_cells(written):
    assert read_counts(written(annotated(COUNTS[:0]))).matrix.n_samples == 0


@settings(deadline=None, max_examples=25)
@given(
    hnp.arrays(
        np.int64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.integers(0, 2**62)
    ),
    st.sampled_from([np.asarray, sparse.csr_matrix, sparse.csc_matrix]),
)
def test_what_is_written_is_what_is_read(tmp_path_factory, dense, store):
    path = tmp_path_factory.mktemp("h5ad") / "counts.h5ad"
    annotated(store(dense)).write_h5ad(path)
    assert np.array_equal(read_counts(path).matrix.counts.toarray(), dense)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("celltypist_demo", (559, 32_786)), ("onek1k_subset", (7_811, 1_000))],
)
def test_the_real_cohorts_are_read_as_anndata_reads_them(shared_data, name, shape):
    path = shared_data / "cohorts" / f"{name}.h5ad"
    matrix = read_counts(path).matrix
    expected = anndata.read_h5ad(path)
    assert matrix.counts.shape == shape
    assert (matrix.counts != sparse.csr_array(expected.X)).nnz == 0
    assert matrix.sample_ids == tuple(expected.obs_names)
    assert matrix.gene_ids == tuple(expected.var_names)
