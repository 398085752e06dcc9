"""Wide formats, each written to its documented layout from a real cohort, and read back whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from formats_written import (
    ANNOTATION,
    COMMENT,
    feature_counts,
    gct,
    geo,
    nf_core,
    symbols_of,
    write_table,
)
from numpy.typing import NDArray

from gem_assets.counts.intake import take_in_counts
from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.readers import CountsFile, read_counts
from gem_assets.counts.readers.sample_names import sample_names
from gem_assets.problems import RefusedInputError

Refusal = Callable[[Path], tuple[str, str, str]]


@pytest.fixture(scope="module")
def cohort_part(cohorts: dict[str, CountMatrix]) -> CountMatrix:
    """Return every tenth gene of Body Map: 16 tissues x 4,827 genes."""
    whole = cohorts["bodymap"]
    return CountMatrix(whole.sample_ids, whole.gene_ids[::10], whole.counts[:, ::10])


@pytest.fixture(scope="module")
def estimates(cohort_part: CountMatrix) -> NDArray[np.float64]:
    """Return estimated counts, samples x genes, with up to three decimals, as salmon's are."""
    rng = np.random.default_rng(4)
    counts = cohort_part.counts.toarray()
    shared = rng.random(counts.shape) < 0.4
    return np.where(shared, np.round(counts * rng.uniform(0.7, 1, counts.shape), 3), counts)


@pytest.fixture
def refusal() -> Callable[[Path], str]:
    """Return a function that expects the refusal of a file and returns its code and sentence."""

    def refused(path: Path) -> str:
        with pytest.raises(RefusedInputError) as caught:
            take_in_counts(path, "bulk")
        problem = caught.value.problems[0]
        assert problem.sentence.startswith(str(path))
        assert problem.action
        return f"{problem.code}: {problem}"

    return refused


def assert_read(file: CountsFile, name: str, like: CountMatrix, dense: NDArray) -> None:
    assert (file.format, file.orientation) == (name, "genes x samples")
    assert file.matrix.gene_ids == like.gene_ids
    assert np.array_equal(file.matrix.counts.toarray(), dense)
    assert (file.matrix.counts.dtype.kind == "i") == np.array_equal(dense, np.rint(dense))


# nf-core/rnaseq


@pytest.mark.parametrize(
    "name",
    [
        "salmon.merged.gene_counts.tsv",
        "salmon.merged.gene_counts_scaled.tsv",
        "kallisto.merged.gene_counts.tsv",
        "renamed.txt.gz",
    ],
)
def test_nf_core_estimates_are_read_with_ids_and_symbols(tmp_path, cohort_part, estimates, name):
    file = read_counts(nf_core(tmp_path / name, cohort_part, estimates))
    assert_read(file, "nfcore_merged", cohort_part, estimates)
    assert file.matrix.sample_ids == cohort_part.sample_ids
    assert file.matrix.gene_symbols == tuple(symbols_of(cohort_part.gene_ids))


def test_length_scaled_counts_are_read_to_the_last_of_their_fifteen_digits(tmp_path, cohort_part):
    rng = np.random.default_rng(5)
    counts = cohort_part.counts.toarray()
    scaled = np.where(counts > 0, counts * rng.uniform(0.9, 1.1, counts.shape), 0)
    scaled = np.array([[float(f"{v:.15g}") for v in row] for row in scaled])
    path = tmp_path / "salmon.merged.gene_counts_length_scaled.tsv"
    nf_core(path, cohort_part, scaled, number=lambda v: f"{v:.15g}")
    assert_read(read_counts(path), "nfcore_merged", cohort_part, scaled)


def test_fractions_are_told_by_a_warning_that_says_how_they_are_rounded(
    tmp_path, cohort_part, estimates
):
    path = nf_core(tmp_path / "salmon.merged.gene_counts.tsv", cohort_part, estimates)
    _, problems = take_in_counts(path, "bulk")
    (warning,) = (p for p in problems if p.code == "fractional_counts")
    assert f"{np.count_nonzero(estimates % 1):,} of" in warning.sentence
    assert "halves to the even number" in warning.action


