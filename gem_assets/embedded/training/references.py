"""Reading the public reference profiles and bringing them to one scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.embedded.heads import Floats
from gem_assets.embedded.vocabulary import IMMUNE_CELL_TYPES, TISSUE_OF_COLUMN
from gem_assets.genes.table import load_gene_table

REFERENCE_FILES: dict[str, str] = {
    "hpa_counts": "hpa_tissue_counts.tsv.gz",
    "hpa_tpm": "hpa_tissue_tpm.tsv.gz",
    "gtex_tpm": "gtex_tissue_tpm.tsv.gz",
    "hpa_nx": "hpa_cell_line_nx.tsv.gz",
    "hpa_blood_nx": "hpa_blood_cell_nx.tsv.gz",
}
"""The only files that training reads: genes x columns, Ensembl gene ids first."""

INDEPENDENT_SOURCES: dict[str, tuple[str, ...]] = {
    "HPA": ("hpa_counts", "hpa_tpm"),
    "GTEx": ("gtex_tpm",),
}
"""What may be left out and tested on. HPA's NX values are a consensus that holds GTEx's data: they
serve neither side of a comparison."""

OTHER_TISSUE_TABLES: tuple[str, ...] = ("hpa_counts", "hpa_tpm", "tissues_nx")
"""The tables of tissues besides GTEx's."""

N_CELL_LINES = 69
"""The first columns of ``hpa_cell_line_nx.tsv.gz`` are cell lines, the others tissues."""


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """Reference profiles on one scale.

    Attributes
    ----------
    gene_ids
        The nuclear protein-coding genes that every file has, ascending.
    tables
        ``hpa_counts, hpa_tpm, gtex_tpm, tissues_nx, lines_nx, blood_nx`` -> genes x columns, reads
        per million reads of `gene_ids` as a count matrix would show them.
    all_counts
        HPA's pooled counts of every gene of the file, genes x tissues: the one reference of
        non-coding genes.
    misplaced
        Which of `gene_ids` GTEx's file has under wrong tissues, shape (genes,): see
        `misplaced_genes`. What ``gtex_tpm`` holds of them is the other tables'.
    """

    gene_ids: tuple[str, ...]
    tables: dict[str, pd.DataFrame]
    all_counts: pd.DataFrame
    misplaced: NDArray[np.bool_]

    def independent(self) -> References:
        """Return the references without the genes that GTEx's table has from the others.

        Of the genes that are left, no source of `INDEPENDENT_SOURCES` knows anything by another.
        """
        sound = ~self.misplaced
        return References(
            tuple(np.array(self.gene_ids)[sound].tolist()),
            {name: table.loc[sound] for name, table in self.tables.items()},
            self.all_counts,
            self.misplaced[sound],
        )

    def tissues(self, sources: Iterable[str]) -> tuple[Floats, NDArray[np.str_]]:
        """Return (profiles x genes, UBERON id of each) of the tissue columns of some tables."""
        profiles, terms = [], []
        for source in sources:
            table = self.tables[source]
            for column in table.columns:
                term = TISSUE_OF_COLUMN.get(column.casefold())
                if term is not None:
                    profiles.append(table[column].to_numpy())
                    terms.append(term)
        return np.array(profiles), np.array(terms)

    def columns(self, source: str, names: Iterable[str]) -> Floats:
        """Return the profiles (columns x genes) of named columns of one table."""
        return self.tables[source][list(names)].to_numpy().T


def misplaced_genes(gtex: pd.DataFrame) -> pd.Index[str]:
    """Return the genes whose values stand under wrong tissues in the file of GTEx means.

    Those with a zero in any tissue. Of the genes of one tissue in this file and in HPA's means of
    TPM (10-fold the next tissue in HPA, 5-fold in GTEx), 358 of the 362 without a zero name the
    same tissue, and 22 of the 413 with one: protamine 1 stands under brain, prostate-specific
    antigen under esophagus. The file's columns are means over parts of organs, so the values
    can't be put back.

    Parameters
    ----------
    gtex
        Genes x tissues, as in the file.
    """
    return gtex.index[(gtex == 0).any(axis=1)]


