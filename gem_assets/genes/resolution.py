"""Which gene of the model each row of a counts file means.

A row is settled by the first of these that knows it:

1. its Ensembl id, with or without version; pseudoautosomal copies on Y mean the gene on X; an id
   that Ensembl has retired means the gene that stands for it today;
2. its Entrez id, where the name says that it is one, or the column as a whole does;
3. its symbol: approved today, official once, alias (`gem_assets.genes.symbols`), first as the name
   itself, then as the second name that the file has;
4. a symbol that R (`gem_assets.genes.r_names`) or a spreadsheet (`gem_assets.genes.spreadsheet`)
   has rewritten, where one gene alone comes into question.

A row whose gene the table knows and the model doesn't read is dropped, and no other name of it is
asked. Names are compared with their case, for `Xist` is a gene of the mouse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.genes.entrez import NumbersAre, genes_of_entrez, judge_numbers, whole_numbers
from gem_assets.genes.name_parts import take_apart
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.r_names import first_of_repeats, rewritten_names
from gem_assets.genes.spreadsheet import date_keys, meanings_of_dates, number_like
from gem_assets.genes.strangers import kinds_of_strangers
from gem_assets.genes.symbols import SOURCES, Meanings, known_names, symbol_of_gene
from gem_assets.genes.table import load_gene_table, retired_ids

ACTIONS: Final = (
    "matched",
    "version_stripped",
    "retired_id",
    "symbol",
    "alias",
    "entrez",
    "summed",
    "ambiguous",
    "dropped",
)
"""What can be done with a row, the most exact evidence first."""

EVIDENCE: Final = (
    "ensembl_id",
    "ensembl_version",
    "par_y_copy",
    "retired_id",
    "entrez_id",
    "approved_symbol",
    "previous_symbol",
    "alias",
    "letter_case",
    "rewritten_by_r",
    "repeated_name",
    "spreadsheet_date",
    "spreadsheet_number",
    "shared_name",
    "two_genes",
    "spike_in",
    "summary_row",
    "transcript",
    "other_species",
    "unknown_id",
    "number",
    "unknown",
)
"""How the name of a row was read. From ``spike_in`` on it names no human gene that is known."""

MANY_CANDIDATES = 10
"""Genes that are told of an ambiguous name at most; ``Y_RNA`` has 755."""


class _Rows:
    """The rows of a file while their genes are looked up; each is settled once.

    Methods take the numbers of rows and, as long as these, what is said of them. Rows that are
    settled already are passed over.
    """

    def __init__(self, n_rows: int, order: GeneOrder) -> None:
        self._order = order
        self.action = np.full(n_rows, "dropped", dtype=object)
        self.evidence = np.full(n_rows, "unknown", dtype=object)
        self.read_as = np.full(n_rows, None, dtype=object)
        self.candidates = np.full(n_rows, None, dtype=object)
        self.model_index = np.full(n_rows, -1, dtype=np.int64)
        self.settled = np.zeros(n_rows, dtype=bool)
        self.doubted = np.zeros(n_rows, dtype=bool)

    def open(self) -> NDArray[np.int64]:
        """Return the rows that nothing has settled yet."""
        return np.flatnonzero(~self.settled)

    def settle(
        self,
        rows: NDArray[np.int64],
        genes: NDArray[np.object_],
        action: str | NDArray[np.object_],
        evidence: str | NDArray[np.object_],
        read_as: NDArray[np.object_] | None = None,
    ) -> None:
        """Settle the open rows that have a gene of the table: placed, or dropped by the model."""
        given = ~pd.isna(genes) & ~self.settled[rows]
        rows, genes = rows[given], genes[given]
        positions, by_older_id = model_positions(self._order, genes)
        self.model_index[rows] = positions
        self.action[rows] = action if isinstance(action, str) else action[given]
        self.action[rows[by_older_id]] = "retired_id"
        self.action[rows[positions < 0]] = "dropped"
        self.evidence[rows] = evidence if isinstance(evidence, str) else evidence[given]
        if read_as is not None:
            self.read_as[rows] = read_as[given]
        self.settled[rows] = True

    def settle_names(
        self,
        rows: NDArray[np.int64],
        names: NDArray[np.object_],
        meanings: Meanings,
        evidence: str | None = None,
    ) -> None:
        """Settle the open rows whose name means one gene; doubt those whose name means several."""
        positions = meanings.unique.get_indexer(pd.Index(names, dtype=object))
        known = positions >= 0
        found = positions[known]
        source = np.array(SOURCES, dtype=object)[meanings.sources[found]]
        self.settle(
            rows[known],
            meanings.gene_ids[found],
            np.where(source == SOURCES[0], "symbol", "alias").astype(object),
            source if evidence is None else np.full(len(found), evidence, dtype=object),
            None if evidence is None else meanings.said[found],
        )
        self.doubt(rows[~known], names[~known], meanings.shared, evidence or "shared_name")

    def doubt(
        self,
        rows: NDArray[np.int64],
        names: NDArray[np.object_],
        options: pd.Series,
        evidence: str,
    ) -> None:
        """Note the genes (values of `options`) that a name (its index) may mean.

        The row stays open: another name of it may still tell. Ambiguous is what the model reads at
        least one gene of, also when it reads just one: which gene the file counted doesn't depend
        on the model.
        """
        shared = pd.Series(names, dtype=object).isin(options.index).to_numpy()
        shared &= ~self.settled[rows] & ~self.doubted[rows]
        if not shared.any():
            return
        rows, names = rows[shared], names[shared]
        options = options[options.index.isin(names)]
        in_model = options.index[
            model_positions(self._order, options.to_numpy(dtype=object))[0] >= 0
        ]
        self.doubted[rows] = True
        self.evidence[rows] = evidence
        self.action[rows] = np.where(pd.Index(names).isin(in_model), "ambiguous", "dropped")
        self.candidates[rows] = _told(options).reindex(names).to_numpy(dtype=object)

    def name_strangers(self, names: NDArray[np.object_]) -> None:
        """Tell of the rows that nothing has settled what kind of name they have."""
        left = np.flatnonzero(~self.settled & (self.evidence == "unknown"))
        self.evidence[left] = kinds_of_strangers(names[left])


@cache
def _known_ids() -> pd.Index:
    # Kept, because an index remembers its hash table.
    ids: pd.Index = pd.Index(load_gene_table()["gene_id"], dtype=object)
    return ids


@cache
def _retired() -> pd.Series:
    return retired_ids().set_index("retired_id")["gene_id"]


@lru_cache(maxsize=8)
def _older_ids(order: GeneOrder) -> pd.Series:
    """Return the position of the model's retired ids, by the gene that stands for each today."""
    today = _retired().reindex(pd.Index(order.gene_ids)).reset_index(drop=True).dropna()
    positions = pd.Series(today.index.to_numpy(), index=today.to_numpy(), dtype=np.int64)
    return positions[~positions.index.duplicated(keep=False)]


