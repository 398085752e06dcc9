"""A table of counts as it lies in a file, text or columnar, and the matrix that it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from gem_assets.counts.gene_names import ensembl_share
from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.orientation import Orientation, orient
from gem_assets.counts.readers.text_layout import heading
from gem_assets.problems import RefusedInputError, refuse

_ENOUGH = 20
"""So many values are needed to tell how they were written."""


MEASURES = frozenset([
    "tpm", "fpkm", "rpkm", "fpkm_uq", "numreads", "expected_count", "est_counts", "effectivelength",
    "effective_length", "tpm_unstranded", "fpkm_unstranded", "fpkm_uq_unstranded", "unstranded",
    "stranded_first", "stranded_second", "basemean", "log2foldchange", "lfcse", "logfc", "logcpm",
    "aveexpr", "pvalue", "p_value", "padj", "adj_p_val", "fdr",
])  # fmt: skip
"""Headings of what salmon, kallisto, RSEM, GDC, DESeq2, edgeR and limma write beside or instead of
counts, one measure a column. No sample is called so."""


@dataclass(frozen=True, slots=True)
class WideTable:
    """A header, a column of names (or two), and columns of counts.

    Attributes
    ----------
    row_names
        What the first column says.
    second_names, second_heading
        A column that names the rows once more, and its heading; None if there is none.
    columns
        Headings of the columns of counts.
    ignored
        Headings of other columns, which describe the rows.
    counts
        Rows x columns, by row or by column as they lie in the file.
    corner
        Heading of the column of row names; empty if it has none.
    """

    row_names: list[str]
    second_names: list[str] | None
    second_heading: str | None
    columns: list[str]
    ignored: tuple[str, ...]
    counts: sparse.csr_array | sparse.csc_array
    corner: str = ""

    def __post_init__(self) -> None:
        if not self.columns:
            raise refuse(
                "no_samples",
                "there is no column of counts beside the names.",
                "Write the counts again with a column for each sample.",
            )
        measures = [name for name in self.columns if heading(name) in MEASURES]
        if measures:
            raise refuse(
                "columns_not_samples",
                f"the column {measures[0]!r} is no sample: this looks like the table of one sample "
                "as a quantifier writes it, or of a statistical test, with its columns changed.",
                "Give the file as its program wrote it, or a table with a column of counts for "
                "each sample and no other numbers.",
                tuple(measures),
            )

    def genes_in_rows(self) -> tuple[CountMatrix, tuple[str, ...]]:
        """Return the matrix of a table whose rows are genes, and notes on its names.

        Where the second names are Ensembl ids and the first aren't, they are the ids.
        """
        ids, symbols = self.row_names, self.second_names
        if symbols is not None and ensembl_share(symbols) > ensembl_share(ids):
            ids, symbols = symbols, ids
        notes = []
        if self.second_heading is not None:
            notes.append(f"The column {self.second_heading!r} names the genes once more.")
        if self.ignored:
            ignored = ", ".join(map(repr, self.ignored))
            notes.append(f"Ignored columns that describe genes: {ignored}.")
        matrix = CountMatrix(
            tuple(self.columns),
            tuple(ids),
            sparse.csr_array(self.counts.T),
            tuple(symbols) if symbols is not None else None,
        )
        return matrix, tuple(notes)

    def oriented(self) -> tuple[CountMatrix, Orientation, tuple[str, ...]]:
        """Return the matrix of a table that may lie either way, how it lay, and notes.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            ``orientation_unclear``, or ``not_a_number`` where each row is a sample with labels
            beside its counts.
        """
        axes = orient(self.row_names, self.columns, self.corner)
        note = f"Read as {axes.orientation}: {axes.reason}."
        if axes.orientation == "genes x samples":
            matrix, notes = self.genes_in_rows()
            return matrix, axes.orientation, (note, *notes)
        labels = self.second_heading or next(iter(self.ignored), None)
        if labels is not None:
            raise refuse(
                "not_a_number",
                f"each row is a sample, but the column {labels!r} does not hold counts.",
                "Keep only the column of sample names and the genes; sample labels belong in "
                "samples.csv.",
            )
        counts = sparse.csr_array(self.counts)
        matrix = CountMatrix(tuple(self.row_names), tuple(self.columns), counts)
        return matrix, axes.orientation, (note,)


def refuse_points_of_thousands(counts: sparse.csr_array) -> RefusedInputError | None:
    """Return the refusal of numbers such as 1.234 where 1234 was meant, or None.

    Then every value is below 1,000, every fraction is one of whole thousandths, and none is below
    1. Estimated counts have values above 1,000, and fractions below 1.
    """
    values = counts.data
    if values.dtype.kind != "f" or not values.size or values.max() >= 1000:
        return None
    fractions = values[values != np.rint(values)]
    thousandths = fractions * 1000
    if (
        len(fractions) < _ENOUGH
        or fractions.min() < 1
        or not np.allclose(thousandths, np.rint(thousandths), rtol=0, atol=1e-6)
    ):
        return None
    return thousands_separators(
        f"all {len(fractions):,} values with a point have up to three digits before it and behind "
        f"it (such as {fractions[0]:.3f}), and no value is 1,000 or more"
    )


def thousands_separators(evidence: str) -> RefusedInputError:
    """Return the refusal of numbers whose thousands are set apart."""
    return refuse(
        "thousands_separators",
        f"the numbers are written with separators between the thousands: {evidence}.",
        "Export the table again with plain numbers: 1234567, not 1,234,567 or 1.234.567.",
    )
