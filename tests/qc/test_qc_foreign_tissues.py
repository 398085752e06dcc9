"""Tissues that no sample of the dataset is: on references, made datasets, and real cohorts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.embedded.training.references import INDEPENDENT_SOURCES, References, read_references
from gem_assets.embedded.training.tissue_levels import tissue_levels
from gem_assets.embedded.weights import ensembl_ids
from gem_assets.qc.foreign_tissues import (
    BLOOD,
    ForeignTissue,
    find_foreign_tissues,
    foreign_tissue_findings,
)
from gem_assets.qc.mixtures import LEAST_MARKERS, find_mixtures
from gem_assets.qc.tissue_levels import (
    MarkerCounts,
    TissueLevels,
    load_tissue_levels,
    marker_counts,
)

Floats = NDArray[np.float64]
LIVER, BRAIN, LYMPH_NODE = "UBERON:0002107", "UBERON:0000955", "UBERON:0000029"
OVARY, FALLOPIAN_TUBE = "UBERON:0000992", "UBERON:0003889"
ADRENAL = "Adrenal"
"""A sample of Body Map that is a lymph node by its genes."""

ADMIXED = {ADRENAL, "Thyroid", "Breast"}
"""Samples of Body Map that are not what their label says, or carry muscle."""


def made(
    parts: dict[str, float], *others: str, scale: float = 1
) -> tuple[MarkerCounts, dict[str, str | None]]:
    """Return a sample S of shares of tissues, the first its own, and pure samples of others."""
    levels = load_tissue_levels()
    shares = levels.middle / levels.middle.sum(axis=1, keepdims=True) * 1e6
    mixed = sum((share * shares[levels.row(tissue)] for tissue, share in parts.items()), 0)
    rows = np.array([mixed, *(shares[levels.row(tissue)] for tissue in others)]) * scale
    ids = ("S", *others)
    counts = MarkerCounts(ids, rows, np.ones(len(levels.gene_ids), dtype=bool))
    return counts, {"S": next(iter(parts)), **{tissue: tissue for tissue in others}}


def test_a_tissue_of_no_sample_is_found_by_references_without_a_share_or_a_source() -> None:
    found = find_foreign_tissues(*mixed_liver())
    assert [(one.sample_id, one.foreign) for one in found] == [("S", BRAIN)]
    (finding,) = foreign_tissue_findings(found)
    assert (finding.kind, finding.reason) == ("mixture", "foreign_tissue")
    assert finding.sample_ids == ("S",)
    assert (finding.score, finding.ci_low, finding.ci_high) == (None, None, None)
    assert "%" not in finding.sentence
    assert "can tell that it is there, not how much" in finding.sentence


def mixed_liver() -> tuple[MarkerCounts, TissueLevels, dict[str, str | None]]:
    counts, tissues = made({LIVER: 0.8, BRAIN: 0.2})
    return counts, load_tissue_levels(), tissues


def test_a_tissue_of_the_dataset_is_left_to_its_sample() -> None:
    counts, tissues = made({LIVER: 0.8, BRAIN: 0.2}, BRAIN)
    levels = load_tissue_levels()
    assert find_foreign_tissues(counts, levels, tissues) == ()
    assert find_mixtures(counts, levels, tissues)


def test_blood_is_left_to_haemoglobin() -> None:
    counts, tissues = made({BRAIN: 0.7, BLOOD: 0.3})
    assert BLOOD not in {
        one.foreign for one in find_foreign_tissues(counts, load_tissue_levels(), tissues)
    }


def test_what_cannot_be_looked_at_is_left_alone() -> None:
    counts, levels, tissues = mixed_liver()
    assert find_foreign_tissues(counts, levels, tissues | {"S": None}) == ()
    assert find_foreign_tissues(counts, levels, tissues, ["another"]) == ()
    empty = MarkerCounts(counts.sample_ids, counts.cpm * 0, counts.present)
    assert find_foreign_tissues(empty, levels, tissues) == ()
    few = np.zeros_like(counts.present)
    few[: LEAST_MARKERS - 1] = True
    scarce = MarkerCounts(counts.sample_ids, counts.cpm * few, few)
    assert find_foreign_tissues(scarce, levels, tissues) == ()


@given(own=st.sampled_from(load_tissue_levels().classes))
def test_no_reference_holds_another_tissue(own: str) -> None:
    counts, tissues = made({own: 1})
    assert find_foreign_tissues(counts, load_tissue_levels(), tissues) == ()


@given(share=st.floats(0.1, 0.6), scale=st.floats(0.05, 1))
@settings(max_examples=10)
def test_reads_on_other_genes_change_nothing(share: float, scale: float) -> None:
    """Mitochondrial or non-coding reads take a part of all, not of what is compared."""
    counts, tissues = made({LIVER: 1 - share, BRAIN: share}, scale=scale)
    (one,) = find_foreign_tissues(counts, load_tissue_levels(), tissues)
    whole, _ = made({LIVER: 1 - share, BRAIN: share})
    (same,) = find_foreign_tissues(whole, load_tissue_levels(), tissues)
    assert one.foreign == same.foreign == BRAIN
    assert one.support == pytest.approx(same.support)


@pytest.fixture(scope="module")
def references(shared_data: Path) -> References:
    return read_references(shared_data / "training").independent()


@pytest.mark.parametrize(("source", "other"), [("HPA", "GTEx"), ("GTEx", "HPA")])
def test_at_most_one_of_24_clean_libraries_of_the_other_source_is_called(
    references: References, source: str, other: str
) -> None:
    arrays = tissue_levels(references, INDEPENDENT_SOURCES[source])
    low, high = (np.exp2(arrays[name].astype(float)) - 1 for name in ("low", "high"))
    genes = ensembl_ids(arrays["genes"])
    levels = TissueLevels(genes, tuple(map(str, arrays["classes"])), low, high)
    profiles, terms = references.tissues(INDEPENDENT_SOURCES[other])
    columns = [references.gene_ids.index(gene) for gene in genes]
    shares = (profiles / profiles.sum(axis=1, keepdims=True))[:, columns]
    rng = np.random.default_rng(8)
    clean, mixed = [], []
    known = [str(term) for term in np.unique(terms) if term in levels.classes]

    def library(rows: Floats) -> Floats:
        donors = np.exp(rng.normal(0, 0.6, rows.shape))
        return rng.poisson((rows * donors).sum(axis=0) * 1e7) / 10

    for own in known:
        row = shares[rng.choice(np.flatnonzero(terms == own))]
        second = str(rng.choice([term for term in known if term != own]))
        guest = shares[rng.choice(np.flatnonzero(terms == second))]
        clean += _alone(library(row[None]), own, levels)
        mixed += _alone(library(np.array([0.7 * row, 0.3 * guest])), own, levels)
    assert len(known) >= 24
    assert len(clean) <= len(known) / 24
    assert len(mixed) >= len(known) / 2


def _alone(cpm: Floats, own: str, levels: TissueLevels) -> tuple[ForeignTissue, ...]:
    counts = MarkerCounts(("S",), cpm[None], np.ones(len(cpm), dtype=bool))
    return find_foreign_tissues(counts, levels, {"S": own})


Cohort = tuple[MarkerCounts, dict[str, str | None]]


@pytest.fixture(scope="module")
def cohorts(shared_data: Path) -> dict[str, Cohort]:
    levels, found = load_tissue_levels(), {}
    for name in ("bodymap", "castle"):
        folder = shared_data / "cohorts"
        frame = pd.read_csv(folder / f"{name}_counts.tsv.gz", sep="\t", index_col=0)
        sheet = pd.read_csv(folder / f"{name}_samples.csv", index_col="sample_id")
        reads = sparse.csr_array(frame.to_numpy(dtype=float).T)
        matrix = CountMatrix(tuple(frame.columns), tuple(frame.index), reads)
        tissues = {s: levels.class_of(sheet["tissue_ontology_id"][s]) for s in frame.columns}
        if ADRENAL in tissues:
            tissues[ADRENAL] = LYMPH_NODE
        found[name] = marker_counts(matrix, levels), tissues
    return found


def test_of_27_real_samples_only_the_ovary_with_oviduct_is_called(
    cohorts: dict[str, Cohort],
) -> None:
    """Body Map's ovary has PAX8, FOXJ1 and the dyneins of cilia, at a tenth of the oviduct's."""
    called = [
        one
        for counts, tissues in cohorts.values()
        for one in find_foreign_tissues(counts, load_tissue_levels(), tissues)
    ]
    assert sum(len(tissues) for _, tissues in cohorts.values()) == 27
    assert [(one.sample_id, one.tissue, one.foreign) for one in called] == [
        ("Ovary", OVARY, FALLOPIAN_TUBE)
    ]


def test_real_tissues_that_are_left_out_of_the_dataset_are_found_and_named(
    cohorts: dict[str, Cohort],
) -> None:
    found: list[ForeignTissue] = []
    right = tried = 0
    for counts, tissues in cohorts.values():
        pure = [s for s in counts.sample_ids if s not in ADMIXED]
        # Every eighth ordered pair: the whole takes a minute.
        pairs = [(a, b) for a in pure for b in pure if tissues[a] != tissues[b]][::8]
        for target, source in pairs:
            one = _left_out(counts, tissues, target, source, 0.3)
            found += one
            right += sum(each.foreign == tissues[source] for each in one)
        tried += len(pairs)
    assert tried > 30
    assert len(found) >= 0.5 * tried
    assert right >= 0.9 * len(found)


def _left_out(
    counts: MarkerCounts, tissues: dict[str, str | None], target: str, source: str, share: float
) -> tuple[ForeignTissue, ...]:
    """Return what is found in the target mixed with a source whose tissue leaves the dataset."""
    row = {sample: i for i, sample in enumerate(counts.sample_ids)}
    cpm = counts.cpm.copy()
    cpm[row[target]] = (1 - share) * cpm[row[target]] + share * cpm[row[source]]
    kept = tuple(s for s in counts.sample_ids if tissues[s] != tissues[source])
    rest = MarkerCounts(kept, cpm[[row[s] for s in kept]], counts.present)
    of_kept = {s: tissues[s] for s in kept}
    return find_foreign_tissues(rest, load_tissue_levels(), of_kept, [target])
