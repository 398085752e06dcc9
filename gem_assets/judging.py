"""Judge a dataset as it lies in the warehouse: by tables and counts alone, nobody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

    from gem_assets.counts.matrix import CountMatrix
    from gem_assets.qc.dataset import JudgedDataset, QcInput
    from gem_assets.qc.settings import QcSettings
    from gem_assets.warehouse import Warehouse


def read_input(
    warehouse: Warehouse, dataset: str, *, reviews: pd.DataFrame | None = None
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

    Raises
    ------
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.qc.dataset import INPUT_TABLES, QcInput
    from gem_assets.qc.stored_signatures import signatures_of_table

    tables = {
        table: warehouse.read(table, dataset, columns).to_pandas()
        for table, columns in INPUT_TABLES.items()
    }
    signatures = warehouse.read("qc_signatures").to_pandas()
    others = signatures_of_table(signatures[signatures["dataset"].ne(dataset)])
    if warehouse.modality == "sc":
        return QcInput(dataset, tables, others=others, reviews=reviews)
    raw, aligned = _raw(warehouse, dataset), _aligned(warehouse, dataset)
    return QcInput(dataset, tables, raw, aligned, others, reviews)


def judge_input(given: QcInput, modality: str, settings: QcSettings) -> JudgedDataset:
    """Judge bulk samples one by one, and cells by groups."""
    if modality == "sc":
        from gem_assets.qc.cell_groups import judge_cells

        return judge_cells(given, settings)
    from gem_assets.qc.dataset import judge_dataset

    return judge_dataset(given, settings)


def _raw(warehouse: Warehouse, dataset: str) -> CountMatrix:
    from gem_assets.counts.tables import matrix_of_tables

    return matrix_of_tables(
        warehouse.read("raw_counts", dataset), warehouse.read("raw_genes", dataset)
    )


def _aligned(warehouse: Warehouse, dataset: str) -> sparse.csr_array:
    import pyarrow.compute as pc

    from gem_assets.counts.arrow import lists_to_csr

    rows = warehouse.read("aligned_counts", dataset, ["gene_index", "count"]).combine_chunks()
    genes, counts = rows.columns
    # The gene order may be of a newer model than the rows.
    highest = pc.max(pc.list_flatten(genes)).as_py()
    n_genes = max(warehouse.row_count("gene_order"), 0 if highest is None else highest + 1)
    return lists_to_csr(genes, counts, n_genes)
