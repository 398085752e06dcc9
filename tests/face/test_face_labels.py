"""Labels are judged alike, wherever the dataset states them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import pandas as pd
from face_lab import Project


def test_labels_in_the_obs_of_an_h5ad_are_judged_as_those_of_a_sheet(
    spoil: Callable[[str], tuple[Project, Path]],
) -> None:
    project, folder = spoil("lncap")
    tables = ("sample_labels", "qc_verdicts", "qc_samples")
    before = {table: project.table(table, "lncap") for table in tables}
    counts = pd.read_csv(folder / "counts.tsv.gz", sep="\t", index_col=0).T
    obs = pd.read_csv(folder / "samples.csv", index_col="sample_id").loc[counts.index]
    obs = obs.rename(columns={"cell_line_ontology_id": "cell_line_ontology_term_id"})
    var = pd.DataFrame(index=counts.columns)
    ad.AnnData(counts.to_numpy("float32"), obs=obs, var=var).write_h5ad(folder / "counts.h5ad")
    (folder / "counts.tsv.gz").unlink()
    (folder / "samples.csv").unlink()

    run = project.refresh("lncap")

    assert run.success, run.failed
    assert not any(name.startswith("sample_labels.") for name in run.failed_checks)
    for table, rows in before.items():
        columns = [c for c in rows.columns if c != "predicted_at"]
        pd.testing.assert_frame_equal(project.table(table, "lncap")[columns], rows[columns])
    facts = run.metadata["sample_labels"]
    assert facts["sheet_format"] == "h5ad_obs"
    assert "'cell_line_ontology_term_id' as cell_line_ontology_id" in str(facts["assumed"])
