"""The gene order of a model: which genes it reads, and in which columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.genes.table import genes_of_retired_ids, load_gene_table


def hash_gene_ids(gene_ids: Iterable[str]) -> str:
    """Return ``"sha256:"`` and the first 16 hex digits of the hash of the newline-joined ids.

    Two orders of the same genes have different hashes: a column means another gene.
    """
    return "sha256:" + hashlib.sha256("\n".join(gene_ids).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class GeneOrder:
    """The genes of a model, one a column, in the order in which it reads them.

    Attributes
    ----------
    gene_ids
        Unique identifiers, as the model gives them: Ensembl ids without version.

    Raises
    ------
    ValueError
        If there is no gene, or one occurs twice.
    """

    gene_ids: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.gene_ids:
            raise ValueError("a gene order needs at least one gene, got none")
        if not self._index.is_unique:
            twice = self._index[self._index.duplicated()]
            raise ValueError(
                f"{len(twice)} gene(s) occur more than once in the gene order, the first is "
                f"{twice[0]!r}; every column needs a gene of its own"
            )

    def __len__(self) -> int:
        return len(self.gene_ids)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.gene_ids)

    @cached_property
    def hash(self) -> str:
        """`hash_gene_ids` of the order: the name under which alignments and predictions keep it."""
        return hash_gene_ids(self.gene_ids)

    def positions(self, gene_ids: Iterable[str]) -> NDArray[np.int64]:
        """Return the column of each gene, -1 for one that the model doesn't read."""
        return self._index.get_indexer(pd.Index(gene_ids)).astype(np.int64, copy=False)

    def positions_today(
        self, gene_ids: NDArray[np.object_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the column of each gene, -1 for none, and whether an older id of it led there.

        A model that was trained on an older annotation reads ids that Ensembl has retired since.
        """
        positions = self.positions(pd.Index(gene_ids, dtype=object))
        if self._retired.empty or (positions >= 0).all():
            return positions, np.zeros(len(positions), dtype=bool)
        older = pd.Series(gene_ids, dtype=object).map(self._retired).fillna(-1).to_numpy(np.int64)
        by_older_id = (positions < 0) & (older >= 0)
        return np.where(by_older_id, older, positions), by_older_id

    @cached_property
    def _retired(self) -> pd.Series:
        """The column of each retired id of the order, by the gene that stands for it today.

        A gene that two of them mean has no one column.
        """
        today = genes_of_retired_ids().reindex(self._index).reset_index(drop=True).dropna()
        columns = pd.Series(today.index.to_numpy(dtype=np.int64), index=today.to_numpy())
        return columns[~columns.index.duplicated(keep=False)]

    def symbols(self) -> tuple[str | None, ...]:
        """Return the approved symbol of each gene, None where the gene table knows none."""
        genes = load_gene_table()
        symbol_of = dict(zip(genes["gene_id"], genes["symbol"], strict=True))
        symbols = (symbol_of.get(gene_id) for gene_id in self.gene_ids)
        return tuple(symbol if isinstance(symbol, str) else None for symbol in symbols)
