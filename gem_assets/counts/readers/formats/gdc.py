"""Reader of the Genomic Data Commons' gene counts (TCGA, TARGET...), made with STAR."""

from __future__ import annotations

import re

import numpy as np
import pyarrow.compute as pc

from gem_assets.counts.readers.sample_files import SampleCounts, SampleFilesReader
from gem_assets.counts.readers.sample_table import SampleColumns, first_lines, read_sample_table
from gem_assets.counts.readers.source import CountsSource

_HEADINGS = ["gene_id", "gene_name", "gene_type", "unstranded", "stranded_first", "stranded_second"]


class GdcReader(SampleFilesReader):
    """Reads ``*.rna_seq.augmented_star_gene_counts.tsv``, a file a sample.

    The counts are those of column ``unstranded``, which GDC's own analyses use: its samples were
    sequenced with protocols of either kind. A download has a folder a file; the names of both are
    UUIDs, which GDC's sample sheet leads to the samples.
    """

    rank = 10
    reads = "GDC/TCGA augmented_star_gene_counts.tsv, one or a folder of them"
    format = "gdc"
    spoken = "GDC (augmented_star_gene_counts.tsv)"
    named = re.compile(r"(\.rna_seq)?[._]augmented_star_gene_counts(\.tsv|\.txt)?$", re.IGNORECASE)
    assumed = (
        "Took the column 'unstranded', as GDC does.",
        "GDC names files by UUIDs; its sample sheet (gdc_sample_sheet.*.tsv) tells the samples.",
    )

    def fits(self, head: bytes) -> bool:
        """Tell by the columns, below the line that names the gene model."""
        return _header_lines(head) > 0

    def read_sample(self, source: CountsSource) -> SampleCounts:
        """Read one file."""
        lines = _header_lines(source.head)
        width = len(first_lines(source.head, lines)[-1])
        columns = SampleColumns(gene=0, symbol=1, values=(3,), width=width, header_lines=lines)
        table = read_sample_table(source, columns)
        summary = np.asarray(pc.starts_with(table.gene_ids, "N_").to_numpy(zero_copy_only=False))
        genes = table.take(~summary)
        return SampleCounts(genes.gene_ids, genes.values[:, 0], genes.symbols)


def _header_lines(head: bytes) -> int:
    """Return how many lines precede the rows; 0 if the file is not of GDC."""
    for number, cells in enumerate(first_lines(head, 5), 1):
        if cells[: len(_HEADINGS)] == _HEADINGS:
            return number
        if not cells[0].startswith("#"):
            return 0
    return 0
