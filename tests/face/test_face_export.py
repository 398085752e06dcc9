"""What a run leaves to analysts: the copy to query, and files that other programs read."""

from __future__ import annotations

from pathlib import Path

import anndata
import duckdb
import numpy as np
from click.testing import CliRunner
from face_lab import Done, Project

from gem_assets.assets.progress import listening
from gem_assets.cli import main
from gem_assets.counts.arrow import lists_to_csr
from gem_assets.warehouse.published import PUBLISHED_TABLES, published_path

DATASETS = ("geuvadis_planted", "lncap")


def test_after_a_run_the_copy_has_what_the_run_found(shipped: Done) -> None:
    project = shipped.project
    copy = published_path(project.warehouse.path)
    assert shipped.refreshed["lncap"].metadata["qc_report"]["copy to query"] == str(copy)
    with duckdb.connect(copy, read_only=True) as connection:
        for name, table in PUBLISHED_TABLES.items():
            rows = connection.table(f"gem_bulk.{name}")
            assert set(rows.columns) == set(table.column_names)
            expected = project.warehouse.row_count(name)
            assert rows.aggregate("count(*)").fetchall() == [(expected,)], name
        found = connection.execute("SELECT DISTINCT dataset FROM gem_bulk.annotations").fetchall()
    assert {name for (name,) in found} == set(DATASETS)
    content = copy.read_bytes()
    assert str(project.results).encode() not in content
    assert str(project.data).encode() not in content


def test_a_copy_that_can_t_be_made_is_told_and_the_report_is_there(
    project: Project, repository: Path
) -> None:
    project.add_dataset(repository / "data" / "bulk" / "lncap")
    copy = published_path(project.warehouse.path)
    copy.unlink()
    copy.mkdir()
    said: list[str] = []
    with listening(lambda *_: None, said.append):
        run = project.refresh("lncap", ["qc_report"])
    assert run.success, run.failed
    assert f"The copy {copy} could not be brought up to date" in said[-1]
    assert "copy to query" not in run.metadata["qc_report"]
    assert project.report("lncap").exists()


def test_scanpy_takes_what_is_exported_and_every_count_is_the_same(
    shipped: Done, tmp_path: Path
) -> None:
    import scanpy

    project, name = shipped.project, "lncap"
    arguments = ["export", name, "--results", str(project.results), "--out", str(tmp_path)]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    data = anndata.read_h5ad(tmp_path / name / f"{name}.h5ad")
    aligned = project.rows("aligned_counts", name)
    expected = lists_to_csr(aligned["gene_index"], aligned["count"], data.n_vars)
    assert (expected != data.X).nnz == 0
    order = project.table("gene_order")
    assert data.var_names.tolist() == order["gene_id"].tolist()
    for space, rows in project.table("latents", name).groupby("space"):
        places = np.stack(rows.set_index("sample_id").loc[data.obs_names, "vector"].tolist())
        assert np.array_equal(data.obsm[f"X_gem_{space}"], places)
    said = project.table("annotations", name).set_index("sample_id").loc[data.obs_names]
    assert data.obs["predicted_sex"].tolist() == said["sex"].tolist()
    assert data.uns["gem_assets"]["model_version"] == said["model_version"].iloc[0]
    scanpy.pp.normalize_total(data)
    scanpy.pp.log1p(data)
    assert np.isfinite(data.X.data).all()
