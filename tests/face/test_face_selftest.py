"""The self-test as a command and as an asset: errors planted, counted, and what it would cost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from face_lab import Done, Project
from face_server import Loopback, loopback

from gem_assets.assets.build import build_gem_assets
from gem_assets.cli import main
from gem_assets.qc.tissue_levels import load_tissue_levels
from gem_assets.settings import Settings
from gem_assets.warehouse import TABLES

TISSUES = {
    "liver": "UBERON:0002107",
    "brain": "UBERON:0000955",
    "skeletal muscle tissue": "UBERON:0001134",
}
READS = 2_000_000


def selftest(project: Project, *arguments: str, endpoint: str = "embedded") -> Result:
    return CliRunner().invoke(
        main,
        [
            *("selftest", "--data", str(project.data), "--results", str(project.results)),
            *("--endpoint", endpoint, *arguments),
        ],
        catch_exceptions=False,
    )


def write_organs(data: Path) -> None:
    """Write a dataset of two samples an organ, made of the levels of the shipped marker genes."""
    folder = data / "bulk" / "organs"
    folder.mkdir(parents=True)
    levels, rng, counts = load_tissue_levels(), np.random.default_rng(5), {}
    for name, term in TISSUES.items():
        level = levels.middle[levels.row(term)]
        for i in (1, 2):
            counts[f"{name.split()[0]}_{i}"] = rng.poisson(level / level.sum() * READS)
    frame = pd.DataFrame(counts, index=pd.Index(levels.gene_ids, name="gene_id"))
    frame.to_csv(folder / "counts.tsv.gz", sep="\t")
    organs = [name for name in TISSUES for _ in range(2)]
    sheet = pd.DataFrame({"sample_id": list(counts), "tissue": organs})
    # Sorted by organ, a slip of the sheet would be the same as an exchange. Three rows on, the same
    # organ comes again, so that a slip by three is none.
    sheet.iloc[[0, 2, 4, 1, 3, 5]].to_csv(folder / "samples.csv", index=False)
    (folder / "dataset.yaml").write_text("severity:\n  few_model_genes: warning\n")


@pytest.fixture(scope="module")
def judged_organs(shipped: Done, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with a dataset of three organs that was judged, to be copied."""
    folder = tmp_path_factory.mktemp("organs")
    shutil.copytree(shipped.project.results, folder / "results")
    write_organs(folder / "data")
    project = Project(folder / "data", folder / "results", shipped.project.instance)
    run = project.refresh("organs")
    assert run.success, run.failed
    return project


@pytest.fixture
def organs(judged_organs: Project, tmp_path: Path, instance: dg.DagsterInstance) -> Project:
    """Return a project with three organs, and with the shipped datasets in its warehouse."""
    data, results = judged_organs.data, judged_organs.results
    shutil.copytree(data, tmp_path / "data")
    shutil.copytree(results, tmp_path / "results")
    return Project(tmp_path / "data", tmp_path / "results", instance)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as server:
        yield server


@pytest.fixture
def hosted(fresh_project: Project, server: Loopback, instance: dg.DagsterInstance) -> Project:
    """Return a project whose organs a hosted endpoint predicted; ``server`` is that endpoint."""
    assert not server.requests
    write_organs(fresh_project.data)
    project = Project(fresh_project.data, fresh_project.results, instance, endpoint="hosted")
    assert project.observe().success
    run = project.refresh("organs")
    assert run.success, run.failed
    return project


def test_swaps_of_a_shipped_dataset_are_found_and_kept_for_the_report(
    project: Project, repository: Path
) -> None:
    project.add_dataset(repository / "data" / "bulk" / "geuvadis_planted")
    before = project.table("qc_verdicts", "geuvadis_planted")
    done = selftest(project, "geuvadis_planted", "--repeats", "4")
    assert done.exit_code == 0, done.output
    assert "the check found 4 of 4 swaps and 6 of 6 slips of the sheet" in done.stdout
    assert "it accused none of 21 untouched samples" in done.stdout
    table = project.table("qc_selftest", "geuvadis_planted")
    assert table["kind"].tolist() == ["swap", "shift"]
    assert table["served_by"].eq("embedded").all()
    assert table["samples"].eq(21).all(), "three of 24 have a wrong label already"
    pd.testing.assert_frame_equal(project.table("qc_verdicts", "geuvadis_planted"), before)