def model_positions(
    order: GeneOrder, gene_ids: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the column of each gene (-1 for none), and where an older id of it led there."""
    positions = order.positions(pd.Index(gene_ids, dtype=object))
    missing = positions < 0
    older = _older_ids(order)
    if not missing.any() or older.empty:
        return positions, np.zeros(len(positions), dtype=bool)
    found = pd.Series(gene_ids).map(older).fillna(-1).to_numpy(dtype=np.int64)
    by_older_id = missing & (found >= 0)
    return np.where(by_older_id, found, positions), by_older_id


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
        One row a raw gene, in the file's order: ``raw_index``, ``raw_gene_id``, ``action`` (one of
        `ACTIONS`), ``model_gene_id`` (missing if none), ``model_index`` (int64, -1 if none),
        ``evidence`` (one of `EVIDENCE`), ``read_as`` (the name before R or a spreadsheet rewrote
        it, else missing) and ``candidates`` (the genes that a name of several may mean, as text,
        else missing). Of the rows of one gene, the one with the most exact evidence keeps its
        action and the others are ``summed``.

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
    rows = _Rows(len(names), order)
    on_par_y = np.zeros(len(names), dtype=bool)
    # Only names that neither model nor table know as they stand need taking apart.
    as_they_stand = order.positions(pd.Index(names, dtype=object)) >= 0
    as_they_stand |= _known_ids().get_indexer(pd.Index(names, dtype=object)) >= 0
    rows.settle(np.flatnonzero(as_they_stand), names[as_they_stand], "matched", "ensembl_id")
    left = rows.open()
    if left.size:
        second = None if gene_symbols is None else _text(gene_symbols)
        on_par_y[left] = _settle_by_parts(rows, left, names, second)
        rows.name_strangers(names)

    placed = rows.model_index >= 0
    rows.action[_later_rows(rows, on_par_y) & placed] = "summed"
    rows.candidates[rows.settled] = None
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
    rows: _Rows,
    left: NDArray[np.int64],
    names: NDArray[np.object_],
    second: NDArray[np.object_] | None,
) -> NDArray[np.bool_]:
    """Settle rows by what their names are made of; return which are copies on Y."""
    parts = take_apart(names[left])
    today, action, evidence = _genes_of_ids(parts.ensembl, parts.exact, parts.on_par_y)
    two = ~pd.isna(parts.second)
    if two.any():
        both = pd.concat(
            [pd.Series(ids[two], index=names[left][two]) for ids in (today, parts.second)]
        )
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

    open_ = ~rows.settled[left] & ~two
    left, symbols = left[open_], parts.symbol[open_]
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
    today = pd.Series(ids, dtype=object).map(_retired()).to_numpy(dtype=object)
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
    rows: _Rows,
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
    text = pd.Series(names, dtype=object)
    form = r"^(C(?:\d\d?|X|Y))(ORF|orf)(\d+.*)$"
    found = text.str.extract(form)
    other = found[1].map({"ORF": "orf", "orf": "ORF"})
    return (found[0] + other + found[2]).to_numpy(dtype=object)


def _settle_dates(
    rows: _Rows, left: NDArray[np.int64], names: NDArray[np.object_], *, serials: bool
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


def _told(options: pd.Series) -> pd.Series:
    """Return, for each name (the index), the genes that it may mean as one text."""
    symbols = symbol_of_gene().reindex(options).to_numpy(dtype=object)
    ids = options.to_numpy(dtype=object)
    labels = pd.Series(
        np.where(pd.isna(symbols), ids, symbols + " (" + ids + ")"), index=options.index
    )
    by_name = labels.groupby(level=0, sort=False)
    told = by_name.agg(lambda of_name: " || ".join(sorted(of_name)[:MANY_CANDIDATES]))
    more = by_name.size() - MANY_CANDIDATES
    return told.where(more <= 0, told + " || and " + more.astype(str) + " more")


def _text(names: Iterable[str]) -> NDArray[np.object_]:
    return np.array([*names, None], dtype=object)[:-1]


def _later_rows(rows: _Rows, on_par_y: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rows whose gene has a row with better evidence, or with as good, before them."""
    rank = pd.Series(rows.action).map({action: i for i, action in enumerate(ACTIONS)}).to_numpy()
    # The copy on Y is added to the gene on X, whichever comes first in the file.
    best_first = np.lexsort((np.arange(len(rank)), rank, on_par_y))
    later = np.empty(len(rank), dtype=bool)
    later[best_first] = pd.Series(rows.model_index[best_first]).duplicated().to_numpy()
    return later
