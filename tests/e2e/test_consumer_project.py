"""Somebody else's project: the wheel is installed, scaffolded, checked and run as the docs say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pandas as pd
import pytest

PLANTED = ("NA20502", "NA20509", "NA20512")
DATASET = "geuvadis_planted"
PROGRAMS = ("dagster", "dg")
PIP_INSTALL = ("python", "-m", "pip", "install", "--quiet")
IN_PROCESS = '{"execution": {"config": {"in_process": {}}}}'


@dataclass(frozen=True)
class Installed:
    """A virtual environment in which the wheel is installed, and nothing of the repository."""

    folder: Path
    wheel: Path

    @property
    def packages(self) -> Path:
        """Where its own packages lie."""
        (folder,) = (self.folder / "lib").glob("python*/site-packages")
        return folder

    def run(self, *command: str | Path, cwd: Path, more: Mapping[str, str] | None = None) -> str:
        """Run a command in the environment, and return what it said; it must succeed."""
        done = subprocess.run(  # noqa: S603 - our own commands
            [str(part) for part in command],
            cwd=cwd,
            env={**self.environment(), **(more or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Return the shell's variables without its Python, its Dagster and its settings."""
        ours = ("PYTHON", "DAGSTER_", "GEM_ASSETS_", "SYNTHESIZE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {
            "VIRTUAL_ENV": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{kept['PATH']}",
            "GEM_ASSETS_WHEEL": str(self.wheel),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "PIP_NO_INDEX": "1",  # what is needed is there
            "COLUMNS": "200",
        }


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return an environment with the wheel of this tree, and the packages of the running one.

    Of these all but our own, which is the repository itself.
    """
    folder = tmp_path_factory.mktemp("consumer")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=repository, check=True, capture_output=True)  # noqa: S603 - fixed
    (wheel,) = (folder / "dist").glob("*.whl")
    others = folder / "packages"
    others.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if "gem_assets" not in package.name:
            (others / package.name).symlink_to(package)
    environment = folder / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    done = Installed(environment, wheel)
    # Behind its own packages, among which the wheel will be.
    (done.packages / "packages_of_the_tests.pth").write_text(f"{others}\n")
    for script in entry_points(group="console_scripts"):
        if script.name in PROGRAMS:
            path = environment / "bin" / script.name
            path.write_text(
                f"#!{python}\nimport sys\nfrom {script.module} import {script.attr}\n"
                f"if __name__ == '__main__':\n    sys.exit({script.attr}())\n"
            )
            path.chmod(0o755)
    done.run(*PIP_INSTALL, "--no-deps", wheel, cwd=folder)
    where = "import gem_assets; print(gem_assets.__file__)"
    assert done.run(python, "-c", where, cwd=folder).startswith(str(done.packages))
    return done


@pytest.fixture
def consumer(repository: Path, installed: Installed, tmp_path: Path) -> Path:
    """Return a copy of the example project, installed, with a shipped dataset among its data."""
    examples = shutil.copytree(repository / "docs" / "examples", tmp_path / "docs" / "examples")
    planted = repository / "data" / "bulk" / DATASET
    shutil.copytree(planted, tmp_path / "data" / "bulk" / DATASET)
    project = Path(examples) / "consumer"
    (project / "data").symlink_to(tmp_path / "data")
    # What an editable installation of the project comes to.
    (installed.packages / "lab.pth").write_text(f"{project / 'src'}\n")
    return project


def test_two_scaffolded_instances_pass_every_check_as_they_are(
    installed: Installed, consumer: Path
) -> None:
    definitions = consumer / "src" / "lab" / "defs"
    for path in definitions.iterdir():  # an empty project of somebody else's
        if path.name != "__init__.py":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert "gem_assets.GemMetadataQc" in installed.run("dg", "list", "components", cwd=consumer)
    scaffold = ("dg", "scaffold", "defs", "gem_assets.GemMetadataQc")
    installed.run(*scaffold, "x", cwd=consumer)
    for check in ("yaml", "defs"):
        installed.run("dg", "check", check, cwd=consumer)
    installed.run(*scaffold, "more/x", "--modality", "sc", cwd=consumer)
    for check in ("yaml", "defs"):
        installed.run("dg", "check", check, cwd=consumer)
    written = [(definitions / name / "defs.yaml").read_text() for name in ("x", "more/x")]
    assert all("\n  endpoint: embedded\n" in text for text in written)
    listed = installed.run("dg", "list", "defs", "--json", cwd=consumer)
    assert '"gem_x/qc_samples"' in listed
    assert '"gem_more_x/qc_samples"' in listed


def test_five_commands_lead_to_a_flagged_sample_and_an_asset_downstream_reads_it(
    installed: Installed, consumer: Path
) -> None:
    # The first of the commands installs it.
    installed.run(
        "python", "-m", "pip", "uninstall", "--yes", "--quiet", "gem-assets", cwd=consumer
    )
    said = installed.run("bash", consumer.parent / "five_commands.sh", cwd=consumer)
    shown = said[said.rindex("qc_mismatches") :]
    rows = [line.split("\u2502") for line in shown.splitlines() if "NA205" in line]
    cells = [[cell.strip() for cell in row[1:-1]] for row in rows]
    assert [row[:2] for row in cells] == [[sample, "sex"] for sample in PLANTED]
    assert {row[2] for row in cells} == {"male", "female"}
    assert all(row[2] != row[3] for row in cells)
    assert (consumer / "results" / "reports" / "gem_swaps" / f"{DATASET}.html").is_file()

    # The project's own instances stand beside the new one, in the same warehouse.
    listed = installed.run("dg", "list", "components", cwd=consumer)
    assert "lab.components.lab_metadata_qc.LabMetadataQc" in listed
    for check in ("yaml", "defs"):
        installed.run("dg", "check", check, cwd=consumer)
    register = (
        "import dagster as dg; dg.DagsterInstance.get().add_dynamic_partitions("
        f"'gem_sequencing_datasets', ['{DATASET}'])"
    )
    home = {"DAGSTER_HOME": str(consumer / ".dagster")}
    installed.run("python", "-c", register, cwd=consumer, more=home)
    installed.run(
        *("dg", "launch", "--assets", "group:gem_sequencing,key:samples_to_check"),
        *("--partition", DATASET, "--config-json", IN_PROCESS),
        cwd=consumer,
        more=home,
    )
    to_check = pd.read_csv(consumer / "results" / f"{DATASET}_to_check.csv")
    assert to_check["sample_id"].tolist() == list(PLANTED)
    assert set(to_check["status"]) == {"fail"}