def read_references(folder: Path) -> References:
    """Read `REFERENCE_FILES` from a folder.

    What GTEx's file has under wrong tissues is not used: `misplaced_genes` have the mean of the
    other tables of the same tissue, and where there is none (artery, nerve) the median of all
    tissues, which is evidence for none.

    Raises
    ------
    FileNotFoundError
        If one of the files is missing.
    """
    raw = {
        key: pd.read_csv(folder / name, sep="\t", index_col=0).astype(np.float64)
        for key, name in REFERENCE_FILES.items()
    }
    # Some tissues of the consensus were not measured by the method that saw a gene: not a zero.
    nx_tissues = raw["hpa_nx"].iloc[:, N_CELL_LINES:]
    mean = nx_tissues.mean(axis=1).to_numpy()[:, None]
    raw["hpa_nx"].iloc[:, N_CELL_LINES:] = np.where(nx_tissues.isna(), mean, nx_tissues)
    genes = load_gene_table().set_index("gene_id")
    nuclear = genes.index[(genes["biotype"] == "protein_coding") & (genes["chromosome"] != "MT")]
    misplaced = misplaced_genes(raw["gtex_tpm"])
    raw["gtex_tpm"].loc[misplaced] = np.nan
    common = sorted(set(nuclear).intersection(*(table.index for table in raw.values())))
    per_million = {key: _per_million(table.loc[common]) for key, table in raw.items()}
    nx = per_million.pop("hpa_nx")
    per_million["lines_nx"] = nx.iloc[:, :N_CELL_LINES]
    per_million["tissues_nx"] = nx.iloc[:, N_CELL_LINES:]
    per_million["blood_nx"] = per_million.pop("hpa_blood_nx")
    counts = per_million["hpa_counts"]
    # TPM and NX lack the length of a gene, which counts of reads have; GTEx is brought over with
    # HPA's factors, so that a difference between the sources stays one.
    tpm_to_counts = _gene_factors(per_million["hpa_tpm"], counts)
    nx_to_counts = _gene_factors(per_million["tissues_nx"], counts)
    factors = {
        "hpa_tpm": tpm_to_counts,
        "gtex_tpm": tpm_to_counts,
        "lines_nx": nx_to_counts,
        "tissues_nx": nx_to_counts,
        "blood_nx": nx_to_counts,
    }
    for key, factor in factors.items():
        per_million[key] = _per_million(per_million[key].mul(factor, axis=0))
    elsewhere = _elsewhere(per_million, per_million["gtex_tpm"].columns)
    per_million["gtex_tpm"] = _filled(per_million["gtex_tpm"], elsewhere)
    placed_elsewhere = np.asarray(pd.Index(common).isin(misplaced))
    return References(tuple(common), per_million, raw["hpa_counts"], placed_elsewhere)


def blood_mixtures(references: References, n: int, rng: np.random.Generator) -> Floats:
    """Return ``n`` profiles of blood: PBMC or a mixture of sorted cells, with granulocytes.

    One PBMC profile is no picture of blood: the share of granulocytes runs from none (after
    density gradient) to most of the cells (whole blood), and that of each other type varies.
    """
    sorted_cells = references.columns("blood_nx", IMMUNE_CELL_TYPES)
    pbmc = references.columns("blood_nx", ["total_PBMC"])[0]
    neutrophil = references.columns("blood_nx", ["neutrophil"])[0]
    shares = rng.dirichlet(np.full(len(sorted_cells), 0.5), size=n)
    mononuclear = np.where(rng.random((n, 1)) < 0.5, shares @ sorted_cells, pbmc)
    granulocytes = rng.uniform(0, 0.8, size=(n, 1))
    return np.asarray((1 - granulocytes) * mononuclear + granulocytes * neutrophil)


def _per_million(table: pd.DataFrame) -> pd.DataFrame:
    return table / table.sum() * 1e6


def _elsewhere(tables: Mapping[str, pd.DataFrame], columns: Iterable[str]) -> pd.DataFrame:
    """Return what the other tables hold of the tissue of each column, genes x ``columns``."""
    others = pd.concat([tables[name] for name in OTHER_TISSUE_TABLES], axis=1)
    terms = np.array([TISSUE_OF_COLUMN.get(c.casefold(), "") for c in others.columns])
    unknown = others.median(axis=1)
    told = {}
    for column in columns:
        same = terms == TISSUE_OF_COLUMN[column.casefold()]
        told[column] = others.loc[:, same].mean(axis=1) if same.any() else unknown
    return pd.DataFrame(told)


def _filled(table: pd.DataFrame, elsewhere: pd.DataFrame) -> pd.DataFrame:
    """Fill genes without values, after bringing those with values to ``elsewhere``'s scale."""
    scale = elsewhere.where(table.notna()).sum() / table.sum()
    return _per_million((table * scale).fillna(elsewhere))


def _gene_factors(source: pd.DataFrame, counts: pd.DataFrame) -> pd.Series[float]:
    """Return what a gene's values in ``source`` are multiplied by, over the tissues in both.

    Half a read per million is added on both sides, so that silent genes stay as they are.
    """
    means = [
        table.T.groupby([TISSUE_OF_COLUMN.get(c.casefold(), "") for c in table.columns]).mean()
        for table in (source, counts)
    ]
    shared = sorted((set(means[0].index) & set(means[1].index)) - {""})
    return (means[1].loc[shared].mean() + 0.5) / (means[0].loc[shared].mean() + 0.5)
