"""Every format in the layouts that are met, and the files that look like it and are not."""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pyarrow as pa
from format_references import (
    SHARED,
    Reference,
    by_anndata,
    by_pandas,
    by_pytximport,
    by_scanpy,
    cohort,
    joined,
    of_frame,
)
from formats_written import (
    COMMENT,
    feature_counts,
    gct,
    gdc,
    geo,
    htseq,
    matrix_market,
    nf_core,
    rsem,
    salmon,
    star,
    symbols_of,
    tenx_h5,
    write_table,
)
from pyarrow import parquet
from scipy import sparse
from upath import UPath

from gem_assets.counts.matrix import CountMatrix
from gem_assets.datasets import open_dataset
from gem_assets.genes.table import entrez_ids
from gem_assets.settings import Modality

Location = Path | UPath
Write = Callable[[Path], tuple[Location, Reference | None]]


@dataclass(frozen=True)
class Layout:
    """A layout of a format, and what reads it beside us.

    Attributes
    ----------
    format, tried, source
        The format, the file or folder, and where its counts are from: as the page says it.
    write
        Writes into a folder; returns what is to be read, and how another reader reads it (None
        where the format is refused).
    """

    format: str
    tried: str
    source: str
    write: Write


@dataclass(frozen=True)
class Trap:
    """A file that looks like the format's counts, and is not, or is not quite.

    Attributes
    ----------
    format, given
        The format, and the file in words.
    code
        The problem that is expected.
    write
        Writes into a folder, and returns what is to be read.
    """

    format: str
    given: str
    code: str
    write: Callable[[Path], Location]

    @property
    def modality(self) -> Modality:
        """Of what the format is used for."""
        return "sc" if self.format in {TENX_MTX, TENX_H5, H5AD} else "bulk"


LAYOUTS: dict[str, Layout] = {}
TRAPS: dict[str, Trap] = {}


def layout(name: str, tried: str, source: str) -> Callable[[Write], Write]:
    """Register a function as the writer of a layout; its name is the case's."""

    def register(write: Write) -> Write:
        LAYOUTS[write.__name__] = Layout(name, tried, source, write)
        return write

    return register


def trap(name: str, given: str, code: str) -> Callable[..., Callable[[Path], Location]]:
    """Register a function as the writer of a trap; its name is the case's."""

    def register(write: Callable[[Path], Location]) -> Callable[[Path], Location]:
        TRAPS[write.__name__] = Trap(name, given, code, write)
        return write

    return register


BODYMAP = "Body Map"
CASTLE = "Castle 2010"
GEUVADIS = "GEUVADIS"
LNCAP = "LNCaP"
ONEK1K = "OneK1K"


def matrix(frame: pd.DataFrame) -> CountMatrix:
    """Return genes x samples as the writers take them."""
    counts = sparse.csr_array(frame.to_numpy().T)
    return CountMatrix(tuple(frame.columns), tuple(frame.index), counts)


def estimated(frame: pd.DataFrame) -> pd.DataFrame:
    """Return counts as salmon estimates them: fractions of up to three decimals."""
    rng = np.random.default_rng(4)
    shared = rng.random(frame.shape) < 0.4
    return frame.where(~shared, np.round(frame * rng.uniform(0.7, 1, frame.shape), 3))


def tpm(frame: pd.DataFrame) -> pd.DataFrame:
    """Return TPM of counts, as if the genes were of various lengths."""
    rates = frame.div(np.random.default_rng(6).uniform(500, 5000, len(frame)), axis=0)
    return (1e6 * rates / rates.sum()).round(6)