def test_rsem_merged_counts_have_transcripts_beside_their_ids(tmp_path, cohort_part, estimates):
    names = [
        (gene_id, f"ENST{i:011d},ENST{i + 1:011d}")
        for i, gene_id in enumerate(cohort_part.gene_ids)
    ]
    path = write_table(
        tmp_path / "rsem.merged.gene_counts.tsv",
        ["gene_id", "transcript_id(s)", *cohort_part.sample_ids],
        names,
        estimates.T,
    )
    file = read_counts(path)
    assert_read(file, "nfcore_merged", cohort_part, estimates)
    assert file.matrix.gene_symbols is None
    assert "Ignored columns that describe genes: 'transcript_id(s)'." in file.notes


def tpm_of(counts: NDArray) -> NDArray[np.float64]:
    lengths = np.random.default_rng(6).uniform(500, 5000, counts.shape[1])
    rates = counts / lengths
    return np.round(1e6 * rates / rates.sum(axis=1, keepdims=True), 6)


@pytest.mark.parametrize("name", ["salmon.merged.gene_tpm.tsv", "counts.tsv"])
def test_the_tpm_beside_them_are_refused_by_name_and_by_values(
    tmp_path, cohort_part, refusal, name
):
    tpm = tpm_of(cohort_part.counts.toarray())
    said = refusal(nf_core(tmp_path / name, cohort_part, tpm, number=repr))
    assert "TPM" in said
    if name == "counts.tsv":
        assert said.startswith("tpm_like: ")
    else:
        assert said.startswith("named_as_scaled: ")
        assert "Give salmon.merged.gene_counts.tsv" in said


@pytest.mark.parametrize("name", ["salmon.merged.gene_lengths.tsv", "counts.tsv"])
def test_the_lengths_beside_them_are_refused_by_name_and_by_values(
    tmp_path, cohort_part, refusal, name
):
    rng = np.random.default_rng(7)
    lengths = rng.uniform(200, 5000, cohort_part.n_genes) * rng.uniform(0.95, 1, (16, 1))
    assert refusal(nf_core(tmp_path / name, cohort_part, lengths)).startswith("gene_lengths: ")


@pytest.mark.parametrize("headings", [("tx", "gene_id"), ("transcript_id", "gene_id")])
def test_the_transcripts_beside_them_are_refused(tmp_path, refusal, headings):
    path = tmp_path / "salmon.merged.transcript_counts.tsv"
    path.write_text("\t".join([*headings, "A"]) + "\nENST00000000003\tENSG00000000003\t5\n")
    assert refusal(path).startswith("transcript_level: ")


