"""Which gene of the model each row of a counts file means.

A row is settled by the first of these that knows it:

1. its Ensembl id, with or without version; pseudoautosomal copies on Y mean the gene on X;
2. an Ensembl id that the gene table knows and the model does not read: the row is dropped, and
   its symbol isn't asked, for the id is the more exact name;
3. its approved symbol, when one gene alone carries it.

Names are compared with their case: `Xist` is a gene of the mouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.genes.order import GeneOrder
from gem_assets.genes.table import load_gene_table

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
"""What can be done with a row, the most exact evidence first; not each is in use yet."""

_ENSEMBL = (
    r"^ENSG(?P<par_prefix>R)?(?P<number>\d{10,11})"
    r"(?P<version>\.\d+)?(?P<par_suffix>_PAR_Y)?(?:[|_](?P<symbol>.+))?$"
)
"""Ensembl's human gene id and what GENCODE and RSEM write around it.

GENCODE marks the copy of a pseudoautosomal gene on Y with the suffix ``_PAR_Y`` (releases 25 to
43) or the prefix ``ENSGR`` (before). RSEM writes ``ENSG..._SYMBOL``, some tables
``ENSG...|SYMBOL``.
"""


@cache
def unique_symbols() -> pd.Series:
    """Return the gene id of each approved symbol (the index) that one gene alone carries.

    Copies of pseudoautosomal genes on Y, which share the symbol of a gene on X, don't count, as in
    the ids: CD99 is the gene on X.
    """
    carriers = _carriers()
    return carriers[~carriers.index.duplicated(keep=False)]


@cache
def shared_symbols() -> pd.Series:
    """Return the gene ids of each approved symbol (the index, repeated) that several genes carry.

    ``Y_RNA`` has 755. Most are families of small RNAs, but 18 name a protein-coding gene (CAST).
    """
    carriers = _carriers()
    return carriers[carriers.index.duplicated(keep=False)]


def _carriers() -> pd.Series:
    genes = load_gene_table().dropna(subset="symbol")
    on_x = genes["symbol"].isin(genes.loc[genes["chromosome"] == "X", "symbol"])
    genes = genes[~(on_x & (genes["chromosome"] == "Y"))]
    return genes.set_index("symbol")["gene_id"]


@cache
def _known_ids() -> pd.Index[str]:
    # Kept, because an index remembers its hash table.
    ids: pd.Index[str] = pd.Index(load_gene_table()["gene_id"])
    return ids


class _Rows:
    """The rows of a file while their genes are looked up; each is placed once."""

    def __init__(self, n_rows: int, order: GeneOrder) -> None:
        self._order = order
        self.action = np.full(n_rows, "dropped", dtype=object)
        self.model_index = np.full(n_rows, -1, dtype=np.int64)
        self.settled = np.zeros(n_rows, dtype=bool)

    def place(self, gene_ids: pd.Series, action: str | NDArray[np.object_]) -> None:
        """Settle the open rows whose candidate (missing where there is none) the model reads."""
        positions = self._order.positions(gene_ids)
        found = ~self.settled & (positions >= 0)
        self.model_index[found] = positions[found]
        self.action[found] = action if isinstance(action, str) else action[found]
        self.settled |= found

    def settle(self, rows: NDArray[np.bool_], action: str) -> None:
        """Decide that open rows have no place in the model."""
        rows = rows & ~self.settled
        self.action[rows] = action
        self.settled |= rows

    def place_symbols(self, symbols: pd.Series) -> None:
        """Place the rows whose symbol one gene alone carries; mark those that several carry.

        A symbol of several genes is ambiguous when the model reads at least one of them, also
        when it reads just one: which gene the file counted doesn't depend on the model.
        """
        self.place(unique_symbols().reindex(symbols), "symbol")
        shared = shared_symbols()
        in_model = shared.index[self._order.positions(shared) >= 0]
        self.settle(symbols.isin(in_model).to_numpy(dtype=bool), "ambiguous")


def resolve_genes(
    gene_ids: Sequence[str], gene_symbols: Sequence[str] | None, order: GeneOrder
) -> pd.DataFrame:
    """Find the model's gene of each row of a file.

    Parameters
    ----------
    gene_ids
        Names of the rows: Ensembl ids, symbols, or a mixture.
    gene_symbols
        A second name of each row where the file has one, else None.
    order
        The genes that the model reads.

    Returns
    -------
    pandas.DataFrame
        One row a raw gene, in the file's order: ``raw_index``, ``raw_gene_id``, ``action`` (one of
        `ACTIONS`), ``model_gene_id`` (missing if none), ``model_index`` (int64, -1 if none). Of the
        rows of one gene, the one with the most exact evidence keeps its action and the others are
        ``summed``.

    Examples
    --------
    >>> order = GeneOrder(("ENSG00000000003", "ENSG00000000005"))
    >>> resolve_genes(["ENSG00000000003.15", "TNMD"], None, order)["action"].tolist()
    ['version_stripped', 'symbol']
    """
    # Plain objects, so that a missing part is NaN in every pandas.
    names = pd.Series(list(gene_ids), dtype=object)
    rows = _Rows(len(names), order)
    rows.place(names, "matched")
    # Only names that the model doesn't know as they stand need taking apart.
    parts = names.mask(rows.settled).str.extract(_ENSEMBL)
    stable_ids = "ENSG" + parts["number"].str.zfill(11)
    on_par_y = parts["par_prefix"].notna() | parts["par_suffix"].notna()
    exact = (parts["version"].isna() & ~on_par_y).to_numpy(dtype=bool)
    rows.place(stable_ids, np.where(exact, "matched", "version_stripped").astype(object))
    rows.settle(_known_ids().get_indexer(pd.Index(stable_ids)) >= 0, "dropped")
    # Retired ids belong here: an id, even an old one, is more exact than a symbol.
    rows.place_symbols(parts["symbol"].where(stable_ids.notna(), names))
    if gene_symbols is not None:
        rows.place_symbols(pd.Series(list(gene_symbols), dtype=object))
    # Aliases and Entrez ids belong here: they are asked when no approved name is known.

    placed = rows.model_index >= 0
    rows.action[_later_rows(rows, on_par_y.to_numpy(dtype=bool)) & placed] = "summed"
    model_gene_ids = np.full(len(names), None, dtype=object)
    model_gene_ids[placed] = np.array(order.gene_ids, dtype=object)[rows.model_index[placed]]
    return pd.DataFrame(
        {
            "raw_index": np.arange(len(names)),
            "raw_gene_id": names,
            "action": rows.action,
            "model_gene_id": model_gene_ids,
            "model_index": rows.model_index,
        }
    )


def _later_rows(rows: _Rows, on_par_y: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rows whose gene has a row with better evidence, or with as good, before them."""
    evidence = pd.Series(rows.action).map(ACTIONS.index).to_numpy()
    # The copy on Y is added to the gene on X, whichever comes first in the file.
    best_first = np.lexsort((np.arange(len(evidence)), evidence, on_par_y))
    later = np.empty(len(evidence), dtype=bool)
    later[best_first] = pd.Series(rows.model_index[best_first]).duplicated().to_numpy()
    return later
