"""Projects whose datasets were materialised: once a session, and as copies to be spoilt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from face_lab import Done, Project, fork


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_shell() -> Iterator[None]:
    """Keep the shell's endpoint, folders and Dagster home out of the tests."""
    ours = ("SYNTHESIZE_", "GEM_ASSETS_", "DAGSTER_HOME")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(ours)]:
            if name != "GEM_ASSETS_SHARED":
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def session_instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="session")
def shipped(
    repository: Path,
    session_instance: dg.DagsterInstance,
    tmp_path_factory: pytest.TempPathFactory,
) -> Done:
    """Return a project over the small shipped datasets, each materialised once."""
    results = tmp_path_factory.mktemp("shipped") / "results"
    project = Project(repository / "data", results, session_instance)
    observed = project.observe()
    assert observed.success, observed.failed
    refreshed = {name: project.refresh(name) for name in ("geuvadis_planted", "lncap")}
    for run in refreshed.values():
        assert run.success, run.failed
    return Done(project, observed, refreshed)


@pytest.fixture
def project(tmp_path: Path, instance: dg.DagsterInstance, shipped: Done) -> Project:
    """Return a project without datasets, to whom the endpoint is known already."""
    return fork(shipped.project, tmp_path, instance)


@pytest.fixture
def fresh_project(tmp_path: Path, instance: dg.DagsterInstance) -> Project:
    """Return a project in which nothing was ever run."""
    return Project(tmp_path / "data", tmp_path / "results", instance)


@pytest.fixture(scope="session")
def stored_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("home"))) as instance:
        yield instance


@pytest.fixture
def stored_project(tmp_path: Path, stored_instance: dg.DagsterInstance) -> Project:
    """Return a project whose history lies on disk, as sensors and schedules ask for; it is empty.

    One place serves all tests: to lay out another takes two seconds.
    """
    stored_instance.wipe()
    for name in stored_instance.get_dynamic_partitions("gem_bulk_datasets"):
        stored_instance.delete_dynamic_partition("gem_bulk_datasets", name)
    return Project(tmp_path / "data", tmp_path / "results", stored_instance)


@pytest.fixture
def spoil(project: Project, repository: Path) -> Callable[[str], tuple[Project, Path]]:
    """Return what copies a shipped dataset, materialised already, so that it may be spoilt."""

    def copy(name: str) -> tuple[Project, Path]:
        return project, project.add_dataset(repository / "data" / "bulk" / name)

    return copy