def test_a_name_of_na_is_no_reason_to_take_the_symbols_for_a_sample(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text("gene_id\tgene_name\tA\nENSG00000000003\tNA\t5\nENSG00000000005\tNA\t6\n")
    assert read_counts(path).matrix.sample_ids == ("A",)


# featureCounts

ENDINGS = (".bam", ".sorted.bam", "Aligned.sortedByCoord.out.bam", "_Aligned.sortedByCoord.out.bam")


@pytest.mark.parametrize("before", [COMMENT, ""], ids=["comment", "comment taken off"])
def test_feature_counts_are_read_with_the_samples_named_by_their_files(
    tmp_path, cohort_part, before
):
    samples = [f"S{i}" for i in range(cohort_part.n_samples)]
    columns = [f"/data/runs/x/{name}{ENDINGS[i % 4]}" for i, name in enumerate(samples)]
    file = read_counts(feature_counts(tmp_path / "counts.txt", cohort_part, columns, before))
    assert_read(file, "featurecounts", cohort_part, cohort_part.counts.toarray())
    assert file.matrix.sample_ids == tuple(samples)
    assert file.notes[0] == (
        "16 of 16 sample names are taken from paths, without folder and ending: "
        "'/data/runs/x/S0.bam' is 'S0'."
    )


def test_feature_counts_may_have_one_exon_only_and_further_attributes(tmp_path):
    path = tmp_path / "counts.txt"
    path.write_text(
        COMMENT + "\t".join([*ANNOTATION, "gene_name", "gene_type", "A"]) + "\n"
        "ENSG00000000003\t1\t100\t200\t+\t101\tTSPAN6\tprotein_coding\t5\n"
        "ENSG00000000005\tX\t100\t200\t-\t101\tTNMD\tprotein_coding\t6\n"
    )
    file = read_counts(path)
    assert file.matrix.sample_ids == ("A",)
    assert file.matrix.gene_symbols == ("TSPAN6", "TNMD")
    assert file.matrix.counts.toarray().tolist() == [[5, 6]]
    assert not any("paths" in note for note in file.notes)


def test_two_paths_that_become_one_sample_are_refused_and_both_named(
    tmp_path, cohort_part, refusal
):
    columns = [f"runs/S{i}.bam" for i in range(16)]
    columns[3], columns[8] = "first/A.sorted.bam", "second/A.bam"
    said = refusal(feature_counts(tmp_path / "counts.txt", cohort_part, columns, COMMENT))
    assert said.startswith("sample_names_clash: ")
    assert "'first/A.sorted.bam' and 'second/A.bam' both become the sample 'A'" in said


def test_the_summary_beside_feature_counts_is_refused(tmp_path, refusal):
    path = tmp_path / "counts.txt.summary"
    path.write_text("Status\tA.bam\tB.bam\nAssigned\t5\t6\nUnassigned_Unmapped\t1\t2\n")
    assert refusal(path).startswith("summary_table: ")


def test_a_comment_of_feature_counts_above_another_table_is_refused(tmp_path, refusal):
    path = tmp_path / "counts.txt"
    path.write_text(COMMENT + "gene\tA\nENSG00000000003\t5\n")
    assert refusal(path).startswith("header_unknown: ")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("A.bam", "A"),
        ("/x/y/A.sorted.bam", "A"),
        (r"C:\runs\A.bam", "A"),
        ("A.markdup.sorted.bam", "A"),
        ("runs/A/Aligned.sortedByCoord.out.bam", "A"),
        ("A.Aligned.sortedByCoord.out.bam", "A"),
        ("./Aligned.sortedByCoord.out.bam", "./Aligned.sortedByCoord.out.bam"),
        ("a/b", "a/b"),
        ("S.1", "S.1"),
        ("A.bam.old", "A.bam.old"),
    ],
)
def test_a_sample_is_named_by_its_file(path, name):
    assert sample_names([path])[0] == (name,)


# GCT


@pytest.mark.parametrize("name", ["gene_reads.gct", "gene_reads.gct.gz"])
@pytest.mark.parametrize("numbered", [False, True], ids=["all tissues", "one tissue"])
def test_gct_is_read_with_its_names(tmp_path, cohort_part, name, numbered):
    file = read_counts(gct(tmp_path / name, cohort_part, numbered=numbered))
    assert_read(file, "gct", cohort_part, cohort_part.counts.toarray())
    assert file.matrix.sample_ids == cohort_part.sample_ids
    symbols = None if numbered else tuple(symbols_of(cohort_part.gene_ids))
    assert file.matrix.gene_symbols == symbols


def test_gct_says_how_many_genes_are_copies_on_y(tmp_path):
    path = tmp_path / "a.gct"
    path.write_text(
        "#1.2\n2\t2\nName\tDescription\tGTEX-1\tGTEX-2\n"
        "ENSG00000185960.13\tSHOX\t5\t6\nENSG00000185960.13_PAR_Y\tSHOX\t1\t0\n"
    )
    file = read_counts(path)
    assert file.matrix.gene_ids == ("ENSG00000185960.13", "ENSG00000185960.13_PAR_Y")
    assert file.notes == ("1 rows are the Y copies of pseudoautosomal genes (..._PAR_Y).",)


def test_gct_with_no_descriptions_has_no_sample_of_that_name(tmp_path):
    path = tmp_path / "a.gct"
    path.write_text("#1.2\n2\t1\nName\tDescription\tS\nTP53\tna\t5\nMYC\tna\t6\n")
    assert read_counts(path).matrix.sample_ids == ("S",)


