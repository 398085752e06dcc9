"""The shipped gene table: facts of Ensembl 115, HGNC and NCBI about human genes.

Every loader reads its file once a process and returns the same frame again: copy it before
changing it. ``data/README.md`` tells where the facts come from, `gem_assets.genes.build` makes the
files.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent / "data"

PRIMARY_CHROMOSOMES = (*(str(number) for number in range(1, 23)), "X", "Y", "MT")
"""Ensembl's names of the chromosomes whose genes are in the table."""


def _read(name: str) -> pd.DataFrame:
    # Without this option the gene named "NAN" would be read as a missing value.
    return pd.read_csv(DATA / name, sep="\t", dtype=str, keep_default_na=False)


@cache
def load_gene_table() -> pd.DataFrame:
    """Return the genes of the primary chromosomes and MT, one a row, ascending by id.

    Returns
    -------
    pandas.DataFrame
        78,691 rows of text: ``gene_id`` (unique, Ensembl without version), ``symbol`` (approved;
        missing for the genes that have none; not unique), ``biotype`` (Ensembl's word, such as
        ``protein_coding``), ``chromosome`` (one of `PRIMARY_CHROMOSOMES`).
    """
    genes = _read("genes.tsv.gz")
    return genes.assign(symbol=genes["symbol"].mask(genes["symbol"] == ""))


@cache
def aliases() -> pd.DataFrame:
    """Return ``alias``, the ``gene_id`` it stands for, and its ``kind``.

    The kind is ``official`` for a name that HGNC, NCBI or GENCODE gives or once gave the gene, else
    ``alias``. No alias is an approved symbol of the table. An alias that occurs twice is shared.
    """
    return _read("aliases.tsv.gz")


@cache
def retired_ids() -> pd.DataFrame:
    """Return ``retired_id`` (unique) and the ``gene_id`` of the table that stands for it today.

    Ids of genes on alternative haplotypes are among them; they lead to the primary chromosome.
    """
    return _read("retired_ids.tsv.gz")


@cache
def genes_of_retired_ids() -> pd.Series:
    """Return the gene that stands today for each retired id (the index), as `retired_ids`."""
    return retired_ids().set_index("retired_id")["gene_id"]


@cache
def entrez_ids() -> pd.DataFrame:
    """Return ``entrez_id`` (unique, digits as text) and its ``gene_id``; several may share one."""
    return _read("entrez_ids.tsv.gz")