def put(path: Path, content: str | bytes) -> Path:
    """Write a file and the folders above it; packed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    pack: Mapping[str, Callable[[bytes], bytes]] = {
        ".gz": lambda data: gzip.compress(data, 1, mtime=0),
        ".bz2": bz2.compress,
        ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    }
    path.write_bytes(pack.get(path.suffix, bytes)(data))
    return path


def a_file_a_sample(
    folder: Path, name: str, frame: pd.DataFrame, write: Callable[..., str], **how: object
) -> dict[str, Path]:
    """Write a file for each sample; return them in the order in which a folder lists them."""
    files = {
        sample: put(folder / name.format(sample), write(list(frame.index), counts.tolist(), **how))
        for sample, counts in frame.items()
    }
    return dict(sorted(files.items(), key=lambda item: str(item[1])))


NFCORE = "nf-core/rnaseq, merged tables"


def quantified(
    folder: Path, name: str, frame: pd.DataFrame, header: str, row: str
) -> tuple[dict[str, Path], pd.DataFrame]:
    """Write what a quantifier gives of transcripts, two a gene, and which are whose."""
    parts = {".1": (frame * 0.25).round(3)}
    parts[".2"] = (frame - parts[".1"]).round(3)
    files = {}
    for sample in frame:
        rows = [
            row.format(gene + end, count)
            for end, part in parts.items()
            for gene, count in part[sample].items()
        ]
        files[sample] = put(folder / name.format(sample), "\n".join([header, *rows]) + "\n")
    genes = list(frame.index)
    names = [gene + end for end in parts for gene in genes]
    return files, pd.DataFrame({"transcript_id": names, "gene_id": genes * 2})


def merged(folder: Path, quantifier: str, name: str, header: str, row: str) -> tuple[Path, object]:
    """Write transcripts and the merged table of them; pytximport sums the transcripts itself."""
    frame = estimated(cohort("bodymap").iloc[:, :6])
    files, genes = quantified(folder / "work", name, frame, header, row)
    path = folder / f"{quantifier}.merged.gene_counts.tsv"
    nf_core(path, matrix(frame), frame.to_numpy().T)
    theirs = by_pytximport(files, quantifier, transcript_gene_map=genes)
    # It sorts the genes, and its sums have an error in the last digit; the table has 3 decimals.
    summed = pd.DataFrame(theirs.counts.toarray().T, theirs.genes, theirs.samples)
    return path, of_frame(summed.loc[list(frame.index)].round(3), theirs.reader)


@layout(NFCORE, "`salmon.merged.gene_counts.tsv`; the reference sums `quant.sf`", BODYMAP)
def nfcore_salmon(folder):
    header = "Name\tLength\tEffectiveLength\tTPM\tNumReads"
    return merged(folder, "salmon", "{}/quant.sf", header, "{}\t2100\t1900.5\t1.5\t{}")


@layout(NFCORE, "`kallisto.merged.gene_counts.tsv`; the reference sums `abundance.tsv`", BODYMAP)
def nfcore_kallisto(folder):
    header = "target_id\tlength\teff_length\test_counts\ttpm"
    return merged(folder, "kallisto", "{}/abundance.tsv", header, "{}\t2100\t1900.5\t{}\t1.5")


@layout(NFCORE, "`salmon.merged.gene_counts_length_scaled.tsv`, 15 digits a number", BODYMAP)
def nfcore_length_scaled(folder):
    frame = cohort("bodymap") * np.random.default_rng(5).uniform(0.9, 1.1, (1, 16))
    path = folder / "salmon.merged.gene_counts_length_scaled.tsv"
    nf_core(path, matrix(frame), frame.to_numpy().T, number=lambda v: f"{v:.15g}")
    return path, of_frame(by_pandas(path).drop(columns="gene_name"))


@layout(NFCORE, "`rsem.merged.gene_counts.tsv`, transcripts in the second column", BODYMAP)
def nfcore_rsem(folder):
    frame = estimated(cohort("bodymap"))
    path = write_table(
        folder / "rsem.merged.gene_counts.tsv",
        ["gene_id", "transcript_id(s)", *frame.columns],
        [(gene, "ENST00000000001,ENST00000000002") for gene in frame.index],
        frame.to_numpy(),
    )
    return path, of_frame(by_pandas(path).drop(columns="transcript_id(s)"))


@layout(NFCORE, "an untouched results folder; `dataset.yaml` says `counts: results`", BODYMAP)
def nfcore_results(folder):
    frame = estimated(cohort("bodymap"))
    results = folder / "bulk" / "mine" / "results"
    for name in ("gene_counts", "gene_counts_scaled", "gene_tpm", "gene_lengths"):
        path = results / "star_salmon" / f"salmon.merged.{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        nf_core(path, matrix(frame), frame.to_numpy().T)
    put(results / "multiqc" / "multiqc_report.html", "<html></html>")
    put(results / "pipeline_info" / "software_versions.yml", "salmon: 1.10.3\n")
    put(results.parent / "dataset.yaml", "counts: results\n")
    table = results / "star_salmon" / "salmon.merged.gene_counts.tsv"
    dataset = open_dataset(str(folder), "bulk", "mine")
    return dataset.counts, of_frame(by_pandas(table).drop(columns="gene_name"))


@trap(NFCORE, "`salmon.merged.gene_tpm.tsv`, which has the same header", "named_as_scaled")
def nfcore_tpm(folder):
    values = tpm(cohort("bodymap"))
    path = folder / "salmon.merged.gene_tpm.tsv"
    return nf_core(path, matrix(values), values.to_numpy().T, number=repr)


@trap(NFCORE, "the same TPM as `counts.tsv`", "tpm_like")
def nfcore_tpm_renamed(folder):
    values = tpm(cohort("bodymap"))
    return nf_core(folder / "counts.tsv", matrix(values), values.to_numpy().T, number=repr)


@trap(NFCORE, "`salmon.merged.gene_lengths.tsv` as `counts.tsv`", "gene_lengths")
def nfcore_lengths(folder):
    frame = cohort("bodymap")
    lengths = np.random.default_rng(7).uniform(200, 5000, (len(frame), 1))
    values = np.broadcast_to(lengths, frame.shape).T
    return nf_core(folder / "counts.tsv", matrix(frame), values)


@trap(NFCORE, "`salmon.merged.transcript_counts.tsv`", "transcript_level")
def nfcore_transcripts(folder):
    rows = "tx\tgene_id\tA\nENST00000000003\tENSG00000000003\t5\n"
    return put(folder / "salmon.merged.transcript_counts.tsv", rows)


@trap(NFCORE, "fractions", "fractional_counts")
def nfcore_fractions(folder):
    frame = estimated(cohort("bodymap"))
    path = folder / "salmon.merged.gene_counts.tsv"
    return nf_core(path, matrix(frame), frame.to_numpy().T)


FEATURE_COUNTS = "featureCounts"


@layout(FEATURE_COUNTS, "its table, BAM files with paths as headings", CASTLE)
def featurecounts(folder):
    frame = cohort("castle")
    endings = (".bam", ".sorted.bam", "_Aligned.sortedByCoord.out.bam")
    samples = [f"run{i}" for i in range(frame.shape[1])]
    columns = [f"/data/bam/{name}{endings[i % 3]}" for i, name in enumerate(samples)]
    path = feature_counts(folder / "counts.txt", matrix(frame), columns, COMMENT)
    return path, of_frame(by_pandas(path, comment="#").iloc[:, 5:]).named(samples)


@trap(FEATURE_COUNTS, "`counts.txt.summary`", "summary_table")
def featurecounts_summary(folder):
    return put(
        folder / "counts.txt.summary", "Status\tA.bam\nAssigned\t5\nUnassigned_Unmapped\t1\n"
    )


@trap(FEATURE_COUNTS, "two BAM files of one name", "sample_names_clash")
def featurecounts_clash(folder):
    frame = cohort("castle").iloc[:, :2]
    return feature_counts(
        folder / "counts.txt", matrix(frame), ["first/A.sorted.bam", "second/A.bam"], COMMENT
    )


STAR = "STAR"


@layout(STAR, "a folder of `*ReadsPerGene.out.tab`, a reverse-stranded library", LNCAP)
def star_folder(folder):
    files = a_file_a_sample(
        folder, "{}_ReadsPerGene.out.tab", cohort("lncap"), star, strand="reverse", times=1
    )
    return folder, joined(files, 2, header=None)


@layout(STAR, "one file, an unstranded library", LNCAP)
def star_file(folder):
    part = cohort("lncap").iloc[:, :1]
    files = a_file_a_sample(folder, "{}ReadsPerGene.out.tab.gz", part, star, strand="none", times=1)
    (path,) = files.values()
    return path, joined(files, 0, header=None)


@trap(STAR, "libraries of both strands in one folder", "strands_differ")
def star_mixed(folder):
    part = cohort("lncap").iloc[:, :3]
    a_file_a_sample(folder, "{}ReadsPerGene.out.tab", part.iloc[:, :1], star, strand="forward")
    a_file_a_sample(folder, "{}ReadsPerGene.out.tab", part.iloc[:, 1:], star, strand="reverse")
    return folder


@trap(STAR, "a strand that the numbers leave open", "strand_unclear")
def star_unclear(folder):
    rows = "N_unmapped\t1\t1\t1\nN_noFeature\t9\t9\t9\nENSG00000141510\t100\t30\t70\n"
    return put(folder / "S1ReadsPerGene.out.tab", rows)


GDC = "GDC/TCGA"


@layout(GDC, "a download: a folder a file, named by UUIDs, and `MANIFEST.txt`", BODYMAP)
def gdc_folder(folder):
    frame = cohort("bodymap", 40)
    name = "{}/{}.rna_seq.augmented_star_gene_counts.tsv".replace("{}", "{0}")
    frame = frame.set_axis([f"{i:08x}-0000-4000" for i in range(frame.shape[1])], axis=1)
    files = a_file_a_sample(folder, name, frame, gdc)
    put(folder / "MANIFEST.txt", "id\tfilename\tmd5\tsize\tstate\n")
    return folder, joined(files, "unstranded", comment="#")


HTSEQ = "HTSeq-count"


@layout(HTSEQ, "a folder of `*.htseq.counts.txt`", CASTLE)
def htseq_folder(folder):
    files = a_file_a_sample(folder, "{}.htseq.counts.txt", cohort("castle"), htseq)
    return folder, joined(files, 0, header=None)


@layout(HTSEQ, "the same, packed as `.gz`", CASTLE)
def htseq_packed(folder):
    files = a_file_a_sample(folder, "{}.htseq.counts.txt.gz", cohort("castle"), htseq)
    return folder, joined(files, 0, header=None)


@trap(HTSEQ, "samples counted on two annotations", "genes_differ")
def htseq_annotations(folder):
    frame = cohort("castle").iloc[:, :2]
    a_file_a_sample(folder, "{}.htseq.counts.txt", frame.iloc[:, :1], htseq)
    a_file_a_sample(folder, "{}.htseq.counts.txt", frame.iloc[5:, 1:], htseq)
    return folder


RSEM = "RSEM"


@layout(RSEM, "a folder of `*.genes.results`", BODYMAP)
def rsem_folder(folder):
    frame = estimated(cohort("bodymap", 40))
    files = a_file_a_sample(folder, "{}.genes.results", frame, rsem)
    return folder, by_pytximport(files, "rsem", gene_level=True)


@layout(RSEM, "the same with `--append-names` (`ENSG..._SYMBOL`)", BODYMAP)
def rsem_names(folder):
    frame = estimated(cohort("bodymap", 40)).iloc[:, :3]
    pairs = zip(frame.index, symbols_of(frame.index), strict=True)
    frame = frame.set_axis([f"{gene}_{symbol}" for gene, symbol in pairs])
    files = a_file_a_sample(folder, "{}.genes.results", frame, rsem)
    return folder, by_pytximport(files, "rsem", gene_level=True)


@trap(RSEM, "`*.isoforms.results` alone", "transcript_level")
def rsem_isoforms(folder):
    header = "transcript_id\tgene_id\tlength\teffective_length\texpected_count\tTPM\tFPKM\tIsoPct\n"
    return put(folder / "A.isoforms.results", f"{header}ENST0\tENSG0\t9\t9\t9\t9\t9\t9\n")


SALMON = "salmon, per sample"


@layout(SALMON, "a folder of `SAMPLE/quant.genes.sf`", BODYMAP)
def salmon_folder(folder):
    frame = estimated(cohort("bodymap", 40))
    files = a_file_a_sample(folder, "{}/quant.genes.sf", frame, salmon)
    return folder, by_pytximport(files, "salmon", return_transcript_data=True)


@trap(SALMON, "`quant.sf`, which is of transcripts", "transcript_level")
def salmon_transcripts(folder):
    return put(folder / "A" / "quant.sf", salmon([f"ENST{i:011d}.1" for i in range(4)]))


@trap("kallisto, per sample", "`abundance.tsv`, which is of transcripts", "transcript_level")
def kallisto_transcripts(folder):
    header = "target_id\tlength\teff_length\test_counts\ttpm\n"
    return put(folder / "A" / "abundance.tsv", f"{header}ENST0\t9\t9\t9\t9\n")


RECOUNT3 = "recount3"


@layout(RECOUNT3, "`sra.gene_sums.SRP009615.G026.gz`", BODYMAP)
def recount3(folder):
    frame = 100 * cohort("bodymap", 40)
    path = write_table(
        folder / "sra.gene_sums.SRP009615.G026.gz",
        ["gene_id", *(f"SRR38710{i}" for i in range(frame.shape[1]))],
        [[gene] for gene in frame.index],
        frame.to_numpy(),
        "##annotation=G026\n##date.generated=2020-11-12\n",
        str,
    )
    return path, None


@trap(RECOUNT3, "gene sums", "coverage_sums")
def recount3_sums(folder):
    return recount3(folder)[0]


GCT = "GTEx GCT 1.2"


@layout(GCT, "`gene_reads.gct.gz` of all tissues", GEUVADIS)
def gct_packed(folder):
    path = gct(folder / "gene_reads.gct.gz", matrix(cohort("geuvadis_lcl")))
    return path, of_frame(by_pandas(path, skiprows=2).drop(columns="Description"))


@layout(GCT, "`gene_reads_lung.gct`: a column of numbers before the names; `_PAR_Y` rows", GEUVADIS)
def gct_numbered(folder):
    frame = cohort("geuvadis_lcl")
    copies = frame.iloc[-3:].rename(index=lambda gene: f"{gene}.5_PAR_Y")
    whole = matrix(pd.concat([frame, copies]))
    path = gct(folder / "gene_reads_lung.gct", whole, numbered=True)
    read = by_pandas(path, skiprows=2, index_col="Name")
    return path, of_frame(read.drop(columns=["id", "Description"]))


@trap(GCT, "`..._gene_tpm.gct.gz`, which has the same header", "named_as_scaled")
def gct_tpm(folder):
    part = matrix(cohort("geuvadis_lcl"))
    return gct(folder / "GTEx_Analysis_v10_RNASeQCv2.4.2_gene_tpm.gct.gz", part)


@trap(GCT, "a file that is cut off", "gct_malformed")
def gct_cut(folder):
    return gct(folder / "gene_reads.gct", matrix(cohort("geuvadis_lcl")), n_genes=10_101)


GEO = "GEO, counted by NCBI"


def by_entrez(name: str, step: int = 10) -> pd.DataFrame:
    """Return a cohort by Entrez ids, in their order."""
    ids = entrez_ids().drop_duplicates("gene_id").set_index("gene_id")["entrez_id"]
    frame = cohort(name, step)
    named = frame[frame.index.isin(ids.index)].rename(index=ids)
    return named.loc[sorted(named.index.unique(), key=int)]


@layout(GEO, "`GSE..._raw_counts_GRCh38.p13_NCBI.tsv.gz`", LNCAP)
def geo_ncbi(folder):
    frame = by_entrez("lncap")
    path = folder / "GSE1000_raw_counts_GRCh38.p13_NCBI.tsv.gz"
    geo(path, matrix(frame), frame.to_numpy().T, list(frame.index))
    return path, of_frame(by_pandas(path))


@trap(GEO, "`..._norm_counts_TPM_...`, which looks the same", "named_as_scaled")
def geo_tpm(folder):
    frame = tpm(by_entrez("lncap"))
    path = folder / "GSE1000_norm_counts_TPM_GRCh38.p13_NCBI.tsv.gz"
    return geo(path, matrix(frame), frame.to_numpy().T, list(frame.index))


@trap(GEO, "`..._raw_counts_GRCm39_NCBI.tsv.gz`, which is mouse", "wrong_species")
def geo_mouse(folder):
    frame = by_entrez("lncap")
    path = folder / "GSE1000_raw_counts_GRCm39_NCBI.tsv.gz"
    return geo(path, matrix(frame), frame.to_numpy().T, list(frame.index))


TENX_MTX = "10x Matrix Market"


def cells(n: int = 150) -> tuple[np.ndarray, dict[str, list[str]]]:
    """Return every fiftieth cell of OneK1K, cells x genes, with the names of both."""
    data = anndata.read_h5ad(SHARED / "cohorts" / "onek1k_subset.h5ad")
    genes = list(data.var_names)
    names = {
        "cells": list(data.obs_names[::50][:n]),
        "genes": genes,
        "symbols": symbols_of(genes),
        "types": ["Gene Expression"] * len(genes),
        "genomes": ["GRCh38"] * len(genes),
    }
    return data.X[::50][:n].toarray(), names


def tenx_mtx(folder: Path, names: Mapping[str, list[str]], table: np.ndarray, version: int) -> Path:
    """Write the three files of CellRanger 2 (plain), or of 3 and later (packed, with types)."""
    ending = "" if version == 2 else ".gz"
    columns = ("genes", "symbols") if version == 2 else ("genes", "symbols", "types")
    rows = zip(*(names[column] for column in columns), strict=True)
    features = "".join("\t".join(row) + "\n" for row in rows)
    put(folder / ("genes.tsv" if version == 2 else "features.tsv.gz"), features)
    put(folder / f"barcodes.tsv{ending}", "\n".join(names["cells"]) + "\n")
    put(folder / f"matrix.mtx{ending}", matrix_market(table))
    return folder


def with_antibodies(names: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return names whose last ten genes are antibodies instead."""
    genes = [*names["genes"][:-10], *(f"CD{i}_TotalSeqB" for i in range(10))]
    types = [*names["types"][:-10], *["Antibody Capture"] * 10]
    genomes = [*names["genomes"][:-10], *[""] * 10]
    return {**names, "genes": genes, "symbols": genes, "types": types, "genomes": genomes}


