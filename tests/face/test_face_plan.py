"""`gem-assets plan`: what would be sent, worked out without asking anybody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from face_lab import Done, Project
from face_server import Loopback, loopback

from gem_assets.cli import main
from gem_assets.outlook import DatasetOutlook, plan_datasets
from gem_assets.settings import Settings


def outlook(project: Project, name: str) -> DatasetOutlook:
    settings = Settings(str(project.data), str(project.results), project.endpoint)
    [found] = plan_datasets(settings, [f"{project.modality}/{name}"])
    return found


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as server:
        yield server


@pytest.fixture
def hosted(project: Project, instance: dg.DagsterInstance, repository: Path) -> Project:
    """Return a project with aligned counts, of which no endpoint but the embedded was asked."""
    project.add_dataset(repository / "data" / "bulk" / "lncap")
    return Project(project.data, project.results, instance, endpoint="hosted")


def test_a_dataset_that_was_predicted_has_nothing_to_send(shipped: Done) -> None:
    found = outlook(shipped.project, "geuvadis_planted")
    assert found.plan is not None
    assert (found.plan.samples, found.plan.known, found.plan.new) == (24, 24, 0)
    assert found.host == "embedded"
    assert str(found.model_version).startswith("embedded-")


def test_what_was_never_observed_says_so_and_looking_makes_nothing(
    fresh_project: Project, repository: Path
) -> None:
    fresh_project.add_dataset(repository / "data" / "bulk" / "geuvadis_lcl")
    found = outlook(fresh_project, "geuvadis_lcl")
    assert found.plan is None
    assert "materialise gene_order" in found.needs
    assert not fresh_project.results.exists()


def test_what_was_never_aligned_says_what_to_materialise(
    project: Project, repository: Path
) -> None:
    project.add_dataset(repository / "data" / "bulk" / "geuvadis_lcl")
    found = outlook(project, "geuvadis_lcl")
    assert found.plan is None
    assert "materialise raw_counts and aligned_counts" in found.needs


def test_counts_of_another_gene_order_must_be_aligned_first(
    project: Project, repository: Path
) -> None:
    project.add_dataset(repository / "data" / "bulk" / "lncap")
    aligned = project.rows("aligned_counts", "lncap").to_pandas()
    aligned["gene_order_hash"] = "sha256:0000000000000000"
    project.warehouse.replace_partition({"aligned_counts": aligned}, "lncap")
    assert "another gene order" in outlook(project, "lncap").needs


def test_a_plan_makes_no_request_and_says_how_many_samples_go_where(
    hosted: Project, server: Loopback
) -> None:
    assert "never observed" in outlook(hosted, "lncap").needs
    assert not server.requests
    assert hosted.observe().success
    before = list(server.requests)
    result = CliRunner().invoke(
        main,
        ["plan", "--data", str(hosted.data), "--results", str(hosted.results)],
        env={"GEM_ASSETS_ENDPOINT": "embedded", "COLUMNS": "160"},
        catch_exceptions=False,
    )
    assert "0 samples would be sent to embedded." in result.stdout
    result = CliRunner().invoke(
        main,
        [
            *("plan", "--data", str(hosted.data), "--results", str(hosted.results)),
            *("--endpoint", "hosted", "lncap"),
        ],
        env={"COLUMNS": "160"},
        catch_exceptions=False,
    )
    host = server.base_url.removeprefix("http://")
    assert result.exit_code == 0
    assert f"7 samples would be sent to {host}." in result.stdout
    assert "gem-1-bulk_predict-metadata embedded-2, 20" in result.stdout
    assert server.requests == before


def test_samples_with_the_same_counts_are_sent_once(hosted: Project, server: Loopback) -> None:
    assert hosted.observe().success
    before = len(server.requests)
    table = hosted.rows("aligned_counts", "lncap").to_pandas()
    table.loc[1, "content_hash"] = table.loc[0, "content_hash"]
    hosted.warehouse.replace_partition({"aligned_counts": table}, "lncap")
    found = outlook(hosted, "lncap")
    assert found.plan is not None
    assert (found.plan.samples, found.plan.known, found.plan.new) == (7, 0, 6)
    assert len(server.requests) == before


def test_a_store_that_was_emptied_by_hand_knows_nothing(project: Project, repository: Path) -> None:
    project.add_dataset(repository / "data" / "bulk" / "lncap")
    for file in (project.results / "predictions").glob("*.arrow"):
        file.unlink()
    found = outlook(project, "lncap")
    assert found.plan is not None
    assert found.plan.new == 7
    shutil.rmtree(project.results)
    assert "never observed" in outlook(project, "lncap").needs


def test_the_family_of_models_of_the_environment_is_the_one_that_is_planned(
    project: Project, repository: Path
) -> None:
    project.add_dataset(repository / "data" / "bulk" / "lncap")
    result = CliRunner().invoke(
        main,
        ["plan", "--data", str(project.data), "--results", str(project.results)],
        env={"GEM_ASSETS_MODEL": "gem-2", "COLUMNS": "160"},
        catch_exceptions=False,
    )
    assert "gem-2-bulk_predict-metadata, never" in result.stdout
