"""A dataset is a folder with counts and, perhaps, a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from upath import UPath

from gem_assets.datasets import dataset_names, open_dataset
from gem_assets.problems import InputProblem, RefusedInputError


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
        (
            {"counts.csv": "", "dataset.yaml": "count: x"},
            "dataset_yaml",
            "'count' is no key of it; 'counts' may be meant",
        ),
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


STAR = "N_unmapped\t1\t1\t1\nN_noFeature\t9\t9\t9\nENSG00000141510\t4\t2\t2\n"
MTX = "%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 4\n"


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = STAR if "ReadsPerGene" in name else MTX if ".mtx" in name else "x"
        path.write_text(content)


def refused(data: Path | UPath | str) -> InputProblem:
    with pytest.raises(RefusedInputError) as caught:
        open_dataset(str(data), "bulk", "lungs")
    assert "see docs" not in str(caught.value)
    return caught.value.problems[0]


TENX = ("matrix.mtx", "genes.tsv", "barcodes.tsv")


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (["a.gct.gz"], "a.gct.gz"),
        (["a.parquet"], "a.parquet"),
        (["a.feather", "README.txt"], "a.feather"),
        (["a.h5"], "a.h5"),
        (["a.csv.zst"], "a.csv.zst"),
        (["a.tsv.bz2", "samplesheet.csv", "review.csv"], "a.tsv.bz2"),
        (["counts.tsv.bz2"], "counts.tsv.bz2"),
        (["counts.tsv.zst", "samples.csv", "notes.md"], "counts.tsv.zst"),
        (["counts.rds", "samples.csv", "notes.md"], "counts.rds"),  # to be refused for what it is
        (["a.tsv", "samples.tsv", "multiqc/report.html"], "a.tsv"),
        (["counts.csv", "a.tsv", "10x/matrix.mtx"], "counts.csv"),
        (["counts/S1ReadsPerGene.out.tab", "a.tsv"], "counts"),
        (["S1ReadsPerGene.out.tab"], "S1ReadsPerGene.out.tab"),
        (["S1ReadsPerGene.out.tab", "S2ReadsPerGene.out.tab", "samples.csv"], ""),
        (["star/S1ReadsPerGene.out.tab", "star/S2ReadsPerGene.out.tab"], "star"),
        (["S1/S1ReadsPerGene.out.tab", "S2/S2ReadsPerGene.out.tab"], ""),
        ([*TENX, "samples.csv"], ""),
        ([f"10x/{name}" for name in TENX], "10x"),
        ([f"{k}_feature_bc_matrix/{n}" for k in ("raw", "filtered") for n in TENX], ""),
        (
            [
                "results/star_salmon/salmon.merged.gene_counts.tsv",
                "results/star_salmon/salmon.merged.gene_counts_scaled.tsv",
                "results/star_salmon/salmon.merged.gene_tpm.tsv",
                "results/multiqc/report.html",
                "samplesheet.csv",
            ],
            "results/star_salmon/salmon.merged.gene_counts.tsv",
        ),
        (["kallisto/kallisto.merged.gene_counts.tsv"], "kallisto/kallisto.merged.gene_counts.tsv"),
    ],
)
def test_what_may_be_counts_is_found(
    tmp_path: Path, folder: Path, names: list[str], counts: str
) -> None:
    put(folder, *names)
    found = open_dataset(str(tmp_path), "bulk", "lungs").counts
    assert found == UPath(folder / counts if counts else folder)


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["a.tsv", "10x/matrix.mtx", "10x/genes.tsv", "10x/barcodes.tsv"], "a.tsv, 10x"),
        (["a.gct", "b.parquet"], "a.gct, b.parquet"),
        (
            [
                "r/star_salmon/salmon.merged.gene_counts.tsv",
                "r/salmon/salmon.merged.gene_counts.tsv",
            ],
            "r/salmon/salmon.merged.gene_counts.tsv"[2:],
        ),
        (["counts.tsv", "counts.csv"], "counts.csv, counts.tsv"),
    ],
)
def test_what_may_be_counts_twice_is_refused_by_name(
    tmp_path: Path, folder: Path, names: list[str], listed: str
) -> None:
    put(folder, *names)
    problem = refused(tmp_path)
    assert problem.code == "counts_ambiguous"
    assert listed in problem.sentence


def test_a_folder_without_counts_says_what_it_holds(tmp_path: Path, folder: Path) -> None:
    put(folder, "table.xlsx", "notes.md")
    problem = refused(tmp_path)
    assert problem.code == "counts_missing"
    assert "it holds notes.md, table.xlsx" in problem.sentence


def test_an_nf_core_results_folder_may_be_named(tmp_path: Path, folder: Path) -> None:
    put(folder, "run/star_rsem/rsem.merged.gene_counts.tsv", "run/samplesheet.csv")
    (folder / "dataset.yaml").write_text(
        "counts: run\nsamples: run/samplesheet.csv\nbatch: plate\n"
    )
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    assert dataset.counts == dataset.folder / "run/star_rsem/rsem.merged.gene_counts.tsv"
    assert dataset.sheet == dataset.folder / "run/samplesheet.csv"
    assert dataset.config.batch == "plate"


def test_a_folder_of_files_may_be_named(tmp_path: Path, folder: Path) -> None:
    put(folder, "star/S1ReadsPerGene.out.tab", "a.tsv")
    for said, found in (("star", "star"), ("./star/", "star"), ("star/../a.tsv", "a.tsv")):
        (folder / "dataset.yaml").write_text(f"counts: {said}\n")
        assert open_dataset(str(tmp_path), "bulk", "lungs").counts == UPath(folder / found)
    (folder / "dataset.yaml").write_text("counts: .\n")
    assert open_dataset(str(tmp_path), "bulk", "lungs").counts == UPath(folder)


@pytest.mark.parametrize("key", ["counts", "samples", "aliases"])
@pytest.mark.parametrize(
    "said",
    ["../x.tsv", "a/../../x.tsv", "/etc/passwd", "..", "~/x", "C:\\x", "s3://b/x", "\\\\host\\x"],
)
def test_no_path_leaves_the_folder(tmp_path: Path, folder: Path, key: str, said: str) -> None:
    put(folder, "counts.csv")
    put(tmp_path, "bulk/x.tsv")
    (folder / "dataset.yaml").write_text(f"{key}: '{said}'\n")
    assert refused(tmp_path).code == "path_leaves_folder"


@pytest.mark.parametrize("said", ["a" * 5000, '"a\\0b"', '"a\\nb"'])
def test_a_name_that_no_file_has_is_missing(tmp_path: Path, folder: Path, said: str) -> None:
    (folder / "dataset.yaml").write_text(f"counts: {said}\n")
    assert refused(tmp_path).code == "file_missing"


@pytest.mark.parametrize("name", ["counts.csv", "a.tsv", "samples.csv", "dataset.yaml", "10x"])
def test_links_out_of_the_folder_are_refused(tmp_path: Path, folder: Path, name: str) -> None:
    outside = tmp_path / "outside" / name
    if name == "10x":
        put(outside, *TENX)
    else:
        put(outside.parent, name)
    if name in {"samples.csv", "dataset.yaml"}:
        put(folder, "counts.csv")
    (folder / name).symlink_to(outside)
    problem = refused(tmp_path)
    assert problem.code == "path_leaves_folder"
    assert name in problem.sentence


def test_a_link_to_a_results_folder_elsewhere_is_refused(tmp_path: Path, folder: Path) -> None:
    put(tmp_path, "outside/salmon.merged.gene_counts.tsv")
    (folder / "results").mkdir()
    (folder / "results" / "star_salmon").symlink_to(tmp_path / "outside")
    (folder / "dataset.yaml").write_text("counts: results/star_salmon\n")
    assert refused(tmp_path).code == "path_leaves_folder"


def test_links_within_the_folder_and_of_the_folder_itself_are_followed(
    tmp_path: Path, folder: Path
) -> None:
    put(folder, "run/table.txt")
    (folder / "counts.txt").symlink_to(folder / "run" / "table.txt")
    assert open_dataset(str(tmp_path), "bulk", "lungs").counts.name == "counts.txt"
    (tmp_path / "bulk" / "again").symlink_to(folder)
    assert open_dataset(str(tmp_path), "bulk", "again").counts.name == "counts.txt"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("counts: [", "line 1, column 10: "),
        ("counts: a\n  b: c\n", "line 2, column 4: mapping values are not allowed here"),
        ("counts: a\ncounts: b\n", "line 2, column 1: the key 'counts' is there twice"),
        ("columns: {a: x, a: y}", "the key 'a' is there twice"),
        ("colums: {}", "'colums' is no key of it; 'columns' may be meant"),
        ("counts: 5", "'counts' must be text, but is a whole number; put it in quotes"),
        ("columns: a", "'columns' must be a table (key: value), but is text"),
        ("columns: {a: 2.5}", "a value of 'columns' must be text, but is a number"),
        ("columns: {no: sex}", "a key of 'columns' must be text, but is a yes/no word"),
        ("thresholds: {ratio: high}", "a value of 'thresholds' must be a number, but is text"),
        ("batch: [a]", "'batch' must be text, but is a list"),
        ("- counts", "it is no table of lines 'key: value'"),
        ("counts: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: " + "[" * 5000, "nested too deep"),
        ("counts: \x00", "it is not text"),
        ("#" * 1_000_001, "expected a page of text"),
    ],
)
def test_what_is_wrong_with_dataset_yaml_is_said_in_plain_words(
    tmp_path: Path, folder: Path, text: str, words: str
) -> None:
    (folder / "dataset.yaml").write_text(text)
    problem = refused(tmp_path)
    assert problem.code == "dataset_yaml"
    assert words in problem.sentence
    assert "byte string" not in problem.sentence
    assert "`" not in problem.sentence


@pytest.mark.parametrize("text", ["", "# nothing\n", "counts:\ncolumns:\n"])
def test_an_empty_dataset_yaml_says_nothing(tmp_path: Path, folder: Path, text: str) -> None:
    put(folder, "counts.csv")
    (folder / "dataset.yaml").write_text(text)
    assert open_dataset(str(tmp_path), "bulk", "lungs").counts.name == "counts.csv"


def test_the_fingerprint_follows_every_file_of_a_folder(tmp_path: Path, folder: Path) -> None:
    put(folder, "star/S1ReadsPerGene.out.tab", "star/sub/S2ReadsPerGene.out.tab")
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    seen = {dataset.fingerprint()}
    assert dataset.fingerprint() in seen
    for change in (
        lambda: put(folder, "star/S3ReadsPerGene.out.tab"),
        lambda: (folder / "star/sub/S2ReadsPerGene.out.tab").write_text(STAR + "X\t1\t1\t1\n"),
        (folder / "star/S1ReadsPerGene.out.tab").unlink,
        lambda: put(folder, "samples.csv"),
    ):
        change()
        now = open_dataset(str(tmp_path), "bulk", "lungs").fingerprint()
        assert now not in seen
        seen.add(now)


def test_the_fingerprint_of_a_matrix_follows_the_names_beside_it(
    tmp_path: Path, folder: Path
) -> None:
    put(folder, *(f"10x/{name}" for name in TENX))
    (folder / "dataset.yaml").write_text("counts: 10x/matrix.mtx\n")
    dataset = open_dataset(str(tmp_path), "bulk", "lungs")
    before = dataset.fingerprint()
    (folder / "10x" / "barcodes.tsv").write_text("another")
    assert dataset.fingerprint() != before


def test_a_dataset_may_lie_in_any_file_system(tmp_path: Path) -> None:
    data = UPath(f"memory://{tmp_path.name}-data")
    star = data / "bulk" / "lungs" / "star"
    star.mkdir(parents=True)
    for sample in ("S1", "S2"):
        (star / f"{sample}ReadsPerGene.out.tab").write_text(STAR)
    assert dataset_names(str(data), "bulk")[0] == ("lungs",)
    dataset = open_dataset(str(data), "bulk", "lungs")
    assert dataset.counts == star
    before = dataset.fingerprint()
    assert dataset.fingerprint() == before
    (star / "S2ReadsPerGene.out.tab").write_text(STAR)
    assert dataset.fingerprint() != before
    (star.parent / "dataset.yaml").write_text("counts: ../other.tsv\n")
    assert refused(data).code == "path_leaves_folder"
    here = tmp_path / "bulk" / "lungs"
    put(here, "counts.csv")
    assert open_dataset(f"file://{tmp_path}", "bulk", "lungs").counts.name == "counts.csv"


@pytest.mark.parametrize("data", ["s3://no-such-bucket-of-ours", "nonsense://x"])
def test_a_place_that_cannot_be_reached_is_told(data: str) -> None:
    problem = refused(data)
    assert problem.code == "location_unreachable"
    assert data in problem.sentence
    with pytest.raises(RefusedInputError, match="can't be reached"):
        dataset_names(data, "bulk")