@layout(TENX_MTX, "v3, `features.tsv.gz`", "10x, real files")
def tenx_mtx_v3(_):
    path = SHARED / "formats" / "10x_v3"
    return path, by_scanpy(path)


@layout(TENX_MTX, "v2, `genes.tsv`", ONEK1K)
def tenx_mtx_v2(folder):
    table, names = cells()
    return tenx_mtx(folder, names, table, 2), by_scanpy(folder)


@layout(TENX_MTX, "v3 with antibodies among the features", ONEK1K)
def tenx_mtx_antibodies(folder):
    table, names = cells()
    return tenx_mtx(folder, with_antibodies(names), table, 3), by_scanpy(folder, gex_only=True)


@trap(TENX_MTX, "`raw_feature_bc_matrix`, empty droplets and all", "raw_droplets")
def tenx_mtx_raw(folder):
    table, names = cells()
    droplets = [f"{i:016d}-1" for i in range(1000)]
    whole = np.vstack([table, np.zeros((len(droplets), table.shape[1]), table.dtype)])
    names["cells"] += droplets
    return tenx_mtx(folder / "raw_feature_bc_matrix", names, whole, 3)


@trap(TENX_MTX, "several samples in one folder", "several_matrices")
def tenx_mtx_several(folder):
    table, names = cells(5)
    for sample in ("first", "second"):
        tenx_mtx(folder / sample, names, table, 3)
    return folder


