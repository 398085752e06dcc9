"""Values that are no raw counts, and genes that the model does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from wrong_cases import case, good, model_genes, symbols, write

VALUES = "Values"
GENES = "Genes"
DEPTH = "Depth"


def per_million(frame: pd.DataFrame) -> pd.DataFrame:
    return frame / frame.sum() * 1e6


def tpm_of(frame: pd.DataFrame) -> pd.DataFrame:
    lengths = 500 + 37 * (np.arange(len(frame)) % 211)
    return per_million(frame.div(lengths, axis=0))


@case(VALUES)
def tpm(folder: Path) -> None:
    """TPM."""
    write(folder, tpm_of(good()).round(4))


@case(VALUES)
def cpm(folder: Path) -> None:
    """CPM."""
    write(folder, per_million(good()).round(6))


@case(VALUES)
def rounded_tpm(folder: Path) -> None:
    """TPM rounded to whole numbers."""
    write(folder, tpm_of(good()).round().astype(int))


@case(VALUES)
def one_sample_of_a_million(folder: Path) -> None:
    """One sample of whole numbers that sum to nearly a million."""
    write(folder, (per_million(good()[["S1"]]) * 1.004).round().astype(int))


@case(VALUES)
def part_of_tpm(folder: Path) -> None:
    """TPM of some of the genes only."""
    write(folder, (tpm_of(good()) * 0.9).round(4))


@case(VALUES)
def log_tpm(folder: Path) -> None:
    """log2(TPM + 1)."""
    write(folder, np.log2(tpm_of(good()) + 1).round(5))


@case(VALUES)
def log_cpm_with_negatives(folder: Path) -> None:
    """Log CPM as of limma's voom: negative for weak genes."""
    write(folder, np.log2(per_million(good()) / 20).round(5))


@case(VALUES)
def z_scores(folder: Path) -> None:
    """z-scores, gene by gene."""
    logged = np.log2(good() + 1)
    scores = logged.sub(logged.mean(axis=1), axis=0).div(logged.std(axis=1) + 0.01, axis=0)
    write(folder, scores.round(5))


@case(VALUES)
def negative_counts(folder: Path) -> None:
    """A batch-corrected matrix: whole numbers, one of them negative."""
    frame = good()
    frame.iloc[3, 2] = -4
    write(folder, frame)


@case(VALUES)
def quantile_normalised(folder: Path) -> None:
    """Quantile-normalised values, rounded."""
    frame = good()
    target = np.sort(frame.to_numpy(), axis=0).mean(axis=1).round().astype(int)
    write(folder, frame.rank(method="first").astype(int).map(lambda rank: target[rank - 1]))


@case(VALUES)
def divided_by_size_factors(folder: Path) -> None:
    """Counts divided by size factors, as DESeq2's normalized=TRUE gives."""
    write(folder, (good() / [0.93, 1.17, 0.71, 1.29]).round(6))


@case(VALUES)
def scaled_to_one_depth(folder: Path) -> None:
    """Estimated counts scaled to one depth."""
    rng = np.random.default_rng(5)
    frame = good() * rng.uniform(0.6, 1.4, (len(good()), 4))
    write(folder, (frame / frame.sum() * 2.5e6).round(3))


@case(VALUES)
def estimated_counts(folder: Path) -> None:
    """Counts with fractions, as salmon estimates them: to be rounded."""
    rng = np.random.default_rng(6)
    frame = good().astype(float)
    halves = rng.random(frame.shape) < 0.4
    write(folder, (frame + halves * rng.uniform(0.1, 0.9, frame.shape)).round(3))


@case(VALUES)
def subsampled_to_one_depth(folder: Path) -> None:
    """Whole counts, all samples of nearly the same total."""
    write(folder, (good() / good().sum() * 3_000_000).round().astype(int))


@case(VALUES)
def more_than_any_library(folder: Path) -> None:
    """A count of three billion."""
    frame = good()
    frame.iloc[5, 1] = 3_000_000_000
    write(folder, frame)


@case(GENES)
def mouse_ids(folder: Path) -> None:
    """Ensembl ids of the mouse."""
    write(folder, good().rename(index=lambda gene: gene.replace("ENSG", "ENSMUSG")))


