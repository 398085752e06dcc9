"""The page over all datasets follows every run, whoever writes it last; reports can be rebuilt."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from face_lab import Done, Project

from gem_assets.cli import main
from gem_assets.report import index_page
from gem_assets.report_index import write_index

NAME = "geuvadis_planted"


def index_of(results: Path) -> str:
    return (results / "reports" / "index.html").read_text(encoding="utf-8")


def report(project: Project, *datasets: str) -> Result:
    arguments = ["report", "--data", str(project.data), "--results", str(project.results)]
    return CliRunner().invoke(main, [*arguments, *datasets])


def test_every_run_leaves_its_dataset_on_the_page(shipped: Done) -> None:
    html = index_of(shipped.project.results)
    for name in shipped.refreshed:
        assert f'href="gem_bulk/{name}.html"' in html
    assert "3 of 24 samples contradict their label; 21 agree." in html
    assert html.count("1 run<") == 2


def another_run(project: Project) -> None:
    """Add a run of the dataset to the history, as somebody else's process would."""
    last = project.table("qc_history", NAME).tail(1)
    later = last.assign(run_id="another", at=last["at"] + pd.Timedelta(hours=1))
    project.warehouse.append_history(later)


def test_a_run_that_ends_while_the_page_is_written_is_on_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower of two writers has read before the other's run was there, and writes after it."""
    reports, warehouse = project.results / "reports", project.warehouse.path
    build = index_page.build_index
    pages: list[str] = []

    def slowly(entries: Sequence[index_page.IndexEntry]) -> str:
        html = build(entries)
        if not pages:
            pages.append(html)
            another_run(project)
            write_index(reports, warehouse)
        return html

    monkeypatch.setattr(index_page, "build_index", slowly)
    write_index(reports, warehouse)
    assert "in 2 runs" not in pages[0], "what it had read"
    assert "in 2 runs" in index_of(project.results)
    assert [path.name for path in reports.iterdir() if path.is_file()] == ["index.html"]


def test_a_sample_is_reviewed_when_none_of_its_flagged_labels_waits(project: Project) -> None:
    verdicts = project.table("qc_verdicts", NAME)
    flagged = verdicts[verdicts["status"].eq("fail")]
    decided, half = flagged.index[0], flagged.index[1]
    verdicts["reviewed_by"] = verdicts["reviewed_by"].astype(object)
    verdicts.loc[[decided, half], "reviewed_by"] = "kim"
    other = verdicts["sample_id"].eq(flagged.loc[half, "sample_id"]) & verdicts["status"].ne("fail")
    verdicts.loc[verdicts.index[other][:1], "status"] = "warn"  # of the same sample, and it waits
    project.warehouse.replace_partition({"qc_verdicts": verdicts}, NAME)
    write_index(project.results / "reports", project.warehouse.path)
    assert "1 of 3 flagged reviewed" in index_of(project.results)


def test_a_page_that_can_not_be_written_leaves_the_old_one(project: Project) -> None:
    before = index_of(project.results)
    another_run(project)
    (project.results / "warehouse.duckdb").write_bytes(b"no database")
    result = report(project, "no_matter")
    assert result.exit_code == 1
    assert index_of(project.results) == before


def test_a_forgotten_dataset_is_no_longer_on_the_page(project: Project) -> None:
    arguments = ["forget", "--results", str(project.results), "bulk/lncap"]
    CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "lncap" in index_of(project.results), "nothing was deleted yet"
    CliRunner().invoke(main, [*arguments, "--yes"], catch_exceptions=False)
    assert "lncap" not in index_of(project.results)
    assert NAME in index_of(project.results)


def test_a_report_is_rebuilt_from_the_warehouse_as_the_run_wrote_it(
    spoil: Callable[[str], tuple[Project, Path]],
) -> None:
    project, folder = spoil(NAME)
    before = project.report(NAME).read_bytes()
    shutil.rmtree(project.results / "reports")
    # Neither counts nor answers are needed again.
    next(folder.glob("counts*")).unlink()
    shutil.rmtree(project.results / "predictions")
    result = report(project, NAME)
    assert result.exit_code == 0, result.output
    assert result.output.split() == [str(project.report(NAME).resolve())]
    assert project.report(NAME).read_bytes() == before
    assert f'href="gem_bulk/{NAME}.html"' in index_of(project.results)


def test_a_report_of_what_was_never_judged_is_refused(project: Project, repository: Path) -> None:
    project.add_dataset(repository / "data" / "bulk" / "geuvadis_lcl")
    result = report(project, "geuvadis_lcl")
    assert result.exit_code == 1
    assert "Nothing was judged of bulk/geuvadis_lcl yet" in result.output
    assert "Run gem-assets run bulk/geuvadis_lcl first." in result.output
    assert not project.report("geuvadis_lcl").exists()


def test_a_sheet_that_was_read_again_is_no_ground_for_a_report(
    spoil: Callable[[str], tuple[Project, Path]],
) -> None:
    project, _ = spoil(NAME)
    sheet = project.table("sample_sheet", NAME)
    sex = sheet["sheet_column"].eq("sex")
    row = sheet[sex].iloc[0]
    suggestion = {
        "dataset": NAME,
        "sample_id": row["sample_id"],
        "sheet_column": "sex",
        "stated": "otherwise",
        "suggested": "male",
        "taken_from": None,
        "why": "swap",
    }
    project.warehouse.replace_partition({"qc_suggestions": pd.DataFrame([suggestion])}, NAME)
    result = report(project, NAME)
    assert result.exit_code == 1
    assert "is about another sheet than the one that was read last" in result.output
    assert "Traceback" not in result.output
