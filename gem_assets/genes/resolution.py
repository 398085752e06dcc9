"""Which gene of the model each row of a counts file means.

A row is settled by the first of these that knows it:

1. its Ensembl id, with or without version; pseudoautosomal copies on Y mean the gene on X; an id
   that Ensembl has retired means the gene that stands for it today;
2. its Entrez id, where the name says that it is one, or the column as a whole does;
3. its symbol: approved today, official once, alias (`gem_assets.genes.symbols`), first as the name
   itself, then as the second name that the file has;
4. a symbol that R (`gem_assets.genes.r_names`) or a spreadsheet (`gem_assets.genes.spreadsheet`)
   has rewritten, where one gene alone comes into question.

An alias gives way to a row that names its gene better: two names that a file keeps apart are two
genes of its annotation. A row whose gene the table knows and the model doesn't read is dropped, and
no other name of it is asked. Names are compared with their case, for `Xist` is a gene of the mouse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.genes.alignment_words import ACTIONS
from gem_assets.genes.entrez import NumbersAre, genes_of_entrez, judge_numbers, whole_numbers
from gem_assets.genes.name_parts import take_apart
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.r_names import first_of_repeats, rewritten_names
from gem_assets.genes.rows import Rows
from gem_assets.genes.spreadsheet import date_keys, meanings_of_dates, number_like
from gem_assets.genes.strangers import kinds_of_strangers
from gem_assets.genes.symbols import known_names
from gem_assets.genes.table import genes_of_retired_ids, load_gene_table


@cache
def _known_ids() -> pd.Index:
    # Kept, because an index remembers its hash table.
    ids: pd.Index = pd.Index(load_gene_table()["gene_id"], dtype=object)
    return ids


def resolve_genes(
    gene_ids: Sequence[str], gene_symbols: Sequence[str] | None, order: GeneOrder
) -> pd.DataFrame:
    """Find the model's gene of each row of a file.

    Parameters
    ----------
    gene_ids
        Names of the rows: Ensembl ids, symbols, Entrez ids, or a mixture.
    gene_symbols
        A second name of each row where the file has one, else None.
    order
        The genes that the model reads.

    Returns
    -------
    pandas.DataFrame
        One row a raw gene, in the file's order: ``raw_index``, ``raw_gene_id``, ``action`` (of
        `gem_assets.genes.alignment_words.ACTIONS`), ``model_gene_id`` (missing if none),
        ``model_index`` (int64, -1 if none), ``evidence`` (of
        `gem_assets.genes.alignment_words.EVIDENCE`), ``read_as`` (the name before R or a
        spreadsheet rewrote it, else missing) and ``candidates`` (the genes that a name of several
        may mean, as text, else missing). Of the rows of one gene, the one with the most exact
        evidence keeps its action and the others are ``summed``.

    Examples
    --------
    >>> order = GeneOrder(("ENSG00000000003", "ENSG00000000005", "ENSG00000180096"))
    >>> rows = resolve_genes(["ENSG00000000003.15", "TNMD", "1-Sep"], None, order)
    >>> rows["action"].tolist()
    ['version_stripped', 'symbol', 'alias']
    >>> rows["evidence"].tolist()
    ['ensembl_version', 'approved_symbol', 'spreadsheet_date']
    """
    names = _text(gene_ids)
    rows = Rows(len(names), order)
    on_par_y = np.zeros(len(names), dtype=bool)
    # Only names that neither model nor table know as they stand need taking apart.
    as_they_stand = order.positions(pd.Index(names, dtype=object)) >= 0
    as_they_stand |= _known_ids().get_indexer(pd.Index(names, dtype=object)) >= 0
    rows.settle(np.flatnonzero(as_they_stand), names[as_they_stand], "matched", "ensembl_id")
    left = rows.open()
    if left.size:
        second = None if gene_symbols is None else _text(gene_symbols)
        on_par_y[left] = _settle_by_parts(rows, left, names, second)

    rows.candidates[rows.settled] = None
    rows.keep_apart()
    placed = rows.model_index >= 0
    rows.action[_later_rows(rows, on_par_y) & placed] = "summed"
    model_gene_ids = np.full(len(names), None, dtype=object)
    model_gene_ids[placed] = np.array(order.gene_ids, dtype=object)[rows.model_index[placed]]
    return pd.DataFrame(
        {
            "raw_index": np.arange(len(names)),
            "raw_gene_id": pd.Series(names, dtype=object),
            "action": rows.action,
            "model_gene_id": model_gene_ids,
            "model_index": rows.model_index,
            "evidence": rows.evidence,
            "read_as": rows.read_as,
            "candidates": rows.candidates,
        }
    )


def _settle_by_parts(
    rows: Rows,
    left: NDArray[np.int64],
    names: NDArray[np.object_],
    second: NDArray[np.object_] | None,
) -> NDArray[np.bool_]:
    """Settle rows by what their names are made of; return which are copies on Y."""
    parts = take_apart(names[left])
    today, action, evidence = _genes_of_ids(parts.ensembl, parts.exact, parts.on_par_y)
    second_gene = _genes_of_ids(parts.second, parts.exact, parts.on_par_y)[0]
    two = ~pd.isna(parts.second) & (second_gene != today)
    if two.any():
        both = pd.concat([pd.Series(ids[two], names[left][two]) for ids in (today, second_gene)])
        rows.doubt(left[two], names[left][two], both.dropna(), "two_genes")
        today[two] = None
    rows.settle(left, today, action, evidence)

    without_id = pd.isna(parts.ensembl)
    digits = np.full(len(left), None, dtype=object)
    digits[without_id] = whole_numbers(names[left][without_id])
    numbers_are = judge_numbers(digits[without_id])
    entrez = parts.entrez
    if numbers_are is NumbersAre.ENTREZ_IDS:
        entrez = np.where(pd.isna(digits), entrez, digits)
    rows.settle(left, genes_of_entrez(entrez), "entrez", "entrez_id")

    # What is no gene needs no more looking up, and the symbol beside an id of another species is
    # that species' own, even if we have one like it.
    kinds = kinds_of_strangers(names[left])
    rows.evidence[left] = np.where(rows.evidence[left] == "unknown", kinds, rows.evidence[left])
    asked = (
        ~rows.settled[left] & ~two & ~np.isin(kinds, ["other_species", "spike_in", "summary_row"])
    )
    left, symbols = left[asked], parts.symbol[asked]
    serials = numbers_are is NumbersAre.FEW
    rows.settle_names(left, symbols, known_names())
    if second is not None:
        rows.settle_names(left, second[left], known_names())
    column = pd.Index(names, dtype=object)
    _settle_rewritten(rows, left, symbols, column, serials=serials)
    if second is not None:
        column = pd.Index(second, dtype=object)
        _settle_rewritten(rows, left, second[left], column, serials=False)
    return parts.on_par_y


def _genes_of_ids(
    ids: NDArray[np.object_], exact: NDArray[np.bool_], on_par_y: NDArray[np.bool_]
) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.object_]]:
    """Return the gene of each stable id (None: unknown), and by what action and evidence."""
    known = _known_ids().get_indexer(pd.Index(ids, dtype=object)) >= 0
    # Retired ids without an heir in the table stay NaN here, unknown as ids never heard of.
    today = pd.Series(ids, dtype=object).map(genes_of_retired_ids()).to_numpy(dtype=object)
    retired = ~known & ~pd.isna(today)
    genes = np.where(known, ids, today)
    action = np.select(
        [retired, exact], ["retired_id", "matched"], default="version_stripped"
    ).astype(object)
    evidence = np.select(
        [on_par_y, retired, exact],
        ["par_y_copy", "retired_id", "ensembl_id"],
        default="ensembl_version",
    ).astype(object)
    return genes, action, evidence


def _settle_rewritten(
    rows: Rows,
    left: NDArray[np.int64],
    names: NDArray[np.object_],
    column: pd.Index,
    *,
    serials: bool,
) -> None:
    """Settle rows whose symbol was rewritten by a program on its way, where that can be undone."""
    keep = ~rows.settled[left] & ~rows.doubted[left]
    left, names = left[keep], names[keep]
    if not left.size:
        return
    rows.settle_names(left, _in_the_other_case(names), known_names(), "letter_case")
    rows.settle_names(left, names, rewritten_names(), "rewritten_by_r")
    _settle_dates(rows, left, names, serials=serials)
    first = first_of_repeats(names, column)
    repeated = ~pd.isna(first)
    for meanings in (known_names(), rewritten_names()):
        rows.settle_names(left[repeated], first[repeated], meanings, "repeated_name")
    _settle_dates(rows, left[repeated], first[repeated], serials=False)
    numbers = left[number_like(names) & ~rows.settled[left]]
    rows.evidence[numbers] = "spreadsheet_number"


def _in_the_other_case(names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Write ``C1ORF112`` as HGNC does, ``C1orf112``, and what it wrote so as others do.

    These are the only symbols with small letters: a table of capitals still has them.
    """
    other = np.full(len(names), None, dtype=object)
    found = pc.extract_regex(
        pa.array(names, pa.string(), from_pandas=True),
        r"^(?P<chromosome>C(?:[0-9]{1,2}|X|Y))(?P<orf>ORF|orf)(?P<number>[0-9]+.*)$",
    )
    rows = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
    for row, part in zip(rows, found.drop_null().to_pylist(), strict=True):
        other[row] = part["chromosome"] + part["orf"].swapcase() + part["number"]
    return other