TENX_H5 = "10x .h5"


@layout(TENX_H5, "CellRanger 3", "10x, real files")
def tenx_h5_v3(_):
    path = SHARED / "formats" / "10x_v3.h5"
    return path, by_scanpy(path)


@layout(TENX_H5, "CellRanger 2, a group a genome", ONEK1K)
def tenx_h5_v2(folder):
    table, names = cells()
    path = tenx_h5(folder / "filtered_gene_bc_matrices_h5.h5", "GRCh38", table, names)
    return path, by_scanpy(path)


@layout(TENX_H5, "CellRanger 3 with antibodies among the features", ONEK1K)
def tenx_h5_antibodies(folder):
    table, names = cells()
    path = tenx_h5(folder / "a.h5", "matrix", table, with_antibodies(names))
    return path, by_scanpy(path, gex_only=True)


@trap(TENX_H5, "cells counted on two genomes", "several_genomes")
def tenx_h5_genomes(folder):
    table, names = cells(5)
    mouse = {**names, "genomes": ["GRCh38"] * 500 + ["mm10"] * 500}
    return tenx_h5(folder / "a.h5", "matrix", table, mouse)


H5AD = "AnnData .h5ad"


def annotated() -> anndata.AnnData:
    """Return cells with counts in X."""
    table, names = cells()
    obs, var = pd.DataFrame(index=names["cells"]), pd.DataFrame(index=names["genes"])
    return anndata.AnnData(sparse.csr_matrix(table), obs, var)


