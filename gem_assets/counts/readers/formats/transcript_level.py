"""Tells quantifications of transcripts, which can't be used, from those of genes."""

from __future__ import annotations

import re

from gem_assets.counts.readers.formats.salmon_genes import HEADINGS, SalmonGenesReader
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.sample_table import first_lines
from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import refuse

_NAMES = re.compile(
    r"(quant\.sf|abundance\.(tsv|h5)|isoforms\.results|t_data\.ctab)(\.gz)?$", re.IGNORECASE
)

_KINDS = (
    (HEADINGS, "salmon's quant.sf", "with salmon's --geneMap, or with tximport"),
    (
        ["target_id", "length", "eff_length", "est_counts", "tpm"],
        "kallisto's abundance.tsv",
        "with tximport",
    ),
    (
        ["transcript_id", "gene_id", "length", "effective_length", "expected_count"],
        "RSEM's isoforms.results",
        "by RSEM itself: give its genes.results",
    ),
    (
        ["t_id", "chr", "strand", "start", "end", "t_name"],
        "StringTie's t_data.ctab",
        "with StringTie's prepDE.py",
    ),
)


class TranscriptLevelReader:
    """Refuses counts of transcripts by name; the sums of a gene need a table of its transcripts."""

    rank = 40
    reads = ""

    def recognises(self, source: CountsSource) -> bool:
        """Tell whether it is such a file, or a folder with one."""
        return self._kind(source) is not None

    def read(self, source: CountsSource) -> CountsFile:
        """Refuse the file or folder."""
        kind = self._kind(source)
        what, how = kind[1:] if kind else ("a quantifier's", "with tximport")
        raise refuse(
            "transcript_level",
            f"{'its files hold' if source.is_folder else 'it holds'} counts of transcripts "
            f"({what}), where counts of genes are needed.",
            f"Sum the transcripts of each gene with the table of your annotation (tx2gene), {how}.",
        )

    def _kind(self, source: CountsSource) -> tuple[list[str], str, str] | None:
        if not source.is_folder:
            return _kind_of(source.path.name, source.head)
        named = [m for m in source.members if _NAMES.search(m.base)]
        kinds = (_kind_of(m.base, source.member_head(m)) for m in named[:3])
        return next((kind for kind in kinds if kind), None)


def _kind_of(name: str, head: bytes) -> tuple[list[str], str, str] | None:
    rows = first_lines(head, 1)
    for kind in _KINDS:
        headings = kind[0]
        if rows and rows[0][: len(headings)] == headings:
            genes = headings is HEADINGS and SalmonGenesReader().belongs(name, head)
            return None if genes else kind
    return None
