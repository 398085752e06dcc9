"""Samples are mixed by reads: the share is as asked for, and the depth stays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from selftest_lab import TISSUES, made_dataset

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.marker_reads import ALL_OTHERS, marker_reads
from gem_assets.qc.planted_mixtures import (
    MIXED_SHARES,
    PlannedMixture,
    mixed_counts,
    plan_mixtures,
)
from gem_assets.qc.tissue_levels import load_tissue_levels, marker_counts


def matrix(**samples: list[float]) -> CountMatrix:
    """Return counts of a few genes by sample."""
    counts = np.array(list(samples.values()), dtype=np.float64)
    genes = tuple(f"g{i}" for i in range(counts.shape[1]))
    return CountMatrix(tuple(samples), genes, sparse.csr_array(counts))


def planned(letters: str, n: int, seed: int = 1) -> tuple[PlannedMixture, ...]:
    given = made_dataset(letters)
    levels = load_tissue_levels()
    assert given.raw_counts is not None
    tissues = {f"s{i}": TISSUES.get(letter) for i, letter in enumerate(letters)}
    return plan_mixtures(
        marker_counts(given.raw_counts, levels),
        levels,
        tissues,
        set(tissues),
        n,
        np.random.default_rng(seed),
    )


@pytest.mark.parametrize("share", MIXED_SHARES)
def test_the_share_is_that_asked_for_and_the_depth_stays(share: float) -> None:
    counts = matrix(own=[600_000, 400_000, 0, 0], other=[0, 0, 900_000, 2_100_000])
    (mixed,) = mixed_counts(counts, [PlannedMixture("own", "other", share)], 3).counts.toarray()
    assert mixed.sum() == pytest.approx(1_000_000, rel=0.005)
    assert mixed[2:].sum() / mixed.sum() == pytest.approx(share, abs=0.005)
    assert mixed[0] / mixed[:2].sum() == pytest.approx(0.6, abs=0.005)
    assert mixed[3] / mixed[2:].sum() == pytest.approx(0.7, abs=0.01)


def test_a_shallow_source_is_drawn_from_more_than_once() -> None:
    counts = matrix(own=[1_000_000, 0, 0], other=[0, 300, 700])
    (mixed,) = mixed_counts(counts, [PlannedMixture("own", "other", 0.3)], 3).counts.toarray()
    assert mixed[1:].sum() == 300_000
    assert mixed[2] / mixed[1:].sum() == pytest.approx(0.7, abs=0.01)


def test_a_source_without_reads_adds_none() -> None:
    counts = matrix(own=[1_000, 0], other=[0, 0])
    (mixed,) = mixed_counts(counts, [PlannedMixture("own", "other", 0.3)], 3).counts.toarray()
    assert mixed[1] == 0


def test_fractions_of_reads_are_rounded() -> None:
    counts = matrix(own=[10.5, 2.4, 0.3], other=[1.5, 0.2, 9.9])
    mixed = mixed_counts(counts, [PlannedMixture("own", "other", 0.2)], 3).counts
    assert mixed.dtype == np.int64


def test_a_mixture_is_the_same_whatever_is_mixed_beside_it() -> None:
    counts = matrix(a=[5_000, 100], b=[70, 9_000], c=[800, 800])
    one, other = PlannedMixture("a", "b", 0.2), PlannedMixture("c", "a", 0.1)
    together = mixed_counts(counts, [other, one], 3)
    alone = mixed_counts(counts, [one], 3)
    assert together.sample_ids == ("c with 10% of a", "a with 20% of b")
    assert (together.counts[[1]] != alone.counts).nnz == 0
    assert (mixed_counts(counts, [one], 4).counts != alone.counts).nnz > 0


def test_nothing_to_mix_is_a_matrix_without_rows() -> None:
    assert mixed_counts(matrix(a=[5, 1]), [], 3).counts.shape == (0, 2)


def test_only_samples_of_different_tissues_are_mixed_each_share_as_often() -> None:
    found = planned("lllbbm", 6)
    tissue = {f"s{i}": letter for i, letter in enumerate("lllbbm")}
    assert all(tissue[one.target] != tissue[one.source] for one in found)
    assert sorted(one.share for one in found) == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]


def test_two_samples_are_mixed_once_a_share_at_most() -> None:
    found = planned("lb", 100)
    assert [one.share for one in found] == [0.1, 0.2, 0.3]
    assert len({one.name for one in found}) == 3


def test_samples_of_one_tissue_are_not_mixed() -> None:
    assert planned("lllll", 10) == ()


def test_samples_of_unknown_tissue_are_left_alone() -> None:
    levels = load_tissue_levels()
    given = made_dataset("lb")
    assert given.raw_counts is not None
    seen = marker_counts(given.raw_counts, levels)
    nobody = plan_mixtures(seen, levels, {}, {"s0", "s1"}, 5, np.random.default_rng(1))
    assert nobody == ()


def test_the_genes_that_no_rule_looks_at_are_summed_up() -> None:
    levels = load_tissue_levels()
    given = made_dataset("lb", extra_gene=True)
    assert given.raw_counts is not None
    reads = marker_reads(given.raw_counts, given.tables["gene_alignment"], levels)
    assert reads.gene_ids[-1] == ALL_OTHERS
    assert "ENSG99" not in reads.gene_ids
    np.testing.assert_allclose(reads.total_counts, given.raw_counts.total_counts)
    whole, part = marker_counts(given.raw_counts, levels), marker_counts(reads, levels)
    np.testing.assert_allclose(part.cpm, whole.cpm)
    assert (part.present == whole.present).all()


def test_a_gene_is_looked_at_by_symbol_and_by_the_models_name_too() -> None:
    levels = load_tissue_levels()
    counts = CountMatrix(
        ("a",),
        ("1", "2", "retired", "4"),
        sparse.csr_array(np.array([[5.0, 6.0, 7.0, 8.0]])),
        ("xist", "ABC", "DEF", "GHI"),
    )
    alignment = made_dataset("lb").tables["gene_alignment"].iloc[:1]
    alignment = alignment.assign(raw_gene_id="retired", model_gene_id=levels.gene_ids[0])
    reads = marker_reads(counts, alignment, levels)
    assert reads.gene_ids == ("1", "retired", ALL_OTHERS)
    assert reads.gene_symbols == ("xist", "DEF", ALL_OTHERS)
    assert reads.counts.toarray().tolist() == [[5.0, 7.0, 14.0]]