def logged(data: anndata.AnnData) -> sparse.csr_matrix:
    """Return the counts log-normalised, as scanpy's tutorials do."""
    sums = np.asarray(data.X.sum(axis=1))
    return sparse.csr_matrix(np.log1p(data.X.toarray() / np.maximum(sums, 1) * 1e4))


def written(data: anndata.AnnData, folder: Path) -> Path:
    """Write it as counts.h5ad."""
    data.write_h5ad(folder / "counts.h5ad")
    return folder / "counts.h5ad"


@layout(H5AD, "`celltypist_demo.h5ad`, symbols", "CellTypist's demo")
def h5ad_symbols(_):
    path = SHARED / "cohorts" / "celltypist_demo.h5ad"
    return path, by_anndata(path)


@layout(H5AD, "`onek1k_subset.h5ad`", ONEK1K)
def h5ad_onek1k(_):
    path = SHARED / "cohorts" / "onek1k_subset.h5ad"
    return path, by_anndata(path)


@layout(H5AD, "counts in a layer, X log-normalised", ONEK1K)
def h5ad_layer(folder):
    data = annotated()
    data.layers["counts"] = data.X.copy()
    data.X = logged(data)
    path = written(data, folder)

    def layer(read: anndata.AnnData) -> anndata.AnnData:
        return anndata.AnnData(read.layers["counts"], read.obs, read.var)

    return path, by_anndata(path, layer)


