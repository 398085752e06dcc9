"""Formats that are damaged, or that look like counts and are none."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
from wrong_cases import case, config, few, good, model_genes, text, write

FORMATS = "Formats"
TENX = "10x"

FEATURE_COUNTS = '# Program:featureCounts v2.0.1; Command:"featureCounts" "-o" "counts.txt"\n'


def feature_counts(names: list[str]) -> str:
    frame = few().set_axis(names, axis=1)
    for place, (name, value) in enumerate(
        {"Chr": "1", "Start": 100, "End": 900, "Strand": "+", "Length": 800}.items()
    ):
        frame.insert(place, name, value)
    return FEATURE_COUNTS + text(frame, index_label="Geneid")


@case(FORMATS)
def feature_counts_clash(folder: Path) -> None:
    """featureCounts of two BAM files of one name."""
    names = ["a/S1.bam", "b/S1.bam", "a/S2.bam", "a/S3.bam"]
    write(folder, feature_counts(names), "counts.txt")


@case(FORMATS)
def feature_counts_summary(folder: Path) -> None:
    """featureCounts' summary instead of its counts."""
    rows = "Assigned\t1000\t2000\nUnassigned_Unmapped\t10\t20\nUnassigned_NoFeatures\t5\t6\n"
    write(folder, f"Status\tS1.bam\tS2.bam\n{rows}", "counts.txt")


@case(FORMATS)
def feature_counts_changed(folder: Path) -> None:
    """featureCounts' table whose columns were changed."""
    changed = feature_counts(["S1", "S2", "S3", "S4"]).replace("\tStrand\t", "\tside\t")
    write(folder, changed, "counts.txt")


@case(FORMATS)
def gct_1_3(folder: Path) -> None:
    """GCT 1.3."""
    write(folder, "#1.3\n30\t4\t1\t1\n" + text(few()), "counts.gct")


@case(FORMATS)
def gct_cut_off(folder: Path) -> None:
    """A GCT with fewer rows than it says."""
    frame = few().rename_axis("Name")
    frame.insert(0, "Description", [f"GENE{i}" for i in range(30)])
    write(folder, "#1.2\n40\t4\n" + text(frame), "counts.gct")


@case(FORMATS)
def gct_of_tpm(folder: Path) -> None:
    """GTEx's TPM instead of its reads."""
    frame = few().rename_axis("Name")
    frame.insert(0, "Description", [f"GENE{i}" for i in range(30)])
    config(folder, "counts: GTEx_gene_tpm.gct\n")
    write(folder, "#1.2\n30\t4\n" + text(frame), "GTEx_gene_tpm.gct")


@case(FORMATS)
def recount3(folder: Path) -> None:
    """recount3's gene sums: base pairs, not reads."""
    frame = few().set_axis([f"SRR12345{i}" for i in range(4)], axis=1)
    head = "##annotation=G026\n##date.generated=2020-02-02\n"
    write(folder, head + text(frame), "counts.tsv.gz")


@case(FORMATS)
def nfcore_transcripts(folder: Path) -> None:
    """nf-core/rnaseq's table of transcripts."""
    frame = few().rename(index=lambda gene: gene.replace("ENSG", "ENST")).rename_axis("tx")
    frame.insert(0, "gene_id", few().index)
    write(folder, frame)


@case(FORMATS)
def nfcore_lengths(folder: Path) -> None:
    """nf-core/rnaseq's gene lengths."""
    rng = np.random.default_rng(4)
    lengths = rng.integers(400, 9000, (len(good()), 1)) + np.zeros((1, 4)) + 0.25
    frame = pd.DataFrame(lengths, good().index, ["S1", "S2", "S3", "S4"])
    frame.insert(0, "gene_name", [f"GENE{i}" for i in range(len(frame))])
    write(folder, frame)


@case(FORMATS)
def salmon_transcripts(folder: Path) -> None:
    """salmon's quant.sf, of transcripts."""
    rows = "\n".join(f"ENST0000000000{i}.2\t1500\t1350.1\t3.25\t{40 + i}" for i in range(9))
    config(folder, "counts: S1\n")
    write(folder, f"Name\tLength\tEffectiveLength\tTPM\tNumReads\n{rows}\n", "S1/quant.sf")


@case(FORMATS)
def salmon_in_quotes(folder: Path) -> None:
    """salmon's table of a sample, read and written again by R: no longer salmon's."""
    rows = "\n".join(f'"{gene}"\t1500\t1350.1\t3.25\t{n}' for gene, n in few()["S1"].items())
    header = '"Name"\t"Length"\t"EffectiveLength"\t"TPM"\t"NumReads"'
    write(folder, f"{header}\n{rows}\n")


STAR_SUMMARY = "N_unmapped\t9\t9\t9\nN_multimapping\t9\t9\t9\n"


