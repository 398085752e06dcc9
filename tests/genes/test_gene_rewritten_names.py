"""Names that spreadsheets and R have rewritten are restored where one gene alone has such a name.

The damage is done here by what the programs document, not by the code that undoes it.
"""

from __future__ import annotations

import datetime
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gem_assets.genes.order import GeneOrder
from gem_assets.genes.resolution import resolve_genes
from gem_assets.genes.symbols import known_names, unique_symbols
from gem_assets.genes.table import load_gene_table

ALL_GENES = GeneOrder(tuple(load_gene_table()["gene_id"]))
GENE_OF = unique_symbols()

RENAMED = {
    **{f"SEPT{n}": f"SEPTIN{n}" for n in (*range(1, 13), 14)},
    **{f"MARCH{n}": f"MARCHF{n}" for n in range(1, 12)},
    "MARC1": "MTARC1",
    "MARC2": "MTARC2",
    "DEC1": "DELEC1",
}
"""The genes that HGNC renamed because spreadsheets take their names for dates."""

TWO_MEANINGS = {"MARCH1", "MARC1", "MARCH2", "MARC2"}
"""Of these, those of which a spreadsheet makes the same date."""

SOME_SYMBOLS = tuple(f"LINC{n:05d}" for n in range(92, 2700))
"""Names of a file of symbols, so that a number among them stands alone."""


def as_excel_saves(name: str, year: int) -> list[str]:
    """Return what may stand in a file for a name of a month and a day, by the format of the cell.

    Excel's day 1 is 1900-01-01, and its 1900 has a 29th of February.
    """
    month = {"SEPT": 9, "MARCH": 3, "MARC": 3, "DEC": 12}[name.rstrip(string.digits)]
    date = datetime.date(year, month, int(name.lstrip(string.ascii_letters)))
    serial = (date - datetime.date(1899, 12, 31)).days + 1
    return [
        f"{date.day}-{date:%b}",
        f"{date:%d-%b}",
        f"{date:%b-%d}",
        f"{date.day}-{date:%b-%y}",
        f"{date:%d-%b-%Y}",
        f"{date:%b} {date.day}",
        f"{date:%B} {date.day}, {date.year}",
        f"{date:%Y-%m-%d}",
        f"{date:%Y/%m/%d}",
        f"{date:%Y-%m-%d} 00:00:00",
        str(serial),
    ]


def make_names(name: str) -> str:
    """Rewrite a name as R's make.names, character by character."""
    letters = set(string.ascii_letters)
    valid = letters | set(string.digits) | {".", "_"}
    starts = name[:1] in letters or (name[:1] == "." and name[1:2] not in set(string.digits))
    name = name if starts else "X" + name
    return "".join(character if character in valid else "." for character in name)


def resolve(*names: str) -> pd.DataFrame:
    return resolve_genes(names, None, ALL_GENES)


@pytest.mark.parametrize("year", [1998, 2006, 2021, 2026])
@pytest.mark.parametrize("rewrite", [str, make_names])
def test_a_gene_that_excel_made_a_date_of_is_restored_or_listed(year, rewrite):
    saved = [(name, rewrite(text)) for name in RENAMED for text in as_excel_saves(name, year)]
    rows = resolve(*SOME_SYMBOLS, *(text for _, text in saved)).tail(len(saved))
    meant = np.array([GENE_OF[RENAMED[name]] for name, _ in saved], dtype=object)
    two = np.array([name in TWO_MEANINGS for name, _ in saved])
    assert rows.loc[~two, "model_gene_id"].tolist() == meant[~two].tolist()
    assert rows.loc[~two, "read_as"].tolist() == [n for n, _ in saved if n not in TWO_MEANINGS]
    assert (rows.loc[two, "action"] == "ambiguous").all()
    offered = zip(rows.loc[two, "candidates"], meant[two], strict=True)
    assert all(gene in candidates for candidates, gene in offered)
    assert (rows["evidence"] == "spreadsheet_date").all()


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("01. Sep", "SEPTIN1"),
        ("3. Mrz", "MARCHF3"),
        ("3-Mär", "MARCHF3"),
        ("1-Dez", "DELEC1"),
        ("4-Okt", "POU5F1"),  # OCT4
        ("02-ago", "AGO2"),
        ("Aug-02", "AGO2"),
        ("1-mei", "MEI1"),
        ("tammi.41", "TAMM41"),
        ("1941-01-01", "TAMM41"),
        ("Sep-53", "CRNN"),  # SEP53
        ("15-Sep", "SELENOF"),  # SEP15
    ],
)
def test_dates_of_other_languages_and_years_are_restored(name, symbol):
    (row,) = resolve(name).itertuples()
    assert row.model_gene_id == GENE_OF[symbol]


def test_the_order_of_day_and_month_is_told_by_the_other_dates():
    assert resolve("9/3/2023", "9/14/2023")["read_as"].tolist() == ["SEPT3", "SEPT14"]
    assert resolve("03.09.2023", "14.09.2023")["read_as"].tolist() == ["SEPT3", "SEPT14"]


