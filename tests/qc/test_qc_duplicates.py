"""One sample under two names is found; replicates and relatives are not taken for one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.genes.alignment import hash_counts
from gem_assets.qc.duplicate_findings import (
    DUPLICATE_EXPLANATIONS,
    DuplicateReason,
    SampleFacts,
)
from gem_assets.qc.duplicates import duplicates_across, duplicates_within
from gem_assets.qc.findings import Finding, findings_table
from gem_assets.qc.signatures import (
    NEAR_R,
    SIGNATURE_LENGTH,
    Signatures,
    hashes_only,
    pearson,
    sign,
    unit_profiles,
)
from gem_assets.warehouse.qc_tables import FINDING_KINDS, QC_FINDINGS

N_GENES = 2_000
Dense = NDArray[np.int64]


def csr(counts: Dense) -> sparse.csr_array:
    return sparse.csr_array(counts.astype(np.int32))


def signed(
    counts: Dense,
    sample_ids: Sequence[str] | None = None,
    labels: Sequence[str | None] | None = None,
    dataset: str = "d",
    order: str = "sha256:0",
) -> Signatures:
    ids = sample_ids or [f"s{i}" for i in range(len(counts))]
    return sign(dataset, order, ids, hash_counts(csr(counts)), csr(counts), labels)


def found(
    counts: Dense, sample_ids: Sequence[str] | None = None, facts: SampleFacts | None = None
) -> list[Finding]:
    signatures = signed(counts, sample_ids, None if facts is None else facts.labels)
    return duplicates_within(signatures, csr(counts), facts)


def unrelated(n: int, seed: int = 0, depth: float = 1000.0) -> Dense:
    """Return deep samples that share a profile and differ by much."""
    rng = np.random.default_rng(seed)
    profile = rng.lognormal(0, 2, N_GENES) * depth
    return rng.poisson(profile * rng.lognormal(0, 0.6, (n, N_GENES)))


def replicates(n: int, seed: int = 0) -> Dense:
    """Return samples as alike as wells of one cell line: r of .996."""
    rng = np.random.default_rng(seed)
    profile = rng.lognormal(3, 2, N_GENES) * 100
    return rng.poisson(profile * rng.lognormal(0, 0.12, (n, N_GENES)))


def thinned(counts: Dense, share: float, seed: int = 1) -> Dense:
    """Return a random share of the reads of each sample."""
    return np.random.default_rng(seed).binomial(counts, share)


def test_unrelated_samples_are_no_duplicates() -> None:
    assert found(unrelated(12)) == []


def test_identical_counts_are_found_whatever_the_samples_are_called() -> None:
    counts = unrelated(6)
    finding = found(np.vstack([counts, counts[2]]), [*"abcdef", "renamed"])
    assert [(f.sample_ids, f.reason, f.score) for f in finding] == [
        (("c", "renamed"), "identical_counts", 1.0)
    ]
    assert "c and renamed have identical counts" in finding[0].sentence
    assert "keep only one of the samples" in finding[0].sentence


def test_part_of_the_reads_of_a_sample_is_nearly_identical_to_it() -> None:
    counts = unrelated(6)
    (finding,) = found(np.vstack([counts, thinned(counts[2:3], 0.7)]))
    assert (finding.sample_ids, finding.reason) == (("s2", "s6"), "nearly_identical")
    assert finding.score is not None
    assert NEAR_R <= finding.score < 1
    assert f"{finding.score:.4f}" in finding.sentence
    assert "sum their counts or keep one" in finding.sentence


def test_samples_of_one_donor_are_technical_replicates() -> None:
    counts = unrelated(3)
    facts = SampleFacts(donors=["D1", "D2", "D3", "D1"], batches=["L1", "L1", "L1", "L2"])
    (finding,) = found(np.vstack([counts, thinned(counts[:1], 0.7)]), None, facts)
    assert finding.reason == "technical_replicates"
    assert "all state donor D1 in batches L1 and L2" in finding.sentence
    assert "Sum their counts" in finding.sentence


def test_a_donor_that_one_sample_does_not_state_excuses_nothing() -> None:
    counts = unrelated(3)
    facts = SampleFacts(donors=["D1", "D2", "D3", None])
    (finding,) = found(np.vstack([counts, thinned(counts[:1], 0.7)]), None, facts)
    assert finding.reason == "nearly_identical"


def test_different_donors_and_labels_of_one_sample_are_told() -> None:
    counts = unrelated(3)
    facts = SampleFacts(labels=["liver", "liver", "liver", "brain"], donors=["A", "B", "C", "D"])
    (near,) = found(np.vstack([counts, thinned(counts[:1], 0.7)]), None, facts)
    assert near.reason == "nearly_identical"
    assert "different labels (liver and brain) and different donors (A and D)" in near.sentence
    (copy,) = found(np.vstack([counts, counts[:1]]), None, facts)
    assert copy.reason == "identical_counts"
    assert "different labels (liver and brain)" in copy.sentence


def test_not_even_runs_of_one_donor_are_identical() -> None:
    counts = unrelated(3)
    facts = SampleFacts(donors=["A", "B", "C", "A"])
    (copy,) = found(np.vstack([counts, counts[:1]]), None, facts)
    assert copy.reason == "identical_counts"
    assert "not even two runs of donor A would" in copy.sentence


def test_a_copy_and_a_part_make_two_findings_of_one_group() -> None:
    counts = unrelated(4)
    all_counts = np.vstack([counts, counts[:1], thinned(counts[:1], 0.8)])
    exact, near = found(all_counts)
    assert exact.sample_ids == ("s0", "s4")
    assert near.sample_ids == ("s0", "s4", "s5")


def test_replicates_of_a_line_are_no_duplicates_but_a_recount_of_one_is() -> None:
    counts = replicates(20)
    r = pearson(csr(counts), np.array([0, 2]), np.array([1, 3]))
    assert (r > NEAR_R).all()
    assert found(counts) == []
    (finding,) = found(np.vstack([counts, thinned(counts[3:4], 0.95)]))
    assert finding.sample_ids == ("s3", "s20")


def test_duplicates_do_not_hide_one_another() -> None:
    counts = replicates(40)
    parts = thinned(counts[:8], 0.95)
    findings = found(np.vstack([counts, parts]))
    assert [f.sample_ids for f in findings] == [(f"s{i}", f"s{i + 40}") for i in range(8)]


@pytest.mark.parametrize("n", [5, 12])
def test_false_pairs_among_replicates_are_as_rare_as_stated(n: int) -> None:
    datasets = 20
    false = sum(bool(found(replicates(n, seed))) for seed in range(datasets))
    assert false <= 0.05 * datasets


def test_labels_with_few_samples_share_one_cutoff() -> None:
    labels = [f"line {i // 3}" for i in range(12)]
    cutoffs = signed(replicates(12), labels=labels).cutoffs
    assert len(set(cutoffs)) == 1
    assert cutoffs[0] > NEAR_R


def test_too_few_samples_leave_the_plain_cutoff() -> None:
    assert signed(replicates(3)).cutoffs.tolist() == [NEAR_R] * 3
    assert signed(unrelated(3), labels=["a", None, "b"]).cutoffs.tolist() == [NEAR_R] * 3


def test_latents_confirm_or_doubt_and_decide_nothing() -> None:
    counts = unrelated(6)
    counts = np.vstack([counts, thinned(counts[:1], 0.7)])
    latents = np.arange(14, dtype=float).reshape(7, 2) * 10
    (doubted,) = found(counts, None, SampleFacts(latents=latents))
    assert "the model sees other samples nearer" in doubted.sentence
    latents[6] = latents[0] + 1
    (confirmed,) = found(counts, None, SampleFacts(latents=latents))
    assert "nearest neighbours for the model, too" in confirmed.sentence


def test_empty_and_nearly_empty_samples_are_compared_with_nothing() -> None:
    counts = unrelated(4)
    counts[:2] = 0
    counts[2:] = 0
    counts[2:, 5] = 7
    assert found(counts) == []
    assert duplicates_across(signed(counts), [signed(counts, dataset="e")]) == []


def test_a_dataset_without_samples_has_no_duplicates() -> None:
    assert found(np.empty((0, N_GENES), dtype=np.int64)) == []


@given(n=st.integers(2, 60), copies=st.integers(0, 8), seed=st.integers(0, 1000))
@settings(max_examples=15)
def test_the_same_pairs_are_found_as_by_comparing_all(n: int, copies: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = unrelated(n, seed)
    parts = thinned(counts[rng.integers(0, n, copies)], rng.uniform(0.3, 0.95), seed)
    counts = np.vstack([counts, parts])
    signatures = signed(counts)
    r = np.corrcoef(np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e6))
    linked = {
        (int(i), int(j))
        for i, j in zip(*np.nonzero(np.triu(r >= signatures.cutoffs[0], 1)), strict=True)
    }
    groups = [
        {int(s[1:]) for s in f.sample_ids} for f in duplicates_within(signatures, csr(counts))
    ]
    assert {i for pair in linked for i in pair} == {i for group in groups for i in group}
    assert all(any({i, j} <= group for group in groups) for i, j in linked)


@given(order=st.permutations(range(9)))
@settings(max_examples=15)
def test_the_order_of_samples_changes_nothing(order: list[int]) -> None:
    counts = unrelated(7)
    counts = np.vstack([counts, counts[:1], thinned(counts[1:2], 0.7)])
    findings = found(counts[order], [f"s{i}" for i in order])
    assert {frozenset(f.sample_ids) for f in findings} == {
        frozenset({"s0", "s7"}),
        frozenset({"s1", "s8"}),
    }


def test_signatures_estimate_the_correlation_with_the_stated_error() -> None:
    counts = unrelated(60)
    vectors = signed(counts).vectors
    assert vectors is not None
    profiles = unit_profiles(csr(counts), np.arange(60))
    pairs = np.triu_indices(60, 1)
    r = (profiles @ profiles.T)[pairs]
    error = ((vectors @ vectors.T)[pairs] - r) / ((1 - r**2) / np.sqrt(SIGNATURE_LENGTH))
    assert np.abs(error).max() < 5
    assert 0.5 < error.std() < 1.5


def test_more_samples_than_a_block_are_compared_across_blocks() -> None:
    counts = unrelated(600)[:, :300]
    counts[590] = thinned(counts[3], 0.9)
    counts[400] = counts[7]
    exact, near = found(counts)
    assert exact.sample_ids == ("s7", "s400")
    assert near.sample_ids == ("s3", "s590")


def test_memory_stays_at_blocks_of_samples() -> None:
    rng = np.random.default_rng(0)
    counts = sparse.random_array(
        (2_000, 3_000), density=0.05, rng=rng, dtype=np.float64, format="csr"
    )
    counts.data = np.ceil(counts.data * 100)
    counts = counts.astype(np.int32)
    ids = [f"s{i}" for i in range(2_000)]
    tracemalloc.start()
    signatures = sign("d", "sha256:0", ids, ids, counts)
    assert duplicates_within(signatures, counts) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    dense = 2_000 * 3_000 * 4
    assert peak < dense


def test_identical_samples_of_another_dataset_are_found_by_hashes_alone() -> None:
    counts = unrelated(4)
    other = hashes_only("old", "sha256:0", [*"wxyz"], hash_counts(csr(counts))[::-1])
    (finding,) = duplicates_across(signed(counts[:2]), [other])
    assert (finding.sample_ids, finding.reason) == (("s0", "s1"), "identical_counts")
    assert (finding.other_dataset, finding.score) == ("old", 1.0)
    assert "2 of 2 samples" in finding.sentence
    assert "s0 with z and s1 with y" in finding.sentence


def test_near_samples_of_another_dataset_come_with_an_interval() -> None:
    counts = unrelated(8)
    other = signed(np.vstack([unrelated(3, 9), thinned(counts[:1], 0.7)]), [*"wxyz"], dataset="old")
    (finding,) = duplicates_across(signed(counts), [other])
    assert (finding.sample_ids, finding.reason) == (("s0",), "nearly_identical")
    assert finding.score is not None
    assert finding.ci_low is not None
    assert finding.ci_high is not None
    r = pearson(csr(np.vstack([counts, thinned(counts[:1], 0.7)])), np.array([0]), np.array([8]))
    assert finding.ci_low < r[0] < finding.ci_high
    assert "s0 with z" in finding.sentence


def test_of_many_pairs_the_first_are_named() -> None:
    counts = unrelated(9)
    (finding,) = duplicates_across(signed(counts), [signed(counts, dataset="copy")])
    assert len(finding.sample_ids) == 9
    assert "s4 with s4 and 4 more pairs" in finding.sentence


def test_datasets_in_another_gene_order_are_not_compared() -> None:
    counts = unrelated(4)
    assert duplicates_across(signed(counts), [signed(counts, dataset="e", order="sha256:1")]) == []


def test_a_dataset_is_not_compared_with_itself() -> None:
    with pytest.raises(ValueError, match="with itself"):
        duplicates_across(signed(unrelated(2)), [signed(unrelated(2))])


def test_near_duplicates_need_vectors_and_equal_lengths() -> None:
    counts = unrelated(2)
    bare = hashes_only("d", "sha256:0", ["a", "b"], hash_counts(csr(counts)))
    with pytest.raises(ValueError, match="sign the counts"):
        duplicates_within(bare, csr(counts))
    with pytest.raises(ValueError, match="2 samples, but 1 content_hashes"):
        hashes_only("d", "sha256:0", ["a", "b"], ["0"])


def test_every_reason_is_explained_and_the_table_takes_the_findings() -> None:
    assert set(DUPLICATE_EXPLANATIONS) == set(DuplicateReason)
    assert all(text.endswith(".") for text in DUPLICATE_EXPLANATIONS.values())
    counts = unrelated(4)
    counts = np.vstack([counts, counts[:1], thinned(counts[1:3], 0.8)])
    findings = found(counts, None, SampleFacts(donors=["A", "B", "C", "D", "A", "B", None]))
    assert {f.reason for f in findings} == set(DuplicateReason)
    assert {f.kind for f in findings} <= FINDING_KINDS
    schema = pa.schema(
        [(column.name, column.arrow_type_in("bulk")) for column in QC_FINDINGS.columns]
    )
    table = pa.Table.from_pandas(findings_table("d", findings), schema, preserve_index=False)
    for column in QC_FINDINGS.columns:
        for rule in column.rules:
            assert rule.holds(table[column.name].combine_chunks()).all(), rule.says


def cohort(shared_data: Path, name: str) -> tuple[list[str], Dense]:
    frame = pd.read_csv(shared_data / "cohorts" / f"{name}_counts.tsv.gz", sep="\t", index_col=0)
    return list(frame.columns), frame.to_numpy(dtype=np.int64).T


@pytest.mark.parametrize("name", ["geuvadis_lcl", "bodymap", "castle", "lncap"])
def test_real_cohorts_hold_no_duplicate(shared_data: Path, name: str) -> None:
    sample_ids, counts = cohort(shared_data, name)
    assert found(counts, sample_ids) == []


def test_copies_and_parts_planted_among_lymphoblastoid_lines_are_found(shared_data: Path) -> None:
    sample_ids, counts = cohort(shared_data, "geuvadis_lcl")
    chosen = np.random.default_rng(5).choice(len(counts), 10, replace=False)
    copied, halved = chosen[:5], chosen[5:]
    planted = np.vstack([counts, counts[copied], thinned(counts[halved], 0.5)])
    names = sample_ids + [f"planted {sample_ids[i]}" for i in chosen]
    findings = found(planted, names)
    assert {(f.reason, f.sample_ids) for f in findings} == {
        ("identical_counts" if i in copied else "nearly_identical", (name, f"planted {name}"))
        for i in chosen
        if (name := sample_ids[i])
    }


def test_lanes_of_a_library_are_alike_once_they_are_deep(shared_data: Path) -> None:
    """Lanes of 1 to 2 million reads differ by sampling (r .98), and are left alone."""
    sample_ids, counts = cohort(shared_data, "lncap")
    mock = [sample_ids.index(f"lane{i}") for i in (1, 2, 3, 4)]
    assert (pearson(csr(counts), np.array(mock[:-1]), np.array(mock[1:])) < NEAR_R).all()
    _, tissues = cohort(shared_data, "bodymap")
    lanes = thinned(tissues, 0.5)
    counts = np.vstack([lanes, tissues - lanes])
    donors = [f"donor {i}" for i in range(16)] * 2
    findings = found(counts, None, SampleFacts(donors=donors, batches=["1"] * 16 + ["2"] * 16))
    assert [f.reason for f in findings] == ["technical_replicates"] * 16
    assert [f.sample_ids for f in findings] == [(f"s{i}", f"s{i + 16}") for i in range(16)]


def test_a_sample_in_two_datasets_is_found_in_both(shared_data: Path) -> None:
    sample_ids, counts = cohort(shared_data, "geuvadis_lcl")
    here = signed(counts[:50], sample_ids[:50], dataset="first")
    parts = thinned(counts[35:40], 0.6)
    there = signed(
        np.vstack([counts[45:], parts]),
        [*sample_ids[45:], *(f"part {i}" for i in range(5))],
        dataset="second",
    )
    exact, near = duplicates_across(here, [there])
    assert exact.sample_ids == tuple(sample_ids[45:50])
    assert near.sample_ids == tuple(sample_ids[35:40])
    back, near_back = duplicates_across(there, [here])
    assert back.sample_ids == tuple(sample_ids[45:50])
    assert near_back.sample_ids == tuple(f"part {i}" for i in range(5))
