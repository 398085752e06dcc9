"""Files of one sample each (STAR, GDC, HTSeq, RSEM, salmon), alone and in folders."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from formats_written import COUNTS, GENES, gdc, htseq, rsem, salmon, star
from upath import UPath

from gem_assets.counts.readers import CountsFile, read_counts
from gem_assets.problems import InputProblem, RefusedInputError

Write = Callable[..., str]


FORMATS: Mapping[str, tuple[Write, str]] = {
    "star": (star, "{}ReadsPerGene.out.tab"),
    "gdc": (gdc, "{}.rna_seq.augmented_star_gene_counts.tsv"),
    "htseq": (htseq, "{}.htseq.counts.txt"),
    "rsem": (rsem, "{}.genes.results"),
    "salmon_genes": (salmon, "{}/quant.genes.sf"),
}


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def folder_of(kind: str, folder: Path, genes: Mapping[str, Sequence[str]] | None = None) -> Path:
    write, name = FORMATS[kind]
    for sample, counts in COUNTS.items():
        order = (genes or {}).get(sample, GENES)
        by_gene = dict(zip(GENES, counts, strict=True))
        put(folder / name.format(sample), write(order, [by_gene.get(g, 1) for g in order]))
    return folder


def refused(path: Path | UPath) -> InputProblem:
    with pytest.raises(RefusedInputError) as caught:
        read_counts(path)
    (problem,) = caught.value.problems
    assert problem.sentence.startswith(f"{path}: ")
    assert problem.action
    return problem


def expected(kind: str) -> np.ndarray:
    scale = 980 if kind == "star" else 1
    return np.array(list(COUNTS.values())) * scale


def check(file: CountsFile, kind: str) -> None:
    assert file.format == kind
    assert file.matrix.sample_ids == ("S1", "S2")
    assert file.matrix.gene_ids == GENES
    assert np.array_equal(file.matrix.counts.toarray(), expected(kind))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_of_files_is_one_matrix(tmp_path: Path, kind: str) -> None:
    check(read_counts(folder_of(kind, tmp_path / "run")), kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_one_sample_named_by_its_name(tmp_path: Path, kind: str) -> None:
    folder_of(kind, tmp_path / "run")
    file = read_counts(tmp_path / "run" / FORMATS[kind][1].format("S2"))
    assert file.matrix.sample_ids == ("S2",)
    assert any("named by its file" in note for note in file.notes)
    assert np.array_equal(file.matrix.counts.toarray(), expected(kind)[1:])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("location", ["memory", "file"])
def test_a_folder_may_lie_anywhere(tmp_path: Path, kind: str, location: str) -> None:
    folder = folder_of(kind, tmp_path / "run")
    if location == "file":
        check(read_counts(UPath(f"file://{folder}")), kind)
        return
    there = UPath(f"memory://{tmp_path.name}/run")
    for path in folder.rglob("*"):
        if path.is_file():
            target = there / path.relative_to(folder).as_posix()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    check(read_counts(there), kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_compressed_files_are_read_alike(tmp_path: Path, kind: str) -> None:
    folder = folder_of(kind, tmp_path / "run")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path, pack, ending in zip(
        files, (lambda b: gzip.compress(b, mtime=0), bz2.compress), (".gz", ".bz2"), strict=True
    ):
        path.with_name(path.name + ending).write_bytes(pack(path.read_bytes()))
        path.unlink()
    check(read_counts(folder), kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_another_order_of_genes_is_brought_into_that_of_the_first(
    tmp_path: Path, kind: str
) -> None:
    check(read_counts(folder_of(kind, tmp_path / "run", {"S2": GENES[::-1]})), kind)


@pytest.mark.parametrize("kind", FORMATS)
def test_files_with_other_genes_are_refused(tmp_path: Path, kind: str) -> None:
    others = (*GENES[:3], "ENSG00000999999", "ENSG00000999998")
    problem = refused(folder_of(kind, tmp_path / "run", {"S2": others}))
    assert problem.code == "genes_differ"
    assert "it has 5 genes" in problem.sentence
    assert "has 4: 1 missing (ENSG00000067048) and 2 not in that file" in problem.sentence
    assert "S2" in problem.sentence


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cell_that_is_no_number_is_named_by_file_line_and_gene(tmp_path: Path, kind: str) -> None:
    folder = folder_of(kind, tmp_path / "run")
    path = folder / FORMATS[kind][1].format("S2")
    bad = "12000" if kind == "star" else "12"
    path.write_text(path.read_text().replace(bad, "a dozen"), encoding="utf-8")
    problem = refused(folder)
    assert problem.code == "not_a_number"
    assert FORMATS[kind][1].format("S2") in problem.sentence
    assert "gene ENSG00000067048" in problem.sentence
    assert "'a dozen'" in problem.sentence


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("value", ["nan", "inf", ""])
def test_a_value_that_is_not_finite_is_refused(tmp_path: Path, kind: str, value: str) -> None:
    path = folder_of(kind, tmp_path / "run") / FORMATS[kind][1].format("S1")
    rows = path.read_text().splitlines()
    at = next(i for i, row in enumerate(rows) if row.startswith(GENES[2]))
    cells = rows[at].split("\t")
    cells = [value if cell in {"7", "7000"} else cell for cell in cells]
    path.write_text("\n".join([*rows[:at], "\t".join(cells), *rows[at + 1 :]]), encoding="utf-8")
    assert refused(path).code == "not_a_number"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_row_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    path = folder_of(kind, tmp_path / "run") / FORMATS[kind][1].format("S1")
    path.write_text(path.read_text().rstrip("\n").rpartition("\t")[0], encoding="utf-8")
    problem = refused(path)
    assert problem.code == "ragged_rows"
    assert "columns, not" in problem.sentence


@pytest.mark.parametrize("kind", ["star", "gdc", "rsem", "salmon_genes", "htseq"])
def test_an_empty_or_damaged_sample_does_not_go_missing_unseen(tmp_path: Path, kind: str) -> None:
    folder = folder_of(kind, tmp_path / "run")
    empty = put(folder / FORMATS[kind][1].format("S3"), "")
    problem = refused(folder)
    assert problem.code == "empty_file"
    assert "S3" in problem.sentence
    empty.unlink()
    damaged = put(folder / (FORMATS[kind][1].format("S4") + ".gz"), "")
    damaged.write_bytes(gzip.compress(b"x" * 9000, mtime=0)[:20])
    assert refused(folder).code == "damaged_file"


def test_an_empty_file_is_missed_by_the_ending_that_it_shares(tmp_path: Path) -> None:
    put(tmp_path / "S1.txt", htseq())
    put(tmp_path / "S2.txt", "")
    problem = refused(tmp_path)
    assert problem.code == "empty_file"
    assert "S2.txt" in problem.sentence


def test_a_file_named_like_the_format_with_other_content_is_refused(tmp_path: Path) -> None:
    folder = folder_of("star", tmp_path)
    put(folder / "S9ReadsPerGene.out.tab", "gene_id\tS9\nENSG00000141510\t3\n")
    problem = refused(folder)
    assert problem.code == "unrecognised_format"
    assert "S9ReadsPerGene.out.tab: it is named like a file of STAR" in problem.sentence


def test_other_files_are_left_out_and_told(tmp_path: Path) -> None:
    folder = folder_of("star", tmp_path)
    put(folder / "S1SJ.out.tab", "chr1\t1\t2\t1\t1\t0\t4\t0\t30\n")
    put(folder / "S1Log.final.out", "Started job on | Jan 01\n")
    put(folder / "samples.csv", "sample_id\nS1\n")
    put(folder / ".hidden.tab", "x")
    notes = read_counts(folder).notes
    assert "Left out 2 other file(s): S1Log.final.out, S1SJ.out.tab." in notes


@pytest.mark.parametrize("strand", ["forward", "reverse", "none"])
def test_the_strand_is_chosen_by_reads_and_n_nofeature(tmp_path: Path, strand: str) -> None:
    file = read_counts(put(tmp_path / "S1ReadsPerGene.out.tab", star(strand=strand)))
    scale = 1000 if strand == "none" else 980
    assert np.array_equal(file.matrix.counts.toarray()[0], np.array(COUNTS["S1"]) * scale)
    name = "unstranded" if strand == "none" else strand
    assert any(f"Took the {name} counts of S1" in note for note in file.notes)
    assert not file.problems


def test_samples_that_disagree_on_the_strand_are_told(tmp_path: Path) -> None:
    for sample, strand in (("S1", "forward"), ("S2", "reverse"), ("S3", "reverse")):
        put(tmp_path / f"{sample}ReadsPerGene.out.tab", star(strand=strand))
    file = read_counts(tmp_path)
    (problem,) = file.problems
    assert problem.code == "strands_differ"
    assert "forward: S1; reverse: 2 samples (S2, S3)" in problem.sentence
    assert problem.where == ("S1",)
    assert np.array_equal(file.matrix.counts.toarray(), [np.array(COUNTS["S1"]) * 980] * 3)


def test_a_strand_that_is_not_clear_is_told(tmp_path: Path) -> None:
    rows = "N_unmapped\t1\t1\t1\nN_noFeature\t9\t9\t9\nENSG00000141510\t100\t30\t70\n"
    file = read_counts(put(tmp_path / "S1ReadsPerGene.out.tab", rows))
    (problem,) = file.problems
    assert problem.code == "strand_unclear"
    assert problem.sentence.startswith(f"{tmp_path / 'S1ReadsPerGene.out.tab'}: it is not clear")
    assert file.matrix.counts.toarray().tolist() == [[100]]


def test_reads_without_a_strand_leave_no_choice(tmp_path: Path) -> None:
    rows = "N_unmapped\t9\t9\t9\nENSG00000141510\t0\t0\t0\n"
    file = read_counts(put(tmp_path / "S1ReadsPerGene.out.tab", rows))
    assert file.matrix.counts.nnz == 0
    assert not file.problems


def test_gdc_files_in_folders_of_uuids_are_found(tmp_path: Path) -> None:
    for uuid in ("0a1b", "9f8e"):
        put(tmp_path / uuid / f"{uuid}-file.rna_seq.augmented_star_gene_counts.tsv", gdc())
        put(tmp_path / uuid / "logs" / "x.parcel", "x")
    put(tmp_path / "MANIFEST.txt", "id\tfilename\n")
    file = read_counts(tmp_path)
    assert file.matrix.sample_ids == ("0a1b-file", "9f8e-file")
    assert file.matrix.gene_symbols == ("SYM0", "SYM1", "SYM2", "SYM3")
    assert any("sample sheet" in note for note in file.notes)


def test_htseq_with_names_or_without_summary_is_read(tmp_path: Path) -> None:
    named = put(tmp_path / "a.txt", "ENSG00000141510\tTP53\t4\nENSG00000012048\tBRCA1\t2\n")
    file = read_counts(named)
    assert file.format == "htseq"
    assert file.matrix.gene_symbols == ("TP53", "BRCA1")
    assert file.matrix.counts.toarray().tolist() == [[4, 2]]
    old = put(tmp_path / "b.txt", "TP53\t4\nBRCA1\t2.5\nno_feature\t9\nambiguous\t1\n")
    assert read_counts(old).matrix.counts.toarray().tolist() == [[4, 2.5]]


def test_a_header_with_a_number_as_sample_is_no_htseq(tmp_path: Path) -> None:
    path = put(tmp_path / "a.tsv", "gene_id\t7\nENSG00000141510\t4\nENSG00000012048\t2\n")
    file = read_counts(path)
    assert file.format == "tsv"
    assert file.matrix.sample_ids == ("7",)


def test_fractions_of_rsem_and_salmon_stay(tmp_path: Path) -> None:
    for write, name in ((rsem, "a.genes.results"), (salmon, "a.genes.sf")):
        file = read_counts(put(tmp_path / name, write(GENES, (1.5, 0, 740.999, 2))))
        assert file.matrix.counts.toarray()[0].tolist() == [1.5, 0, 740.999, 2]
        assert file.matrix.sample_ids == ("a",)


TRANSCRIPTS = {
    "quant.sf": salmon([f"ENST{i:011d}.1" for i in range(4)]),
    "b.isoforms.results": "transcript_id\tgene_id\tlength\teffective_length\texpected_count\tTPM\t"
    "FPKM\tIsoPct\nENST0\tENSG0\t9\t9\t9\t9\t9\t9\n",
    "abundance.tsv": "target_id\tlength\teff_length\test_counts\ttpm\nENST0\t9\t9\t9\t9\n",
}


@pytest.mark.parametrize("name", TRANSCRIPTS)
@pytest.mark.parametrize("in_folder", [False, True])
def test_counts_of_transcripts_are_refused_by_name(
    tmp_path: Path, name: str, in_folder: bool
) -> None:
    path = put(tmp_path / "S1" / name, TRANSCRIPTS[name])
    problem = refused(tmp_path if in_folder else path)
    assert problem.code == "transcript_level"
    assert "tx2gene" in problem.action


def test_transcripts_beside_genes_are_passed_over(tmp_path: Path) -> None:
    folder = folder_of("salmon_genes", tmp_path / "a")
    put(folder / "S1" / "quant.sf", TRANSCRIPTS["quant.sf"])
    check(read_counts(folder), "salmon_genes")
    folder = folder_of("rsem", tmp_path / "b")
    put(folder / "S1.isoforms.results", TRANSCRIPTS["b.isoforms.results"])
    check(read_counts(folder), "rsem")


def test_two_files_of_one_sample_are_refused(tmp_path: Path) -> None:
    for place in ("a", "b"):
        put(tmp_path / place / "S1.genes.results", rsem())
    problem = refused(tmp_path)
    assert problem.code == "duplicate_sample_ids"
    assert "a/S1.genes.results and b/S1.genes.results" in problem.sentence


def test_a_folder_of_two_formats_is_refused(tmp_path: Path) -> None:
    folder_of("star", tmp_path)
    folder_of("rsem", tmp_path)
    problem = refused(tmp_path)
    assert problem.code == "counts_ambiguous"
    assert "STAR" in problem.sentence
    assert "RSEM" in problem.sentence


def test_a_folder_without_counts_names_what_it_holds(tmp_path: Path) -> None:
    assert "folder of 0 file(s)" in refused(tmp_path).sentence
    put(tmp_path / "notes.md", "x")
    assert "folder of 1 file(s) (notes.md)" in refused(tmp_path).sentence


@pytest.mark.parametrize("kind", ["star", "salmon_genes"])
def test_links_out_of_a_folder_are_not_followed(tmp_path: Path, kind: str) -> None:
    folder = folder_of(kind, tmp_path / "run")
    outside = put(tmp_path / "outside" / FORMATS[kind][1].format("S3"), FORMATS[kind][0]())
    if kind == "star":
        (folder / outside.name).symlink_to(outside)
    else:
        (folder / "S3").symlink_to(outside.parent)
    problem = refused(folder)
    assert problem.code == "path_leaves_folder"
    assert "S3" in problem.sentence


def test_links_within_a_folder_and_to_other_things_do_no_harm(tmp_path: Path) -> None:
    folder = folder_of("star", tmp_path / "run")
    (folder / "latest.tab").symlink_to(folder / "S1ReadsPerGene.out.tab")
    (folder / "here").symlink_to(folder)
    (folder / "S1.bam").symlink_to(put(tmp_path / "big.bam", "x"))
    check(read_counts(folder), "star")


def test_a_place_that_cannot_be_reached_is_told() -> None:
    pytest.importorskip("upath")
    problem = refused(UPath("s3://no-such-bucket-of-ours/counts.tsv"))
    assert problem.code == "location_unreachable"
    assert "s3fs" in problem.action


def test_many_samples_take_time_in_proportion(tmp_path: Path) -> None:
    genes = [f"ENSG{i:011d}" for i in range(2000)]
    text = htseq(genes, range(2000))
    for i in range(60):
        put(tmp_path / f"S{i:03d}.htseq.txt", text)
    file = read_counts(tmp_path)
    assert file.matrix.counts.shape == (60, 2000)
    assert file.matrix.counts.dtype == np.int32
    assert np.array_equal(file.matrix.counts[[59]].toarray()[0], np.arange(2000))
