"""Cohorts whose truth is known go the whole road, and come out as they must."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from face_lab import Done, Project

from gem_assets.cli import main

if TYPE_CHECKING:
    from conftest import FileServer

KEY = "sk-must-stay-unseen-0123456789"


def cohort(shared_data: Path, project: Project, name: str) -> Path:
    """Lay a cohort out as a dataset."""
    folder = project.data / "bulk" / name
    folder.mkdir(parents=True)
    cohorts = shared_data / "cohorts"
    shutil.copy(cohorts / f"{name}_counts.tsv.gz", folder / "counts.tsv.gz")
    shutil.copy(cohorts / f"{name}_samples.csv", folder / "samples.csv")
    return folder


@dataclass
class Cohorts:
    """A project in which Body Map was demonstrated and Castle materialised.

    Attributes
    ----------
    demo
        What ``gem-assets demo bodymap`` printed.
    """

    project: Project
    demo: Result


@pytest.fixture(scope="module")
def cohorts(
    shared_data: Path,
    shipped: Done,
    file_server: FileServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Cohorts:
    """Return both cohorts; Body Map is fetched, and nobody asked for another endpoint's answer."""
    folder = tmp_path_factory.mktemp("cohorts")
    results = Path(shutil.copytree(shipped.project.results, folder / "results"))
    original = (shared_data / "cohorts" / "bodymap_original.rda").read_bytes()
    mirror = file_server.serve("/bodymap.rda", original)
    demo = CliRunner().invoke(
        main,
        ["demo", "bodymap", "--mirror", mirror],
        env={
            "GEM_ASSETS_DATA": str(folder / "data"),
            "GEM_ASSETS_RESULTS": str(results),
            "GEM_ASSETS_ENDPOINT": "hosted",
            "SYNTHESIZE_API_KEY": KEY,
            "SYNTHESIZE_API_BASE_URL": file_server.url,
            "XDG_CACHE_HOME": str(folder / "cache"),
        },
        catch_exceptions=False,
    )
    assert demo.exit_code == 0, demo.output
    project = Project(folder / "data", results, shipped.project.instance)
    cohort(shared_data, project, "castle")
    run = project.refresh("castle")
    assert run.success, run.failed
    return Cohorts(project, demo)


@pytest.fixture(scope="module")
def bodymap(cohorts: Cohorts) -> pd.DataFrame:
    """Return Body Map's verdicts."""
    return cohorts.project.table("qc_verdicts", "bodymap")


def samples(project: Project, name: str) -> pd.DataFrame:
    return project.table("qc_samples", name).set_index("sample_id")


def test_the_mislabelled_adrenal_fails_on_its_tissue_as_a_lymph_node(
    bodymap: pd.DataFrame,
) -> None:
    failing = bodymap[bodymap["status"].eq("fail")]
    assert failing[["sample_id", "field"]].to_numpy().tolist() == [["Adrenal", "tissue"]]
    assert failing["predicted_label"].tolist() == ["lymph node"]


def test_the_adrenals_next_step_names_the_lymph_node(cohorts: Cohorts) -> None:
    project = cohorts.project
    adrenal = samples(project, "bodymap").loc["Adrenal"]
    assert adrenal["status"] == "fail"
    assert "lymph node" in adrenal["sentence"] + " " + str(adrenal["suggestion"])
    html = project.report("bodymap").read_text(encoding="utf-8")
    assert "1 of 16 samples contradicts its label" in html


def test_nobody_else_of_body_map_fails_and_the_breast_warns_at_most(
    cohorts: Cohorts,
) -> None:
    status = samples(cohorts.project, "bodymap")["status"]
    assert set(status.index[status.eq("fail")]) == {"Adrenal"}
    assert status["Breast"] in ("pass", "unclear", "warn")


def test_the_sex_of_all_body_map_samples_is_right(bodymap: pd.DataFrame) -> None:
    sex = bodymap[bodymap["field"].eq("sex")]
    assert len(sex) == 16
    assert sex["predicted_label"].tolist() == sex["provided_label"].tolist()


def test_no_tissue_sample_is_called_a_cell_line(cohorts: Cohorts) -> None:
    for name in ("bodymap", "castle"):
        annotations = cohorts.project.table("annotations", name)
        assert "cell line" not in set(annotations["sample_type"])


