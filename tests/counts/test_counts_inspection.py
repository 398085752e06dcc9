"""What is raw counts and what only looks like it: real cohorts, and what labs make of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from gem_assets.counts.inspection import inspect_counts
from gem_assets.counts.matrix import CountMatrix, narrowest
from gem_assets.counts.readers import read_counts
from gem_assets.problems import Severity

GENES = 12_000


def codes(problems) -> list[str]:
    return [problem.code for problem in problems]


def errors(matrix, modality="bulk") -> list[str]:
    found = inspect_counts(matrix, modality, "counts.tsv")
    return [p.code for p in found if p.severity is Severity.ERROR]


def one(matrix, code, modality="bulk"):
    """Return the finding of that code, after looking that it can be shown to a user."""
    (problem,) = [p for p in inspect_counts(matrix, modality, "counts.tsv") if p.code == code]
    assert problem.sentence.startswith("counts.tsv: ")
    assert problem.sentence.endswith(".")
    assert problem.action.endswith(".")
    return problem


def remade(matrix: CountMatrix, dense) -> CountMatrix:
    """Return the matrix with other values (samples x genes)."""
    return CountMatrix(matrix.sample_ids, matrix.gene_ids, sparse.csr_array(dense))


def dense(matrix: CountMatrix) -> np.ndarray:
    return matrix.counts.toarray().astype(float)


def lengths(n: int) -> np.ndarray:
    """Gene lengths as spread as real ones (log-normal, median 1.8 kb)."""
    return np.exp(np.random.default_rng(0).normal(7.5, 1, n))


def to_tpm(counts):
    rate = counts / lengths(counts.shape[1])
    return rate / rate.sum(axis=1, keepdims=True) * 1e6


def to_fpkm(counts):
    return counts / lengths(counts.shape[1]) / counts.sum(axis=1, keepdims=True) * 1e9


def to_cpm(counts):
    return counts / counts.sum(axis=1, keepdims=True) * 1e6


def size_factors(counts):
    """Median of ratios (Anders and Huber 2010)."""
    kept = counts[:, (counts > 0).all(axis=0)]
    return np.median(kept / np.exp(np.log(kept).mean(axis=0)), axis=1)[:, None]


def quantile_normalised(counts):
    means = np.sort(counts, axis=1).mean(axis=0)
    return means[counts.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")]


def zscores(counts):
    logged = np.log2(to_cpm(counts) + 1)
    spread = logged.std(axis=0)
    return (logged - logged.mean(axis=0)) / np.where(spread, spread, 1)


# --- the real cohorts, as they are -------------------------------------------------------------


def test_no_real_bulk_cohort_is_refused(cohort):
    assert errors(cohort) == []


def test_what_is_doubtful_in_the_real_cohorts_is_told(cohorts):
    found = {name: codes(inspect_counts(m, "bulk", name)) for name, m in cohorts.items()}
    assert found == {"bodymap": [], "castle": [], "geuvadis_lcl": [], "lncap": ["few_reads"]}
    assert one(cohorts["lncap"], "few_reads").where == ("lane8",)


@pytest.mark.parametrize("name", ["celltypist_demo", "onek1k_subset"])
def test_the_real_single_cells_raise_nothing(shared_data, name):
    matrix = read_counts(shared_data / "cohorts" / f"{name}.h5ad").matrix
    assert inspect_counts(matrix, "sc", name) == ()


def test_every_single_sample_of_the_real_cohorts_passes_alone(cohort):
    for row, sample in enumerate(cohort.sample_ids):
        alone = CountMatrix((sample,), cohort.gene_ids, cohort.counts[[row]])
        assert errors(alone) == []


# --- what labs make of them --------------------------------------------------------------------

MADE = {
    "TPM": (to_tpm, "tpm_like"),
    "TPM of two decimals": (lambda x: to_tpm(x).round(2), "tpm_like"),
    "TPM of one decimal": (lambda x: to_tpm(x).round(1), "tpm_like"),
    "rounded TPM": (lambda x: np.rint(to_tpm(x)), "tpm_like"),
    "CPM": (to_cpm, "tpm_like"),
    "rounded CPM": (lambda x: np.rint(to_cpm(x)), "tpm_like"),
    "normalised by size factors": (lambda x: x / size_factors(x), "scaled_counts"),
    "normalised to the median": (
        lambda x: x / x.sum(1, keepdims=True) * np.median(x.sum(1)),
        "scaled_counts",
    ),
    "TPM scaled to ten million": (lambda x: to_tpm(x) * 10, "equal_sums"),
    "log2 of TPM": (lambda x: np.log2(to_tpm(x) + 1), "log_like"),
    "ln of CPM": (lambda x: np.log1p(to_cpm(x)), "log_like"),
    "log CPM with negatives": (lambda x: np.log2(to_cpm(x) + 0.25), "log_like"),
    "z-scores": (zscores, "zscore_like"),
    "quantile-normalised": (quantile_normalised, "quantile_normalised"),
    "rounded quantile-normalised": (
        lambda x: np.rint(quantile_normalised(x)),
        "quantile_normalised",
    ),
    "batch-corrected": (lambda x: x - 0.3 * x.mean(axis=0), "negative_counts"),
}


@pytest.mark.parametrize("made", MADE)
def test_what_is_made_of_counts_is_refused_by_what_it_looks_like(cohort, made):
    make, code = MADE[made]
    assert errors(remade(cohort, make(dense(cohort)))) == [code]


@pytest.mark.parametrize("made", ["TPM", "TPM of one decimal", "rounded TPM", "CPM", "rounded CPM"])
def test_a_single_sample_of_tpm_is_refused(cohort, made):
    make, code = MADE[made]
    values = make(dense(cohort))
    for row, sample in enumerate(cohort.sample_ids[:11]):
        alone = CountMatrix((sample,), cohort.gene_ids, sparse.csr_array(values[[row]]))
        assert errors(alone) == [code]


def test_tpm_of_part_of_the_genes_is_refused(cohort):
    coding = np.random.default_rng(2).random(cohort.n_genes) < 0.4
    values = to_tpm(dense(cohort))[:, coding]
    ids = tuple(g for g, kept in zip(cohort.gene_ids, coding, strict=True) if kept)
    part = CountMatrix(cohort.sample_ids, ids, sparse.csr_array(values))
    assert errors(part) == ["tpm_like"]


@pytest.mark.parametrize("reference", ["gtex_tissue_tpm", "hpa_tissue_tpm"])
def test_published_tpm_of_coding_genes_is_refused(shared_data, reference):
    matrix = read_counts(shared_data / "training" / f"{reference}.tsv.gz").matrix
    assert errors(matrix) == ["tpm_like"]


def test_fpkm_below_a_million_is_refused(cohort):
    values = to_fpkm(dense(cohort))
    values *= 4e5 / values.sum(axis=1).max()  # typical sum of real FPKM
    spread = np.linspace(0.4, 1, cohort.n_samples)[:, None]
    assert errors(remade(cohort, values * spread)) == ["tpm_like"]


def test_normalised_single_cells_are_refused(shared_data):
    matrix = read_counts(shared_data / "cohorts" / "celltypist_demo.h5ad").matrix
    x = dense(matrix)
    per_ten_thousand = x / x.sum(1, keepdims=True) * 1e4
    assert errors(remade(matrix, per_ten_thousand), "sc") == ["scaled_counts"]
    assert errors(remade(matrix, np.log1p(per_ten_thousand)), "sc") == ["log_like"]
    assert errors(remade(matrix, to_tpm(x)), "sc") == ["tpm_like"]
    rounded = inspect_counts(remade(matrix, np.rint(per_ten_thousand * 10)), "sc", "x")
    assert codes(rounded) == ["equal_depth"]


def test_a_transposed_cohort_is_refused(cohort):
    some = cohort.counts[:, :5_000]
    on_its_side = CountMatrix(cohort.gene_ids[:5_000], cohort.sample_ids, sparse.csr_array(some.T))
    problem = one(on_its_side, "transposed")
    assert "5,000 samples are named like genes (ENSG" in problem.sentence


def test_transposed_symbols_are_told_by_well_known_genes(make_matrix):
    matrix = make_matrix(np.ones((4, 2)), ["A", "B"], ["GAPDH", "ACTB", "TP53", "MYC"])
    assert "transposed" in errors(matrix)


# --- what must pass ----------------------------------------------------------------------------


def test_estimated_counts_pass_with_a_warning(cohort):
    rng = np.random.default_rng(3)
    x = dense(cohort)
    shared = (rng.random(x.shape) < 0.4) & (x > 0)
    estimated = np.where(shared, np.maximum(x + rng.normal(0, 0.5, x.shape), 0.001), x).round(3)
    found = inspect_counts(remade(cohort, estimated), "bulk", "salmon")
    assert [p.code for p in found if p.code != "few_reads"] == ["fractional_counts"]


def test_length_scaled_counts_pass_with_a_warning(cohorts):
    matrix = cohorts["castle"]
    x = dense(matrix)
    tpm = to_tpm(x * np.random.default_rng(4).uniform(0.9, 1.1, x.shape))
    scaled = tpm * lengths(matrix.n_genes)
    scaled *= (x.sum(axis=1) / scaled.sum(axis=1))[:, None]
    assert codes(inspect_counts(remade(matrix, scaled), "bulk", "x")) == ["fractional_counts"]


def test_pooled_real_counts_pass_with_a_warning(shared_data):
    matrix = read_counts(shared_data / "training" / "hpa_tissue_counts.tsv.gz").matrix
    assert codes(inspect_counts(matrix, "bulk", "x")) == ["fractional_counts"]


def test_reads_split_into_halves_pass_with_a_warning(cohorts):
    halves = remade(cohorts["castle"], dense(cohorts["castle"]) / 2)
    assert codes(inspect_counts(halves, "bulk", "x")) == ["fractional_counts"]


def test_smart_seq_estimates_below_a_million_pass_as_single_cells(make_matrix):
    rng = np.random.default_rng(5)
    depth = rng.lognormal(12.7, 0.4, (30, 1)).clip(1.2e5, 9e5)
    profile = rng.lognormal(0, 2, (30, 3_000))
    matrix = make_matrix(rng.poisson(profile / profile.sum(1, keepdims=True) * depth) * 1.0)
    estimated = remade(matrix, dense(matrix) + 0.3 * rng.random(matrix.counts.shape))
    assert errors(estimated, "sc") == []


def test_reads_subsampled_to_exactly_a_million_pass_with_a_warning(cohorts):
    matrix = cohorts["castle"]
    rng = np.random.default_rng(6)
    sampled = np.stack([rng.multinomial(1_000_000, row / row.sum()) for row in dense(matrix)])
    found = inspect_counts(remade(matrix, sampled), "bulk", "x")
    assert codes(found) == ["equal_depth"]
    assert "1,000,000 to 1,000,000" in found[0].sentence


def test_samples_without_counts_are_not_among_those_of_equal_depth(make_matrix):
    table = np.random.default_rng(7).multinomial(5_000, np.full(400, 1 / 400), 12)
    table[4] = 0
    found = {p.code: p for p in inspect_counts(make_matrix(table), "sc", "x")}
    assert "all 11 samples with counts" in found["equal_depth"].sentence
    assert "(5,000 to 5,000)" in found["equal_depth"].sentence


def test_a_single_sample_near_a_million_is_asked_about(make_matrix):
    table = np.zeros((1, GENES), dtype=int)
    table[0, :10_000] = 1 + np.arange(10_000) % 50
    table[0, 0] += 1_005_000 - table.sum()
    assert codes(inspect_counts(make_matrix(table), "bulk", "x")) == ["maybe_tpm"]


def test_copies_of_one_library_are_not_called_quantile_normalised(cohorts):
    row = dense(cohorts["castle"])[0]
    twice = CountMatrix(("a", "b"), cohorts["castle"].gene_ids, sparse.csr_array([row, row]))
    assert errors(twice) == []


@settings(deadline=None, max_examples=200)
@given(
    hnp.arrays(
        np.int64,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
        elements=st.integers(0, 3) | st.integers(0, 100_000),
    ).filter(lambda x: (x.sum(axis=1) > 0).all()),
    st.sampled_from(["bulk", "sc"]),
)
def test_a_small_table_of_whole_numbers_is_never_refused(table, modality):
    sums = table.sum(axis=1)
    matrix = CountMatrix(
        tuple(f"S{i}" for i in range(len(table))),
        tuple(f"Gene{i}" for i in range(table.shape[1])),
        sparse.csr_array(table),
    )
    if (abs(sums / 1e6 - 1) > 0.01).any():
        assert errors(matrix, modality) == []


@settings(deadline=None, max_examples=100)
@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6),
        elements=st.floats(width=32) | st.integers(0, 5),
    ),
    st.sampled_from(["bulk", "sc"]),
)
@example(np.array([[np.inf, -np.inf]]), "bulk")  # their sum is no number, and told of as a warning
def test_inspection_never_raises_and_puts_errors_first(table, modality):
    matrix = CountMatrix(
        tuple(f"S{i}" for i in range(table.shape[0])),
        tuple(f"G{i}" for i in range(table.shape[1])),
        sparse.csr_array(table),
    )
    found = inspect_counts(matrix, modality, "x")
    severities = [p.severity for p in found]
    assert severities == sorted(severities)  # "error" < "warning"
    if not np.isfinite(table).all() or (table < 0).any():
        assert Severity.ERROR in severities


# --- single findings ---------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "code"), [((0, 5), "no_samples"), ((5, 0), "no_genes")])
def test_an_empty_matrix_is_refused(shape, code):
    matrix = CountMatrix(
        tuple(f"S{i}" for i in range(shape[0])),
        tuple(f"G{i}" for i in range(shape[1])),
        sparse.csr_array(shape),
    )
    assert errors(matrix) == [code]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_named_by_sample_and_gene(make_matrix, value):
    problem = one(make_matrix([[1, 2, 0], [0, value, 3.5]]), "not_finite")
    assert "sample 'S1', gene 'ENSG00000000001'" in problem.sentence


def test_negative_whole_numbers_are_named_by_sample_and_gene(make_matrix):
    problem = one(make_matrix([[0, 5], [-3, 5]]), "negative_counts")
    assert problem.where == ("sample 'S1', gene 'ENSG00000000000' (-3)",)
    assert problem.where[0] in problem.sentence


def test_the_first_hundred_of_many_offenders_are_listed(make_matrix):
    problem = one(make_matrix(np.full((1, 500), -3)), "negative_counts")
    assert "500 value(s)" in problem.sentence
    assert len(problem.where) == 100


@pytest.mark.parametrize(
    ("modality", "advice"), [("bulk", "Remove them"), ("sc", "Filter empty barcodes")]
)
def test_empty_samples_are_listed(make_matrix, modality, advice):
    problem = one(make_matrix([[0, 0], [5, 1], [0, 0]]), "empty_samples", modality)
    assert problem.where == ("S0", "S2")
    assert "2 of 3" in problem.sentence
    assert advice in problem.action


def test_a_file_of_zeros_is_refused(make_matrix):
    problem = one(make_matrix([[0, 0]]), "empty_samples")
    assert "the only sample (S0) has no counts" in problem.sentence


def test_few_detected_genes_are_warned_of_in_bulk_only(make_matrix):
    table = np.zeros((3, GENES), dtype=int)
    table[:, :9_999] = 500
    table[0, 9_999:] = 100
    table[1] += 7 * (table[1] > 0)
    matrix = make_matrix(table)
    problem = one(matrix, "few_genes")
    assert problem.severity is Severity.WARNING
    assert problem.where == ("S1", "S2")
    assert "9,999" in problem.sentence
    assert "few_genes" not in codes(inspect_counts(matrix, "sc", "x"))


def test_a_file_of_few_genes_is_not_blamed_for_detecting_few(make_matrix):
    table = np.full((2, 9_000), 500)
    table[1] *= 2
    assert inspect_counts(make_matrix(table), "bulk", "x") == ()


def test_shallow_libraries_are_warned_of_in_bulk_only(make_matrix):
    matrix = make_matrix([[999_998, 1], [999_998, 2], [3, 5]])
    problem = one(matrix, "few_reads")
    assert problem.where == ("S0", "S2")
    assert "least: 8" in problem.sentence
    assert inspect_counts(matrix, "sc", "x") == ()


@pytest.mark.parametrize(
    ("name", "species"),
    [
        ("ENSMUSG{:011d}", "mouse"),
        ("ENSRNOG{:011d}.2", "rat"),
        ("ENSDARG{:011d}", "zebrafish"),
        ("ENSXYZG{:011d}", "ENSXYZG"),
        ("FBgn{:07d}", "fruit fly"),
        ("AT1G{:05d}", "Arabidopsis"),
    ],
)
def test_genes_of_another_species_are_refused_by_its_name(make_matrix, name, species):
    problem = one(make_matrix([range(1, 41)], [name.format(i) for i in range(40)]), "wrong_species")
    assert species in problem.sentence
    assert name.format(0) in problem.sentence


MOUSE = [
    *("Gapdh", "Actb", "Trp53", "Myc", "Cd4", "Cd8a", "Xist", "Ddx3y", "Malat1", "Sftpc", "Alb"),
    *("Ins2", "Pax6", "Sox2", "Nanog", "Krt5", "Krt14", "Col1a1", "Ptprc", "Cd19", "Ms4a1"),
    *("H2-K1", "0610007P14Rik", "mt-Nd1"),
]


def test_symbols_written_as_in_mouse_are_refused(make_matrix):
    problem = one(make_matrix([range(1, len(MOUSE) + 1)], MOUSE), "wrong_species")
    assert "mouse or rat (Gapdh, Actb, Trp53" in problem.sentence


@pytest.mark.parametrize(
    "names",
    [
        [f"Gene{i}" for i in range(100)],
        [name.upper() for name in MOUSE],
        [f"C{i}orf{i}" for i in range(1, 50)],
        MOUSE[:10],
        [str(i) for i in range(100)],
    ],
)
def test_other_names_are_not_taken_for_mouse(make_matrix, names):
    assert errors(make_matrix([range(1, len(names) + 1)], names)) == []


def test_human_ids_outweigh_symbols_written_oddly(make_matrix):
    matrix = make_matrix([range(1, len(MOUSE) + 1)])
    named = CountMatrix(matrix.sample_ids, matrix.gene_ids, matrix.counts, tuple(MOUSE))
    assert errors(named) == []


def test_a_joint_reference_of_two_species_is_told(make_matrix):
    names = [f"ENSG{i:011d}" for i in range(60)] + [f"ENSMUSG{i:011d}" for i in range(40)]
    problem = one(make_matrix([range(1, 101)], names), "mixed_species")
    assert problem.severity is Severity.WARNING
    assert "40% of the genes are mouse genes" in problem.sentence


def test_a_stray_gene_of_another_species_is_not_worth_a_word(make_matrix):
    names = [f"ENSG{i:011d}" for i in range(999)] + ["ENSMUSG00000000001"]
    assert "mixed_species" not in codes(inspect_counts(make_matrix([range(1000)], names), "sc", ""))


def test_transcripts_are_refused(make_matrix):
    names = [f"ENST{i:011d}.1" for i in range(10)]
    assert "tx2gene" in one(make_matrix([range(1, 11)], names), "transcripts").action


def test_samples_of_one_repeated_value_tell_nothing_of_scaling(make_matrix):
    table = np.full((3, 100), 30.5) * [[1], [2], [3]]
    assert errors(make_matrix(table)) == []


def test_a_single_sample_divided_by_a_size_factor_is_refused(make_matrix):
    counts = np.random.default_rng(8).geometric(0.02, (1, 500))
    assert errors(make_matrix(counts / 0.7372)) == ["scaled_counts"]
    assert errors(make_matrix(counts / 3)) == []


def test_a_large_sparse_matrix_is_inspected_without_becoming_dense():
    # 100,000 x 40,000 would be 32 GB as float64.
    rng = np.random.default_rng(7)
    n, per_row = 100_000, 40
    indices = (np.arange(per_row) * 1_000 + rng.integers(0, 1_000, (n, per_row))).ravel()
    counts = sparse.csr_array(
        (rng.geometric(0.3, n * per_row).astype(float), indices, np.arange(n + 1) * per_row),
        shape=(n, 40_000),
    )
    matrix = CountMatrix(
        tuple(f"cell{i}" for i in range(n)),
        tuple(f"ENSG{i:011d}" for i in range(40_000)),
        narrowest(counts),
    )
    assert inspect_counts(matrix, "sc", "x") == ()