def test_gct_that_is_cut_off_is_refused_with_both_numbers(tmp_path, cohort_part, refusal):
    said = refusal(gct(tmp_path / "a.gct", cohort_part, n_genes=5_000))
    assert said.startswith("gct_malformed: ")
    assert "announces 5,000 genes and 16 samples, but there are 4,827 and 16" in said


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("#1.3\n1\t1\t0\t0\nid\tS\nTP53\t5\n", "gct_version", "GCT 1.3"),
        ("#1.2\n1\nName\tDescription\tS\nTP53\tna\t5\n", "gct_malformed", "but is '1'"),
        ("#1.2\na\tb\nName\tDescription\tS\nTP53\tna\t5\n", "gct_malformed", "but is 'a b'"),
        ("#1.2\n1\t1\nGene\tS\nTP53\t5\n", "gct_malformed", "third line begins 'Gene S'"),
        ("#1.2\n", "gct_malformed", "second line"),
        ("#1.2\n1\t1\nName\tDescription\tS\nTP53\tna\tx\n", "not_a_number", "row 4 ('TP53')"),
    ],
)
def test_gct_that_breaks_its_layout_is_refused(tmp_path, refusal, content, code, said):
    path = tmp_path / "a.gct"
    path.write_text(content)
    assert refusal(path).startswith(f"{code}: ")
    assert said in refusal(path)


def test_gct_of_tpm_is_refused_by_name_and_by_values(tmp_path, cohort_part, refusal):
    path = tmp_path / "GTEx_Analysis_v10_RNASeQCv2.4.2_gene_tpm.gct"
    assert refusal(gct(path, cohort_part)).startswith("named_as_scaled: ")
    dense = tpm_of(cohort_part.counts.toarray())
    names = zip(cohort_part.gene_ids, cohort_part.gene_ids, strict=True)
    before = f"#1.2\n{cohort_part.n_genes}\t{cohort_part.n_samples}\n"
    header = ["Name", "Description", *cohort_part.sample_ids]
    renamed = write_table(tmp_path / "a.gct", header, names, dense.T, before, repr)
    assert refusal(renamed).startswith("tpm_like: ")


# GEO


def test_ncbi_counts_of_geo_are_read_by_entrez_id(tmp_path, cohort_part):
    dense = cohort_part.counts.toarray()
    file = read_counts(geo(tmp_path / "GSE1_raw_counts_GRCh38.p13_NCBI.tsv.gz", cohort_part, dense))
    assert (file.format, file.orientation) == ("geo_ncbi", "genes x samples")
    assert file.matrix.gene_ids[:3] == ("1", "2", "3")
    assert file.matrix.sample_ids[0] == "GSM5000000"
    assert np.array_equal(file.matrix.counts.toarray(), dense)
    assert any("Entrez" in note for note in file.notes)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("GSE1_norm_counts_TPM_GRCh38.p13_NCBI.tsv.gz", "TPM"),
        ("GSE1_norm_counts_FPKM_GRCh38.p13_NCBI.tsv.gz", "FPKM"),
    ],
)
def test_ncbi_tpm_and_fpkm_are_refused_by_name(tmp_path, cohort_part, refusal, name, unit):
    said = refusal(geo(tmp_path / name, cohort_part, tpm_of(cohort_part.counts.toarray())))
    assert said.startswith("named_as_scaled: ")
    assert f"its values are {unit}" in said
    assert "raw_counts" in said


def test_ncbi_tpm_under_another_name_are_refused_by_values(tmp_path, cohort_part, refusal):
    tpm = tpm_of(cohort_part.counts.toarray())
    assert refusal(geo(tmp_path / "a.tsv", cohort_part, tpm)).startswith("tpm_like: ")


def test_mouse_counts_of_geo_are_refused_by_name_and_by_ids(tmp_path, cohort_part, refusal):
    dense = cohort_part.counts.toarray()
    named = geo(tmp_path / "GSE1_raw_counts_GRCm39_NCBI.tsv.gz", cohort_part, dense)
    ids = [str(11_000 + i) for i in range(cohort_part.n_genes)]
    for path in (named, geo(tmp_path / "a.tsv", cohort_part, dense, ids)):
        said = refusal(path)
        assert said.startswith("wrong_species: ")
        assert "look like mouse" in said


# recount3


def test_recount3_sums_are_refused_with_the_way_to_counts(tmp_path, cohort_part, refusal):
    runs = [f"SRR{i}" for i in range(16)]
    path = write_table(
        tmp_path / "sra.gene_sums.SRP009615.G026.gz",
        ["gene_id", *runs],
        [[gene_id] for gene_id in cohort_part.gene_ids],
        100 * cohort_part.counts.toarray().T,
        "##annotation=G026\n##date.generated=2020-11-12\n",
        str,
    )
    said = refusal(path)
    assert said.startswith("coverage_sums: ")
    assert "base pairs of coverage, not reads" in said
    assert "compute_read_counts" in said
