"""`gem-assets review`: decisions go into review.csv, and what was decided stops counting."""

from __future__ import annotations

import getpass
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from face_lab import Project
from rich.console import Console
from upath import UPath

from gem_assets.assets.reviews import evidence_elsewhere, reviews_of
from gem_assets.assets.statements import check_statements
from gem_assets.checks import flagged_samples_result
from gem_assets.cli import main
from gem_assets.datasets import open_dataset
from gem_assets.graph import QC_TABLES
from gem_assets.headless import DatasetOutcome
from gem_assets.inspecting import inspect_path
from gem_assets.problems import RefusedInputError
from gem_assets.qc.calibration import review_order
from gem_assets.qc.review import apply_reviews
from gem_assets.qc.settings import QcSettings
from gem_assets.reviewing import add_review
from gem_assets.settings import Settings
from gem_assets.terminal import print_findings
from gem_assets.warehouse import Warehouse

NAME = "geuvadis_planted"
PLANTED = ("NA20502", "NA20509", "NA20512")
HEADER = "sample_id,field,decision,reviewer,date,comment,label\n"
TODAY = date(2026, 1, 31)


@pytest.fixture
def planted(spoil: Callable[[str], tuple[Project, Path]]) -> Project:
    """Return a project with three samples that fail in sex."""
    return spoil(NAME)[0]


def places(project: Project) -> tuple[str, ...]:
    return ("--data", str(project.data), "--results", str(project.results))


def settings(project: Project) -> Settings:
    return Settings(str(project.data), str(project.results), "embedded")