@layout(H5AD, "counts in raw (CSC), X log-normalised and of fewer genes", ONEK1K)
def h5ad_raw(folder):
    data = annotated()
    data.X = sparse.csc_matrix(data.X)
    few = anndata.AnnData(logged(data)[:, ::2], data.obs, data.var[::2])
    few.raw = data
    path = written(few, folder)
    return path, by_anndata(path, lambda read: read.raw)


@layout(H5AD, "X dense, float32", ONEK1K)
def h5ad_dense(folder):
    data = annotated()
    data.X = data.X.toarray().astype(np.float32)
    path = written(data, folder)
    return path, by_anndata(path)


@trap(H5AD, "log-normalised values only", "log_like")
def h5ad_logged(folder):
    data = annotated()
    data.X = logged(data)
    return written(data, folder)


PLAIN = "plain CSV and TSV"


@layout(PLAIN, "CSV, genes x samples", GEUVADIS)
def csv_genes(folder):
    path = put(folder / "counts.csv", cohort("geuvadis_lcl").to_csv())
    return path, of_frame(by_pandas(path, sep=","))


@layout(PLAIN, "TSV, samples x genes", GEUVADIS)
def tsv_samples(folder):
    frame = cohort("geuvadis_lcl").T.rename_axis("sample_id")
    path = put(folder / "counts.tsv", frame.to_csv(sep="\t"))
    return path, of_frame(by_pandas(path).T)


