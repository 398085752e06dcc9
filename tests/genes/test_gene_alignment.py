"""Aligned counts are the file's counts, in the model's columns."""

from __future__ import annotations

import hashlib
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes import alignment
from gem_assets.genes.alignment import align_counts, hash_counts, projection
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.resolution import resolve_genes
from gem_assets.problems import RefusedInputError

TSPAN6, TNMD, XIST, CD99 = (
    "ENSG00000000003",
    "ENSG00000000005",
    "ENSG00000229807",
    "ENSG00000002586",
)
ORDER = GeneOrder((XIST, TNMD, CD99, TSPAN6))
NAMES = [
    *(TSPAN6, TSPAN6 + ".15", "TSPAN6", TNMD, TNMD + ".6", CD99 + ".1", CD99 + ".1_PAR_Y"),
    *("XIST", "GAPDH", "ENSG00000111640", "ERCC-00002", "Y_RNA"),
]
"""Names that mean each gene of the order in several ways, and strangers."""

unhurried = settings(deadline=None)
"""The first example reads the gene table."""


def matrix_of(
    counts: ArrayLike, gene_ids: list[str], symbols: list[str] | None = None
) -> CountMatrix:
    values = np.asarray(counts)
    return CountMatrix(
        sample_ids=tuple(f"s{row}" for row in range(len(values))),
        gene_ids=tuple(gene_ids),
        counts=sparse.csr_array(values),
        gene_symbols=None if symbols is None else tuple(symbols),
    )


@st.composite
def matrices(draw: st.DrawFn, *, fractions: bool = False) -> CountMatrix:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=20))
    n_samples = draw(st.integers(1, 6))
    cell = st.integers(0, 400_000) if fractions else st.integers(0, 50_000)
    cells = draw(st.lists(cell, min_size=n_samples * len(names), max_size=n_samples * len(names)))
    values = np.array(cells).reshape(n_samples, len(names))
    # Eighths are exact in binary, so that sums do not depend on the order of their terms.
    return matrix_of(values / 8 if fractions else values, names)


def assert_canonical(counts: sparse.csr_array) -> None:
    assert isinstance(counts, sparse.csr_array)
    assert (counts.dtype, counts.indices.dtype, counts.indptr.dtype) == ("i4", "i4", "i4")
    fresh = sparse.csr_array((counts.data, counts.indices, counts.indptr), shape=counts.shape)
    assert fresh.has_canonical_format
    assert counts.data.all()


@unhurried
@given(matrices())
def test_an_alignment_is_the_product_with_the_projection(matrix: CountMatrix) -> None:
    aligned = align_counts(matrix, ORDER)
    project = projection(resolve_genes(matrix.gene_ids, None, ORDER), len(ORDER))
    assert np.array_equal(aligned.counts.toarray(), (matrix.counts @ project).toarray())
    assert_canonical(aligned.counts)


@unhurried
@given(matrices())
def test_no_count_of_a_known_gene_is_lost(matrix: CountMatrix) -> None:
    aligned = align_counts(matrix, ORDER)
    known = (resolve_genes(matrix.gene_ids, None, ORDER)["model_index"] >= 0).to_numpy()
    matched = matrix.counts.toarray()[:, known].sum(axis=1)
    assert aligned.counts.sum(axis=1).tolist() == matched.tolist()
    assert aligned.total_counts.tolist() == matrix.total_counts.tolist()
    assert aligned.matched_share * aligned.total_counts == pytest.approx(matched)
    placed = aligned.record["model_gene_id"].notna()
    assert aligned.record.loc[placed, "share_of_counts"].sum() == pytest.approx(
        aligned.counts_share
    )


