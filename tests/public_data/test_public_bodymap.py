"""Body Map is read number by number, and what is said of it follows from its numbers."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pandas as pd
import pytest

from gem_assets.public_data import body_map_files, read_body_map
from gem_assets.public_data.adrenal import (
    ADRENAL_GENES,
    LYMPH_NODE_GENES,
    MUSCLE_GENE,
    adrenal_lines,
)


@pytest.fixture(scope="module")
def counts(shared_data: Path) -> pd.DataFrame:
    return read_body_map(shared_data / "cohorts" / "bodymap_original.rda")


def test_every_count_is_the_one_that_another_reader_has_read(
    shared_data: Path, counts: pd.DataFrame
) -> None:
    path = shared_data / "cohorts" / "bodymap_counts.tsv.gz"
    expected = pd.read_csv(path, sep="\t", index_col="gene_id")
    assert counts.shape == (48_267, 16)
    pd.testing.assert_frame_equal(counts, expected, check_names=False)


def test_the_files_hold_these_counts_in_the_same_bytes_each_time(counts: pd.DataFrame) -> None:
    packed = body_map_files(counts)["counts.tsv.gz"]
    assert packed == body_map_files(counts)["counts.tsv.gz"]
    assert packed[4:8] == bytes(4)  # gzip's time
    again = pd.read_csv(io.BytesIO(gzip.decompress(packed)), sep="\t", index_col="gene_id")
    pd.testing.assert_frame_equal(again, counts, check_names=False)


def test_the_sheet_states_what_was_deposited(shared_data: Path, counts: pd.DataFrame) -> None:
    ours = pd.read_csv(io.BytesIO(body_map_files(counts)["samples.csv"]), index_col="sample_id")
    path = shared_data / "cohorts" / "bodymap_samples.csv"
    theirs = pd.read_csv(path, index_col="sample_id")
    pd.testing.assert_frame_equal(ours.sort_index(axis=1), theirs.loc[ours.index, sorted(theirs)])
    assert set(ours.index) == set(counts.columns)


# What is said of it: counts made by hand, in which only the named genes and a filler have reads


OTHER = "ENSG00000000003"


def made(**reads: dict[str, int]) -> pd.DataFrame:
    """Return counts of six samples with a million reads each."""
    genes = {**ADRENAL_GENES, **LYMPH_NODE_GENES, MUSCLE_GENE[0]: MUSCLE_GENE[1]}
    samples = ["Adrenal", "Lymph node", "Skeletal muscle", "Heart", "Breast", "Thyroid"]
    frame = pd.DataFrame(0, index=[*genes.values(), OTHER], columns=samples)
    for symbol, by_sample in reads.items():
        for sample, n in by_sample.items():
            frame.loc[genes[symbol], sample] = n
    frame.loc[OTHER] = 1_000_000 - frame.sum()
    return frame


def verdicts(status: str, predicted: str, lymph_node_sex: str = "female") -> pd.DataFrame:
    columns = ["sample_id", "field", "status", "provided_label", "predicted_label", "p_top"]
    rows = [
        ("Adrenal", "tissue", status, "adrenal gland", predicted, 0.964),
        ("Adrenal", "sex", "pass", "male", "male", 0.99),
        ("Lymph node", "sex", "pass", "female", lymph_node_sex, 0.99),
    ]
    return pd.DataFrame(rows, columns=columns)


LYMPHOID = {"MS4A1": {"Adrenal": 228}, "CCL21": {"Adrenal": 1462}}


def said(verdicts: pd.DataFrame, **reads: dict[str, int]) -> str:
    return "\n".join(adrenal_lines(verdicts, made(**reads)))


def test_an_adrenal_that_fails_is_told_with_its_marker_genes() -> None:
    text = said(verdicts("fail", "lymph node"), STAR={"Adrenal": 2}, **LYMPHOID)
    assert "stated to be adrenal gland; its expression says lymph node (p 0.96)" in text
    rows = {line.split()[0]: line.split()[1] for line in text.splitlines() if "  " in line}
    assert rows["STAR"] == "2.0"
    assert rows["CCL21"] == "1,462"
    assert "STAR, CYP17A1 and CYP11B1 are missing" in text
    assert "MS4A1 and CCL21 are there" in text
    assert "Adrenal is male and Lymph node is female" in text
    assert "no publication that confirms it was found" in text


def test_an_adrenal_that_does_not_fail_is_told_so() -> None:
    glandular = {name: {"Adrenal": 4000} for name in ADRENAL_GENES}
    text = said(verdicts("pass", "adrenal gland", "male"), **glandular)
    assert "does not fail in this run" in text
    assert "'pass'" in text
    assert "adrenal gland none is missing" in text
    assert "lymph node none is there" in text
    assert "exchanged" not in text


def test_muscle_is_told_of_the_samples_that_hold_it_only() -> None:
    muscle = {"Skeletal muscle": 16_000, "Heart": 2_200, "Breast": 680, "Adrenal": 3}
    text = said(verdicts("fail", "lymph node"), CKM=muscle, **LYMPHOID)
    assert "Muscle came along with Breast (680):" in text
    assert "Thyroid" not in text
    assert "every other sample 3.0 at most" in text
    text = said(verdicts("fail", "lymph node"), CKM={**muscle, "Breast": 3}, **LYMPHOID)
    assert "came along" not in text


def test_the_numbers_of_body_map_are_those_that_were_looked_up(counts: pd.DataFrame) -> None:
    text = "\n".join(adrenal_lines(verdicts("fail", "lymph node"), counts))
    found = {line.split()[0]: line.split()[1] for line in text.splitlines() if "  " in line}
    expected = {"STAR": "1.9", "CYP17A1": "2.0", "CYP11B1": "0.0", "MS4A1": "228", "CCL21": "1,462"}
    assert {name: found[name] for name in expected} == expected
    assert "Breast (680) and Thyroid (1,273)" in text
