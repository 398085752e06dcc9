"""`gem-assets forget`: what was made of a dataset goes, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from face_lab import Project

from gem_assets.cli import main
from gem_assets.exporting.export import export_dataset
from gem_assets.graph import PREDICTION_TABLES
from gem_assets.outlook import plan_datasets
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.store import Store
from gem_assets.settings import Settings
from gem_assets.warehouse import Warehouse
from gem_assets.warehouse.published import is_published

NAME = "geuvadis_planted"


def forget(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["forget", "--results", str(project.results), *arguments], catch_exceptions=False
    )


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "-" not in path.suffix  # SQLite's own
    }


def known(project: Project, name: str) -> int:
    [found] = plan_datasets(Settings(str(project.data), str(project.results)), [name])
    assert found.plan is not None, found.needs
    return found.plan.known


@pytest.fixture
def both(project: Project, repository: Path) -> Project:
    for name in ("lncap", "geuvadis_planted"):
        project.add_dataset(repository / "data" / "bulk" / name)
    return project


def test_without_yes_it_only_says_what_it_would_delete(both: Project) -> None:
    answers = files(both.results / "predictions")
    rows = both.warehouse.row_counts("lncap")
    result = forget(both, "lncap")
    assert result.exit_code == 0
    assert "bulk/lncap: would delete" in result.stdout
    assert "7 rows of aligned_counts" in result.stdout
    assert "7 predictions in the store" in result.stdout
    assert "lncap.html" in result.stdout
    assert "Nothing was changed" in result.stdout
    assert files(both.results / "predictions") == answers
    assert both.warehouse.row_counts("lncap") == rows
    assert both.report("lncap").exists()


def test_rows_answers_and_report_go_and_other_datasets_and_inputs_stay(both: Project) -> None:
    inputs = files(both.data)
    kept = both.rows("predicted_metadata", "geuvadis_planted")
    settings = Settings(results=str(both.results))
    for name in ("lncap", "geuvadis_planted"):
        export_dataset(settings, name, "csv")
    exports = settings.exports("gem_bulk", "lncap")
    result = forget(both, "--yes", "bulk/lncap")
    assert "bulk/lncap: deleted" in result.stdout
    assert str(exports) in result.stdout
    assert [folder.name for folder in exports.parent.iterdir()] == ["geuvadis_planted"]
    for name in ("..", ".", ""):
        assert forget(both, "--yes", f"bulk/{name}").exit_code == 1
    assert settings.exports("gem_bulk", "geuvadis_planted").is_dir()
    assert "its rows in the copy to query" in result.stdout
    assert not is_published(both.warehouse, "lncap")
    assert is_published(both.warehouse, "geuvadis_planted")
    assert not any(both.warehouse.row_counts("lncap").values())
    assert not both.report("lncap").exists()
    assert files(both.data) == inputs
    assert both.rows("predicted_metadata", "geuvadis_planted").equals(kept)
    assert both.report("geuvadis_planted").exists()
    assert known(both, "geuvadis_planted") == 24
    run = both.refresh("lncap", ("raw_counts", "aligned_counts", *PREDICTION_TABLES))
    assert run.success
    assert run.metadata["predicted_metadata"]["samples asked now"] == 7
    assert forget(both, "nothing_of_it").exit_code == 1


def test_a_file_of_answers_that_others_share_keeps_theirs(both: Project, repository: Path) -> None:
    # One dataset more, whose samples are half of another's: their answers lie in one file.
    half = both.add_dataset(repository / "data" / "bulk" / "lncap", "half")
    assert both.refresh("half", ("raw_counts", "aligned_counts", *PREDICTION_TABLES)).success
    aligned = both.rows("aligned_counts", "half").to_pandas().iloc[:3]
    both.warehouse.replace_partition({"aligned_counts": aligned}, "half")
    result = forget(both, "--yes", "lncap")
    assert "4 predictions in the store" in result.stdout
    assert "those of 3 samples are kept" in result.stdout
    assert known(both, "half") == 3
    assert half.exists()
    # Nobody else has them now.
    assert "3 predictions in the store" in forget(both, "--yes", "half").stdout
    shutil.rmtree(half)
    assert forget(both, "--yes", "half").exit_code == 1


def test_of_a_file_of_many_answers_all_of_a_dataset_go_and_the_others_stay_found(
    both: Project,
) -> None:
    # Another dataset has four of the same counts, as far as the warehouse says.
    aligned = both.rows("aligned_counts", NAME).to_pandas().iloc[:4].assign(dataset="alike")
    both.warehouse.replace_partition({"aligned_counts": aligned}, "alike")
    result = forget(both, "--yes", NAME)
    assert "20 predictions in the store" in result.stdout  # more than a file is read in at once
    assert "those of 4 samples are kept" in result.stdout
    assert "4 predictions in the store" in forget(both, "--yes", "alike").stdout
    store = Store(both.results / "predictions")
    with Ledger(f"sqlite:///{both.ledger}") as ledger:
        left = [key for name in ledger.files() for key in store.keys(name)]
    assert len(left) == 7  # those of the third dataset
    assert known(both, "lncap") == 7


def test_a_dataset_of_another_instance_goes_by_its_key_prefix_and_its_namesake_stays(
    both: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Warehouse(both.warehouse.path, "gem_swaps", modality="bulk")
    aligned = both.rows("aligned_counts", "lncap").to_pandas()
    theirs.replace_partition({"aligned_counts": aligned}, "lncap")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("gem_swaps_datasets", ["lncap"])
    own = both.warehouse.row_counts("lncap")
    result = forget(both, "--yes", "gem_swaps/lncap")
    assert result.stdout.startswith("gem_swaps/lncap: deleted\n  7 rows of aligned_counts")
    assert "7 samples are kept" in result.stdout
    assert both.warehouse.row_counts("lncap") == own
    assert not any(theirs.row_counts("lncap").values())
    with dg.DagsterInstance.get() as instance:
        assert not instance.get_dynamic_partitions("gem_swaps_datasets")
    again = forget(both, "--yes", "gem_swaps/lncap")
    assert again.exit_code == 1
    assert "KEY_PREFIX/NAME" in again.stderr
    assert forget(both, "no such/lncap").exit_code == 1


def test_the_partition_goes_from_dagsters_history(
    both: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions("gem_bulk_datasets", ["lncap", "geuvadis_planted"])
    assert "its partition in Dagster" in forget(both, "gem_bulk/lncap").stdout
    assert "its partition in Dagster" in forget(both, "--yes", "lncap").stdout
    with dg.DagsterInstance.get() as instance:
        assert list(instance.get_dynamic_partitions("gem_bulk_datasets")) == ["geuvadis_planted"]
