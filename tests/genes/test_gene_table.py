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


def test_aliases_lead_to_approved_symbols_and_are_none_themselves() -> None:
    symbols = set(load_gene_table()["symbol"].dropna())
    assert set(aliases()["symbol"]) <= symbols
    assert symbols.isdisjoint(aliases()["alias"])
    assert not aliases().duplicated().any()


@pytest.mark.parametrize(
    ("alias", "symbol"),
    [
        ("HER2", "ERBB2"),
        ("OCT4", "POU5F1"),
        ("SLC22A18", "SLC67A1"),  # renamed between GENCODE 48 and Ensembl 115
        ("QTGAL", "B3GNTL1"),  # renamed by NCBI, not yet by Ensembl 115
    ],
)
def test_an_alias_leads_to_its_gene(alias: str, symbol: str) -> None:
    assert aliases().loc[aliases()["alias"] == alias, "symbol"].tolist() == [symbol]


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