def test_a_date_of_two_orders_is_listed_with_the_genes_of_both():
    (row,) = resolve("9/3/2023").itertuples()
    assert row.action == "ambiguous"
    assert row.candidates == "MARCHF9 (ENSG00000139266) || SEPTIN3 (ENSG00000100167)"
    (row,) = resolve("9/12").itertuples()
    assert row.read_as == "SEPT12"  # there is no gene of 9 December


def test_a_number_of_a_clone_is_lost_and_said_to_be():
    rows = resolve("2.31E+13", "1.10E+08", "X2.31E.13", "5-Jan")
    assert rows["action"].tolist() == ["dropped"] * 4
    assert rows["evidence"].tolist() == ["spreadsheet_number"] * 3 + ["spreadsheet_date"]
    assert rows["candidates"].isna().all()


@pytest.mark.parametrize("name", ["31-Sept-5", "0-Mar", "14-3-4", "Foo-12", "2023-13-01", "99-99"])
def test_what_is_no_date_is_read_as_none(name):
    assert resolve(name)["model_gene_id"].isna().all()


def test_names_that_look_like_dates_and_are_names_keep_their_meaning():
    rows = resolve("9-27", "APR-1", "FEB2", "OCT4")
    assert rows["evidence"].tolist() == ["alias"] * 4


def test_every_symbol_survives_make_names():
    symbols = GENE_OF.index
    mangled = [make_names(symbol) for symbol in symbols]
    rows = resolve_genes(mangled, None, ALL_GENES)
    wrong = (rows["model_gene_id"].to_numpy() != GENE_OF.to_numpy()) & rows["candidates"].isna()
    assert symbols[wrong].tolist() == []
    # KRTAP10.9 is what R makes of KRTAP10-9, and an alias of KRTAP10-11.
    assert (rows["action"] == "ambiguous").sum() < 10
    rewritten = np.array(mangled) != symbols.to_numpy()
    assert rewritten.sum() > 5_000
    assert (rows.loc[rewritten, "evidence"] == "rewritten_by_r").mean() > 0.9
    restored = (rows["evidence"] == "rewritten_by_r").to_numpy()
    assert rows.loc[restored, "read_as"].tolist() == symbols[restored].tolist()


def test_every_known_name_survives_make_names_or_is_listed():
    known = known_names()
    rows = resolve_genes([make_names(name) for name in known.unique], None, ALL_GENES)
    # KRTAP2-4 and the name KRTAP2.4 of another gene become one.
    other = rows["model_gene_id"].notna() & (rows["model_gene_id"] != known.gene_ids)
    assert other.mean() < 0.001
    # Here every alias stands beside the symbol of its gene, and gives way to it.
    assert (rows["model_gene_id"].notna() | (rows["action"] == "ambiguous")).mean() > 0.99


def test_capitals_of_open_reading_frames_are_undone():
    frames = GENE_OF[GENE_OF.index.str.fullmatch(r"C(\d+|X|Y)orf\d+")]
    rows = resolve_genes(tuple(frames.index.str.upper()), None, ALL_GENES)
    assert rows["model_gene_id"].tolist() == frames.tolist()


def test_a_numbered_repeat_is_added_to_the_first():
    for dash in ".-":
        names = ["XIST", f"XIST{dash}1", f"XIST{dash}2", f"XIST{dash}4", f"TNMD{dash}1"]
        rows = resolve(*names)
        assert rows["action"].tolist() == ["symbol", "summed", "summed", "dropped", "dropped"]
        assert rows["read_as"].tolist()[1:3] == ["XIST", "XIST"]


def test_a_numbered_repeat_of_a_shared_symbol_is_ambiguous():
    rows = resolve("Y_RNA", "Y_RNA.1", "Y-RNA")
    assert rows["action"].tolist() == ["ambiguous"] * 3
    assert rows["candidates"].str.endswith("and 745 more").all()


def test_a_numbered_repeat_of_a_date_is_restored_with_it():
    rows = resolve("1-Sep", "1-Sep.1")
    assert rows["action"].tolist() == ["alias", "summed"]


DATES = st.dates(datetime.date(1990, 1, 1), datetime.date(2030, 12, 31))
FORMATS = st.sampled_from(["%d-%b", "%b-%d", "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%y", "X%d.%b"])


@settings(max_examples=30)
@given(st.lists(st.builds(datetime.date.strftime, DATES, FORMATS), max_size=20))
def test_a_date_is_never_left_without_a_word(names):
    rows = resolve_genes(names, None, ALL_GENES)
    assert (rows["evidence"] == "spreadsheet_date").all()
    restored = rows["model_gene_id"].notna()
    assert rows.loc[restored, "read_as"].notna().all()
    ambiguous = rows["action"] == "ambiguous"
    assert rows.loc[ambiguous, "candidates"].str.contains(" || ", regex=False).all()


@settings(max_examples=50)
@given(st.lists(st.text(max_size=30), max_size=30), st.booleans())
def test_no_name_is_too_strange_to_be_resolved(names, with_symbols):
    rows = resolve_genes(names, names[::-1] if with_symbols else None, ALL_GENES)
    assert rows["raw_gene_id"].tolist() == names
    placed = rows["model_index"] >= 0
    assert (placed == rows["model_gene_id"].notna()).all()
    assert (placed == ~rows["action"].isin(["dropped", "ambiguous"])).all()
