"""Cells of another sex or of blood, on made counts and on the cohorts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.contamination import (
    BLOOD_CPM,
    HAEMOGLOBIN,
    blood_findings,
    haemoglobin_cpm,
    mixed_sex_findings,
)
from gem_assets.qc.markers import sex_markers
from gem_assets.qc.settings import QcSettings

LUNG, SPLEEN, BLOOD = "UBERON:0002048", "UBERON:0002106", "UBERON:0000178"


def cohort(folder: Path, name: str) -> CountMatrix:
    frame = pd.read_csv(folder / "cohorts" / f"{name}_counts.tsv.gz", sep="\t", index_col=0)
    reads = sparse.csr_array(frame.to_numpy(dtype=float).T)
    return CountMatrix(tuple(frame.columns), tuple(frame.index), reads)


def mixed(matrix: CountMatrix) -> set[str]:
    findings = mixed_sex_findings(sex_markers(matrix, QcSettings()), QcSettings())
    return {finding.sample_ids[0] for finding in findings}


def test_the_pools_of_both_sexes_are_named_and_no_single_donor(shared_data: Path) -> None:
    pools = {"Heart", "Kidney", "Lung", "Skeletal muscle"}
    assert mixed(cohort(shared_data, "castle")) == pools
    for name in ("bodymap", "geuvadis_lcl", "lncap"):
        assert mixed(cohort(shared_data, name)) == set()


@pytest.mark.parametrize(
    ("xist", "chry", "present", "found"),
    [(10, 3, 3, 1), (9.9, 3, 3, 0), (10, 2.9, 3, 0), (10, 3, 2, 0), (np.nan, 30, 7, 0)],
)
def test_mixed_sex_needs_xist_and_three_genes_of_y(
    xist: float, chry: float, present: int, found: int
) -> None:
    markers = pd.DataFrame(
        {
            "sample_id": ["s"],
            "xist_cpm": [xist],
            "chry_cpm": [chry],
            "chry_genes_present": [present],
        }
    )
    assert len(mixed_sex_findings(markers, QcSettings())) == found


def globins(cpm: float, names: tuple[str, ...] = ("HBB", "ACTB")) -> CountMatrix:
    return CountMatrix(("s",), names, sparse.csr_array([[cpm, 1e6 - cpm]]))


@given(cpm=st.integers(0, 100_000))
def test_haemoglobin_is_blood_from_the_threshold_on(cpm: int) -> None:
    assert bool(blood_findings(globins(cpm), {"s": LUNG})) == (cpm >= BLOOD_CPM)


@pytest.mark.parametrize("tissue", [SPLEEN, BLOOD, "UBERON:0013756", None])
def test_haemoglobin_in_blood_rich_or_unknown_tissue_is_no_finding(tissue: str | None) -> None:
    assert blood_findings(globins(50_000), {"s": tissue}) == ()


def test_globins_are_found_by_versioned_id_symbol_or_second_name() -> None:
    for names in ((f"{HAEMOGLOBIN[0][0]}.4", "x"), ("hba2", "x")):
        assert haemoglobin_cpm(globins(5000, names))["s"] == pytest.approx(5000)
    counts = sparse.csr_array([[5.0, 5.0]])
    second = CountMatrix(("s",), ("g1", "g2"), counts, ("HBA1", "ACTB"))
    assert haemoglobin_cpm(second)["s"] == pytest.approx(5e5)


def test_without_globin_genes_or_reads_there_is_no_number() -> None:
    assert np.isnan(haemoglobin_cpm(globins(5000, ("x", "y")))["s"])
    empty = CountMatrix(("s",), ("HBB",), sparse.csr_array(np.zeros((1, 1))))
    assert np.isnan(haemoglobin_cpm(empty)["s"])
    assert blood_findings(empty, {"s": LUNG}) == ()


def test_the_finding_states_its_reads_and_the_tissue() -> None:
    (finding,) = blood_findings(globins(9235), {"s": LUNG})
    assert finding.score == pytest.approx(9235)
    assert finding.sentence.startswith("s has 9,235 reads per million on haemoglobin genes")
    assert "which lung does not make" in finding.sentence
