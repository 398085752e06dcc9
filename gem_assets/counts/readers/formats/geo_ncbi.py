"""Reader of the counts that NCBI makes of GEO series: ``GeneID  GSM...``, Entrez gene ids.

See https://www.ncbi.nlm.nih.gov/geo/info/rnaseqcounts.html.
"""

from __future__ import annotations

import re

from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_table import header_of, read_text_table
from gem_assets.counts.readers.units import refuse_units_in_name
from gem_assets.problems import RefusedInputError, refuse

_SAMPLE = re.compile(r"GSM\d+")

_HUMAN = frozenset(["60", "2597", "567", "3251", "7316"])
_MOUSE = frozenset(["11461", "14433", "12010", "15452", "22190"])
"""Entrez ids of ACTB, GAPDH, B2M, HPRT1 and UBC; no two species share an id."""


class GeoNcbiReader:
    """Reads ``GSE..._raw_counts_GRCh38.p13_NCBI.tsv.gz``."""

    rank = 50
    reads = "NCBI's raw counts of GEO series"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the headings: GeneID, then samples of GEO."""
        header = header_of(source.head)
        return header[:1] == ["GeneID"] and bool(_SAMPLE.match(header[1] if header[1:] else ""))

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        refuse_units_in_name(
            source, "Give the file whose name has raw_counts, from the same page of GEO."
        )
        if "GRCm" in source.path.name:
            raise _mouse("its name says that the reads were aligned to GRCm39")
        table, _ = read_text_table(source)
        matrix, notes = table.genes_in_rows()
        genes = frozenset(matrix.gene_ids)
        if genes & _MOUSE and not genes & _HUMAN:
            raise _mouse(f"Entrez ids such as {min(genes & _MOUSE, key=int)} are mouse genes")
        return CountsFile(
            matrix,
            "geo_ncbi",
            "genes x samples",
            (*notes, "Genes are named by Entrez ids (NCBI's GeneID)."),
        )


def _mouse(evidence: str) -> RefusedInputError:
    return refuse(
        "wrong_species",
        f"the genes look like mouse: {evidence}; the model knows human genes only.",
        "Give human counts. Genes of another species are not mapped to human orthologues.",
    )
