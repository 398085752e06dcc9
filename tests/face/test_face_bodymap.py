"""Cohorts whose truth is known go the whole road, and come out as they must."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from face_lab import Done, Project, Run


def cohort(shared_data: Path, project: Project, name: str) -> Path:
    """Lay a cohort out as a dataset."""
    folder = project.data / "bulk" / name
    folder.mkdir(parents=True)
    cohorts = shared_data / "cohorts"
    shutil.copy(cohorts / f"{name}_counts.tsv.gz", folder / "counts.tsv.gz")
    shutil.copy(cohorts / f"{name}_samples.csv", folder / "samples.csv")
    return folder


@pytest.fixture(scope="module")
def cohorts(
    shared_data: Path, shipped: Done, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, dict[str, Run]]:
    """Return a project in which Body Map and Castle were materialised."""
    folder = tmp_path_factory.mktemp("cohorts")
    results = Path(shutil.copytree(shipped.project.results, folder / "results"))
    project = Project(folder / "data", results, shipped.project.instance)
    runs = {}
    for name in ("bodymap", "castle"):
        cohort(shared_data, project, name)
        runs[name] = project.refresh(name)
        assert runs[name].success, runs[name].failed
    return project, runs


@pytest.fixture(scope="module")
def bodymap(cohorts: tuple[Project, dict[str, Run]]) -> pd.DataFrame:
    """Return Body Map's verdicts."""
    return cohorts[0].table("qc_verdicts", "bodymap")


def samples(project: Project, name: str) -> pd.DataFrame:
    return project.table("qc_samples", name).set_index("sample_id")


def test_the_mislabelled_adrenal_fails_on_its_tissue_as_a_lymph_node(
    bodymap: pd.DataFrame,
) -> None:
    failing = bodymap[bodymap["status"].eq("fail")]
    assert failing[["sample_id", "field"]].to_numpy().tolist() == [["Adrenal", "tissue"]]
    assert failing["predicted_label"].tolist() == ["lymph node"]


def test_the_adrenals_next_step_names_the_lymph_node(
    cohorts: tuple[Project, dict[str, Run]],
) -> None:
    project, _ = cohorts
    adrenal = samples(project, "bodymap").loc["Adrenal"]
    assert adrenal["status"] == "fail"
    assert "lymph node" in adrenal["sentence"] + " " + str(adrenal["suggestion"])
    html = project.report("bodymap").read_text(encoding="utf-8")
    assert "1 of 16 samples contradicts its label" in html


def test_nobody_else_of_body_map_fails_and_the_admixed_breast_warns_at_most(
    cohorts: tuple[Project, dict[str, Run]],
) -> None:
    status = samples(cohorts[0], "bodymap")["status"]
    assert set(status.index[status.eq("fail")]) == {"Adrenal"}
    assert status["Breast"] in ("pass", "unclear", "warn")


def test_the_sex_of_all_body_map_samples_is_right(bodymap: pd.DataFrame) -> None:
    sex = bodymap[bodymap["field"].eq("sex")]
    assert len(sex) == 16
    assert sex["predicted_label"].tolist() == sex["provided_label"].tolist()


def test_no_tissue_sample_is_called_a_cell_line(
    cohorts: tuple[Project, dict[str, Run]],
) -> None:
    for name in ("bodymap", "castle"):
        annotations = cohorts[0].table("annotations", name)
        assert "cell line" not in set(annotations["sample_type"])


def test_the_tissue_of_23_of_27_samples_is_right(
    cohorts: tuple[Project, dict[str, Run]],
) -> None:
    """By the top value, or by more than half of the mass on what is compatible with the label."""
    verdicts = pd.concat(cohorts[0].table("qc_verdicts", name) for name in ("bodymap", "castle"))
    tissue = verdicts[verdicts["field"].eq("tissue")]
    assert len(tissue) == 27
    right = tissue["predicted_id"].eq(tissue["provided_id"]) | tissue["p_compatible"].gt(0.5)
    assert right.sum() >= 23, tissue.loc[~right, ["sample_id", "predicted_label"]]


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