def test_mixtures_are_counted_first_and_mixed_when_they_may_be(organs: Project) -> None:
    asked = selftest(organs, "organs", "--repeats", "2", "--mixtures", "3")
    assert asked.exit_code == 0, asked.output
    assert asked.stdout.splitlines() == [
        "3 mixtures: 3 samples to send to embedded.",
        "Nothing was sent or tested. Add --yes to send them.",
    ]
    assert not organs.warehouse.exists("qc_selftest", "organs")
    done = selftest(organs, "organs", "--repeats", "2", "--mixtures", "3", "--yes")
    assert done.exit_code == 0, done.output
    assert "organs: samples mixed, judged 3 of 3 times" in done.stderr
    table = organs.table("qc_selftest", "organs").set_index(["kind", "share"])
    assert table.loc["mixture", "planted"].tolist() == [1, 1, 1]
    assert table.loc["mixture", "found"].tolist() == [1, 1, 1]
    assert table.loc["mixture", "named"].tolist() == [1, 1, 1]

    again = selftest(organs, "organs", "--repeats", "2", "--mixtures", "3")
    assert "3 of them were asked about before: 0 samples to send" in again.stdout
    assert len(organs.table("qc_selftest", "organs")) == 5, "known mixtures need no leave"


def test_mixtures_outlive_a_self_test_without_any(organs: Project) -> None:
    selftest(organs, "organs", "--repeats", "1", "--mixtures", "3", "--yes")
    paid = organs.table("qc_selftest", "organs")
    selftest(organs, "organs", "--repeats", "2")
    table = organs.table("qc_selftest", "organs")
    assert table["planted"].tolist() == [2, *paid["planted"].tolist()[1:]]
    pd.testing.assert_frame_equal(table.iloc[2:], paid.iloc[2:])

    (organs.data / "bulk" / "organs" / "dataset.yaml").write_text(
        "severity:\n  few_model_genes: warning\nthresholds:\n  contradicts_ratio: 50\n"
    )
    selftest(organs, "organs", "--repeats", "2")
    assert len(organs.table("qc_selftest", "organs")) == 2, "of other thresholds none is kept"


def test_a_hosted_endpoint_is_asked_only_with_leave(hosted: Project, server: Loopback) -> None:
    before = server.submitted
    asked = selftest(hosted, "organs", "--mixtures", "3", endpoint="hosted")
    host = server.base_url.removeprefix("http://")
    assert asked.stdout.startswith(f"3 mixtures: 3 samples to send to {host}.")
    assert server.submitted == before
    arguments = ("organs", "--repeats", "1", "--mixtures", "3", "--yes")
    done = selftest(hosted, *arguments, endpoint="hosted")
    assert done.exit_code == 0, done.output
    assert server.submitted > before
    assert len(hosted.table("qc_selftest", "organs")) == 5


def test_another_model_than_the_datasets_is_not_asked(organs: Project, server: Loopback) -> None:
    arguments = ("organs", "--mixtures", "3", "--yes")
    refused = selftest(organs, *arguments, endpoint="hosted")
    assert refused.exit_code == 1
    assert "which this endpoint was not seen to serve" in refused.stderr
    assert not server.requests

    for name in ("predicted_metadata", "classifier_probs", "latents", "decoded_counts"):
        rows = organs.rows(name, "organs").to_pandas()
        organs.warehouse.replace_partition(
            {name: rows.assign(model_version="embedded-0")}, "organs"
        )
    refused = selftest(organs, *arguments)
    assert refused.exit_code == 1
    assert "predicted by version embedded-0 of gem-1-bulk_predict-metadata, but" in refused.stderr


def test_json_has_the_rows_or_what_would_be_sent(organs: Project) -> None:
    told = json.loads(selftest(organs, "organs", "--json", "--mixtures", "3").stdout)
    assert told["rows"] is None
    assert told["to_send"] == "3 mixtures: 3 samples to send to embedded."
    told = json.loads(selftest(organs, "organs", "--json", "--repeats", "2").stdout)
    assert told["dataset"] == "bulk/organs"
    assert [(row["kind"], row["found"]) for row in told["rows"]] == [("swap", 2), ("shift", 4)]


def test_one_tissue_can_not_be_mixed(project: Project, repository: Path) -> None:
    project.add_dataset(repository / "data" / "bulk" / "geuvadis_planted")
    done = selftest(project, "geuvadis_planted", "--repeats", "1", "--mixtures", "3")
    assert "No mixture was planted: there are no two samples of different tissues." in done.stdout


def test_what_was_not_judged_is_refused_in_a_sentence(project: Project, repository: Path) -> None:
    project.add_dataset(repository / "data" / "bulk" / "geuvadis_lcl")
    unknown = selftest(project, "geuvadis")
    assert unknown.exit_code == 1
    assert "There is no dataset 'geuvadis'" in unknown.stderr
    unjudged = selftest(project, "geuvadis_lcl")
    assert unjudged.exit_code == 1
    assert "No label of bulk/geuvadis_lcl was judged yet" in unjudged.stderr


