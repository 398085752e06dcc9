"""Whether the rows of a table are genes or samples, judged by the names on both axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gem_assets.counts.gene_names import ensembl_share, landmark_count, symbol_score
from gem_assets.problems import refuse

Orientation = Literal["genes x samples", "samples x genes"]

GENE_CORNERS = frozenset([
    "gene", "genes", "gene_id", "geneid", "gene_ids", "gene_name", "gene_symbol", "genesymbol",
    "symbol", "symbols", "feature", "feature_id", "ensembl", "ensembl_id", "ensembl_gene_id",
    "ensembl_gene", "hgnc_symbol",
])  # fmt: skip
"""Headings of a first column that say: each row is a gene."""

SAMPLE_CORNERS = frozenset([
    "sample", "samples", "sample_id", "sampleid", "sample_name", "run", "library", "cell", "cells",
    "cell_id", "cellid", "barcode", "barcodes", "cell_barcode",
])  # fmt: skip
"""Headings of a first column that say: each row is a sample."""

DECIDING_SHARE = 0.5
"""An axis holds genes when at least half of its names look like genes..."""

DECIDING_LEAD = 0.25
"""... and when it leads the other axis by this much."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The decision, and the evidence for it in words."""

    orientation: Orientation
    reason: str


def orient(row_names: Sequence[str], column_names: Sequence[str], corner: str = "") -> Axes:
    """Decide which axis of a table holds the genes.

    Asked in this order, until one tells the axes apart: Ensembl ids, well-known symbols (GAPDH,
    ACTB...), names with the form of a symbol, the heading of the first column.

    Parameters
    ----------
    row_names, column_names
        The names on both axes, without annotation columns.
    corner
        Heading of the column of row names; empty if there is none.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If nothing tells them apart (``orientation_unclear``).
    """
    evidence = (
        ("Ensembl gene ids", ensembl_share(row_names), ensembl_share(column_names)),
        ("well-known gene symbols", *_landmark_scores(row_names, column_names)),
        ("gene symbols", symbol_score(row_names), symbol_score(column_names)),
    )
    for what, rows, columns in evidence:
        if max(rows, columns) >= DECIDING_SHARE and abs(rows - columns) >= DECIDING_LEAD:
            axis, names = ("row", row_names) if rows > columns else ("column", column_names)
            return Axes(
                "genes x samples" if rows > columns else "samples x genes",
                f"the {axis} names are {what} ({_examples(names)})",
            )
    heading = corner.strip().casefold().replace(" ", "_").replace(".", "_")
    if heading in GENE_CORNERS:
        return Axes("genes x samples", f"the first column is headed {corner!r}")
    if heading in SAMPLE_CORNERS:
        return Axes("samples x genes", f"the first column is headed {corner!r}")
    raise refuse(
        "orientation_unclear",
        "it is not clear whether the genes are the rows or the columns: the row names "
        f"({_examples(row_names)}) look no more or less like genes than the column names "
        f"({_examples(column_names)}).",
        "Head the first column gene_id if each row is a gene, sample_id if it is a sample.",
    )


def _landmark_scores(row_names: Sequence[str], column_names: Sequence[str]) -> tuple[float, float]:
    """Score the axes 1 or 0: two landmarks decide, if the other axis has none."""
    rows, columns = landmark_count(row_names), landmark_count(column_names)
    return float(rows >= 2 and columns == 0), float(columns >= 2 and rows == 0)


def _examples(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
