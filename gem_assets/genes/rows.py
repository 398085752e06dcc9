"""The rows of a counts file while their genes are looked up, and what can be said of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.genes.order import GeneOrder
from gem_assets.genes.symbols import SOURCES, Meanings, symbol_of_gene

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
        self._by_alias = np.zeros(n_rows, dtype=bool)
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
        positions, by_older_id = self._order.positions_today(genes)
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
        self._by_alias[rows[known]] |= (source == "alias") & ~self.settled[rows[known]]
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
        named = pd.Series(names, dtype=object).isin(options.index).to_numpy()
        shared = named & ~self.settled[rows] & ~self.doubted[rows]
        if not shared.any():
            return
        rows, names = rows[shared], names[shared]
        options = options[options.index.isin(names)]
        positions, _ = self._order.positions_today(options.to_numpy(dtype=object))
        in_model = options.index[positions >= 0]
        self.doubted[rows] = True
        self.evidence[rows] = evidence
        self.action[rows] = np.where(pd.Index(names).isin(in_model), "ambiguous", "dropped")
        self.candidates[rows] = _told(options).reindex(names).to_numpy(dtype=object)

    def keep_apart(self) -> None:
        """Take an alias back whose gene another row names better: it is left as ambiguous.

        Two names that a file keeps apart are two genes of its annotation. ``CBSL`` is said to be an
        alias of CBS, and in a file that has both it is the artefact beside it.
        """
        placed = self.model_index >= 0
        better = self.model_index[placed & ~self._by_alias]
        rows = np.flatnonzero(placed & self._by_alias & np.isin(self.model_index, better))
        if not rows.size:
            return
        genes = np.array(self._order.gene_ids, dtype=object)[self.model_index[rows]]
        once = np.unique(genes)
        self.candidates[rows] = _told(pd.Series(once, index=once)).reindex(genes).to_numpy()
        self.action[rows] = "ambiguous"
        self.read_as[rows] = None
        self.model_index[rows] = -1


def _told(options: pd.Series) -> pd.Series:
    """Return, for each name (the index), the genes that it may mean as one text."""
    ids = options.to_numpy(dtype=object)
    symbols = symbol_of_gene().reindex(ids)
    named = symbols + " (" + symbols.index + ")"
    labels = pd.Series(np.where(symbols.notna(), named, ids), index=options.index)
    by_name = labels.groupby(level=0, sort=False)
    told = by_name.agg(lambda of_name: " || ".join(sorted(of_name)[:MANY_CANDIDATES]))
    more = by_name.size() - MANY_CANDIDATES
    return told.where(more <= 0, told + " || and " + more.astype(str) + " more")
