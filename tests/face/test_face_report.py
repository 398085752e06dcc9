"""The report of a run holds all that the run found, and its files come and go with it."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner
from face_lab import Done, Project, Run, fork

from gem_assets.cli import main

NAME = "geuvadis_planted"
PLANTED = {"NA20502": "female", "NA20509": "male", "NA20512": "male"}


@pytest.fixture(scope="module")
def swapped_once(
    repository: Path, shipped: Done, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, Run]:
    """Return a run on lines of which two exchanged their sex, and all else is right."""
    project = fork(shipped.project, tmp_path_factory.mktemp("swapped"), shipped.project.instance)
    folder = project.add_dataset(repository / "data" / "bulk" / NAME)
    sheet = pd.read_csv(folder / "samples.csv", index_col=0)
    for sample, sex in PLANTED.items():
        sheet.loc[sample, "sex"] = sex
    woman, man = (sheet.index[sheet["sex"].eq(sex)][-1] for sex in ("female", "male"))
    sheet.loc[[woman, man], "sex"] = ["male", "female"]
    sheet.to_csv(folder / "samples.csv")
    run = project.refresh(NAME)
    assert run.success, run.failed
    return project, run


@pytest.fixture
def swapped(
    swapped_once: tuple[Project, Run], tmp_path: Path, instance: dg.DagsterInstance
) -> Project:
    """Return a copy of that project, to be gone on with."""
    return fork(swapped_once[0], tmp_path, instance, with_data=True)


def sheet_beside(project: Project) -> Path:
    return project.report(NAME).with_name(f"{NAME}.corrected_samples.csv")


def test_exchanged_labels_bring_a_suggested_sheet_beside_the_report(
    swapped_once: tuple[Project, Run],
) -> None:
    project, run = swapped_once
    stated = pd.read_csv(project.data / "bulk" / NAME / "samples.csv", index_col=0)
    suggested = pd.read_csv(sheet_beside(project), index_col=0)
    changed = suggested["sex"].ne(stated["sex"].reindex(suggested.index))
    failing = project.table("qc_samples", NAME).query("status == 'fail'")
    assert set(changed.index[changed]) == set(failing["sample_id"])
    assert changed.sum() == 2
    for_multiqc = Path(str(run.metadata["qc_report"]["MultiQC files"]))
    assert (for_multiqc / f"gem_bulk-{NAME}-labels_mqc.json").is_file()
    assert run.metadata["qc_report"]["suggested sample sheet"] == str(sheet_beside(project))
    html = project.report(NAME).read_text(encoding="utf-8")
    assert "Exchanged labels or samples" in html
    assert f'href="{NAME}.corrected_samples.csv"' in html


def test_the_report_says_what_changed_and_that_the_next_run_changes_nothing(
    swapped: Project,
) -> None:
    # The fixture's project knows the dataset as it is shipped, with three planted errors.
    html = swapped.report(NAME).read_text(encoding="utf-8")
    assert "2 labels newly failing (label changed)" in html
    assert "3 newly passing (label changed)" in html
    swapped.refresh(NAME)
    assert "No verdict changed since" in swapped.report(NAME).read_text(encoding="utf-8")


def test_once_the_sheet_is_right_nothing_is_suggested_and_the_file_is_gone(
    swapped: Project,
) -> None:
    suggested = pd.read_csv(sheet_beside(swapped))
    suggested.to_csv(swapped.data / "bulk" / NAME / "samples.csv", index=False)
    run = swapped.refresh(NAME)
    assert run.success, run.failed
    assert not sheet_beside(swapped).exists()
    assert "suggested sample sheet" not in run.metadata["qc_report"]
    assert set(swapped.table("qc_samples", NAME)["status"]) == {"pass"}


def test_a_report_on_a_sheet_that_was_read_again_is_refused(swapped: Project) -> None:
    suggested = pd.read_csv(sheet_beside(swapped))
    suggested.to_csv(swapped.data / "bulk" / NAME / "samples.csv", index=False)
    assert swapped.refresh(NAME, ["sample_labels"]).success
    run = swapped.refresh(NAME, ["qc_report"])
    assert "is about another sheet than the one that was read last" in run.failed["qc_report"]
    assert "Materialise the asset gem_bulk/qc_findings" in run.failed["qc_report"]


def test_forgetting_a_dataset_deletes_the_suggested_sheet_too(swapped: Project) -> None:
    arguments = ["forget", "--results", str(swapped.results), "--yes", f"bulk/{NAME}"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert not swapped.report(NAME).exists()
    assert not sheet_beside(swapped).exists()
    assert not swapped.report(NAME).with_name(f"{NAME}.multiqc").exists()