def test_the_tissue_of_23_of_27_samples_is_right(cohorts: Cohorts) -> None:
    """By the top value, or by more than half of the mass on what is compatible with the label."""
    verdicts = pd.concat(
        cohorts.project.table("qc_verdicts", name) for name in ("bodymap", "castle")
    )
    tissue = verdicts[verdicts["field"].eq("tissue")]
    assert len(tissue) == 27
    right = tissue["predicted_id"].eq(tissue["provided_id"]) | tissue["p_compatible"].gt(0.5)
    assert right.sum() >= 23, tissue.loc[~right, ["sample_id", "predicted_label"]]


# The command that shows it


def test_the_demonstration_prints_the_findings_and_explains_the_adrenal(cohorts: Cohorts) -> None:
    said = cohorts.demo.stdout
    assert "1 of 16 samples contradicts its label" in said
    assert f"report: {cohorts.project.report('bodymap')}" in said
    assert "Adrenal (ERS025092) is stated to be adrenal gland; its expression says lymph" in said
    assert "STAR, CYP17A1 and CYP11B1 are missing" in said
    assert "MS4A1 and CCL21 are there" in said
    assert "Muscle came along with Breast (680) and Thyroid (1,273)" in said
    assert said.index("report:") < said.index("Adrenal (ERS025092)")


def test_the_demonstration_sends_nothing_whatever_the_environment_says(
    cohorts: Cohorts, file_server: FileServer
) -> None:
    assert "not GEM-1" in cohorts.demo.stdout
    predicted = cohorts.project.table("predicted_metadata", "bodymap")
    assert set(predicted["served_by"]) == {"embedded"}
    assert [path for path, _ in file_server.requests] == ["/bodymap.rda"]
    assert KEY not in str(file_server.requests)
    assert KEY not in cohorts.demo.output


def test_the_demonstration_says_whose_the_data_are(cohorts: Cohorts) -> None:
    folder = cohorts.project.data / "bulk" / "bodymap"
    assert {p.name for p in folder.iterdir()} == {"counts.tsv.gz", "samples.csv", "README.md"}
    said = (folder / "README.md").read_text(encoding="utf-8")
    assert "Copyright (c) 2020 M.P. Barzine" in said
    assert "E-MTAB-513" in said


def test_the_demonstration_refuses_a_place_that_is_no_folder() -> None:
    result = CliRunner().invoke(main, ["demo", "bodymap", "--data", "s3://lab/counts"])
    assert result.exit_code == 1
    assert "s3://lab/counts is not" in result.stderr


def test_the_demonstration_alone_lists_what_there_is() -> None:
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 0
    assert "bodymap" in result.stdout
    assert "0.9 MB from github.com/barzine/barzinePhdData, MIT licence" in result.stdout


# The shipped cohorts


def test_no_lymphoblastoid_line_is_accused(repository: Path, shipped: Done, tmp_path: Path) -> None:
    results = Path(shutil.copytree(shipped.project.results, tmp_path / "results"))
    project = Project(repository / "data", results, shipped.project.instance)
    run = project.refresh("geuvadis_lcl")
    assert run.success, run.failed
    # 24 of the 85 are the samples of geuvadis_planted: the same counts cost no call.
    assert run.metadata["predicted_metadata"]["samples asked now"] == 85 - 24
    status = samples(project, "geuvadis_lcl")["status"]
    assert len(status) == 85
    assert not status.isin(["fail", "warn"]).any()
    # A line is no mixture of tissues, whatever its 10,101 genes look like.
    assert set(project.table("qc_findings", "geuvadis_lcl")["kind"]) == {"duplicate"}
    annotations = project.table("annotations", "geuvadis_lcl").set_index("sample_id")
    assert annotations["sample_type"].eq("cell line").sum() >= 80
    sheet = pd.read_csv(project.data / "bulk" / "geuvadis_lcl" / "samples.csv", index_col=0)
    assert annotations["sex"].to_dict() == sheet["sex"].to_dict()


def test_a_cell_line_beyond_the_vocabulary_is_not_assessed(shipped: Done) -> None:
    verdicts = shipped.project.table("qc_verdicts", "lncap")
    line = verdicts[verdicts["field"].eq("cell_line")]
    assert len(line) == 7
    assert set(line["status"]) == {"not_assessed"}
    assert set(line["reason"]) == {"label_out_of_vocabulary"}


def test_tissue_sex_and_sample_type_of_prostate_cells_never_fail(shipped: Done) -> None:
    verdicts = shipped.project.table("qc_verdicts", "lncap")
    for field in ("tissue", "sample_type", "sex"):
        rows = verdicts[verdicts["field"].eq(field)]
        assert len(rows) == 7
        assert "fail" not in set(rows["status"])
    sex = verdicts[verdicts["field"].eq("sex")]
    assert set(sex["predicted_label"]) == {"male"}
