"""Reader of RSEM's ``genes.results``."""

from __future__ import annotations

import re

from gem_assets.counts.readers.sample_files import SampleCounts, SampleFilesReader
from gem_assets.counts.readers.sample_table import SampleColumns, first_lines, read_sample_table
from gem_assets.counts.readers.source import CountsSource

_HEADINGS = ["gene_id", "transcript_id(s)", "length", "effective_length", "expected_count"]


class RsemReader(SampleFilesReader):
    """Reads the column ``expected_count`` of ``*.genes.results``, a file a sample."""

    rank = 10
    reads = "RSEM genes.results, one or a folder of them"
    format = "rsem"
    spoken = "RSEM (genes.results)"
    named = re.compile(r"\.?genes\.results$", re.IGNORECASE)
    assumed = ("Took the column 'expected_count'.",)

    def fits(self, head: bytes) -> bool:
        """Tell by the columns of the header."""
        rows = first_lines(head, 1)
        return bool(rows) and rows[0][: len(_HEADINGS)] == _HEADINGS

    def read_sample(self, source: CountsSource) -> SampleCounts:
        """Read one file."""
        width = len(first_lines(source.head, 1)[0])
        columns = SampleColumns(gene=0, values=(4,), width=width, header_lines=1)
        table = read_sample_table(source, columns)
        return SampleCounts(table.gene_ids, table.values[:, 0])
