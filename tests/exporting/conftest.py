"""A results folder with small tables of every kind, written by hand."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from gem_assets.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parents[1] / "warehouse"))

FORMULA = "=1+1"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return results with the bulk datasets ``study`` and ``other``, and cells of that name.

    In ``study`` a gene is named twice, a sample has no place in one of the latent spaces, and the
    sentence on another would be a formula.
    """
    from warehouse_examples import SAMPLES, example, partition

    results = tmp_path_factory.mktemp("exported") / "results"
    bulk = Warehouse(results / "warehouse.duckdb", "gem_bulk")
    tables = partition()
    genes = tables["raw_genes"]
    tables["raw_genes"] = genes.set_column(2, "gene_id", pa.array(["A", "A", "B", "C"]))
    lost = pc.and_(
        pc.equal(tables["latents"]["sample_id"], SAMPLES[1]),
        pc.equal(tables["latents"]["space"], "technical"),
    )
    tables["latents"] = tables["latents"].filter(pc.invert(lost))
    sentences = pa.array([FORMULA, "-2 of them", "plain"])
    tables["qc_samples"] = tables["qc_samples"].set_column(4, "sentence", sentences)
    bulk.replace_partition(tables, "study")
    bulk.append_history(example("qc_history"))
    bulk.replace_partition({"gene_order": example("gene_order")}, None)
    bulk.replace_partition({"raw_counts": example("raw_counts", "other")}, "other")
    cells = Warehouse(bulk.path, "gem_sc")
    cells.replace_partition({"raw_counts": example("raw_counts", "other", "sc")}, "other")
    return results


@pytest.fixture
def results(written: Path, tmp_path: Path) -> Path:
    """Return a copy of these results, which a test may change."""
    return Path(shutil.copytree(written, tmp_path / "results"))
