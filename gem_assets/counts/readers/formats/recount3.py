"""Recognises recount3's gene sums, which are no counts, and says how to make counts of them.

Two lines of ``##``, then ``gene_id  SRR...``. A value is the coverage of a gene summed over its
base pairs: a read of 100 aligned bases adds 100. Counts are these sums divided by each sample's
average length of aligned reads, which stands in recount3's metadata and not in this file; see
https://rna.recount.bio/docs/raw-files.html and recount3's ``compute_read_counts``.
"""

from __future__ import annotations

from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_table import header_of
from gem_assets.problems import refuse


class Recount3Reader:
    """Refuses recount3's ``*.gene_sums.*.gz``; ``read`` never returns."""

    rank = 10
    reads = "recount3's gene sums (to be converted to counts first)"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the two comments and the header."""
        lines = source.head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 2)
        return (
            len(lines) == 3
            and all(line.startswith(b"##") for line in lines[:2])
            and header_of(source.head, 2)[0] == "gene_id"
        )

    def read(self, source: CountsSource) -> CountsFile:
        """Refuse the file (``coverage_sums``)."""
        samples = header_of(source.head, 2)[1:]
        raise refuse(
            "coverage_sums",
            f"these are recount3's gene sums of {', '.join(samples[:3])}...: base pairs of "
            "coverage, not reads (a read of 100 aligned bases adds 100), and the read lengths are "
            "not in the file.",
            "Make counts of them in R: rse <- recount3::create_rse(...), then "
            "recount3::compute_read_counts(rse), and write them as a table "
            "(transform_counts would scale all samples to one depth).",
        )
