"""Each row of a file finds the gene that its name means, or none."""

from __future__ import annotations

import doctest

import pandas as pd
import pytest

from gem_assets.genes import resolution
from gem_assets.genes.alignment_words import ACTIONS, EVIDENCE
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.resolution import resolve_genes
from gem_assets.genes.symbols import shared_symbols, unique_symbols
from gem_assets.genes.table import load_gene_table

TSPAN6, TNMD, XIST = "ENSG00000000003", "ENSG00000000005", "ENSG00000229807"
CD99, CD99_ON_Y = "ENSG00000002586", "ENSG00000292348"
CAST, OTHER_CAST = "ENSG00000153113", "ENSG00000310517"
ORDER = GeneOrder((XIST, TNMD, CD99, TSPAN6, CAST))


def outcome(names: list[str], symbols: list[str] | None = None) -> list[tuple[str, int]]:
    rows = resolve_genes(names, symbols, ORDER)
    return list(zip(rows["action"], rows["model_index"], strict=True))


@pytest.mark.parametrize(
    ("name", "action", "column"),
    [
        (TSPAN6, "matched", 3),
        (TSPAN6 + ".15", "version_stripped", 3),
        (TSPAN6 + "_TSPAN6", "matched", 3),
        (TSPAN6 + "|TSPAN6", "matched", 3),
        (TSPAN6 + ".15_TSPAN6", "version_stripped", 3),
        (CD99 + ".19_PAR_Y", "version_stripped", 2),
        (CD99 + "_PAR_Y", "version_stripped", 2),
        ("ENSGR0000002586.13", "version_stripped", 2),
        ("XIST", "symbol", 0),
        ("CD99", "symbol", 2),
        ("Xist", "dropped", -1),
        ("CAST", "ambiguous", -1),
        ("Y_RNA", "dropped", -1),
        ("GAPDH", "dropped", -1),
        ("ENSG00000111640", "dropped", -1),
        ("ENSMUSG00000086503", "dropped", -1),
        ("ENSG123", "dropped", -1),
        ("ERCC-00002", "dropped", -1),
        ("N_unmapped", "dropped", -1),
        ("__no_feature", "dropped", -1),
        ("", "dropped", -1),
        # An id that nobody knows, beside its symbol in one name.
        ("ENSG00000999999_XIST", "symbol", 0),
        ("ENSG00000999999.2|XIST", "symbol", 0),
    ],
)
def test_a_name_finds_its_gene(name: str, action: str, column: int) -> None:
    assert outcome([name]) == [(action, column)]


def test_the_id_decides_where_a_row_has_both_names() -> None:
    assert outcome([TNMD, "ENSG00000111640"], ["XIST", "XIST"]) == [("matched", 1), ("dropped", -1)]


def test_the_symbol_is_used_where_the_id_is_unknown() -> None:
    assert outcome(["ENSG00000999999", "n/a"], ["TNMD", "XIST"]) == [("symbol", 1), ("symbol", 0)]


def test_a_missing_symbol_is_no_symbol() -> None:
    assert outcome(["ENSG00000999999"], [""]) == [("dropped", -1)]


def test_rows_of_one_gene_are_summed_after_the_one_with_the_best_name() -> None:
    names = ["TSPAN6", TSPAN6 + ".2", TSPAN6, TSPAN6, "XIST"]
    assert [action for action, _ in outcome(names)] == [
        "summed",
        "summed",
        "matched",
        "summed",
        "symbol",
    ]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_copy_on_y_is_summed_into_the_gene_on_x(reverse: bool) -> None:
    names = [CD99 + ".19", CD99 + ".19_PAR_Y"]
    found = outcome(names[::-1] if reverse else names)
    expected = [("version_stripped", 2), ("summed", 2)]
    assert found == (expected[::-1] if reverse else expected)


def test_a_shared_symbol_is_not_guessed_even_if_the_model_reads_one_of_its_genes() -> None:
    assert set(shared_symbols()["CAST"]) == {CAST, OTHER_CAST}
    assert outcome(["CAST"]) == [("ambiguous", -1)]


def test_a_symbol_of_a_pseudoautosomal_gene_means_the_gene_on_x() -> None:
    genes = load_gene_table().set_index("gene_id")
    assert genes.loc[CD99_ON_Y, ["symbol", "chromosome"]].tolist() == ["CD99", "Y"]
    assert unique_symbols()["CD99"] == CD99


def test_a_model_that_reads_the_copy_on_y_by_its_own_id_gets_it() -> None:
    rows = resolve_genes([CD99_ON_Y, CD99], None, GeneOrder((CD99, CD99_ON_Y)))
    assert rows["model_index"].tolist() == [1, 0]
    assert rows["action"].tolist() == ["matched", "matched"]


def test_the_frame_has_one_row_a_raw_gene_in_the_order_of_the_file() -> None:
    rows = resolve_genes(["GAPDH", "XIST"], None, ORDER)
    assert rows.columns.tolist() == [
        "raw_index",
        "raw_gene_id",
        "action",
        "model_gene_id",
        "model_index",
        "evidence",
        "read_as",
        "candidates",
    ]
    assert rows["raw_index"].tolist() == [0, 1]
    assert rows["raw_gene_id"].tolist() == ["GAPDH", "XIST"]
    assert pd.isna(rows["model_gene_id"][0])
    assert rows["model_gene_id"][1] == XIST
    assert rows["model_index"].dtype == "int64"


def test_every_gene_of_the_table_finds_itself() -> None:
    ids = tuple(load_gene_table()["gene_id"])
    rows = resolve_genes(ids, None, GeneOrder(ids))
    assert (rows["action"] == "matched").all()
    assert rows["model_gene_id"].tolist() == list(ids)


def test_every_unique_symbol_finds_its_gene() -> None:
    unique = unique_symbols()
    rows = resolve_genes(tuple(unique.index), None, GeneOrder(tuple(unique)))
    assert (rows["action"] == "symbol").all()
    assert rows["model_gene_id"].tolist() == unique.tolist()


def test_a_file_without_genes_has_no_rows() -> None:
    assert resolve_genes([], None, ORDER).empty


def test_actions_are_of_the_closed_vocabulary() -> None:
    names = [TSPAN6, "TSPAN6", "CAST", "GAPDH", TNMD + ".1"]
    rows = resolve_genes(names, None, ORDER)
    assert set(rows["action"]) <= set(ACTIONS)
    assert set(rows["evidence"]) <= set(EVIDENCE)


def test_the_example_in_the_documentation_is_true() -> None:
    assert doctest.testmod(resolution).failed == 0
