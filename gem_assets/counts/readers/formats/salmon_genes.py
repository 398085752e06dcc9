"""Reader of salmon's ``quant.genes.sf`` (``--geneMap``)."""

from __future__ import annotations

import re

from gem_assets.counts.gene_names import ensembl_share, symbol_score
from gem_assets.counts.readers.sample_files import SampleCounts, SampleFilesReader
from gem_assets.counts.readers.sample_table import SampleColumns, first_lines, read_sample_table
from gem_assets.counts.readers.source import CountsSource

HEADINGS = ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]
"""Of ``quant.genes.sf``, and of ``quant.sf``, whose rows are transcripts."""

_COLUMNS = SampleColumns(gene=0, values=(4,), width=len(HEADINGS), header_lines=1)

_LOOKED_AT = 500


class SalmonGenesReader(SampleFilesReader):
    """Reads the column ``NumReads`` of ``quant.genes.sf``, a file (mostly in a folder) a sample."""

    rank = 10
    reads = "salmon quant.genes.sf, one or a folder of them"
    format = "salmon_genes"
    spoken = "salmon (quant.genes.sf)"
    named = re.compile(r"([._-]?quant)?[._-]genes\.sf$", re.IGNORECASE)
    assumed = ("Took the column 'NumReads'.",)

    def fits(self, head: bytes) -> bool:
        """Tell by the columns of the header."""
        return first_lines(head, 1) == [HEADINGS]

    def belongs(self, name: str, head: bytes) -> bool:
        """Tell it from ``quant.sf``, which has the same columns, by its name or its genes."""
        if not self.fits(head):
            return False
        if "genes" in name.lower():
            return True
        names = [row[0] for row in first_lines(head, _LOOKED_AT)[1:]]
        return max(ensembl_share(names), symbol_score(names)) >= 0.5

    def read_sample(self, source: CountsSource) -> SampleCounts:
        """Read one file."""
        table = read_sample_table(source, _COLUMNS)
        return SampleCounts(table.gene_ids, table.values[:, 0])
