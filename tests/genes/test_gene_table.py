"""The shipped gene table says what is true of human genes."""

from __future__ import annotations

import pytest

from gem_assets.genes.table import (
    PRIMARY_CHROMOSOMES,
    aliases,
    entrez_ids,
    load_gene_table,
    retired_ids,
)

CHRY_GENES = {
    "RPS4Y1": "ENSG00000129824",
    "DDX3Y": "ENSG00000067048",
    "KDM5D": "ENSG00000012817",
    "EIF1AY": "ENSG00000198692",
    "USP9Y": "ENSG00000114374",
    "UTY": "ENSG00000183878",
    "ZFY": "ENSG00000067646",
}


def test_every_gene_has_one_row_and_the_rows_ascend() -> None:
    genes = load_gene_table()
    assert genes["gene_id"].is_unique
    assert genes["gene_id"].is_monotonic_increasing
    assert genes["gene_id"].str.fullmatch(r"ENSG\d{11}").all()
    assert len(genes) == 78_691


def test_only_symbols_may_be_missing_and_none_is_blank() -> None:
    genes = load_gene_table()
    assert genes.drop(columns="symbol").notna().all(axis=None)
    assert not (genes == "").any(axis=None)
    assert genes["symbol"].notna().sum() > 43_000


def test_chromosomes_are_the_primary_ones() -> None:
    assert set(load_gene_table()["chromosome"]) == set(PRIMARY_CHROMOSOMES)


def test_the_sex_markers_are_where_they_belong() -> None:
    genes = load_gene_table().set_index("symbol")
    assert genes.loc["XIST", ["gene_id", "chromosome"]].tolist() == ["ENSG00000229807", "X"]
    for symbol, gene_id in CHRY_GENES.items():
        assert genes.loc[symbol, ["gene_id", "chromosome"]].tolist() == [gene_id, "Y"]


def test_well_known_biotypes_are_right() -> None:
    biotype = load_gene_table().set_index("gene_id")["biotype"]
    assert biotype["ENSG00000111640"] == "protein_coding"  # GAPDH
    assert biotype["ENSG00000251562"] == "lncRNA"  # MALAT1
    assert biotype["ENSG00000211592"] == "IG_C_gene"  # IGKC
    assert biotype["ENSG00000210082"] == "Mt_rRNA"  # MT-RNR2


def test_aliases_lead_to_genes_of_the_table_and_are_no_symbols_of_it() -> None:
    genes = load_gene_table()
    assert set(aliases()["gene_id"]) <= set(genes["gene_id"])
    assert set(genes["symbol"].dropna()).isdisjoint(aliases()["alias"])
    assert set(aliases()["kind"]) == {"official", "alias"}
    assert not aliases().duplicated(["alias", "gene_id"]).any()


@pytest.mark.parametrize(
    ("alias", "kind", "symbol"),
    [
        ("HER2", "alias", "ERBB2"),
        ("OCT4", "alias", "POU5F1"),  # not its pseudogenes, which Ensembl gives the name, too
        ("SLC22A18", "official", "SLC67A1"),  # renamed between GENCODE 48 and Ensembl 115
        ("QTGAL", "official", "B3GNTL1"),  # renamed by NCBI, not yet by Ensembl 115
        ("MARCH1", "official", "MARCHF1"),  # renamed by HGNC in 2020, for spreadsheets' sake
        ("MIC2", "official", "CD99"),  # the gene on X, not its copy on Y
    ],
)
def test_an_alias_leads_to_its_gene(alias: str, kind: str, symbol: str) -> None:
    (row,) = aliases()[aliases()["alias"] == alias].itertuples()
    (gene,) = load_gene_table().query("gene_id == @row.gene_id").itertuples()
    assert (row.kind, gene.symbol) == (kind, symbol)


def test_a_name_that_was_official_for_one_gene_may_be_an_alias_of_another() -> None:
    symbols = load_gene_table().set_index("gene_id")["symbol"]
    rows = aliases()[aliases()["alias"] == "SEPT2"]
    assert dict(zip(rows["gene_id"].map(symbols), rows["kind"], strict=True)) == {
        "SEPTIN2": "official",
        "SEPTIN6": "alias",
    }


def test_retired_ids_lead_to_genes_of_the_table_and_are_not_in_it() -> None:
    genes = set(load_gene_table()["gene_id"])
    assert retired_ids()["retired_id"].is_unique
    assert set(retired_ids()["gene_id"]) <= genes
    assert genes.isdisjoint(retired_ids()["retired_id"])


def test_entrez_ids_are_numbers_and_lead_to_genes_of_the_table() -> None:
    entrez = entrez_ids().set_index("entrez_id")["gene_id"]
    assert entrez.index.is_unique
    assert entrez.index.str.fullmatch(r"[1-9]\d*").all()
    assert set(entrez) <= set(load_gene_table()["gene_id"])
    assert entrez["7503"] == "ENSG00000229807"  # XIST


def test_a_table_is_read_once_a_process() -> None:
    assert load_gene_table() is load_gene_table()
