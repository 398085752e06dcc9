"""Mixtures: the estimator on made ratios, made datasets, and real tissues mixed in silico."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.mixtures import (
    LEAST_MARKERS,
    Mixture,
    estimate_share,
    find_mixtures,
    mixture_findings,
)
from gem_assets.qc.tissue_levels import (
    MarkerCounts,
    TissueLevels,
    load_tissue_levels,
    marker_counts,
)

READS = 20_000_000
LIVER, BRAIN, MUSCLE = "UBERON:0002107", "UBERON:0000955", "UBERON:0001134"
LYMPH_NODE = "UBERON:0000029"

ADMIXED = {"bodymap": {"Thyroid", "Breast", "Adrenal"}, "castle": set()}
"""Known not to be pure, or not what the label says."""


@dataclass
class Cohort:
    name: str
    ids: list[str]
    genes: list[str]
    shares: NDArray[np.float64]
    counts: MarkerCounts
    tissues: dict[str, str | None]

    def mixed(self, target: str, source: str, share: float, seed: int) -> list[Mixture]:
        """Return what is found in the target with a share of the source's reads in it."""
        i, j = self.ids.index(target), self.ids.index(source)
        fractions = (1 - share) * self.shares[i] + share * self.shares[j]
        reads = np.random.default_rng(seed).multinomial(READS, fractions).astype(float)
        one = CountMatrix((target,), tuple(self.genes), sparse.csr_array(reads[None]))
        cpm = self.counts.cpm.copy()
        cpm[i] = marker_counts(one, load_tissue_levels()).cpm
        mixed = MarkerCounts(self.counts.sample_ids, cpm, self.counts.present)
        return list(find_mixtures(mixed, load_tissue_levels(), self.tissues, [target]))


@pytest.fixture(scope="module")
def cohorts(shared_data: Path) -> dict[str, Cohort]:
    levels, found = load_tissue_levels(), {}
    for name in ("bodymap", "castle"):
        folder = shared_data / "cohorts"
        frame = pd.read_csv(folder / f"{name}_counts.tsv.gz", sep="\t", index_col=0)
        sheet = pd.read_csv(folder / f"{name}_samples.csv", index_col="sample_id")
        reads = frame.to_numpy(dtype=float).T
        matrix = CountMatrix(tuple(frame.columns), tuple(frame.index), sparse.csr_array(reads))
        tissues = {s: levels.class_of(sheet["tissue_ontology_id"][s]) for s in frame.columns}
        if name == "bodymap":
            tissues["Adrenal"] = LYMPH_NODE
        found[name] = Cohort(
            name,
            list(frame.columns),
            list(frame.index),
            reads / reads.sum(axis=1, keepdims=True),
            marker_counts(matrix, levels),
            tissues,
        )
    return found


@pytest.mark.parametrize("share", [0.2, 0.3])
def test_planted_shares_and_their_sources_are_found(
    cohorts: dict[str, Cohort], share: float
) -> None:
    # Every sixth ordered pair of both cohorts: the whole takes a minute.
    pairs = [
        (cohort, target, source)
        for cohort in cohorts.values()
        for target in cohort.ids
        for source in cohort.ids
        if cohort.tissues[target] != cohort.tissues[source]
        and not {target, source} & ADMIXED[cohort.name]
    ][::6]
    assert len(pairs) > 40
    found = [(c.mixed(t, s, share, seed), s) for seed, (c, t, s) in enumerate(pairs)]
    near = [bool(m) and abs(m[0].share - share) <= 0.05 for m, _ in found]
    right = [bool(m) and m[0].source_id == s for m, s in found]
    assert np.mean(near) >= 0.9
    assert np.mean(right) >= 0.9


def test_at_most_two_of_the_clean_samples_are_called(cohorts: dict[str, Cohort]) -> None:
    called, clean = [], 0
    for cohort in cohorts.values():
        pure = [s for s in cohort.ids if s not in ADMIXED[cohort.name]]
        clean += len(pure)
        called += find_mixtures(cohort.counts, load_tissue_levels(), cohort.tissues, pure)
    assert clean == 24
    assert len(called) <= 2


def test_the_muscle_of_body_map_is_found_in_thyroid_and_noted_in_breast(
    cohorts: dict[str, Cohort],
) -> None:
    cohort = cohorts["bodymap"]
    found = {
        m.sample_id: m
        for m in find_mixtures(cohort.counts, load_tissue_levels(), cohort.tissues)
        if m.source_id == "Skeletal muscle"
    }
    assert set(found) == {"Thyroid", "Breast"}
    assert 0.10 <= found["Thyroid"].share <= 0.25
    assert found["Breast"].low_level
    reasons = [finding.reason for finding in mixture_findings(found.values())]
    assert sorted(reasons) == ["low_level", "second_tissue"]


