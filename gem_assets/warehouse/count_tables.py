"""Tables of counts: as the lab's file has them, and in the model's gene order."""

from __future__ import annotations

from gem_assets.genes.alignment_words import ACTIONS, EVIDENCE
from gem_assets.warehouse.contract import Column, Table
from gem_assets.warehouse.row_rules import (
    counted_from_zero,
    counts_positives,
    given_when,
    missing_when,
    one_a_dataset,
    same_length,
    sums,
    unique,
)
from gem_assets.warehouse.shared_columns import (
    BIGINT,
    DATASET,
    GENE_INDEX_LIST,
    GENE_ORDER_HASH,
    INDICES,
    INTEGER,
    MODEL_ID,
    MODEL_VERSION,
    NUMBERS,
    SAMPLE_ID,
    TEXT,
    TOTAL_COUNT,
    probability,
    text,
)
from gem_assets.warehouse.value_rules import IS_COUNT, between, each, matching, one_of

WITHOUT_MODEL_GENE = frozenset({"ambiguous", "dropped"})
"""What becomes of a raw gene that finds no model gene; an ambiguous one may show a candidate."""

GENE_INDEX = Column(
    "gene_index", INTEGER, "Position of the gene, from 0.", rules=(between(0, 2**31 - 1),)
)

RAW_GENES = Table(
    "raw_genes",
    "A gene of a dataset's counts file.",
    (
        DATASET,
        GENE_INDEX,
        text("gene_id", "First name of the gene in the file."),
        text("gene_symbol", "Second name of the gene, where the file has one.", nullable=True),
    ),
    (counted_from_zero("gene_index", "dataset"),),
    asset="raw_counts",
)

RAW_COUNTS = Table(
    "raw_counts",
    "The counts of a sample as its file has them, sparse.",
    (
        DATASET,
        SAMPLE_ID,
        GENE_INDEX_LIST,
        Column(
            "count",
            NUMBERS,
            "Reads or UMIs of these genes; other genes of the file have 0.",
            rules=(each(IS_COUNT),),
            sc_type=INDICES,
        ),
        TOTAL_COUNT,
        Column(
            "detected_genes",
            BIGINT,
            "Number of genes with a count above 0.",
            rules=(between(0, 2**31 - 1),),
        ),
    ),
    (
        unique("dataset", "sample_id"),
        same_length("gene_index", "count"),
        sums("count", "total_count"),
        counts_positives("count", "detected_genes"),
    ),
    asset="raw_counts",
)

GENE_ORDER = Table(
    "gene_order",
    "A gene of the model, in the order in which it takes counts.",
    (
        MODEL_ID,
        MODEL_VERSION,
        GENE_ORDER_HASH,
        GENE_INDEX,
        text("gene_id", "Ensembl gene id."),
        text("gene_symbol", "Symbol of the gene, where our gene table knows it.", nullable=True),
    ),
    (
        unique("gene_order_hash", "gene_id"),
        counted_from_zero("gene_index", "gene_order_hash"),
    ),
    asset="gene_order",
    partitioned=False,
)

ALIGNED_COUNTS = Table(
    "aligned_counts",
    "The counts of a sample in the model's gene order, sparse.",
    (
        DATASET,
        SAMPLE_ID,
        GENE_INDEX_LIST,
        Column(
            "count",
            INDICES,
            "Reads or UMIs of these genes, summed over raw genes, then rounded; others have 0.",
            rules=(each(IS_COUNT),),
        ),
        TOTAL_COUNT,
        probability(
            "matched_share",
            "Share of the sample's counts that belong to a gene of the model.",
            nullable=False,
        ),
        GENE_ORDER_HASH,
        Column(
            "content_hash",
            TEXT,
            "Hash of the sample's aligned counts (32 hex digits): equal counts, equal hash.",
            rules=(matching("[0-9a-f]{32}", "has 32 hex digits"),),
        ),
    ),
    (
        unique("dataset", "sample_id"),
        same_length("gene_index", "count"),
        one_a_dataset("gene_order_hash"),
    ),
    asset="aligned_counts",
)

GENE_ALIGNMENT = Table(
    "gene_alignment",
    "What became of a raw gene on its way into the model's gene order.",
    (
        DATASET,
        text("raw_gene_id", "Name of the gene in the counts file; may repeat."),
        Column(
            "action",
            TEXT,
            "How it found its model gene, or why it did not.",
            rules=(one_of(ACTIONS),),
        ),
        text("model_gene_id", "Ensembl id of the model's gene.", nullable=True),
        probability(
            "share_of_counts", "Share of the dataset's counts that this gene has.", nullable=False
        ),
        Column("evidence", TEXT, "How its name was read.", rules=(one_of(EVIDENCE),)),
        text(
            "read_as",
            "Name that it had before R or a spreadsheet rewrote it, where that is told.",
            nullable=True,
        ),
        text("candidates", "Genes that an ambiguous name may mean.", nullable=True),
    ),
    (
        given_when("model_gene_id", "action", frozenset(ACTIONS) - WITHOUT_MODEL_GENE),
        missing_when("model_gene_id", "action", "dropped"),
        given_when("candidates", "action", {"ambiguous"}),
    ),
    asset="aligned_counts",
)

COUNT_TABLES: tuple[Table, ...] = (
    RAW_GENES,
    RAW_COUNTS,
    GENE_ORDER,
    ALIGNED_COUNTS,
    GENE_ALIGNMENT,
)