def _settle_dates(
    rows: Rows, left: NDArray[np.int64], names: NDArray[np.object_], *, serials: bool
) -> None:
    """Settle names that are dates, where one gene alone has a name of this date."""
    keys = date_keys(names, serials=serials)
    dated = keys.notna().to_numpy() & ~rows.settled[left]
    if not dated.any():
        return
    left, names, keys = left[dated], names[dated], keys[dated].reset_index(drop=True)
    rows.evidence[left] = "spreadsheet_date"
    rows.settle_names(
        left, keys.to_numpy(dtype=object), meanings_of_dates(keys), "spreadsheet_date"
    )


def _text(names: Iterable[str]) -> NDArray[np.object_]:
    return np.array([*names, None], dtype=object)[:-1]


def _later_rows(rows: Rows, on_par_y: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rows whose gene has a row with better evidence, or with as good, before them."""
    rank = pd.Series(rows.action).map({action: i for i, action in enumerate(ACTIONS)}).to_numpy()
    # The copy on Y is added to the gene on X, whichever comes first in the file.
    best_first = np.lexsort((np.arange(len(rank)), rank, on_par_y))
    later = np.empty(len(rank), dtype=bool)
    later[best_first] = pd.Series(rows.model_index[best_first]).duplicated().to_numpy()
    return later
