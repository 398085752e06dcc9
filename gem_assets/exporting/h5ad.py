"""A dataset as an AnnData file, its counts written in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.exporting.formats import Counts
from gem_assets.exporting.samples import SAMPLE_TABLES, plain_name, sample_columns
from gem_assets.problems import refuse

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from scipy import sparse

    from gem_assets.warehouse import Warehouse

ROWS_A_CHUNK = 512
"""Samples whose counts are in memory at a time: 25,000 bulk counts each are 150 MB."""

COMPRESSION = {"compression": "gzip", "compression_opts": 1}


def write_h5ad(
    path: Path,
    warehouse: Warehouse,
    dataset: str,
    counts: Counts,
    on_rows: Callable[[int, int], object] = lambda *_: None,
) -> int:
    """Write a dataset as h5ad.

    Parameters
    ----------
    path
        The file to make.
    warehouse, dataset
        What to write.
    counts
        ``X``: sparse, samples by genes. ``var`` is indexed by Ensembl id (``aligned``) or by the
        gene ids of the counts file (``raw``; repeated ones get a number), with ``gene_symbol``.
    on_rows
        Told how many samples are written: done, total.

    Returns
    -------
    int
        Number of samples. ``obs`` is as `gem_assets.exporting.samples.sample_columns` says, with
        ``total_count`` and, of aligned counts, ``matched_share``; ``obsm`` has ``X_gem_SPACE``,
        float32, with NaN where a sample has none; ``uns["gem_assets"]`` says where it comes from.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there are no such counts, or they are aligned to another gene order than there is.
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read.
    """
    import anndata

    table = "aligned_counts" if counts == "aligned" else "raw_counts"
    measured = ("total_count", "matched_share") if counts == "aligned" else ("total_count",)
    facts = warehouse.read(table, dataset, ["sample_id", *measured]).to_pandas()
    if facts.empty:
        raise refuse(
            "not_aligned",
            f"The counts of {dataset} are not aligned to the model's genes yet.",
            "Materialise aligned_counts, or export --counts raw.",
        )
    facts = facts.set_index("sample_id")
    sample_ids = [str(name) for name in facts.index]
    tables = {name: warehouse.read(name, dataset).to_pandas() for name in SAMPLE_TABLES}
    said = sample_columns(tables, sample_ids, warehouse.modality)
    data = anndata.AnnData(
        obs=facts.join(said).rename_axis(None),
        var=None if counts == "none" else _genes(warehouse, dataset, counts),
        obsm=_latents(warehouse, dataset, sample_ids),
        uns={"gem_assets": _provenance(warehouse, dataset, counts, tables["predicted_metadata"])},
    )
    data.write_h5ad(path, compression="gzip")
    if counts != "none":
        _write_counts(path, _chunks(warehouse, table, dataset, data.n_vars), data.n_obs, on_rows)
    return len(sample_ids)


def _genes(warehouse: Warehouse, dataset: str, counts: Counts) -> pd.DataFrame:
    import anndata
    import pandas as pd

    if counts == "raw":
        genes = warehouse.read("raw_genes", dataset).to_pandas().sort_values("gene_index")
        names = anndata.utils.make_index_unique(pd.Index(genes["gene_id"].astype(str)))
        columns = {"gene_id": genes["gene_id"], "gene_symbol": genes["gene_symbol"]}
    else:
        hashes = warehouse.values("aligned_counts", "gene_order_hash")[dataset]
        genes = warehouse.read("gene_order").to_pandas().sort_values("gene_index")
        if hashes != set(genes["gene_order_hash"]):
            raise refuse(
                "other_gene_order",
                f"The counts of {dataset} are aligned to another gene order than the present one.",
                "Materialise aligned_counts again, or export --counts raw.",
            )
        names = pd.Index(genes["gene_id"].astype(str))
        columns = {"gene_symbol": genes["gene_symbol"]}
    texts = {name: column.fillna("").astype(object).to_numpy() for name, column in columns.items()}
    return pd.DataFrame(texts, index=names.astype(object).rename(None))


def _latents(
    warehouse: Warehouse, dataset: str, sample_ids: list[str]
) -> dict[str, NDArray[np.float32]]:
    """Return the samples' places in each latent space, samples x dimensions."""
    import numpy as np
    import pandas as pd
    import pyarrow.compute as pc

    rows = warehouse.read("latents", dataset, ["sample_id", "space", "vector"])
    samples = pd.Index(sample_ids)
    found: dict[str, NDArray[np.float32]] = {}
    for space in rows["space"].unique().to_pylist():
        own = rows.filter(pc.equal(rows["space"], space))
        vectors = pc.list_flatten(own["vector"]).to_numpy().reshape(len(own), -1)
        at = samples.get_indexer(own["sample_id"].to_pylist())
        places = np.full((len(samples), vectors.shape[1]), np.nan, dtype=np.float32)
        places[at[at >= 0]] = vectors[at >= 0]
        found[f"X_gem_{plain_name(space)}"] = places
    return found


def _provenance(
    warehouse: Warehouse, dataset: str, counts: Counts, predicted: pd.DataFrame
) -> dict[str, str]:
    """Return where the data come from, in words that any reader of HDF5 shows."""
    from importlib.metadata import version

    told = {
        "gem_assets_version": version("gem-assets"),
        "dataset": dataset,
        "modality": warehouse.modality,
        "counts": counts,
    }
    history = warehouse.read("qc_history", dataset, ["at", "rules_version"]).to_pandas()
    if len(history):
        told["rules_version"] = str(history.sort_values("at")["rules_version"].iloc[-1])
    if len(predicted):
        last = predicted.sort_values("predicted_at").iloc[-1]
        told |= {name: str(last[name]) for name in ("model_id", "model_version", "served_by")}
        told["predicted_at"] = last["predicted_at"].isoformat()
        if told["served_by"] == "embedded":
            told["note"] = "Predicted by the embedded demonstration model, which is not GEM-1."
    return told


def _chunks(
    warehouse: Warehouse, table: str, dataset: str, n_genes: int
) -> Iterator[sparse.csr_array]:
    """Yield the counts of some samples at a time."""
    from gem_assets.counts.arrow import lists_to_csr

    columns = ("gene_index", "count")
    with warehouse.read_batches(table, dataset, ROWS_A_CHUNK, columns=columns) as batches:
        for batch in batches:
            gene_index, count = batch.columns
            yield lists_to_csr(gene_index, count, n_genes)


def _write_counts(
    path: Path,
    chunks: Iterator[sparse.csr_array],
    total: int,
    on_rows: Callable[[int, int], object],
) -> None:
    """Add ``X`` to the file, chunk by chunk."""
    import anndata
    import h5py
    import numpy as np

    done = 0
    with h5py.File(path, "r+") as file:
        for counts in chunks:
            if done:
                anndata.io.sparse_dataset(file["X"]).append(counts)
            else:
                # Any number of chunks may follow: more values than 32 bits can count.
                counts.indptr = counts.indptr.astype(np.int64)
                anndata.io.write_elem(file, "X", counts, dataset_kwargs=COMPRESSION)
            done += counts.shape[0]
            on_rows(done, total)