def star(unstranded: np.ndarray, forward: np.ndarray, no_feature: tuple[int, int, int]) -> str:
    genes = model_genes()[: len(unstranded)]
    rows = "".join(
        f"{gene}\t{both}\t{one}\t{both - one}\n"
        for gene, both, one in zip(genes, unstranded.tolist(), forward.tolist(), strict=True)
    )
    missed = "\t".join(map(str, no_feature))
    return f"{STAR_SUMMARY}N_noFeature\t{missed}\nN_ambiguous\t9\t9\t9\n{rows}"


def star_folder(folder: Path, **files: str) -> None:
    config(folder, "counts: star\n")
    for name, content in files.items():
        write(folder, content, f"star/{name}ReadsPerGene.out.tab")


@case(FORMATS)
def star_of_two_annotations(folder: Path) -> None:
    """STAR's counts of two samples, each on another annotation."""
    both = good()["S1"].to_numpy()
    counted = star(both, both // 20, (1000, 90_000, 2000))
    star_folder(folder, A=counted, B="\n".join(counted.splitlines()[:-7]) + "\n")


@case(FORMATS)
def star_of_two_protocols(folder: Path) -> None:
    """STAR's counts of samples whose libraries disagree on the strand."""
    both = good()["S1"].to_numpy()
    reads = int(both.sum())
    reverse = star(both, both // 20, (1000, reads, 2000))
    forward = star(both, both - both // 20, (1000, 2000, reads))
    star_folder(folder, A=reverse, B=reverse, C=forward)


@case(FORMATS)
def star_of_no_clear_strand(folder: Path) -> None:
    """STAR's counts of a library of which a quarter lies on the other strand."""
    both = good()["S1"].to_numpy()
    reads = int(both.sum())
    star_folder(folder, A=star(both, both // 4, (1000, 3 * reads // 4, reads // 4)))


@case(FORMATS)
def htseq_without_a_name(folder: Path) -> None:
    """HTSeq's counts with a row that names no gene."""
    rows = [f"{gene}\t{count}" for gene, count in few()["S1"].items()]
    rows[4] = "\t7"
    summary = ["__no_feature", "__ambiguous", "__too_low_aQual", "__not_aligned"]
    lines = [*rows, *(f"{name}\t5" for name in summary), "__alignment_not_unique\t5"]
    write(folder, "\n".join(lines) + "\n", "counts.txt")


@case(FORMATS)
def parquet_without_names(folder: Path) -> None:
    """A parquet table without the names of its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    few().reset_index(drop=True).to_parquet(folder / "counts.parquet", index=False)
    config(folder, "counts: counts.parquet\n")


@case(FORMATS)
def old_feather(folder: Path) -> None:
    """Feather of version 1."""
    config(folder, "counts: counts.feather\n")
    write(folder, b"FEA1" + bytes(40) + b"FEA1", "counts.feather")


@case(FORMATS)
def header_without_a_name(folder: Path) -> None:
    """A header that is one name short."""
    write(folder, text(few()).replace("\tS4\n", "\n", 1))


@case(FORMATS)
def names_of_excel(folder: Path) -> None:
    """Symbols that a spreadsheet has turned into dates."""
    from wrong_cases import symbols

    dates = ["1-Mar", "2-Mar", "1-Sep", "2-Sep", "7-Sep"]
    write(folder, good().set_axis(pd.Index([*dates, *symbols()[5:]], name="gene_id")))


@case(FORMATS)
def names_of_several_genes(folder: Path) -> None:
    """A symbol that many genes share, on which a fifth of all counts lies."""
    from wrong_cases import symbols

    frame = good().set_axis(pd.Index(symbols(), name="gene_id"))
    frame.loc["Y_RNA"] = frame.sum() // 4
    write(folder, frame)


MTX = "%%MatrixMarket matrix coordinate integer general\n"


def tenx(
    folder: Path,
    *,
    size: str = "4 3 3",
    entries: str = "1 1 5\n2 2 3\n4 3 1\n",
    kind: str = "Gene Expression",
) -> None:
    """Write a small 10x folder: 4 genes x 3 cells."""
    genes = model_genes("sc")[:4]
    features = "".join(f"{gene}\tGENE{i}\t{kind}\n" for i, gene in enumerate(genes))
    matrix = f"{MTX}%\n{size}\n{entries}"
    for name, content in {
        "features.tsv": features,
        "barcodes.tsv": "AAAC-1\nAAAG-1\nAAAT-1\n",
        "matrix.mtx": matrix,
    }.items():
        path = write(folder / "matrix", b"", f"{name}.gz")
        path.write_bytes(gzip.compress(content.encode(), mtime=0))
    config(folder, "counts: matrix\n")


@case(TENX, "sc")
def tenx_of_few_genes(folder: Path) -> None:
    """A 10x matrix of four genes."""
    tenx(folder)


@case(TENX, "sc")
def tenx_without_barcodes(folder: Path) -> None:
    """A 10x folder without its barcodes."""
    tenx(folder)
    (folder / "matrix" / "barcodes.tsv.gz").unlink()


@case(TENX, "sc")
def tenx_matrix_twice(folder: Path) -> None:
    """A 10x folder with the matrix compressed, and not."""
    tenx(folder)
    write(
        folder / "matrix", "%%MatrixMarket matrix coordinate integer general\n4 3 0\n", "matrix.mtx"
    )


@case(TENX, "sc")
def tenx_cut_off(folder: Path) -> None:
    """A 10x matrix with fewer entries than its header says."""
    tenx(folder, size="4 3 7")


@case(TENX, "sc")
def tenx_malformed(folder: Path) -> None:
    """A 10x matrix with a word in it."""
    tenx(folder, entries="1 1 5\n2 two 3\n4 3 1\n")


@case(TENX, "sc")
def tenx_of_other_size(folder: Path) -> None:
    """A 10x matrix of more genes than its list of genes names."""
    tenx(folder, size="9 3 3")


@case(TENX, "sc")
def tenx_without_expression(folder: Path) -> None:
    """A 10x matrix of antibodies alone."""
    tenx(folder, kind="Antibody Capture")


@case(TENX, "sc")
def tenx_of_two_genomes(folder: Path) -> None:
    """A 10x .h5 (CellRanger 2) of cells counted on human and mouse."""
    import h5py

    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "counts.h5", "w") as file:
        for genome in ("GRCh38", "mm10"):
            group = file.create_group(genome)
            group["barcodes"] = np.array([b"AAAC-1", b"AAAG-1"])
            group["genes"] = np.array([b"ENSG00000000003", b"ENSG00000000005"])
            group["gene_names"] = np.array([b"TSPAN6", b"TNMD"])
            group["data"] = np.array([3, 1], dtype=np.int32)
            group["indices"] = np.array([0, 1], dtype=np.int64)
            group["indptr"] = np.array([0, 1, 2], dtype=np.int64)
            group["shape"] = np.array([2, 2], dtype=np.int32)
    config(folder, "counts: counts.h5\n")


@case(TENX, "sc")
def raw_droplets(folder: Path) -> None:
    """CellRanger's raw matrix: most barcodes are empty."""
    tenx(folder)
    raw = folder / "raw_feature_bc_matrix"
    (folder / "matrix").rename(raw)
    barcodes = "".join(f"AAA{i:04d}-1\n" for i in range(900))
    (raw / "barcodes.tsv.gz").write_bytes(gzip.compress(barcodes.encode(), mtime=0))
    matrix = f"{MTX}4 900 2\n1 1 5\n2 2 3\n"
    (raw / "matrix.mtx.gz").write_bytes(gzip.compress(matrix.encode(), mtime=0))
    config(folder, "counts: raw_feature_bc_matrix\n")


@case(TENX, "sc")
def external_link_in_hdf5(folder: Path) -> None:
    """An h5ad whose matrix is a link to another file."""
    import h5py
    from cases_of_files import write_h5ad

    path = write_h5ad(folder, np.random.default_rng(1).poisson(2, (4, 50)).astype(np.float32))
    with h5py.File(path, "a") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink("other.h5", "/X")
    with h5py.File(folder / "other.h5", "w") as file:
        file["X"] = np.ones((4, 50), np.float32)


@case(TENX, "sc")
def contradicting_h5ad(folder: Path) -> None:
    """An h5ad whose sparse matrix contradicts itself."""
    import anndata as ad
    import h5py
    from scipy import sparse

    folder.mkdir(parents=True, exist_ok=True)
    counts = sparse.random(40, 500, 0.1, "csr", dtype=np.float32, random_state=3)
    counts.data[:] = 2
    names = {
        "obs": pd.DataFrame(index=[f"cell{i}" for i in range(40)]),
        "var": pd.DataFrame(index=list(model_genes("sc")[:500])),
    }
    ad.AnnData(sparse.csr_matrix(counts), **names).write_h5ad(folder / "counts.h5ad")
    with h5py.File(folder / "counts.h5ad", "a") as file:
        file["X/indices"][7] = 77_777


@case(TENX, "sc")
def h5ad_of_other_shape(folder: Path) -> None:
    """An h5ad with fewer names than its matrix has rows."""
    import h5py
    from cases_of_files import write_h5ad

    path = write_h5ad(folder, np.random.default_rng(1).poisson(2, (6, 50)).astype(np.float32))
    with h5py.File(path, "a") as file:
        kept = file["X"][:4]
        attributes = dict(file["X"].attrs)
        del file["X"]
        file["X"] = kept
        file["X"].attrs.update(attributes)
