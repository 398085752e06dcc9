"""Reader of featureCounts' table: a comment, six columns of annotation, a column a BAM file.

See https://subread.sourceforge.net/featureCounts.html.
"""

from __future__ import annotations

from dataclasses import replace

from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.sample_names import sample_names
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_layout import TextLayout
from gem_assets.counts.readers.text_table import header_of, read_text_table
from gem_assets.problems import refuse

_COMMENT = b"# Program:featureCounts"
_ANNOTATION = ["Geneid", "Chr", "Start", "End", "Strand", "Length"]


class FeatureCountsReader:
    """Reads featureCounts' output; samples are named by their BAM files."""

    rank = 10
    reads = "featureCounts' table"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the comment, or by the six first headings; its summary is known, too."""
        return (
            _has_comment(source) or header_of(source.head)[:6] == _ANNOTATION or _is_summary(source)
        )

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        if _is_summary(source):
            raise refuse(
                "summary_table",
                "this is featureCounts' summary (reads assigned and not), not its counts.",
                "Give the file of the same name without .summary.",
            )
        skipped = 1 if _has_comment(source) else 0
        if header_of(source.head, skipped)[:6] != _ANNOTATION:
            raise refuse(
                "header_unknown",
                f"below featureCounts' comment, the columns {', '.join(_ANNOTATION)} are expected.",
                "Give featureCounts' table as it wrote it, or a plain table without the comment.",
            )
        table, _ = read_text_table(source, skipped, _known)
        names, stripped = sample_names(table.columns)
        matrix, notes = replace(table, columns=list(names)).genes_in_rows()
        return CountsFile(matrix, "featurecounts", "genes x samples", (*stripped, *notes))


def _known(layout: TextLayout) -> TextLayout:
    """Ignore the annotation, whatever its cells look like, and no sample behind it."""
    n_annotations = len(_ANNOTATION) - 1
    more = (i for i in layout.ignored if i >= n_annotations)
    return replace(layout, ignored=(*range(n_annotations), *more))


def _is_summary(source: CountsSource) -> bool:
    return source.head.startswith(b"Status\t") and b"\nAssigned\t" in source.head


def _has_comment(source: CountsSource) -> bool:
    return source.head.removeprefix(b"\xef\xbb\xbf").startswith(_COMMENT)