@unhurried
@given(matrices(fractions=True), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_in_a_file_does_not_matter(
    matrix: CountMatrix, random: Random
) -> None:
    order = list(range(matrix.n_genes))
    random.shuffle(order)
    shuffled = matrix_of(
        matrix.counts.toarray()[:, order], [matrix.gene_ids[column] for column in order]
    )
    first, second = align_counts(matrix, ORDER), align_counts(shuffled, ORDER)
    assert np.array_equal(first.counts.toarray(), second.counts.toarray())
    assert hash_counts(first.counts) == hash_counts(second.counts)
    assert first.matched_share == pytest.approx(second.matched_share)


@unhurried
@given(matrices(fractions=True))
def test_fractions_are_summed_before_they_are_rounded_half_to_even(matrix: CountMatrix) -> None:
    columns = resolve_genes(matrix.gene_ids, None, ORDER)["model_index"].to_numpy()
    expected = np.zeros((matrix.n_samples, len(ORDER)))
    for raw, column in enumerate(columns):
        if column >= 0:
            expected[:, column] += matrix.counts.toarray()[:, raw]
    aligned = align_counts(matrix, ORDER)
    assert np.array_equal(aligned.counts.toarray(), np.round(expected))
    assert_canonical(aligned.counts)


@settings(deadline=None, max_examples=30)
@given(matrices(), st.integers(1, 12))
def test_the_size_of_the_chunks_does_not_show(matrix: CountMatrix, values: int) -> None:
    whole = align_counts(matrix, ORDER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "VALUES_A_CHUNK", values)
        cut = align_counts(matrix, ORDER)
    assert np.array_equal(whole.counts.toarray(), cut.counts.toarray())
    assert np.array_equal(whole.matched_share, cut.matched_share)
    assert cut.record["share_of_counts"].to_numpy() == pytest.approx(
        whole.record["share_of_counts"].to_numpy()
    )


def test_halves_go_to_the_even_neighbour() -> None:
    counts = align_counts(matrix_of([[0.5, 1.5, 2.5, 0.25]], [XIST, TNMD, CD99, TSPAN6]), ORDER)
    assert counts.counts.toarray().tolist() == [[0, 2, 2, 0]]
    assert counts.counts.nnz == 2
    assert counts.total_counts.tolist() == [4.75]


def test_columns_are_the_models_and_its_missing_genes_are_zero() -> None:
    aligned = align_counts(matrix_of([[5, 7]], [TSPAN6, XIST]), ORDER)
    assert aligned.counts.toarray().tolist() == [[7, 0, 0, 5]]
    assert aligned.model_genes_share == 0.5


def test_symbols_of_the_matrix_are_used() -> None:
    aligned = align_counts(matrix_of([[5]], ["7503"], ["XIST"]), ORDER)
    assert aligned.counts.toarray().tolist() == [[5, 0, 0, 0]]


def test_the_record_tells_what_became_of_each_raw_gene() -> None:
    aligned = align_counts(matrix_of([[6, 2], [0, 2]], [TSPAN6 + ".1", "ERCC-00002"]), ORDER)
    record = aligned.record
    assert record.columns.tolist() == [
        "raw_gene_id",
        "action",
        "model_gene_id",
        "evidence",
        "read_as",
        "candidates",
        "share_of_counts",
    ]
    assert record["evidence"].tolist() == ["ensembl_version", "spike_in"]
    assert record["action"].tolist() == ["version_stripped", "dropped"]
    assert record["share_of_counts"].tolist() == [0.6, 0.4]
    assert aligned.counts_share == 0.6
    assert aligned.matched_share.tolist() == [0.75, 0.0]


def test_a_sample_without_counts_matches_nothing() -> None:
    aligned = align_counts(matrix_of([[0, 0], [1, 1]], [XIST, "other"]), ORDER)
    assert aligned.matched_share.tolist() == [0.0, 0.5]
    empty = align_counts(matrix_of(np.zeros((2, 1)), [XIST]), ORDER)
    assert empty.counts_share == 0
    assert empty.counts.nnz == 0


def test_a_file_without_samples_aligns_to_none() -> None:
    matrix = CountMatrix((), (XIST,), sparse.csr_array((0, 1), dtype=np.int32))
    assert align_counts(matrix, ORDER).counts.shape == (0, 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64, np.float32, np.float64])
def test_sums_of_any_dtype_are_exact(dtype: type[np.generic]) -> None:
    largest = 2**24 if np.dtype(dtype).itemsize > 2 else np.iinfo(dtype).max  # type: ignore[type-var]
    matrix = matrix_of(np.array([[largest, 1, 1]], dtype=dtype), [XIST, "XIST", XIST + ".2"])
    assert align_counts(matrix, ORDER).counts.toarray()[0, 0] == int(largest) + 2


def test_long_indices_of_a_matrix_do_not_lengthen_those_of_its_alignment() -> None:
    matrix = matrix_of([[3, 4]], [XIST, TNMD])
    matrix.counts.indices = matrix.counts.indices.astype(np.int64)
    matrix.counts.indptr = matrix.counts.indptr.astype(np.int64)
    assert_canonical(align_counts(matrix, ORDER).counts)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([[1.0, 2.0], [1.0, float("nan")]], "nan"),
        ([[1, 2], [1, -3]], "-3"),
        ([[1.0, 2.0], [1.0, 3e9]], "3000000000.0"),
        ([[1, 2], [1, 2**31]], "2147483648.0"),
        ([[1.0, 2.0], [1.0, float("inf")]], "inf"),
    ],
)
def test_a_count_that_no_model_reads_is_refused(values: list[list[float]], told: str) -> None:
    with pytest.raises(RefusedInputError) as refused:
        align_counts(matrix_of(values, [XIST, TNMD]), ORDER)
    assert refused.value.problems[0].code == "impossible_count"
    assert f"Sample 's1' has a count of {told} in gene {TNMD}" in str(refused.value)


def test_the_input_is_left_as_it_was() -> None:
    matrix = matrix_of([[0.5, 1.5, 2.5]], [XIST, "XIST", TNMD])
    align_counts(matrix, ORDER)
    assert matrix.counts.toarray().tolist() == [[0.5, 1.5, 2.5]]


def test_the_projection_has_at_most_one_value_a_raw_gene() -> None:
    project = projection(resolve_genes(NAMES, None, ORDER), len(ORDER))
    assert project.shape == (len(NAMES), 4)
    assert set(project.sum(axis=1)) == {0, 1}
    assert project.indices.dtype == np.int32


def test_the_hash_is_that_of_the_values_and_their_columns() -> None:
    counts = sparse.csr_array(np.array([[0, 7, 0, 9], [0, 0, 0, 0], [7, 0, 9, 0], [0, 7, 0, 9]]))
    first, empty, other, again = hash_counts(counts)
    content = np.array([1, 3, 7, 9], dtype="<i4").tobytes()
    assert first == again == hashlib.blake2b(content, digest_size=16).hexdigest()
    assert empty == hashlib.blake2b(b"", digest_size=16).hexdigest()
    assert len({first, empty, other}) == 3


def test_only_canonical_integers_are_hashed() -> None:
    with pytest.raises(ValueError, match="got float64"):
        hash_counts(sparse.csr_array(np.array([[1.5]])))
    unsorted = sparse.csr_array(([1, 2], [1, 0], [0, 2]), shape=(1, 2))
    stored_zero = sparse.csr_array(([1, 0], [0, 1], [0, 2]), shape=(1, 2))
    for counts in (unsorted, stored_zero):
        with pytest.raises(ValueError, match="canonical form"):
            hash_counts(counts)