def review(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(
        main,
        ["review", *places(project), *arguments],
        catch_exceptions=False,
        env={"COLUMNS": "120"},
    )


def file_of(project: Project) -> Path:
    return project.data / "bulk" / NAME / "review.csv"


def label_of(project: Project, sample: str) -> str:
    verdicts = project.table("qc_verdicts", NAME).query("field == 'sex'")
    return str(verdicts.set_index("sample_id").loc[sample, "provided_text"])


def decide(project: Project, sample: str = PLANTED[0], decision: str = "label_wrong") -> str:
    return add_review(settings(project), NAME, sample, "sex", decision, reviewer="kim", today=TODAY)


def told_by_inspect(project: Project) -> dict[str, str]:
    found = inspect_path(str(project.data / "bulk" / NAME))
    return {problem.code: problem.sentence for problem in found.problems}


def is_error(project: Project, code: str) -> None:
    config = project.data / "bulk" / NAME / "dataset.yaml"
    said = config.read_text() if config.exists() else ""
    config.write_text(f"{said}\nseverity: {{{code}: error}}\n")


# A decision


def test_a_decision_is_written_and_confirmed_in_a_sentence(planted: Project) -> None:
    label = label_of(planted, PLANTED[0])
    result = review(
        *(planted, NAME, PLANTED[0], "Sex", "label-wrong", "--reviewer", "kim"),
        *("--comment", "swapped  tubes,\n says lab"),
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        f"bulk/{NAME}, {PLANTED[0]}: the sex {label!r} (fail: contradicts) is now label_wrong, "
        f"says kim in {file_of(planted)}."
    )
    assert "Correct the label in the sample sheet: the corrected one is judged anew." in (
        result.stdout
    )
    assert "1 of 3 flagged labels is reviewed; 2 are open." in result.stdout
    assert f"gem-assets run bulk/{NAME}" in result.stdout
    written = pd.read_csv(file_of(planted), dtype=str)
    assert file_of(planted).read_text().startswith(HEADER)
    [row] = written.to_dict("records")
    date.fromisoformat(row.pop("date"))
    assert row == {
        "sample_id": PLANTED[0],
        "field": "sex",
        "decision": "label_wrong",
        "reviewer": "kim",
        "comment": "swapped tubes, says lab",
        "label": label,
    }


def test_who_decides_is_the_login_unless_it_is_said(planted: Project) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGNAME", "lee")
        assert getpass.getuser() == "lee"
        assert "says lee" in review(planted, NAME, PLANTED[0], "sex", "exclude").stdout

    def nobody() -> str:
        raise KeyError("uid not found")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(getpass, "getuser", nobody)
        result = review(planted, NAME, PLANTED[1], "sex", "exclude")
    assert result.exit_code == 1
    assert "--reviewer NAME" in result.stderr


def test_an_excluded_sample_has_all_its_labels_settled(planted: Project) -> None:
    said = decide(planted, decision="exclude")
    fields = planted.table("qc_verdicts", NAME).query(f"sample_id == '{PLANTED[0]}'")["field"]
    assert len(fields) > 1
    assert f"All its labels ({', '.join(fields.str.replace('_', ' '))}) are settled." in said


def test_saying_it_again_writes_nothing_and_another_decision_is_the_last_word(
    planted: Project,
) -> None:
    decide(planted)
    once = file_of(planted).read_bytes()
    assert "reviewed so already; nothing was written" in decide(planted)
    assert file_of(planted).read_bytes() == once
    assert "is now label_correct" in decide(planted, decision="label_correct")
    assert file_of(planted).read_bytes().startswith(once)
    reviews = reviews_of(open_dataset(str(planted.data), "bulk", NAME))
    assert reviews is not None
    assert reviews["decision"].tolist() == ["label_correct"]


def test_rows_and_columns_of_a_persons_own_stay(planted: Project) -> None:
    columns = "plate;sample_id;field;decision;reviewer;date;comment"
    own = f"{columns}\n7;{PLANTED[1]};sex;exclude;lee;2026-01-01;Fläschchen\n"
    file_of(planted).write_text(own)
    said = decide(planted)
    assert file_of(planted).read_text() == f"{own};{PLANTED[0]};sex;label_wrong;kim;2026-01-31;\n"
    assert "2 of 3 flagged labels are reviewed; 1 is open." in said
    assert "as review.csv has no column 'label'" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((NAME, "NA20502x", "sex", "exclude"), "Did you mean 'NA20502'?"),
        ((NAME, "?", "sex", "exclude"), "has no label of a sample '?'. It has of 'NA"),
        ((NAME, PLANTED[0], "sexx", "exclude"), "Did you mean sex?"),
        ((NAME, PLANTED[0], "age", "exclude"), "no label of a field 'age'. Use "),
        ((NAME, PLANTED[0], "sex", "label_rong"), "Did you mean label_wrong?"),
        ((NAME, PLANTED[0], "sex", "yes"), "Use one of: label_correct, label_wrong, exclude."),
        ((NAME, PLANTED[0], "sex", "exclude", "--comment", "x" * 2001), "at most 2,000"),
        ((NAME, PLANTED[0], "sex", "exclude", "--comment", "\x07"), "control characters"),
        ((NAME, PLANTED[0], "sex", "exclude", "--reviewer", " "), "Say it with --reviewer"),
        (("lungs", PLANTED[0], "sex", "exclude"), "There is no dataset 'lungs'"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(
    planted: Project, arguments: tuple[str, ...], told: str
) -> None:
    result = review(planted, *arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert not file_of(planted).exists()


def test_sample_field_and_decision_belong_together(planted: Project) -> None:
    result = review(planted, NAME, PLANTED[0])
    assert result.exit_code == 2
    assert "Give SAMPLE, FIELD and DECISION, or DATASET alone." in result.stderr


def test_a_decision_of_a_later_date_is_not_overruled_in_silence(planted: Project) -> None:
    file_of(planted).write_text(HEADER + f"{PLANTED[0]},sex,label_correct,lee,2027-01-01,,\n")
    with pytest.raises(RefusedInputError, match="2027-01-01, which is after today"):
        decide(planted)


def test_a_faulty_file_is_refused_by_row_and_column_before_anything_is_paid(
    planted: Project,
) -> None:
    faulty = HEADER + f"{PLANTED[0]},sex,label_rong,lee,2026-01-01,,\n"
    file_of(planted).write_text(faulty)
    with pytest.raises(RefusedInputError, match=r"review\.csv, row 2, column decision"):
        decide(planted)
    assert file_of(planted).read_text() == faulty
    dataset = open_dataset(str(planted.data), "bulk", NAME)
    samples = planted.table("qc_samples", NAME)["sample_id"].tolist()
    with pytest.raises(RefusedInputError, match="row 2, column decision"):
        check_statements(dataset, samples)
    assert "review_cell" in told_by_inspect(planted)


def test_reviews_of_no_label_are_told_by_inspect(planted: Project) -> None:
    file_of(planted).write_text(HEADER + "NA1,sex,label_correct,lee,2026-01-01,,\n")
    assert "row 2: the review is of NA1: sex" in told_by_inspect(planted)["review_not_applied"]


def test_reviews_of_no_label_are_refused_before_anything_is_paid_where_they_are_errors(
    planted: Project,
) -> None:
    row = "NA1,sex,label_correct,lee,2026-01-01,,\n"
    file_of(planted).write_text(HEADER + row)
    dataset = open_dataset(str(planted.data), "bulk", NAME)
    samples = planted.table("qc_samples", NAME)["sample_id"].tolist()
    check_statements(dataset, samples)
    is_error(planted, "review_not_applied")
    dataset = open_dataset(str(planted.data), "bulk", NAME)
    with pytest.raises(RefusedInputError, match=r"review\.csv, row 2: the review is of NA1: sex"):
        check_statements(dataset, samples)
    check_statements(replace(dataset, modality="sc"), samples)  # its reviews are of groups


def test_a_file_that_cannot_be_written_is_told_with_the_row(
    planted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gem_assets.datasets.add_review_row", denied)
    with pytest.raises(RefusedInputError, match=r"can't be written \(Permission denied\)") as told:
        decide(planted)
    assert f"{PLANTED[0]},sex,label_wrong,kim,2026-01-31," in str(told.value)


def test_what_was_not_judged_is_not_reviewed(planted: Project, repository: Path) -> None:
    planted.add_dataset(repository / "data" / "bulk" / "lncap", "new")
    result = review(planted, "new", "lane1", "tissue", "exclude")
    assert result.exit_code == 1
    assert "Run gem-assets run bulk/new first" in result.stderr
    (planted.data / "sc" / NAME).mkdir(parents=True)
    result = review(planted, NAME)
    assert f"Say bulk/{NAME} or sc/{NAME}." in result.stderr
    assert review(planted, f"bulk/{NAME}").exit_code == 0


# What is open


def listed(said: str) -> list[tuple[str, str]]:
    """Return sample and status of each row of the table."""
    cells = [line.split() for line in said.splitlines()]
    return [(row[0], row[1]) for row in cells if row[1:2] in (["fail"], ["warn"])]


def test_what_is_open_is_listed_with_what_to_review_next(planted: Project) -> None:
    said = review(planted, NAME).stdout
    assert "3 flagged labels" in said
    assert sorted(listed(said)) == [(sample, "fail") for sample in PLANTED]
    assert "sex: Uncalibrated: 0 of 100 randomly chosen labels are reviewed." in said
    order = review_order(planted.table("qc_verdicts", NAME), "sex")
    assert f"next at random: {', '.join(order[:5])}" in said
    assert f"gem-assets review {NAME} SAMPLE FIELD label_correct|label_wrong|exclude" in said


def test_of_very_many_the_worst_are_listed(planted: Project) -> None:
    verdicts = planted.table("qc_verdicts", NAME)
    flagged = verdicts[verdicts["status"].eq("fail")]
    mild = [flagged.iloc[:1].assign(sample_id=f"N{i}", status="warn") for i in range(60)]
    planted.warehouse.replace_partition({"qc_verdicts": pd.concat([*mild, verdicts])}, NAME)
    said = review(planted, NAME).stdout
    rows = listed(said)
    assert [status for _, status in rows[:4]] == [*["fail"] * 3, "warn"]
    assert len(rows) == 50
    assert "and 13 more, less severe" in said
    # Findings of a sample's reads stay open until somebody looked at it, too.
    everyone = (*verdicts["sample_id"].unique(), *(f"N{i}" for i in range(60)))
    rows_of_all = "".join(f"{sample},sex,label_wrong,kim,2026-01-31,,\n" for sample in everyone)
    file_of(planted).write_text(HEADER + rows_of_all)
    assert f"bulk/{NAME}: nothing is open." in review(planted, NAME).stdout


def test_what_was_decided_leaves_the_list_at_once(planted: Project) -> None:
    order = review_order(planted.table("qc_verdicts", NAME), "sex")
    for sample in {*PLANTED[:2], order[0]}:
        decide(planted, sample)
    said = review(planted, NAME, "--next", "2").stdout
    assert {sample for sample, _ in listed(said)} == {PLANTED[2]} - {order[0]}
    assert "Uncalibrated: 1 of 100" in said
    following = [sample for sample in order if sample not in {*PLANTED[:2], order[0]}]
    assert f"next at random: {following[0]}, {following[1]}\n" in said


def test_groups_of_cells_are_reviewed_by_their_names(planted: Project) -> None:
    cells = Warehouse(planted.results / "warehouse.duckdb", "gem_sc")
    verdicts = planted.table("qc_verdicts", NAME).query("status == 'fail'").iloc[:1]
    group = verdicts.assign(dataset="pbmc", sample_id="D1: T cell")
    cells.replace_partition({"qc_verdicts": group}, "pbmc")
    (planted.data / "sc" / "pbmc").mkdir(parents=True)
    assert "1 flagged label is open." in review(planted, "pbmc").stdout
    assert review(planted, "pbmc", "D1: T cell", "sex", "label_correct").exit_code == 0
    said = review(planted, "pbmc").stdout
    assert "nothing is open." in said
    assert "alibrated" not in said  # no table holds the probabilities of a group
    assert [*evidence_elsewhere(str(planted.data), cells, "new", group, QcSettings())] == []


def test_reviews_of_nothing_here_are_noted(planted: Project) -> None:
    file_of(planted).write_text(HEADER + "NA1,sex,label_correct,lee,2026-01-01,,\n")
    assert "note:" in review(planted, NAME).stdout
    file_of(planted).write_text("")
    assert "note:" not in review(planted, NAME).stdout


# What stops counting


def reviewed_verdicts(project: Project) -> pd.DataFrame:
    reviews = reviews_of(open_dataset(str(project.data), "bulk", NAME))
    assert reviews is not None
    return apply_reviews(project.table("qc_verdicts", NAME), reviews).verdicts


def test_the_check_counts_what_is_open_and_shows_the_rest(planted: Project) -> None:
    samples = planted.table("qc_samples", NAME)

    def check(verdicts: pd.DataFrame) -> tuple[bool, str, list[dict[str, object]]]:
        result = flagged_samples_result(planted.graph, "qc_samples", "c", samples, verdicts)
        table = result.metadata["samples"]
        assert isinstance(table, dg.TableMetadataValue)
        records = [dict(record.data) for record in table.records]
        return bool(result.passed), result.description or "", records

    looks = "of 24 samples contradict their label or look doubtful"
    passed, said, rows = check(planted.table("qc_verdicts", NAME))
    assert (passed, said) == (False, f"3 {looks}.")
    assert [row["reviewed_by"] for row in rows] == [None] * 3
    decide(planted)
    passed, said, rows = check(reviewed_verdicts(planted))
    assert (passed, said) == (False, f"2 {looks}; 1 more is reviewed.")
    assert [(row["sample_id"], row["reviewed_by"]) for row in rows] == [
        *((PLANTED[1], None), (PLANTED[2], None), (PLANTED[0], "kim")),
    ]
    for sample in PLANTED[1:]:
        decide(planted, sample, "exclude")
    passed, said, rows = check(reviewed_verdicts(planted))
    assert (passed, said) == (True, f"3 {looks}, and every one is reviewed.")
    assert [row["reviewed_by"] for row in rows] == ["kim"] * 3


def test_the_next_run_takes_reviews_over(planted: Project) -> None:
    decide(planted)
    once = planted.refresh(NAME, QC_TABLES)
    assert once.success, once.failed
    assert "2 of 24" in (once.failed_checks["qc_samples.labels_agree"].description or "")
    verdicts = planted.table("qc_verdicts", NAME)
    reviewed = verdicts[verdicts["reviewed_by"].notna()]
    assert reviewed["sample_id"].tolist() == [PLANTED[0]]
    assert reviewed["status"].tolist() == ["fail"]
    said = str(once.metadata["qc_verdicts"]["probabilities of sex"])
    assert said == "Uncalibrated: 0 of 100 randomly chosen labels are reviewed."
    for sample in PLANTED[1:]:
        decide(planted, sample, "exclude")
    twice = planted.refresh(NAME, QC_TABLES)
    assert "qc_samples.labels_agree" in twice.checks - set(twice.failed_checks)
    assert planted.table("qc_samples", NAME)["status"].eq("fail").sum() == 3
    # The sheet is corrected: the review was of another label, and the new one counts.
    sheet = planted.data / "bulk" / NAME / "samples.csv"
    written = pd.read_csv(sheet, dtype=str)
    is_first = written["sample_id"].eq(PLANTED[0])
    written.loc[is_first, "sex"] = written.loc[is_first, "sex"].map(
        {"male": "female", "female": "male"}
    )
    written.to_csv(sheet, index=False)
    thrice = planted.refresh(NAME, ("sample_labels", *QC_TABLES))
    assert thrice.success, thrice.failed
    verdicts = planted.table("qc_verdicts", NAME).query("field == 'sex'").set_index("sample_id")
    assert verdicts.loc[PLANTED[0], "status"] == "pass"
    assert pd.isna(verdicts.loc[PLANTED[0], "reviewed_by"])
    assert "qc_verdicts.reviews_are_of_labels" in thrice.checks - set(thrice.failed_checks)


def test_a_run_is_refused_by_a_faulty_review(planted: Project) -> None:
    file_of(planted).write_text(HEADER + f"{PLANTED[0]},sex,label_rong,lee,2026-01-01,,\n")
    before = planted.rows("qc_verdicts", NAME)
    refused = planted.refresh(NAME, QC_TABLES)
    assert "row 2, column decision: 'label_rong' is no decision" in refused.failed["qc"]
    assert set(refused.failed_checks) == {"qc_verdicts.reviews_are_of_labels"}
    assert planted.rows("qc_verdicts", NAME).equals(before)


def test_a_run_is_refused_before_it_writes_where_reviews_of_no_label_are_errors(
    planted: Project,
) -> None:
    file_of(planted).write_text(HEADER + "NA1,sex,label_correct,lee,2026-01-01,,\n")
    is_error(planted, "review_not_applied")
    before = {table: planted.rows(table, NAME) for table in (*QC_TABLES, "qc_history")}
    refused = planted.refresh(NAME, QC_TABLES)
    assert "review.csv, row 2: the review is of NA1: sex" in refused.failed["qc"]
    assert "or delete the row." in refused.failed["qc"]
    assert set(refused.failed_checks) == {"qc_verdicts.reviews_are_of_labels"}
    for table, rows in before.items():
        assert planted.rows(table, NAME).equals(rows)


def test_the_terminal_says_who_reviewed(planted: Project) -> None:
    decide(planted)
    planted.warehouse.replace_partition({"qc_verdicts": reviewed_verdicts(planted)}, NAME)
    out = io.StringIO()
    console = Console(file=out, width=120, highlight=False)
    print_findings(console, settings(planted), [DatasetOutcome("bulk", NAME, "gem_bulk")])
    said = out.getvalue()
    assert "1 of 3 flagged labels is reviewed; 2 are open." in said
    assert "reviewed by" in said
    [row] = [line for line in said.splitlines() if line.strip().startswith(PLANTED[0])]
    assert row.split()[-1] == "kim"


# Calibration over datasets


def test_reviews_of_other_datasets_count_for_the_same_model(
    planted: Project, repository: Path
) -> None:
    verdicts = planted.table("qc_verdicts", NAME)
    tables = ("qc_verdicts", "predicted_metadata", "classifier_probs")
    for other in ("same", "newer", "broken", "unreviewed"):
        renamed = {table: planted.table(table, NAME).assign(dataset=other) for table in tables}
        if other == "newer":
            renamed = {t: frame.assign(model_version="embedded-9") for t, frame in renamed.items()}
        planted.warehouse.replace_partition(renamed, other)
        folder = planted.add_dataset(repository / "data" / "bulk" / NAME, other)
        order = review_order(renamed["qc_verdicts"], "sex")
        decided = "label_rong" if other == "broken" else "label_correct"
        rows = "".join(f"{sample},sex,{decided},lee,2026-01-01,,\n" for sample in order[:7])
        if other != "unreviewed":
            (folder / "review.csv").write_text(HEADER + rows)

    def evidence(name: str) -> list[int]:
        found = evidence_elsewhere(
            str(planted.data), planted.warehouse, name, verdicts, QcSettings()
        )
        return [0 if each["sex"] is None else len(each["sex"].correct) for each in found]

    assert evidence(NAME) == [7]
    assert evidence("same") == []
    assert "sex: Uncalibrated: 7 of 100" in review(planted, NAME).stdout


def test_remote_datasets_are_reviewed_too(planted: Project, tmp_path: Path) -> None:
    data = UPath(f"memory://{tmp_path.name}-data")
    folder = data / "bulk" / NAME
    folder.mkdir(parents=True)
    where = Settings(str(data), str(planted.results), "embedded")
    add_review(where, NAME, PLANTED[0], "sex", "exclude", reviewer="kim", today=TODAY)
    assert (folder / "review.csv").read_text().startswith(HEADER)
