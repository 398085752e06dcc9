"""The graph as a Dagster project sees it, and how its steps depend on one another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from face_lab import Project

from gem_assets import Settings, build_gem_assets
from gem_assets.endpoint.observation import ObservedModel
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.graph import PARTITIONED, PREDICTION_TABLES, QC_TABLES, AssetGraph
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import latest_observation, remember
from gem_assets.predictions.store import Store

KEY = "sk-loopback-0123456789abcdef"
Spoilt = Callable[[str], tuple[Project, Path]]

LINEAGE: Mapping[str, set[str]] = {
    "gem_endpoint": set(),
    "gene_order": {"gem_endpoint"},
    "raw_counts": set(),
    "aligned_counts": {"raw_counts", "gene_order"},
    **{table: {"aligned_counts", "gem_endpoint"} for table in PREDICTION_TABLES},
    # Whether a sheet fits can only be told beside the counts.
    "sample_labels": {"raw_counts"},
}


def assets_of(definitions: dg.Definitions, prefix: str) -> dict[str, set[str]]:
    """Return the parents of each asset, without the prefix that all of them share."""
    graph = definitions.resolve_asset_graph()
    parents = {}
    for key in graph.get_all_asset_keys():
        if key.path[0] == prefix:
            assert all(parent.path[0] == prefix for parent in graph.get(key).parent_keys)
            parents[key.path[1]] = {parent.path[1] for parent in graph.get(key).parent_keys}
    return parents


# What there is


@pytest.mark.parametrize(("modality", "prefix"), [("bulk", "gem_bulk"), ("sc", "gem_sc")])
def test_the_code_location_has_the_graph_of_both_modalities(modality: str, prefix: str) -> None:
    from gem_assets.definitions import defs

    parents = assets_of(defs, prefix)
    assert set(parents) == {"gem_endpoint", "gene_order", *PARTITIONED, "qc_report"}, modality
    for asset, expected in LINEAGE.items():
        assert parents[asset] == expected, asset
    for table in QC_TABLES:
        assert {"sample_labels", "predicted_metadata", "classifier_probs"} <= parents[table]
    assert set(QC_TABLES) <= parents["qc_report"]


def test_every_asset_of_a_dataset_has_one_partition_a_dataset(fresh_project: Project) -> None:
    assets = fresh_project.definitions.resolve_asset_graph()
    graph = fresh_project.graph
    for table in (*PARTITIONED, "qc_report"):
        partitions = assets.get(graph.key(table)).partitions_def
        assert isinstance(partitions, dg.DynamicPartitionsDefinition)
        assert partitions.name == "gem_bulk_datasets"
    for table in ("gem_endpoint", "gene_order"):
        assert assets.get(graph.key(table)).partitions_def is None


def test_what_fills_several_tables_is_one_step(fresh_project: Project) -> None:
    for tables in (PREDICTION_TABLES, QC_TABLES):
        for table in tables:
            key = fresh_project.graph.key(table)
            together = fresh_project.definitions.resolve_assets_def(key).keys
            assert {one.path[-1] for one in together} == set(tables)


def test_several_instances_live_in_one_project(tmp_path: Path) -> None:
    settings = Settings(str(tmp_path / "data"), str(tmp_path / "results"))
    other = Settings(str(tmp_path / "other"), str(tmp_path / "other_results"))
    merged = dg.Definitions.merge(
        build_gem_assets("bulk", settings=settings),
        build_gem_assets("bulk", key_prefix="archive", settings=other),
        build_gem_assets("sc", settings=settings),
    )
    dg.Definitions.validate_loadable(merged)
    assert assets_of(merged, "archive") == assets_of(merged, "gem_bulk")
    names = {job.name for job in merged.resolve_all_job_defs()}
    for prefix in ("gem_bulk", "archive", "gem_sc"):
        assert {f"{prefix}_refresh", f"{prefix}_endpoint"} <= names


def test_an_instance_with_a_prefix_of_its_own_fills_a_schema_of_its_own(
    spoil: Spoilt, instance: dg.DagsterInstance
) -> None:
    project, _ = spoil("lncap")
    settings = Settings(str(project.data), str(project.results))
    definitions = build_gem_assets("bulk", key_prefix="archive", settings=settings)
    graph = AssetGraph("bulk", "archive")
    instance.add_dynamic_partitions("archive_datasets", ["lncap"])
    result = dg.materialize(
        [definitions.resolve_assets_def(graph.key("raw_counts"))],
        instance=instance,
        partition_key="lncap",
    )
    assert result.success
    from gem_assets.warehouse import Warehouse

    theirs = Warehouse(project.results / "warehouse.duckdb", "archive", modality="bulk")
    ours = project.table("raw_counts", "lncap")
    pd.testing.assert_frame_equal(theirs.read("raw_counts").to_pandas(), ours)
    assert theirs.row_count("predicted_metadata") == 0


@pytest.mark.parametrize("prefix", ["Gem", "1st", "a-b", "x" * 60])
def test_a_prefix_that_names_no_schema_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="lower-case letter"):
        build_gem_assets("bulk", key_prefix=prefix)


def test_a_modality_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'bulk' or 'sc'"):
        build_gem_assets("spatial")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "command",
    [("dg", "check", "defs"), ("dagster", "definitions", "validate", "-w", "workspace.yaml")],
    ids=["dg", "dagster"],
)
def test_dagsters_own_commands_find_nothing_wrong(
    command: tuple[str, ...], repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    program = Path(sys.executable).with_name(command[0])
    if not program.exists():
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(  # noqa: S603 - our own command
        [program, *command[1:]],
        cwd=repository,
        env={**os.environ, "DAGSTER_HOME": str(tmp_path), "DG_CLI_CONFIG": str(tmp_path / "dg")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# What a step refuses to build upon


def test_without_a_gene_order_the_sentence_names_what_to_materialise(
    fresh_project: Project, repository: Path
) -> None:
    fresh_project.add_dataset(repository / "data" / "bulk" / "lncap")
    run = fresh_project.refresh("lncap")
    assert set(run.failed) == {"aligned_counts"}
    assert "Materialise the asset gem_bulk/gene_order first" in run.failed["aligned_counts"]
    assert run.retries == 0
    assert not run.started & {"predictions", "qc", "qc_report"}


def test_without_raw_counts_the_sentence_names_what_to_materialise(
    fresh_project: Project, repository: Path
) -> None:
    fresh_project.add_dataset(repository / "data" / "bulk" / "lncap")
    run = fresh_project.refresh("lncap", ["sample_labels"])
    assert "Materialise the asset gem_bulk/raw_counts of lncap" in run.failed["sample_labels"]


@pytest.mark.parametrize(
    ("asset", "missing"),
    [
        ("aligned_counts", "raw_counts"),
        ("sample_labels", "raw_counts"),
        ("predicted_metadata", "aligned_counts"),
        ("qc_samples", "predicted_metadata"),
        ("qc_report", "qc_samples"),
    ],
)
def test_a_step_whose_dataset_was_never_made_says_what_to_materialise(
    spoil: Spoilt, asset: str, missing: str
) -> None:
    project, folder = spoil("lncap")
    folder.rename(folder.with_name("new_study"))
    tables = {"predicted_metadata": PREDICTION_TABLES, "qc_samples": QC_TABLES}
    run = project.refresh("new_study", tables.get(asset, (asset,)))
    [sentence] = run.failed.values()
    assert f"Materialise the asset gem_bulk/{missing} of new_study first" in sentence
    assert run.retries == 0


def observe_another_order(project: Project) -> ObservedModel:
    """Let the ledger know that the model takes its genes in another order by now."""
    settings = EndpointSettings.from_environment("embedded", "bulk", {})
    store = Store(project.results / "predictions")
    with Ledger(f"sqlite:///{project.ledger}") as ledger:
        seen = latest_observation(settings, ledger, store)
        assert seen is not None
        changed = replace(seen, gene_order=seen.gene_order[::-1])
        remember(changed, ledger, store)
    return changed


def test_predictions_refuse_counts_that_are_aligned_to_another_gene_order(spoil: Spoilt) -> None:
    project, _ = spoil("lncap")
    before = {table: project.rows(table, "lncap") for table in PREDICTION_TABLES}
    old = project.table("aligned_counts", "lncap")["gene_order_hash"].iloc[0]
    observe_another_order(project)

    run = project.refresh("lncap", PREDICTION_TABLES)

    sentence = run.failed["predictions"]
    assert old in sentence
    assert "Materialise gene_order and aligned_counts of lncap again" in sentence
    assert run.retries == 0
    for table, rows in before.items():
        assert project.rows(table, "lncap").equals(rows), table


# Endpoints that can't work


def test_a_hosted_endpoint_without_a_key_fails_for_good(project: Project) -> None:
    hosted = replace(project, endpoint="hosted")
    run = hosted.observe()
    sentence = run.failed["gem_endpoint"]
    assert "needs an API key" in sentence
    assert "SYNTHESIZE_API_KEY" in sentence
    assert run.retries == 0
    assert "gene_order" not in run.started


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://gem.example.org", "plain http"),
        ("ftp://gem.example.org", "not an http(s) address"),
        (f"https://user:{KEY}@gem.example.org", "user name"),
    ],
)
def test_an_address_that_would_give_the_key_away_fails_for_good_without_naming_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, base_url: str, words: str
) -> None:
    monkeypatch.setenv("SYNTHESIZE_API_KEY", KEY)
    monkeypatch.setenv("SYNTHESIZE_API_BASE_URL", base_url)
    run = replace(project, endpoint="hosted").observe()
    assert words in run.failed["gem_endpoint"]
    assert run.retries == 0
    assert KEY not in str(run.result.all_events) + "".join(run.stacks)


def test_a_run_that_would_send_more_than_it_may_sends_nothing(
    fresh_project: Project, repository: Path, instance: dg.DagsterInstance
) -> None:
    fresh_project.add_dataset(repository / "data" / "bulk" / "lncap")
    settings = Settings(str(fresh_project.data), str(fresh_project.results))
    fresh_project.definitions = build_gem_assets(
        "bulk", settings=settings, max_new_samples_per_run=6
    )
    assert fresh_project.observe().success
    run = fresh_project.refresh("lncap")
    assert "7 samples" in run.failed["predictions"]
    assert "max_new_samples_per_run" in run.failed["predictions"]
    assert run.retries == 0
    assert not instance.get_latest_materialization_event(
        fresh_project.graph.key("predicted_metadata")
    )
