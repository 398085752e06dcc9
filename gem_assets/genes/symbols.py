"""Which gene a symbol means: today's approved ones, those of other days, and aliases.

A name of a row comes from the annotation that the reads were counted with, and annotations name
genes by the approved symbols of their day. So a name is asked in this order, and the first that
knows it decides: approved today (Ensembl 115), official elsewhere or once (HGNC, NCBI, GENCODE 48),
alias. ``SEPT2`` was approved for SEPTIN2 and is an alias of SEPTIN6: it means SEPTIN2. A name that
the deciding source gives to several genes is shared, and means none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.genes.table import aliases, load_gene_table

SOURCES: Final = ("approved_symbol", "previous_symbol", "alias")
"""Where a name may be known from, the first that knows it decides."""


@dataclass(frozen=True, slots=True, eq=False)
class Meanings:
    """What names mean, one name a row of three arrays and an index that agree in order.

    Attributes
    ----------
    unique
        Names that mean one gene.
    gene_ids
        The gene of each.
    sources
        Position in `SOURCES` of what decided, for each.
    said
        The name as its source spells it, for each: where the index holds mangled names, the name
        before it was mangled.
    shared
        The genes of each name (the index, repeated) that means several.
    """

    unique: pd.Index
    gene_ids: NDArray[np.object_]
    sources: NDArray[np.int64]
    said: NDArray[np.object_]
    shared: pd.Series

    @classmethod
    def of(cls, names: pd.DataFrame) -> Meanings:
        """Sort names out: ``name``, ``said``, ``gene_id``, ``source`` (position in `SOURCES`).

        The genes of the lowest ``rank`` decide, in a frame without such a column of the lowest
        source.
        """
        codes, _ = pd.factorize(names["name"])
        rank = names["rank" if "rank" in names else "source"].to_numpy()
        lowest = np.full(len(names), len(SOURCES))
        np.minimum.at(lowest, codes, rank)
        deciding = names[rank == lowest[codes]].drop_duplicates(["name", "gene_id"])
        several = deciding["name"].duplicated(keep=False)
        unique = deciding[~several]
        return cls(
            unique=pd.Index(unique["name"], dtype=object),
            gene_ids=unique["gene_id"].to_numpy(dtype=object),
            sources=unique["source"].to_numpy(dtype=np.int64),
            said=unique["said"].to_numpy(dtype=object),
            shared=deciding[several].set_index("name")["gene_id"],
        )

    def entries(self) -> pd.DataFrame:
        """Return a row a name and gene: ``name``, ``said``, ``gene_id``, ``source``."""
        unique = pd.DataFrame(
            {
                "name": self.unique,
                "said": self.said,
                "gene_id": self.gene_ids,
                "source": self.sources,
            }
        )
        shared = self.shared.rename_axis("name").rename("gene_id").reset_index()
        return pd.concat([unique, shared.assign(said=shared["name"], source=0)], ignore_index=True)


@cache
def named_genes() -> pd.DataFrame:
    """Return every name of every gene: ``name``, ``gene_id``, ``source`` (position in `SOURCES`).

    Copies of pseudoautosomal genes on Y, which share the symbol of a gene on X, are left out, as
    among the ids: CD99 is the gene on X.
    """
    genes = load_gene_table().dropna(subset="symbol")
    on_x = genes["symbol"].isin(genes.loc[genes["chromosome"] == "X", "symbol"])
    approved = genes[~(on_x & (genes["chromosome"] == "Y"))][["symbol", "gene_id"]]
    others = aliases()
    return pd.concat(
        [
            approved.rename(columns={"symbol": "name"}).assign(source=0),
            pd.DataFrame(
                {
                    "name": others["alias"],
                    "gene_id": others["gene_id"],
                    "source": np.where(others["kind"] == "official", 1, 2),
                }
            ),
        ],
        ignore_index=True,
    )


@cache
def known_names() -> Meanings:
    """Return what every name of every gene means.

    An alias that R would make of another gene's symbol is shared with it: ``NKX6.1`` may be what
    NCBI calls NKX6-2, or NKX6-1 in a table that went through R.
    """
    names = named_genes()
    approved = names[names["source"] == 0]
    dashed = approved[approved["name"].str.contains("-", regex=False)]
    dotted = dashed.assign(name=dashed["name"].str.replace("-", ".", regex=False), source=2)
    dotted = dotted[dotted["name"].isin(names.loc[names["source"] == 2, "name"])]
    names = pd.concat([names, dotted], ignore_index=True)
    return Meanings.of(names.assign(said=names["name"]))


@cache
def unique_symbols() -> pd.Series:
    """Return the gene id of each approved symbol (the index) that one gene alone carries."""
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
    names = named_genes()
    return (
        names[names["source"] == 0]
        .rename(columns={"name": "symbol"})
        .set_index("symbol")["gene_id"]
    )


@cache
def symbol_of_gene() -> pd.Series:
    """Return the approved symbol of each gene id (the index), missing where it has none."""
    return load_gene_table().set_index("gene_id")["symbol"]
