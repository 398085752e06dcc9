"""Gene order and alignment fit the contracts of their tables."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes.alignment import align_counts, hash_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.tables import (
    aligned_rows_table,
    gene_alignment_table,
    gene_order_table,
)
from gem_assets.warehouse import validate

ORDER = GeneOrder(("ENSG00000000003", "ENSG00000000005", "ENSG00000229807"))


def test_the_gene_order_is_one_row_a_gene_in_its_order() -> None:
    rows = validate("gene_order", gene_order_table("model", "1", ORDER))
    assert rows["gene_id"].to_pylist() == list(ORDER.gene_ids)
    assert rows["gene_symbol"].to_pylist() == ["TSPAN6", "TNMD", "XIST"]
    assert rows["gene_index"].to_pylist() == [0, 1, 2]
    assert set(rows["gene_order_hash"].to_pylist()) == {ORDER.hash}


def test_an_alignment_becomes_a_row_a_sample_and_a_row_a_gene() -> None:
    matrix = CountMatrix(
        ("s1", "s2"),
        ("ENSG00000229807.12", "ERCC-00002", "ENSG00000000003"),
        sparse.csr_array(np.array([[5, 5, 10], [0, 1, 3]])),
    )
    alignment = align_counts(matrix, ORDER)
    rows = aligned_rows_table("d", matrix.sample_ids, alignment, ORDER)
    aligned = validate("aligned_counts", rows)
    genes = validate("gene_alignment", gene_alignment_table("d", alignment.record))
    assert aligned["gene_index"].to_pylist() == [[0, 2], [0]]
    assert aligned["count"].to_pylist() == [[10, 5], [3]]
    assert aligned["total_count"].to_pylist() == [20, 4]
    assert aligned["matched_share"].to_pylist() == [0.75, 0.75]
    assert aligned["content_hash"].to_pylist() == hash_counts(alignment.counts)
    assert genes["action"].to_pylist() == ["version_stripped", "dropped", "matched"]
    assert genes["model_gene_id"].to_pylist() == ["ENSG00000229807", None, "ENSG00000000003"]
