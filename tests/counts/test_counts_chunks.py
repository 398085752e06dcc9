"""Counts in chunks are the counts as a whole, whatever the chunks and however they are stored."""

from __future__ import annotations

import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from gem_assets.counts import intake as intake_module
from gem_assets.counts.content_hash import CountsHash, hash_matrix
from gem_assets.counts.facts import CountsFacts, Survey
from gem_assets.counts.intake import Intake
from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.readers import CountsFile, read_counts
from gem_assets.problems import RefusedInputError

STORED = [np.asarray, sparse.csr_matrix, sparse.csc_matrix]

values = st.one_of(st.just(0), st.integers(1, 60), st.integers(0, 2**40))
tables = hnp.arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=values)


def written(path: Path, dense: np.ndarray, store=np.asarray, **options) -> Path:  # type: ignore[no-untyped-def]
    data = anndata.AnnData(
        store(dense),
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(len(dense))]),
        var=pd.DataFrame(index=[f"ENSG{i:011d}" for i in range(dense.shape[1])]),
    )
    data.write_h5ad(path, **options)
    return path


@examples(deadline=None, max_examples=60)
@given(tables, st.sampled_from(STORED), st.integers(1, 40), st.sampled_from([None, "gzip"]))
def test_chunks_of_a_stored_matrix_are_the_matrix(
    tmp_path_factory: pytest.TempPathFactory, dense, store, size, compression
) -> None:
    path = tmp_path_factory.mktemp("chunks") / "counts.h5ad"
    counts = read_counts(written(path, dense, store, compression=compression)).counts
    chunks = list(counts.chunks(size))
    assert np.array_equal(np.vstack([chunk.counts.toarray() for chunk in chunks]), dense)
    assert sum((chunk.sample_ids for chunk in chunks), ()) == counts.sample_ids
    for chunk in chunks:
        assert chunk.counts.has_canonical_format
        assert chunk.gene_ids == counts.gene_ids
        # Only a row that is alone may be longer than what was asked for.
        assert store is np.asarray or chunk.n_samples == 1 or chunk.counts.nnz <= size


@examples(deadline=None, max_examples=60)
@given(tables, st.integers(1, 40), st.booleans())
def test_facts_and_hash_do_not_depend_on_the_chunks(dense, size, halved) -> None:
    matrix = CountMatrix(
        tuple(f"c{i}" for i in range(len(dense))),
        tuple(f"g{i}" for i in range(dense.shape[1])),
        sparse.csr_array(dense / 2 if halved else dense),
    )
    survey, content = Survey(matrix), CountsHash(matrix)
    for chunk in matrix.chunks(size):
        survey.add(chunk)
        content.add(chunk)
    whole, found = CountsFacts.of(matrix), survey.facts()
    assert content.hexdigest() == hash_matrix(matrix)
    assert found.total_counts.tolist() == matrix.total_counts.tolist()
    assert found.detected_genes.tolist() == matrix.detected_genes.tolist()
    assert found.values.mean == pytest.approx(whole.values.mean)
    assert found.values.sd == pytest.approx(whole.values.sd)
    assert found.values.n_fractional == whole.values.n_fractional
    assert (found.looked_at.counts != matrix.counts).nnz == 0


def test_two_matrices_that_differ_in_a_row_border_only_have_two_hashes() -> None:
    first = CountMatrix(("a", "b"), ("x", "y"), sparse.csr_array(np.array([[1, 1], [0, 0]])))
    other = CountMatrix(("a", "b"), ("x", "y"), sparse.csr_array(np.array([[1, 0], [0, 1]])))
    assert hash_matrix(first) != hash_matrix(other)


def test_samples_are_looked_at_evenly_when_they_are_many() -> None:
    n = 1_001
    matrix = CountMatrix(
        tuple(f"c{i}" for i in range(n)), ("g",), sparse.csr_array(np.arange(1, n + 1)[:, None])
    )
    looked_at = CountsFacts.of(matrix).looked_at
    assert looked_at.n_samples == 200
    assert (looked_at.sample_ids[0], looked_at.sample_ids[-1]) == ("c0", "c1000")
    assert all(
        name == f"c{int(value) - 1}"
        for name, value in zip(
            looked_at.sample_ids, looked_at.counts.toarray().ravel(), strict=True
        )
    )


def test_facts_are_of_all_samples_or_of_none() -> None:
    matrix = CountMatrix(("a",), ("g",), sparse.csr_array(np.array([[1]])))
    with pytest.raises(ValueError, match="0 of 1 samples"):
        Survey(matrix).facts()


