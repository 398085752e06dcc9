"""Gene order and alignment become the rows of their tables, value for value."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gem_assets.counts.arrow import lists_to_csr
from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes.alignment import align_counts, hash_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.genes.tables import alignment_tables, gene_order_table

XIST, UNNAMED = "ENSG00000229807", "ENSG00000226958"
ORDER = GeneOrder((XIST, UNNAMED))


def test_the_gene_order_has_one_row_a_column() -> None:
    assert gene_order_table("gem-1", "v1", ORDER).to_pylist() == [
        {
            "model_id": "gem-1",
            "model_version": "v1",
            "gene_order_hash": ORDER.hash,
            "gene_index": index,
            "gene_id": gene_id,
            "gene_symbol": symbol,
        }
        for index, (gene_id, symbol) in enumerate([(XIST, "XIST"), (UNNAMED, None)])
    ]


def test_an_alignment_comes_back_from_its_rows() -> None:
    matrix = CountMatrix(
        ("a", "b"), ("other", XIST + ".3"), sparse.csr_array(np.array([[6.0, 2.0], [0.0, 0.0]]))
    )
    alignment = align_counts(matrix, ORDER)
    tables = alignment_tables("mine", matrix.sample_ids, alignment, ORDER)
    aligned = tables["aligned_counts"]
    counts = lists_to_csr(aligned["gene_index"], aligned["count"], len(ORDER))
    assert counts.toarray().tolist() == alignment.counts.toarray().tolist() == [[2, 0], [0, 0]]
    assert aligned.drop_columns(["gene_index", "count"]).to_pylist() == [
        {
            "dataset": "mine",
            "sample_id": sample,
            "total_count": total,
            "matched_share": share,
            "gene_order_hash": ORDER.hash,
            "content_hash": content,
        }
        for sample, total, share, content in zip(
            "ab", [8.0, 0.0], [0.25, 0.0], hash_counts(alignment.counts), strict=True
        )
    ]
    assert tables["gene_alignment"].to_pylist() == [
        {
            "dataset": "mine",
            "raw_gene_id": raw,
            "action": action,
            "model_gene_id": gene_id,
            "share_of_counts": share,
        }
        for raw, action, gene_id, share in [
            ("other", "dropped", None, 0.75),
            (XIST + ".3", "version_stripped", XIST, 0.25),
        ]
    ]
