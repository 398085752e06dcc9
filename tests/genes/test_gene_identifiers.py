"""What a user is told of the names of a file's genes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from gem_assets.genes.identifiers import identifier_problems, identifier_summary
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.resolution import resolve_genes
from gem_assets.genes.symbols import unique_symbols
from gem_assets.genes.table import entrez_ids, load_gene_table
from gem_assets.problems import InputProblem

GENES = load_gene_table()
ALL_GENES = GeneOrder(tuple(GENES["gene_id"]))
SYMBOLS = tuple(unique_symbols().index[:500])
ENTREZ = tuple(entrez_ids()["entrez_id"].sample(500, random_state=0))


def resolve(*names: str, symbols: tuple[str, ...] | None = None) -> pd.DataFrame:
    return resolve_genes(names, symbols, ALL_GENES)


def problems_of(names: tuple[str, ...], counts: list[float] | None = None) -> list[InputProblem]:
    values = np.array(counts or [1.0] * len(names))
    record = resolve(*names).assign(share_of_counts=values / values.sum())
    return list(identifier_problems(record))


# Numbers: Entrez ids, days of a spreadsheet, or numbers of rows


@pytest.mark.parametrize("form", ["{}", "{}.0", "X{}"])
def test_a_column_of_entrez_ids_is_read_as_such(form):
    rows = resolve(
        *(form.format(number) for number in ENTREZ), "not_a_gene", form.format(999999999)
    )
    expected = entrez_ids().set_index("entrez_id")["gene_id"][list(ENTREZ)]
    assert rows["model_gene_id"].head(500).tolist() == expected.tolist()
    assert set(rows["action"].head(500)) == {"entrez", "summed"}
    assert rows["evidence"].tail(2).tolist() == ["unknown", "number"]
    assert identifier_summary(rows).kind == "entrez"


def test_entrez_ids_in_a_column_of_symbols_are_read_as_such_when_they_are_many():
    rows = resolve(*SYMBOLS, *ENTREZ[:200])
    assert (rows["evidence"].tail(200) == "entrez_id").all()
    assert identifier_summary(rows).kind == "mixed"


def test_a_number_in_a_column_of_symbols_is_a_day_of_a_spreadsheet_and_no_entrez_id():
    assert "9101" in set(entrez_ids()["entrez_id"])
    rows = resolve(*SYMBOLS, "44440", "9101")
    assert rows["read_as"].dropna().tolist() == ["SEPT1"]
    assert rows["action"].tolist()[-2:] == ["alias", "dropped"]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("rows", [3, 90, 5_000, 60_000])
def test_numbers_of_rows_are_no_genes(first, rows):
    found = resolve(*(str(number) for number in range(first, first + rows)))
    assert found["model_gene_id"].isna().all()
    assert identifier_summary(found).kind == "numbers"


def test_numbers_of_the_rows_that_a_filter_left_are_no_genes():
    left = np.random.default_rng(0).choice(60_000, 12_000, replace=False)
    assert resolve(*(str(number) for number in sorted(left)))["model_gene_id"].isna().all()


def test_the_entrez_id_of_a_pair_counts_and_its_symbol_where_it_is_unknown():
    rows = resolve("TP53|7157", "?|7157", "XIST|999999999", "LOC7157", "GeneID:7157", "WRONG|7157")
    assert rows["evidence"].tolist() == [
        *("entrez_id", "entrez_id", "approved_symbol", "entrez_id", "entrez_id", "entrez_id")
    ]


# Ids


@pytest.mark.parametrize(
    "name",
    [
        "ENSG00000000003.15|TSPAN6|protein_coding|",
        "TSPAN6|ENSG00000000003",
        "TSPAN6_ENSG00000000003.15",
        "ENSG00000000003-TSPAN6",
        "GRCh38_ENSG00000000003",
        "GRCh38_____________TSPAN6",
        '"ENSG00000000003"',
        " TSPAN6 ",
        "ENSG00000000003.15.1",
        "ENSG00000000003_ENSG00000000003",
    ],
)
def test_names_are_taken_apart(name):
    assert resolve(name)["model_gene_id"].tolist() == ["ENSG00000000003"]


def test_a_name_of_two_genes_is_ambiguous():
    (row,) = resolve("ENSG00000000003+ENSG00000000005").itertuples()
    assert row.action == "ambiguous"
    assert row.candidates == "TNMD (ENSG00000000005) || TSPAN6 (ENSG00000000003)"


def test_a_retired_id_means_the_gene_of_today_and_back():
    retired, today = "ENSG00000112096", "ENSG00000291237"  # SOD2
    assert resolve(retired, today)["action"].tolist() == ["summed", "matched"]
    older_model = GeneOrder((retired,))
    rows = resolve_genes((today, "SOD2", today + ".3"), None, older_model)
    assert rows["action"].tolist() == ["retired_id", "summed", "summed"]
    assert set(rows["model_gene_id"]) == {retired}


def test_the_symbol_beside_an_id_of_another_species_is_not_asked():
    rows = resolve("ENSMUSG00000086503", "FBgn0000008", symbols=("XIST", "XIST"))
    assert rows["evidence"].tolist() == ["other_species"] * 2
    assert rows["model_gene_id"].isna().all()


def test_the_second_name_tells_what_the_first_leaves_open():
    rows = resolve("1-Mar", "CAST", "CAST", symbols=("MARCHF1", "ENSG00000153113", "CAST"))
    assert rows["action"].tolist() == ["symbol", "ambiguous", "ambiguous"]
    assert pd.isna(rows["candidates"][0])


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("ERCC.00002", "spike_in"),
        ("SIRV101", "spike_in"),
        ("R1_11_1", "spike_in"),
        ("N_noFeature", "summary_row"),
        ("too_low_aQual", "summary_row"),
        ("Unassigned_NoFeatures", "summary_row"),
        ("ENST00000373020.9", "transcript"),
        ("NM_003270.4", "transcript"),
        ("ENSRNOG00000000001", "other_species"),
        ("ENSG00000999999", "unknown_id"),
    ],
)
def test_what_is_no_known_gene_is_called_by_its_kind(name, evidence):
    (row,) = resolve(name).itertuples()
    assert (row.action, row.evidence) == ("dropped", evidence)


# Summary and problems


def test_a_summary_counts_kinds_and_shows_what_was_done():
    names = (*SYMBOLS, "1-Sep", "2-Mar", "5-Jan", "HLA.A", "OCT4", "CAST", "ERCC-00002", "XIST")
    summary = identifier_summary(resolve(*names, "XIST"))
    assert summary.kind == "symbols"
    assert summary.rows == sum(summary.evidence.values()) == len(names) + 1
    assert summary.ambiguous_rows == 2
    assert [name for name, _ in summary.ambiguous] == ["2-Mar", "CAST"]
    assert summary.lost == ("5-Jan",)
    done = {repair.evidence: repair.examples for repair in summary.repairs}
    assert done == {
        "alias": ("OCT4 -> POU5F1",),
        "rewritten_by_r": ("HLA.A -> HLA-A",),
        "spreadsheet_date": ("1-Sep -> SEPT1 -> SEPTIN1",),
        "summed": ("XIST",),
        "spike_in": ("ERCC-00002",),
    }
    assert asdict(summary)["repairs"][0]["rows"] == 1


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (GENES["gene_id"].iloc[:50], "ensembl"),
        (GENES["gene_id"].iloc[:50] + ".3", "ensembl"),
        (["ENST00000373020", "ENST00000373021.2"], "transcripts"),
        (["ENSMUSG00000086503", "ENSMUSG00000086504"], "other_species"),
        (["foo", "bar"], "unknown"),
        (["XIST", "TP53", "RP11-977B10.2"], "symbols"),
        (["XIST", "ENSG00000000003"], "mixed"),
        ([], "unknown"),
        (["ERCC-00002"], "unknown"),
    ],
)
def test_the_kind_of_names_is_the_one_of_most(names, kind):
    assert identifier_summary(resolve(*names)).kind == kind


def test_a_file_of_good_names_has_no_problem():
    assert problems_of((*SYMBOLS, "OCT4", "HLA.A", "ERCC-00002")) == []
    assert problems_of(ALL_GENES.gene_ids[:10]) == []


def test_names_that_a_spreadsheet_damaged_are_a_warning_that_lists_the_lost_first():
    (problem,) = problems_of((*SYMBOLS, "1-Sep", "2-Mar", "2.31E+13"))
    assert (problem.code, problem.severity) == ("excel_mangled_names", "warning")
    assert problem.sentence == (
        "A spreadsheet has turned 3 gene name(s) into dates or numbers, such as '1-Sep': 1 could "
        "be restored; 2 could not be, such as 2-Mar: "
        "MARCHF2 (ENSG00000099785) || MTARC2 (ENSG00000117791)."
    )
    assert problem.where[1:] == ("2.31E+13: no human gene", "1-Sep: SEPT1")
    (problem,) = problems_of(("1-Sep", "2-Sep"))
    assert problem.sentence.endswith("2 could be restored.")


def test_ambiguous_names_are_a_warning_when_they_hold_counts():
    assert problems_of(("XIST", "CAST"), [9_995, 5]) == []
    (problem,) = problems_of(("XIST", "CAST", "Y_RNA"), [90, 9, 1])
    assert problem.code == "ambiguous_gene_names"
    assert "10 % of all counts lie on 2 row(s)" in problem.sentence
    assert "'CAST' (9 %), which may be CAST (ENSG00000153113) ||" in problem.sentence
    assert problem.where[0].startswith("CAST: ")


# Real files


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("training/gtex_tissue_tpm.tsv.gz", "ensembl"),
        ("training/hpa_blood_cell_nx.tsv.gz", "ensembl"),
        ("training/hpa_cell_line_nx.tsv.gz", "ensembl"),
        ("training/hpa_tissue_counts.tsv.gz", "ensembl"),
        ("training/hpa_tissue_tpm.tsv.gz", "ensembl"),
        ("cohorts/bodymap_counts.tsv.gz", "ensembl"),
        ("cohorts/castle_counts.tsv.gz", "ensembl"),
        ("cohorts/geuvadis_lcl_counts.tsv.gz", "ensembl"),
        ("cohorts/lncap_counts.tsv.gz", "ensembl"),
        ("cohorts/onek1k_subset.h5ad", "ensembl"),
        ("cohorts/celltypist_demo.h5ad", "symbols"),
    ],
)
def test_the_names_of_a_real_file_are_of_one_kind_and_survive_r(
    shared_data: Path, file: str, kind: str
) -> None:
    path = shared_data / file
    if path.suffix == ".h5ad":
        names = tuple(anndata.read_h5ad(path, backed="r").var_names)
    else:
        names = tuple(pd.read_csv(path, sep="\t", usecols=[0], dtype=str).iloc[:, 0])
    rows = resolve(*names)
    assert identifier_summary(rows).kind == kind
    assert not rows["evidence"].str.startswith("spreadsheet").any()
    dotted = resolve(*(name.replace("-", ".") for name in names))
    placed = rows["model_gene_id"].notna()
    same = dotted["model_gene_id"] == rows["model_gene_id"]
    assert (same | (dotted["action"] == "ambiguous"))[placed].all()


def test_the_symbols_of_a_real_file_lead_to_the_genes_of_its_ids(shared_data: Path) -> None:
    features = pd.read_csv(
        shared_data / "formats/10x_v3/features.tsv.gz", sep="\t", header=None, dtype=str
    )
    by_id = resolve(*features[0])["model_gene_id"]
    by_symbol = resolve(*features[1])["model_gene_id"]
    both = by_id.notna() & by_symbol.notna()
    assert both.sum() > 280
    assert features.loc[both & (by_id != by_symbol), 1].tolist() == []


def test_an_alias_gives_way_to_a_row_that_names_its_gene_better():
    rows = resolve("CBSL", "CBS")
    assert rows["action"].tolist() == ["ambiguous", "symbol"]
    assert rows["candidates"].tolist()[0] == "CBS (ENSG00000160200)"
    assert resolve("CBSL")["action"].tolist() == ["alias"]
    assert resolve("4-Oct", "POU5F1")["action"].tolist() == ["ambiguous", "symbol"]
