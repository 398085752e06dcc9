"""A dataset is a folder with counts and, perhaps, a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from gem_assets.datasets import dataset_names, open_dataset
from gem_assets.problems import RefusedInputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bulk" / "lungs"
    folder.mkdir(parents=True)
    return folder


def test_counts_and_sheet_are_found_by_their_names(tmp_path: Path, folder: Path) -> None:
    for name in ("counts.tsv.gz", "samples.csv", "other_table.csv", "review.csv", "README.md"):
        (folder / name).write_text("x")
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    assert dataset.counts.name == "counts.tsv.gz"
    assert dataset.sheet is not None
    assert dataset.sheet.name == "samples.csv"


def test_the_only_count_like_file_is_the_counts(tmp_path: Path, folder: Path) -> None:
    (folder / "salmon.merged.gene_counts.tsv").write_text("x")
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    assert dataset.counts.name == "salmon.merged.gene_counts.tsv"
    assert dataset.sheet is None


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ({}, "counts_missing", "holds no counts file"),
        ({"a.tsv": "", "b.csv": ""}, "counts_ambiguous", "a.tsv, b.csv"),
        (
            {"counts.csv": "", "samples.csv": "", "samples.tsv": ""},
            "sheet_ambiguous",
            "two sample sheets",
        ),
        ({"counts.csv": "", "dataset.yaml": "count: x"}, "dataset_yaml", "unknown field `count`"),
        ({"counts.csv": "", "dataset.yaml": "counts: ["}, "dataset_yaml", "can't be understood"),
        (
            {"dataset.yaml": "counts: ../../../etc/passwd"},
            "path_leaves_folder",
            "outside the dataset's folder",
        ),
        ({"dataset.yaml": "counts: nowhere.tsv"}, "file_missing", "does not exist"),
    ],
)
def test_a_folder_that_is_not_a_dataset_is_refused(
    tmp_path: Path, folder: Path, files: dict[str, str], code: str, words: str
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(RefusedInputError, match=words.replace("(", r"\(")) as caught:
        open_dataset(str(tmp_path), "bulk", "lungs")
    assert caught.value.problems[0].code == code


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "secret.csv").write_text("x")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "dataset.yaml").write_text("counts: link.csv")
    with pytest.raises(RefusedInputError, match="outside the dataset's folder"):
        open_dataset(str(tmp_path), "bulk", "lungs")


def test_a_dataset_that_does_not_exist_says_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(RefusedInputError, match=r"bulk/nothing does not exist"):
        open_dataset(str(tmp_path), "bulk", "nothing")


@pytest.mark.parametrize("name", ["../x", "a/b", "a b", "", ".hidden"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RefusedInputError, match="can't be the name of a dataset"):
        open_dataset(str(tmp_path), "bulk", name)


@pytest.mark.usefixtures("folder")
def test_folders_are_listed_and_bad_names_are_told(tmp_path: Path) -> None:
    (tmp_path / "bulk" / "with space").mkdir()
    (tmp_path / "bulk" / ".hidden").mkdir()
    (tmp_path / "bulk" / "a_file").write_text("")
    names, problems = dataset_names(str(tmp_path), "bulk")
    assert names == ("lungs",)
    assert [p.code for p in problems] == ["dataset_name"]
    assert "with space" in problems[0].sentence
    assert dataset_names(str(tmp_path), "sc") == ((), ())


def test_dataset_yaml_points_into_a_results_folder(tmp_path: Path, folder: Path) -> None:
    table = folder / "nfcore" / "star_salmon" / "salmon.merged.gene_counts.tsv"
    table.parent.mkdir(parents=True)
    table.write_text("")
    (folder / "dataset.yaml").write_text(
        "counts: nfcore/star_salmon/salmon.merged.gene_counts.tsv\n"
        "columns: {body_site: tissue}\nthresholds: {ratio: 200}\n"
    )
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    assert dataset.counts == dataset.folder / "nfcore/star_salmon/salmon.merged.gene_counts.tsv"
    assert dataset.config.columns == {"body_site": "tissue"}
    assert dataset.config.thresholds == {"ratio": 200}


def test_the_fingerprint_follows_the_files(tmp_path: Path, folder: Path) -> None:
    (folder / "counts.csv").write_text("a")
    before = open_dataset(str(tmp_path), "bulk", "lungs").fingerprint()
    assert open_dataset(str(tmp_path), "bulk", "lungs").fingerprint() == before
    (folder / "samples.csv").write_text("sample_id\n")
    assert open_dataset(str(tmp_path), "bulk", "lungs").fingerprint() != before


def test_a_dataset_may_say_how_much_a_problem_matters(tmp_path: Path, folder: Path) -> None:
    (folder / "counts.csv").touch()
    (folder / "dataset.yaml").write_text("severity: {few_model_genes: warning}\n")
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    assert dataset.config.severity == {"few_model_genes": "warning"}


def test_a_severity_that_may_not_be_given_is_refused_at_once(tmp_path: Path, folder: Path) -> None:
    (folder / "dataset.yaml").write_text("severity: {damaged_file: warning}\n")
    with pytest.raises(RefusedInputError, match="must stay an error"):
        open_dataset(str(tmp_path), "bulk", "lungs")