@pytest.mark.parametrize("store", STORED)
@pytest.mark.parametrize(
    ("value", "code", "said"),
    [
        (np.nan, "not_finite", "sample 'cell299', gene 'ENSG00000000003' (nan)"),
        (-1.0, "negative_counts", "sample 'cell299', gene 'ENSG00000000003' (-1)"),
    ],
)
def test_what_no_count_is_is_found_in_the_last_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store, value, code, said
) -> None:
    dense = np.random.default_rng(0).poisson(30, (300, 4)).astype(float)
    dense[-1, -1] = value
    monkeypatch.setattr("gem_assets.counts.readers.formats.h5ad.GLANCES", 1)
    monkeypatch.setattr("gem_assets.counts.readers.formats.h5ad._GLANCE", 64)
    file = read_counts(written(tmp_path / "c.h5ad", dense, store))
    monkeypatch.setattr(intake_module, "read_counts", lambda _: CountsFile(Cut(file), "h5ad"))
    intake, passed = Intake(tmp_path / "c.h5ad", "sc"), []
    with pytest.raises(RefusedInputError) as refusal:
        passed.extend(chunk.n_samples for chunk in intake.chunks())
    assert refusal.value.problems[0].code == code
    assert said in refusal.value.problems[0].sentence
    assert 1 < len(passed) < 300  # all but the chunk with the value


class Cut:
    """The counts of a file, in chunks of a hundred values."""

    def __init__(self, file: CountsFile) -> None:
        counts = file.counts
        self.sample_ids, self.gene_ids = counts.sample_ids, counts.gene_ids
        self.gene_symbols = counts.gene_symbols
        self._counts = counts

    def chunks(self, values: int = 0):  # type: ignore[no-untyped-def]  # noqa: ARG002
        return self._counts.chunks(100)


def test_a_file_that_breaks_off_while_it_is_read_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "counts.h5ad", np.arange(1, 40_001).reshape(10_000, 4))
    counts = read_counts(path).counts
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        RefusedInputError, match=r"counts\.h5ad: the HDF5 file is cut off"
    ) as refused:
        list(counts.chunks())
    assert str(refused.value).count("counts.h5ad: ") == 1


def test_no_cells_are_refused_with_nothing_passed_on(tmp_path: Path) -> None:
    path = written(tmp_path / "none.h5ad", np.zeros((0, 4)))
    intake = Intake(path, "sc")
    with pytest.raises(RefusedInputError, match="no samples"):
        assert not list(intake.chunks())


def test_repeated_cells_are_refused_before_any_is_read(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # anndata's, while this test writes
        data = anndata.AnnData(np.ones((2, 2)), obs=pd.DataFrame(index=["a", "a"]))
        data.write_h5ad(tmp_path / "twice.h5ad")
    with pytest.raises(RefusedInputError, match="occur more than once, the first is 'a'"):
        read_counts(tmp_path / "twice.h5ad")


def _change(path: Path, part: str, values) -> None:  # type: ignore[no-untyped-def]
    with h5py.File(path, "a") as file:
        del file[part]
        file[part] = values


@pytest.mark.parametrize("store", [sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("indptr", lambda a: a[:-1], "offsets"),
        ("indptr", lambda a: a[::-1], "don't ascend"),
        ("indptr", lambda a: a + 1, "don't ascend"),
        ("indices", lambda a: a + 100, "expected 0 to"),
        ("indices", lambda a: a - 50, "an index of -50, expected 0 to"),
        ("data", lambda a: a[:-1], "values"),
    ],
)
def test_a_matrix_that_contradicts_itself_is_refused(
    tmp_path: Path, store, part, change, said
) -> None:
    path = written(tmp_path / "counts.h5ad", np.arange(12).reshape(3, 4), store)
    with h5py.File(path) as file:
        stored = file[f"X/{part}"][:]
    _change(path, f"X/{part}", change(stored))
    with pytest.raises(RefusedInputError, match=said) as refused:
        _ = read_counts(path).matrix
    assert refused.value.problems[0].code == "damaged_matrix"


@pytest.mark.parametrize("place", ["X", "obs", "X/data"])
def test_links_to_other_files_are_not_followed(tmp_path: Path, place: str) -> None:
    path = written(tmp_path / "counts.h5ad", np.arange(12).reshape(3, 4), sparse.csr_matrix)
    other = tmp_path / "other.h5ad"
    other.write_bytes(path.read_bytes())
    with h5py.File(path, "a") as file:
        del file[place]
        file[place] = h5py.ExternalLink(str(other), place)
    with pytest.raises(RefusedInputError, match="link to another file"):
        _ = read_counts(path).matrix


@pytest.mark.parametrize("name", ["celltypist_demo", "onek1k_subset"])
@pytest.mark.parametrize("store", STORED)
def test_the_real_cohorts_are_the_same_in_small_chunks(
    shared_data: Path, tmp_path: Path, name: str, store
) -> None:
    data = anndata.read_h5ad(shared_data / "cohorts" / f"{name}.h5ad")[:500]
    expected = sparse.csr_array(data.X)
    path = tmp_path / "counts.h5ad"
    anndata.AnnData(
        store(data.X.toarray()),
        pd.DataFrame(index=data.obs_names),
        pd.DataFrame(index=data.var_names),
    ).write_h5ad(path)
    counts = read_counts(path).counts
    found = sparse.vstack([chunk.counts for chunk in counts.chunks(50_000)])
    assert (found != expected).nnz == 0
