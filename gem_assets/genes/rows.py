"""The rows of a counts file while their genes are looked up, and what can be said of them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.genes.order import GeneOrder
from gem_assets.genes.strangers import kinds_of_strangers
from gem_assets.genes.symbols import SOURCES, Meanings, symbol_of_gene
from gem_assets.genes.table import retired_ids

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


class Rows:
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
def genes_of_retired_ids() -> pd.Series:
    """Return the gene that stands today for each id (the index) that Ensembl has retired."""
    return retired_ids().set_index("retired_id")["gene_id"]


@lru_cache(maxsize=8)
def _older_ids(order: GeneOrder) -> pd.Series:
    """Return the position of the model's retired ids, by the gene that stands for each today."""
    today = genes_of_retired_ids().reindex(pd.Index(order.gene_ids)).reset_index(drop=True).dropna()
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