def test_too_few_judged_samples_are_said_to_be_too_few(project: Project, repository: Path) -> None:
    folder = project.add_dataset(repository / "data" / "bulk" / "lncap")
    sheet = pd.read_csv(folder / "samples.csv")
    sheet.head(3).to_csv(folder / "samples.csv", index=False)
    assert project.refresh("lncap").success
    done = selftest(project, "lncap")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Nothing was planted: 3 samples are judged")
    assert len(done.stdout.splitlines()) == 1


def test_single_cells_are_refused_in_a_sentence(
    fresh_project: Project, instance: dg.DagsterInstance, repository: Path
) -> None:
    project = Project(repository / "data", fresh_project.results, instance, modality="sc")
    verdict = {
        "dataset": "celltypist_demo",
        "sample_id": "d1: T cell",
        "field": "cell_type",
        "provided_text": "T cell",
        "status": "not_assessed",
        "reason": "unmapped",
        "model_id": "m",
        "model_version": "embedded-2",
        "served_by": "embedded",
        "predicted_at": pd.Timestamp("2026-01-02", tz="UTC"),
    }
    rows = pa.Table.from_pylist([verdict], schema=TABLES["qc_verdicts"].arrow_schema("sc"))
    project.warehouse.replace_partition({"qc_verdicts": rows}, "celltypist_demo")
    refused = selftest(project, "celltypist_demo")
    assert refused.exit_code == 1
    assert "holds single cells, which are judged by groups" in refused.stderr


# The asset


def asset_run(project: Project, name: str, **config: int) -> dg.ExecuteInProcessResult:
    settings = Settings(str(project.data), str(project.results), "embedded")
    definitions = build_gem_assets("bulk", settings=settings, selftest=True)
    job = dg.define_asset_job(
        "selftest", dg.AssetSelection.assets(project.graph.key("qc_selftest"))
    )
    resolved = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    project.instance.add_dynamic_partitions(project.graph.partitions.name or "", [name])
    return resolved.resolve_job_def("selftest").execute_in_process(
        instance=project.instance,
        partition_key=name,
        raise_on_error=False,
        run_config={"ops": {"gem_bulk_selftest": {"config": config}}} if config else None,
    )


def test_the_asset_says_what_was_found(project: Project, repository: Path) -> None:
    project.add_dataset(repository / "data" / "bulk" / "geuvadis_planted")
    run = asset_run(project, "geuvadis_planted", swaps=3)
    assert run.success
    (event,) = run.get_asset_materialization_events()
    found = str(event.materialization.metadata["found"].value)
    assert "the check found 3 of 3 swaps and 6 of 6 slips" in found
    assert [check.passed for check in run.get_asset_check_evaluations()] == [True]
    assert project.table("qc_selftest", "geuvadis_planted")["run_id"].eq(run.run_id).all()


def test_the_asset_says_what_must_be_materialised_first(project: Project, repository: Path) -> None:
    project.add_dataset(repository / "data" / "bulk" / "geuvadis_lcl")
    run = asset_run(project, "geuvadis_lcl")
    assert not run.success
    (failure,) = [event for event in run.all_events if event.is_step_failure]
    description = failure.step_failure_data.user_failure_data.description
    assert "Materialise the asset gem_bulk/qc_verdicts of geuvadis_lcl first" in str(description)


def test_the_asset_refuses_unknown_thresholds(organs: Project) -> None:
    folder = organs.data / "bulk" / "organs"
    (folder / "dataset.yaml").write_text("thresholds:\n  no_such: 1\n")
    run = asset_run(organs, "organs")
    (failure,) = [event for event in run.all_events if event.is_step_failure]
    description = failure.step_failure_data.user_failure_data.description
    assert "There is no threshold named 'no_such'" in str(description)


def test_the_asset_is_there_when_asked_for_and_in_no_job(shipped: Done) -> None:
    key = shipped.project.graph.key("qc_selftest")
    plain = build_gem_assets("bulk")
    assert key not in plain.resolve_all_asset_keys()
    with_test = build_gem_assets("bulk", selftest=True)
    assert key in with_test.resolve_all_asset_keys()
    for name in (shipped.project.graph.refresh_job, shipped.project.graph.endpoint_job):
        job = with_test.resolve_job_def(name)
        assert (
            key not in job.asset_layer.executable_asset_keys & job.asset_layer.selected_asset_keys
        )
    with pytest.raises(ValueError, match="bulk samples only"):
        build_gem_assets("sc", selftest=True)