def made(share: float, *, sources: int = 1) -> tuple[MarkerCounts, dict[str, str | None]]:
    """Return a liver with a share of brain, and brains that differ by donor."""
    levels = load_tissue_levels()
    liver, brain = levels.low[levels.row(LIVER)], levels.low[levels.row(BRAIN)]
    rng = np.random.default_rng(4)
    brains = [brain * np.exp(rng.normal(0, 0.3, len(brain))) for _ in range(sources)]
    rows = np.array([(1 - share) * liver + share * brains[-1], *brains])
    ids = ("liver", *(f"brain {i}" for i in range(sources)))
    counts = MarkerCounts(ids, rows, np.ones(len(liver), dtype=bool))
    return counts, {"liver": LIVER, **dict.fromkeys(ids[1:], BRAIN)}


@given(share=st.floats(0.05, 0.48))
def test_any_share_up_to_half_is_estimated(share: float) -> None:
    counts, tissues = made(share)
    (mixture,) = find_mixtures(counts, load_tissue_levels(), tissues)
    assert (mixture.sample_id, mixture.source_id) == ("liver", "brain 0")
    assert mixture.share == pytest.approx(share, abs=0.01)
    assert mixture.ci_low <= mixture.share <= mixture.ci_high


def test_of_several_samples_of_a_tissue_the_donor_is_named() -> None:
    counts, tissues = made(0.2, sources=4)
    (mixture,) = find_mixtures(counts, load_tissue_levels(), tissues)
    assert mixture.source_id == "brain 3"


def test_a_sample_that_is_mostly_another_tissue_is_no_mixture() -> None:
    counts, tissues = made(0.9)
    assert find_mixtures(counts, load_tissue_levels(), tissues, ["liver"]) == ()


def test_samples_without_a_known_tissue_are_left_alone() -> None:
    counts, tissues = made(0.3)
    assert find_mixtures(counts, load_tissue_levels(), tissues | {"liver": None}) == ()
    assert find_mixtures(counts, load_tissue_levels(), tissues | {"brain 0": None}) == ()


def test_a_file_with_few_marker_genes_gives_no_answer() -> None:
    counts, tissues = made(0.3)
    few = np.zeros_like(counts.present)
    few[: LEAST_MARKERS - 1] = True
    sparse_counts = MarkerCounts(counts.sample_ids, counts.cpm * few, few)
    assert find_mixtures(sparse_counts, load_tissue_levels(), tissues) == ()


@given(
    ratios=st.lists(st.floats(0, 1), min_size=1, max_size=60).map(np.array),
    weight=st.floats(0.1, 10),
)
def test_the_share_lies_in_its_interval_and_weights_have_no_unit(
    ratios: NDArray[np.float64], weight: float
) -> None:
    share, low, high = estimate_share(ratios, np.ones(len(ratios)))
    assert ratios.min() <= low <= share <= high <= ratios.max()
    assert estimate_share(ratios, np.full(len(ratios), 2.0**4)) == (share, low, high)
    assert estimate_share(ratios[:1], np.array([weight])) == (ratios[0],) * 3


def test_the_interval_says_that_it_is_over_marker_genes() -> None:
    counts, tissues = made(0.2)
    (finding,) = mixture_findings(find_mixtures(counts, load_tissue_levels(), tissues))
    assert finding.sentence.startswith("About 20% of the reads of liver look like brain, as in")
    assert "marker genes, the source taken as certain" in finding.sentence
    assert finding.sample_ids == ("liver", "brain 0")


def test_markers_are_present_in_one_tissue_and_absent_from_the_others() -> None:
    levels = load_tissue_levels()
    options = {"least_cpm": 10.0, "most_ratio": 0.1, "most": 40}
    columns = levels.markers(MUSCLE, [LIVER, BRAIN], **options)
    assert len(columns) == 40
    assert (levels.low[levels.row(MUSCLE), columns] >= 10).all()
    for other in (LIVER, BRAIN):
        at_most = 0.1 * levels.low[levels.row(MUSCLE), columns]
        assert (levels.high[levels.row(other), columns] <= at_most).all()
    assert len(levels.markers(MUSCLE, [], **options)) == 40
    assert (levels.low <= levels.high).all()


def test_a_tissue_term_stands_for_the_class_it_is_or_that_is_above_it() -> None:
    levels: TissueLevels = load_tissue_levels()
    assert levels.class_of(LIVER) == LIVER
    assert levels.class_of("UBERON:0001898") == BRAIN  # hypothalamus
    assert levels.class_of("UBERON:0000467") is None  # anatomical system
    assert levels.class_of(None) is None


def test_rows_of_one_gene_are_summed_and_versions_ignored() -> None:
    levels = load_tissue_levels()
    gene = levels.gene_ids[7]
    counts = sparse.csr_array([[10.0, 30.0, 60.0], [0.0, 0.0, 0.0]])
    read = marker_counts(CountMatrix(("a", "b"), (gene, f"{gene}.3", "other"), counts), levels)
    assert read.cpm[0, 7] == pytest.approx(400_000)
    assert read.cpm[1].sum() == 0
    assert read.present.nonzero()[0].tolist() == [7]
