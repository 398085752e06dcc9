"""Reader of htseq-count's output, and of the lists of gene and count that look like it."""

from __future__ import annotations

import re

import numpy as np
import pyarrow.compute as pc

from gem_assets.counts.orientation import GENE_CORNERS
from gem_assets.counts.readers.sample_files import SampleCounts, SampleFilesReader
from gem_assets.counts.readers.sample_table import SampleColumns, first_lines, read_sample_table
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_layout import NUMBER

_SUMMARY = r"^(__.*|no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)$"
"""Rows that count reads of no gene; without ``__`` before HTSeq 0.5.4."""

_LOOKED_AT = 50


class HtseqReader(SampleFilesReader):
    """Reads rows of a gene and its count without a header, a file a sample.

    A second column of words, as ``--additional-attr gene_name`` writes it, names the genes once
    more. The rows ``__no_feature``... at the end may be missing: they are often cut off.
    """

    rank = 50
    reads = "HTSeq-count output, one or a folder of them"
    format = "htseq"
    spoken = "HTSeq-count"
    named = re.compile(
        r"[._-](htseq([._-]?counts?)?|(gene_?)?counts?)(\.(txt|tsv|tab|out))?$", re.IGNORECASE
    )

    def fits(self, head: bytes) -> bool:
        """Tell whether each row is a name, perhaps a second one, and a number."""
        rows = [row for row in first_lines(head, _LOOKED_AT) if row != [""]]
        if len(rows) < 2 or len(rows[0]) not in {2, 3} or not _is_count(rows[0], len(rows[0])):
            return False
        if rows[0][0].strip().casefold().replace(" ", "_") in {"", *GENE_CORNERS}:
            return False  # a header whose sample is called by a number
        # A broken row further on is refused in reading, with its line.
        return sum(_is_count(row, len(rows[0])) for row in rows) >= len(rows) / 2

    def read_sample(self, source: CountsSource) -> SampleCounts:
        """Read one file."""
        width = len(first_lines(source.head, 1)[0])
        table = read_sample_table(
            source,
            SampleColumns(
                gene=0,
                symbol=1 if width == 3 else None,
                values=(width - 1,),
                width=width,
                header_lines=0,
            ),
        )
        found = pc.match_substring_regex(table.gene_ids, _SUMMARY)
        summary = np.asarray(found.to_numpy(zero_copy_only=False))
        genes = table.take(~summary)
        return SampleCounts(genes.gene_ids, genes.values[:, 0], genes.symbols)


def _is_count(row: list[str], width: int) -> bool:
    numbers = [NUMBER.fullmatch(cell) is not None for cell in row]
    return len(row) == width and numbers[-1] and not any(numbers[:-1])