@layout(PLAIN, "R's `write.table`: quoted, no heading above the names", CASTLE)
def tsv_of_r(folder):
    frame = cohort("castle")
    lines = frame.to_csv(sep="\t", quoting=2).split("\n", 1)
    path = put(folder / "counts.txt", "\n".join([lines[0].split("\t", 1)[1], lines[1]]))
    return path, of_frame(by_pandas(path))


@layout(PLAIN, "TSV with symbols in a second column", CASTLE)
def tsv_symbols(folder):
    frame = cohort("castle")
    named = frame.copy()
    named.insert(0, "gene_symbol", symbols_of(frame.index))
    path = put(folder / "counts.tsv", named.rename_axis("gene").to_csv(sep="\t"))
    return path, of_frame(by_pandas(path).drop(columns="gene_symbol"))


@layout(PLAIN, "semicolons, a byte order mark and CRLF (a spreadsheet's export)", CASTLE)
def csv_of_spreadsheet(folder):
    text = cohort("castle").to_csv(sep=";", lineterminator="\r\n")
    path = put(folder / "counts.csv", b"\xef\xbb\xbf" + text.encode())
    return path, of_frame(by_pandas(path, sep=";", encoding="utf-8-sig"))


@trap(PLAIN, "nothing tells genes from samples", "orientation_unclear")
def csv_tie(folder):
    return put(folder / "counts.csv", "x,a1,a2\nb1,5,6\nb2,7,8\n")


