"""Samplesheets of nf-core pipelines (nf-core/rnaseq, usage documentation)."""

from __future__ import annotations

from dataclasses import replace

from gem_assets.labels.delimited import delimited_table
from gem_assets.labels.sheet_file import SheetText
from gem_assets.labels.sheets.layout import Layout


class NfcoreSamplesheet:
    """``sample, fastq_1, fastq_2, strandedness`` and any other columns.

    Rows of one ``sample`` are its lanes: the pipeline joins their reads.
    """

    name = "nfcore"
    rank = 50

    def recognises(self, text: SheetText) -> bool:
        """Tell by ``sample`` and ``fastq_1``."""
        return {"sample", "fastq_1"} <= set(text.header)

    def lay_out(self, text: SheetText) -> Layout:
        """Return the table."""
        layout = Layout.of(delimited_table(text))
        return replace(layout, sample_columns=("sample",), merges=True)