@case(GENES)
def mouse_symbols(folder: Path) -> None:
    """Symbols as of the mouse."""
    write(folder, good().set_axis([name.capitalize() for name in symbols()]))


@case(GENES)
def zebrafish(folder: Path) -> None:
    """Ensembl ids of the zebrafish."""
    write(folder, good().rename(index=lambda gene: gene.replace("ENSG", "ENSDARG")))


@case(GENES)
def yeast(folder: Path) -> None:
    """Systematic names of yeast."""
    frame = good().head(6000)
    names = [
        f"Y{chr(65 + i // 500)}{'LR'[i % 2]}{i % 999:03d}{'WC'[i // 2 % 2]}" for i in range(6000)
    ]
    write(folder, frame.set_axis(pd.Index(names, name="gene_id")))


@case(GENES)
def human_and_mouse(folder: Path) -> None:
    """A joint reference of human and mouse."""
    frame = good()
    names = [
        gene.replace("ENSG", "ENSMUSG") if i % 10 == 0 else gene
        for i, gene in enumerate(frame.index)
    ]
    write(folder, frame.set_axis(pd.Index(names, name="gene_id")))


@case(GENES)
def transcripts(folder: Path) -> None:
    """Transcripts, not genes."""
    write(folder, good().rename(index=lambda gene: gene.replace("ENSG", "ENST")))


@case(GENES)
def microarray_probes(folder: Path) -> None:
    """Probe sets of a microarray."""
    names = [f"{200_000 + i}_{'xs'[i % 2]}_at" for i in range(len(good()))]
    write(folder, good().set_axis(pd.Index(names, name="gene_id")))


@case(GENES)
def hardly_any_gene(folder: Path) -> None:
    """A panel of 500 genes."""
    write(folder, good().head(500) * 40)


@case(GENES)
def part_of_the_genes(folder: Path) -> None:
    """A filtered matrix: a quarter of the model's genes."""
    write(folder, good())


@case(GENES)
def counts_on_spike_ins(folder: Path) -> None:
    """A third of all counts lies on rows that are no genes."""
    frame = good()
    frame.loc["vector_backbone"] = frame.sum() // 3
    write(folder, frame)


@case(GENES)
def genes_in_columns_of_h5ad(folder: Path) -> None:
    """An h5ad that lies on its side."""
    import anndata as ad

    frame = good().head(2000)
    names = {"obs": pd.DataFrame(index=frame.index), "var": pd.DataFrame(index=frame.columns)}
    folder.mkdir(parents=True, exist_ok=True)
    ad.AnnData(frame.to_numpy(np.float32), **names).write_h5ad(folder / "counts.h5ad")


@case(DEPTH)
def a_sample_without_counts(folder: Path) -> None:
    """A sample of zeros."""
    frame = good()
    frame["S3"] = 0
    write(folder, frame)


@case(DEPTH)
def few_detected_genes(folder: Path) -> None:
    """A degraded sample."""
    frame = good()
    frame.loc[frame.index[6000:], "S2"] = 0
    frame["S2"] *= 3
    write(folder, frame)


@case(DEPTH)
def a_shallow_sample(folder: Path) -> None:
    """A sample of half a million reads."""
    frame = good()
    frame["S4"] = np.maximum(frame["S4"] // 6, 1)
    write(folder, frame)


@case(DEPTH, "sc")
def unfiltered_barcodes(folder: Path) -> None:
    """Cells without counts, as in CellRanger's raw matrix."""
    import anndata as ad
    from scipy import sparse

    rng = np.random.default_rng(2)
    counts = rng.poisson(0.3, (60, 9000)).astype(np.float32)
    counts[10:40] = 0
    names = {
        "obs": pd.DataFrame(index=[f"cell{i}" for i in range(60)]),
        "var": pd.DataFrame(index=list(model_genes("sc")[:9000])),
    }
    folder.mkdir(parents=True, exist_ok=True)
    ad.AnnData(sparse.csr_matrix(counts), **names).write_h5ad(folder / "counts.h5ad")
