"""CountMatrix and its Arrow form."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from gem_assets.counts.arrow import csr_to_lists, lists_to_csr
from gem_assets.counts.content_hash import hash_matrix
from gem_assets.counts.matrix import CountMatrix, narrowest
from gem_assets.problems import RefusedInputError

dense_counts = hnp.arrays(
    st.sampled_from([np.int32, np.float64]),
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=8),
    elements=st.integers(0, 9),
)


def test_library_size_and_detected_genes_are_counted_a_sample(make_matrix):
    matrix = make_matrix([[3, 0, 4], [0, 0, 0]])
    assert matrix.total_counts.tolist() == [7.0, 0.0]
    assert matrix.detected_genes.tolist() == [2, 0]
    assert (matrix.n_samples, matrix.n_genes) == (2, 3)


def test_a_total_beyond_int32_does_not_overflow(make_matrix):
    matrix = make_matrix(np.full((1, 3), 2**31 - 1, dtype=np.int32))
    assert matrix.total_counts[0] == 3 * (2**31 - 1)


def test_a_repeated_sample_name_is_refused_by_name():
    with pytest.raises(RefusedInputError, match="'liver'") as refusal:
        CountMatrix(("liver", "liver", "lung"), ("g",), sparse.csr_array([[1], [2], [3]]))
    assert refusal.value.problems[0].code == "duplicate_sample_ids"
    assert refusal.value.problems[0].where == ("liver",)


def test_repeated_genes_are_allowed():
    assert CountMatrix(("a",), ("g", "g"), sparse.csr_array([[1, 2]])).n_genes == 2


@pytest.mark.parametrize(
    ("samples", "genes", "symbols"),
    [(("a",), ("g", "h"), None), (("a", "b"), ("g",), None), (("a",), ("g",), ("G", "H"))],
)
def test_names_must_fit_the_shape(samples, genes, symbols):
    with pytest.raises(ValueError, match=r"shape|symbols"):
        CountMatrix(samples, genes, sparse.csr_array([[1]]), symbols)


def test_stored_zeros_and_repeated_cells_are_resolved_in_a_copy():
    given_array = sparse.csr_array(
        (np.array([1, 2, 0]), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 2)
    )
    matrix = CountMatrix(("a",), ("g", "h"), given_array)
    assert matrix.counts.data.tolist() == [3]
    assert matrix.detected_genes.tolist() == [1]
    assert given_array.data.tolist() == [1, 2, 0]


def test_a_canonical_array_is_not_copied():
    counts = sparse.csr_array(np.array([[1, 0], [0, 2]]))
    assert CountMatrix(("a", "b"), ("g", "h"), counts).counts is counts


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.0, 3.0], np.int32),
        ([2.0**31, 1.0], np.int64),
        ([0.5, 1.0], np.float64),
        ([], np.int32),
        ([1, 2], np.int32),
    ],
)
def test_counts_are_kept_in_the_narrowest_type_that_holds_them(values, dtype):
    assert narrowest(sparse.csr_array(np.array([values]))).dtype == dtype


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_integer_stands_for_nan_or_infinity(value):
    with pytest.raises(ValueError, match="NaN or infinite"):
        narrowest(sparse.csr_array([[value, 1.0]]))


@settings(deadline=None)  # the first call imports, whatever the machine's load
@given(dense_counts)
def test_a_matrix_survives_arrow_lists(dense):
    counts = sparse.csr_array(dense)
    back = lists_to_csr(*csr_to_lists(counts), n_genes=dense.shape[1])
    assert back.dtype == counts.dtype
    assert np.array_equal(back.toarray(), dense)


@settings(deadline=None)
@given(dense_counts, st.integers(0, 8), st.integers(0, 8))
def test_a_slice_of_lists_gives_the_rows_of_the_slice(dense, start, length):
    index, count = (a.slice(start, length) for a in csr_to_lists(sparse.csr_array(dense)))
    back = lists_to_csr(pa.chunked_array([index]), pa.chunked_array([count]), dense.shape[1])
    assert np.array_equal(back.toarray(), dense[start : start + length])


def test_lists_of_many_chunks_make_one_matrix():
    index, count = csr_to_lists(sparse.csr_array(np.eye(3, dtype=np.int32)))
    chunks = [pa.chunked_array([a.slice(0, 1), a.slice(1)]) for a in (index, count)]
    assert np.array_equal(lists_to_csr(*chunks, n_genes=3).toarray(), np.eye(3))


def test_a_null_list_is_a_sample_without_counts():
    kind = pa.list_(pa.int32())
    lists = pa.array([None, [1]], kind)
    assert lists_to_csr(lists, lists, n_genes=2).toarray().tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("index", "count", "complaint"),
    [
        ([[0, 1], [0]], [[5, 5], [5, 5]], "row 1 has 1 gene indices but 2 counts"),
        ([[0, 9]], [[5, 5]], "expected 0 to 2"),
        ([[-1]], [[5]], "run from -1"),
        ([[None]], [[5]], "holds a null"),
        ([[0]], [[None]], "holds a null"),
    ],
)
def test_lists_that_are_no_matrix_are_refused(index, count, complaint):
    kind = pa.list_(pa.int32())
    with pytest.raises(ValueError, match=complaint):
        lists_to_csr(pa.array(index, kind), pa.array(count, kind), n_genes=3)


def test_more_values_than_a_list_array_holds_are_refused():
    counts = sparse.csr_array((1, 3), dtype=np.int32)
    # What nnz reads, without the 8 GB behind it.
    counts.indptr = np.array([0, 2**31], dtype=np.int64)
    with pytest.raises(OverflowError, match="chunks of rows"):
        csr_to_lists(counts)


def test_equal_counts_have_one_hash_whatever_their_type(make_matrix):
    table = [[1, 0, 2], [0, 5, 0]]
    assert hash_matrix(make_matrix(table)) == hash_matrix(make_matrix(np.array(table, dtype=float)))


def test_every_part_of_a_matrix_shows_in_its_hash():
    counts = sparse.csr_array([[1, 0, 2], [0, 5, 0]])
    samples, genes = ("a", "bc"), ("g", "h", "i")
    variants = [
        CountMatrix(samples, genes, counts),
        CountMatrix(("ab", "c"), genes, counts),
        CountMatrix(samples, ("g", "i", "h"), counts),
        CountMatrix(samples, genes, counts, genes),
        CountMatrix(samples, genes, sparse.csr_array([[1, 0, 2], [5, 0, 0]])),
        CountMatrix(samples, genes, sparse.csr_array([[1, 0, 3], [0, 5, 0]])),
    ]
    hashes = {hash_matrix(v) for v in variants}
    assert len(hashes) == len(variants)
    assert all(h.startswith("sha256:") and len(h) == 71 for h in hashes)
