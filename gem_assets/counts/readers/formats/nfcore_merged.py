"""Reader of the merged gene tables of nf-core/rnaseq: salmon, kallisto and RSEM.

``gene_id  gene_name  SAMPLE...`` (salmon and kallisto, by tximport) or ``gene_id
transcript_id(s)  SAMPLE...`` (RSEM); see https://nf-co.re/rnaseq/docs/output.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_layout import TextLayout
from gem_assets.counts.readers.text_table import header_of, read_text_table
from gem_assets.counts.readers.units import refuse_units_in_name
from gem_assets.problems import RefusedInputError, refuse

_INSTEAD = (
    "Give salmon.merged.gene_counts.tsv (or that of kallisto or RSEM) from the same folder of "
    "results."
)
_TRANSCRIPTS = (["tx", "gene_id"], ["transcript_id", "gene_id"])
"""First headings of the tables of transcripts that stand beside those of genes."""

_ENOUGH_GENES = 1_000
_EVEN_RATIO = 1.5
"""Lengths of a gene in two samples differ by less, counts by more."""


class NfcoreMergedReader:
    """Reads ``*.merged.gene_counts*.tsv``: estimated counts, often with fractions."""

    rank = 50
    reads = "nf-core/rnaseq's merged gene counts (salmon, kallisto or RSEM)"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the first two headings."""
        first = header_of(source.head)[:2]
        return (first[:1] == ["gene_id"] and _is_second(first[1:])) or first in _TRANSCRIPTS

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        if header_of(source.head)[:2] in _TRANSCRIPTS:
            raise refuse(
                "transcript_level",
                "it holds counts of transcripts (nf-core/rnaseq's merged transcript table), where "
                "counts of genes are needed.",
                _INSTEAD,
            )
        refuse_units_in_name(source, _INSTEAD)
        if "gene_lengths" in source.path.name:
            raise _lengths("its name says so")
        table, _ = read_text_table(source, known=_known)
        matrix, notes = table.genes_in_rows()
        if _look_like_lengths(matrix):
            raise _lengths("no value is 0, and each gene has nearly the same value in all samples")
        return CountsFile(matrix, "nfcore_merged", "genes x samples", notes)


def _is_second(heading: list[str]) -> bool:
    return heading in (["gene_name"], ["transcript_id(s)"])


def _known(layout: TextLayout) -> TextLayout:
    """Take the second column for what it is, even where it says NA."""
    if layout.columns[0] == "gene_name":
        return replace(layout, second_name=0, ignored=())
    return replace(layout, second_name=None, ignored=(0,))


def _look_like_lengths(matrix: CountMatrix) -> bool:
    """Tell ``gene_lengths.tsv``, which has the same header, from counts."""
    counts = matrix.counts
    n_cells = matrix.n_samples * matrix.n_genes
    if matrix.n_samples < 2 or matrix.n_genes < _ENOUGH_GENES or counts.nnz < n_cells:
        return False
    lengths = counts.data.reshape(counts.shape)
    even = lengths.max(axis=0) < _EVEN_RATIO * lengths.min(axis=0)
    return bool(np.mean(even) > 0.5)


def _lengths(evidence: str) -> RefusedInputError:
    return refuse(
        "gene_lengths",
        f"this is a table of gene lengths, not of counts: {evidence}.",
        _INSTEAD,
    )