@trap(PLAIN, "UTF-16", "not_utf8")
def tsv_utf_16(folder):
    return put(folder / "counts.tsv", cohort("castle").to_csv(sep="\t").encode("utf-16"))


@trap(PLAIN, "a download that broke off", "damaged_file")
def tsv_cut(folder):
    path = put(folder / "counts.tsv.gz", cohort("castle").to_csv(sep="\t"))
    path.write_bytes(path.read_bytes()[:4000])
    return path


COLUMNAR = "parquet and feather"


@layout(COLUMNAR, "parquet by pandas, genes x samples", GEUVADIS)
def parquet_genes(folder):
    path = folder / "counts.parquet"
    cohort("geuvadis_lcl").to_parquet(path)
    return path, of_frame(pd.read_parquet(path))


@layout(COLUMNAR, "parquet without an index, samples x genes", GEUVADIS)
def parquet_samples(folder):
    frame = cohort("geuvadis_lcl").T.rename_axis("sample_id").reset_index()
    path = folder / "counts.parquet"
    parquet.write_table(pa.Table.from_pandas(frame).replace_schema_metadata(), path)
    return path, of_frame(pd.read_parquet(path).set_index("sample_id").T)


@layout(COLUMNAR, "feather, genes x samples", GEUVADIS)
def feather_genes(folder):
    path = folder / "counts.feather"
    cohort("geuvadis_lcl").reset_index().to_feather(path)
    return path, of_frame(pd.read_feather(path).set_index("gene_id"))


@trap(COLUMNAR, "feather version 1", "feather_version")
def feather_1(folder):
    return put(folder / "counts.feather", b"FEA1" + bytes(20) + b"FEA1")


PACKED = "packed, or elsewhere"


def packed(folder: Path, name: str) -> tuple[Path, Reference]:
    """Write a table under a name that packs it; the reference reads it unpacked."""
    text = cohort("geuvadis_lcl").to_csv(sep="\t")
    return put(folder / name, text), of_frame(by_pandas(io.StringIO(text)))


@layout(PACKED, "`counts.tsv.gz`", GEUVADIS)
def packed_gz(folder):
    return packed(folder, "counts.tsv.gz")


@layout(PACKED, "`counts.tsv.zst`", GEUVADIS)
def packed_zst(folder):
    return packed(folder, "counts.tsv.zst")


@layout(PACKED, "`counts.tsv.bz2`", GEUVADIS)
def packed_bz2(folder):
    return packed(folder, "counts.tsv.bz2")


@layout(PACKED, "gzip under a name that does not say so", GEUVADIS)
def packed_unsaid(folder):
    path, read = packed(folder, "counts.tsv.gz")
    return path.rename(folder / "counts"), read


@layout(PACKED, "`file://`", GEUVADIS)
def by_url(folder):
    path, read = packed(folder, "counts.tsv.gz")
    return UPath(f"file://{path}"), read


def in_memory(folder: Path) -> UPath:
    """Copy a folder to ``memory://``."""
    there = UPath(f"memory://{folder.parent.name}-{folder.name}")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            target = there / path.relative_to(folder).as_posix()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return there


@layout(PACKED, "`memory://`, a file", GEUVADIS)
def memory_file(folder):
    path, read = packed(folder, "counts.tsv.zst")
    return in_memory(folder) / path.name, read


@layout(PACKED, "`memory://`, a folder of STAR's files", LNCAP)
def memory_folder(folder):
    _, read = star_folder(folder)
    return in_memory(folder), read


@layout(PACKED, "`memory://`, an h5ad", ONEK1K)
def memory_h5ad(folder):
    path = written(annotated(), folder)
    return in_memory(folder) / path.name, by_anndata(path)


@layout(PACKED, "`memory://`, a 10x folder", ONEK1K)
def memory_10x(folder):
    path, read = tenx_mtx_v2(folder)
    return in_memory(path), read
