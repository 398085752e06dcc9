"""Judge a dataset as it lies in the warehouse: by tables and counts alone, nobody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from scipy import sparse

    from gem_assets.counts.matrix import CountMatrix
    from gem_assets.qc.dataset import JudgedDataset, QcInput
    from gem_assets.qc.settings import QcSettings
    from gem_assets.qc.signatures import Signatures
    from gem_assets.warehouse import Warehouse


def read_input(
    warehouse: Warehouse,
    dataset: str,
    *,
    reviews: pd.DataFrame | None = None,
    all_genes: bool = False,
    compared: bool = True,
) -> QcInput:
    """Return what a dataset is judged by.

    Parameters
    ----------
    warehouse
        The schema that holds the dataset. Of single cells no counts are read.
    dataset
        Its name.
    reviews
        The result of :func:`gem_assets.qc.review.read_reviews`; None where there are none.
    all_genes
        Read the raw counts of all genes, which nothing is judged by but samples may be mixed of;
        otherwise those that a rule looks at, as of `read_marker_counts`.
    compared
        Read what duplicates are found by, too: aligned counts, and other datasets' signatures.

    Raises
    ------
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.qc.dataset import INPUT_TABLES, QcInput

    stored = warehouse.read_tables(INPUT_TABLES, dataset)
    tables = {
        table: stored.pop(table).to_pandas(  # popped: each is in memory once
            # A hundred thousand cells would be millions of Python objects.
            types_mapper=_arrow_lists if warehouse.modality == "sc" else None
        )
        for table in INPUT_TABLES
    }
    others = _others(warehouse, dataset) if compared else ()
    if warehouse.modality == "sc":
        return QcInput(dataset, tables, others=others, reviews=reviews)
    raw = (
        read_raw_counts(warehouse, dataset)
        if all_genes
        else read_marker_counts(warehouse, dataset, tables["gene_alignment"])
    )
    aligned = _aligned(warehouse, dataset) if compared else None
    return QcInput(dataset, tables, raw, aligned, others, reviews)


def _arrow_lists(kind: pa.DataType) -> pd.ArrowDtype | None:
    import pandas as pd
    import pyarrow as pa

    return pd.ArrowDtype(kind) if pa.types.is_list(kind) else None


def judge_input(given: QcInput, modality: str, settings: QcSettings) -> JudgedDataset:
    """Judge bulk samples one by one, and cells by groups."""
    if modality == "sc":
        from gem_assets.qc.cell_groups import judge_cells

        return judge_cells(given, settings)
    from gem_assets.qc.dataset import judge_dataset

    return judge_dataset(given, settings)


def read_marker_counts(warehouse: Warehouse, dataset: str, alignment: pd.DataFrame) -> CountMatrix:
    """Return the raw counts of the genes that rules look at, and one column of all others.

    They are read in chunks: sixty thousand genes of ten thousand samples are more than the memory
    that a judgement needs.

    Parameters
    ----------
    warehouse, dataset
        Where the counts lie.
    alignment
        Columns raw_gene_id and model_gene_id of the dataset's ``gene_alignment``.
    """
    from scipy import sparse

    from gem_assets.counts.matrix import CountMatrix
    from gem_assets.qc.marker_reads import marker_reads
    from gem_assets.qc.tissue_levels import load_tissue_levels
    from gem_assets.stored_counts import stored_counts

    levels = load_tissue_levels()
    stored = stored_counts(warehouse, dataset)
    if not stored.sample_ids:
        return CountMatrix.of(stored)
    parts = [marker_reads(chunk, alignment, levels) for chunk in stored.chunks()]
    return CountMatrix(
        tuple(name for part in parts for name in part.sample_ids),
        parts[0].gene_ids,
        sparse.csr_array(sparse.vstack([part.counts for part in parts], format="csr")),
        parts[0].gene_symbols,
    )


def read_raw_counts(warehouse: Warehouse, dataset: str) -> CountMatrix:
    """Return all raw counts of a dataset."""
    from gem_assets.counts.matrix import CountMatrix
    from gem_assets.stored_counts import stored_counts

    return CountMatrix.of(stored_counts(warehouse, dataset))


def _others(warehouse: Warehouse, dataset: str) -> tuple[Signatures, ...]:
    from gem_assets.qc.stored_signatures import signatures_of_table

    signatures = warehouse.read("qc_signatures").to_pandas()
    return signatures_of_table(signatures[signatures["dataset"].ne(dataset)])


def _aligned(warehouse: Warehouse, dataset: str) -> sparse.csr_array:
    import pyarrow.compute as pc

    from gem_assets.counts.arrow import lists_to_csr

    rows = warehouse.read("aligned_counts", dataset, ["gene_index", "count"]).combine_chunks()
    genes, counts = rows.columns
    # The gene order may be of a newer model than the rows.
    highest = pc.max(pc.list_flatten(genes)).as_py()
    n_genes = max(warehouse.row_count("gene_order"), 0 if highest is None else highest + 1)
    return lists_to_csr(genes, counts, n_genes)
