"""The command line: exit statuses, what is printed, and what it must not import."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from face_lab import Done

from gem_assets import Settings, __version__
from gem_assets.cli import main
from gem_assets.headless import DatasetOutcome
from gem_assets.open_reviews import worst_open
from gem_assets.records import run_record
from gem_assets.terminal import RunProgress

KEY = "sk-must-stay-unseen-0123456789"
PLANTED = ("NA20502", "NA20509", "NA20512")


def invoke(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], env=env, catch_exceptions=False)


@dataclass
class CommandRun:
    """What ``gem-assets run`` printed, and where it wrote."""

    result: Result
    results: Path
    home: Path


@pytest.fixture(scope="module")
def planted(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, shipped: Done
) -> CommandRun:
    """Return a run with a key in the environment and Dagster's history on disk."""
    del shipped  # only the order: what is imported by then needn't be imported here
    folder = tmp_path_factory.mktemp("cli")
    home = folder / "home"
    environment = {"DAGSTER_HOME": str(home), "SYNTHESIZE_API_KEY": KEY, "COLUMNS": "100"}
    result = invoke(
        *("run", "--data", repository / "data", "--results", folder / "results"),
        "geuvadis_planted",
        env=environment,
    )
    return CommandRun(result, folder / "results", home)


# gem-assets run


def test_run_prints_the_findings_and_ends_well(planted: CommandRun) -> None:
    assert planted.result.exit_code == 0, planted.result.output
    said = planted.result.stdout
    assert "not GEM-1" in said
    assert "3 of 24 samples contradict their label" in said
    rows = [line for line in said.splitlines() if line.strip().startswith("NA")]
    assert [row.split()[:3] for row in rows] == [[name, "fail", "sex"] for name in PLANTED]
    report = planted.results / "reports" / "gem_bulk" / "geuvadis_planted.html"
    assert f"report: {report}" in said
    assert report.is_file()
    assert said.endswith(f"\nall datasets: {planted.results / 'reports' / 'index.html'}\n")
    assert "Traceback" not in planted.result.output


def test_run_tells_its_progress_apart_from_its_findings(planted: CommandRun) -> None:
    assert "asking the embedded endpoint" in planted.result.stderr
    assert "asking the embedded endpoint" not in planted.result.stdout
    assert "DEBUG" not in planted.result.output


def test_run_keeps_its_history_where_the_ui_looks_for_it(planted: CommandRun) -> None:
    assert (planted.home / "history").is_dir()


def test_a_key_that_is_set_but_unused_is_in_no_file_and_no_line(planted: CommandRun) -> None:
    written = [
        path
        for folder in (planted.results, planted.home)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert len(written) > 5
    for path in written:
        assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in planted.result.output


def test_run_refuses_a_dataset_that_is_not_there(repository: Path, tmp_path: Path) -> None:
    arguments = ("run", "--data", repository / "data", "--results", tmp_path / "results")
    result = invoke(*arguments, "geuvadis")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no dataset 'geuvadis'")
    assert "bulk/geuvadis_planted" in result.stderr
    assert "Did you mean bulk/geuvadis_lcl?" in result.stderr
    assert not (tmp_path / "results").exists()


def test_run_refuses_a_folder_without_datasets(tmp_path: Path) -> None:
    result = invoke("run", "--data", tmp_path, "--results", tmp_path / "results")
    assert result.exit_code == 1
    assert "There is no dataset" in result.stderr
    assert "counts.tsv.gz" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_results_that_are_a_url_are_refused_and_not_repeated(tmp_path: Path) -> None:
    result = invoke("run", "--data", tmp_path, "--results", "s3://kim:secret@bucket/results")
    assert result.exit_code == 1
    assert "results must be a local folder" in result.stderr
    assert "secret" not in result.output


def test_run_goes_on_after_a_dataset_that_fails_and_says_so_at_the_end(
    repository: Path, tmp_path: Path
) -> None:
    bulk = tmp_path / "data" / "bulk"
    (bulk / "broken").mkdir(parents=True)
    (bulk / "broken" / "counts.tsv").touch()
    lncap = repository / "data" / "bulk" / "lncap"
    (bulk / "lncap").symlink_to(lncap)
    (bulk / "unlabelled").mkdir()
    shutil.copy(lncap / "counts.tsv.gz", bulk / "unlabelled")
    arguments = ("--data", tmp_path / "data", "--results", tmp_path / "results")
    result = invoke("run", *arguments, env={"COLUMNS": "100"})
    assert result.exit_code == 1
    assert "failed:" in result.stdout
    assert "the file is empty" in result.stdout
    assert "None of 7 samples contradicts its label" in result.stdout
    assert "7 samples annotated; no labels were stated" in result.stdout
    assert "Traceback" not in result.output


def test_run_without_a_key_for_the_hosted_endpoint_fails_in_a_sentence(
    repository: Path, tmp_path: Path
) -> None:
    arguments = ("--data", repository / "data", "--results", tmp_path, "--endpoint", "hosted")
    result = invoke("run", *arguments, "--json", "--fail-on", "fail", "lncap")
    assert result.exit_code == 1
    [told] = json.loads(result.stdout)["datasets"]
    assert "SYNTHESIZE_API_KEY" in told["failures"][0]
    assert told["flagged"] is told["report"] is None
    assert "Traceback" not in result.output


# What machines read


def told_by(*arguments: str | Path) -> dict[str, Any]:
    """Return what a command says in JSON, and says nothing else."""
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["gem_assets"] == __version__
    return told


def test_run_tells_machines_all_that_it_found(planted: CommandRun) -> None:
    settings = Settings(results=str(planted.results))
    done = DatasetOutcome("bulk", "geuvadis_planted", "gem_bulk")
    told = json.loads(json.dumps(run_record(settings, [done]), allow_nan=False))
    assert told["endpoint"] == "embedded"
    [found] = told["datasets"]
    assert found["dataset"] == "bulk/geuvadis_planted"
    assert found["statuses"] == {"pass": 21, "fail": 3}
    assert [(row["sample_id"], row["field"], row["status"]) for row in found["flagged"]] == [
        (name, "sex", "fail") for name in PLANTED
    ]
    assert {row["reviewed_by"] for row in found["flagged"]} == {None}
    assert all(set(row["sample_ids"]) >= set(PLANTED) for row in found["findings"])
    assert worst_open(settings, "gem_bulk", "geuvadis_planted") == "fail"  # --fail-on


def test_plan_tells_machines_that_nothing_is_left_to_send(
    planted: CommandRun, repository: Path
) -> None:
    arguments = ("--data", repository / "data", "--results", planted.results)
    [told] = told_by("plan", *arguments, "geuvadis_planted")["datasets"]
    assert (told["samples"], told["known"], told["to_send"]) == (24, 24, 0)
    assert told["host"] == "embedded"
    assert told["needs"] is None


def test_review_tells_machines_what_is_open(planted: CommandRun, repository: Path) -> None:
    arguments = ("--data", repository / "data", "--results", planted.results)
    told = told_by("review", *arguments, "geuvadis_planted")
    assert told["dataset"] == "bulk/geuvadis_planted"
    assert sorted(row["sample_id"] for row in told["flagged"]) == list(PLANTED)
    assert len(told["calibrations"]["sex"]["next"]) == 5
    refused = invoke("review", *arguments, "geuvadis_planted", "--json", "NA20502", "sex", "x")
    assert refused.exit_code == 2


def test_report_tells_machines_where_it_wrote(planted: CommandRun, repository: Path) -> None:
    arguments = ("--data", repository / "data", "--results", planted.results)
    told = told_by("report", *arguments, "geuvadis_planted")
    assert Path(told["index"]).is_file()
    [found] = told["datasets"]
    assert found["dataset"] == "bulk/geuvadis_planted"
    assert Path(found["report"]).is_file()
    assert Path(found["multiqc"]).is_dir()
    assert found["suggested_sheet"] is None


def test_forget_tells_machines_what_it_would_delete(planted: CommandRun) -> None:
    told = told_by("forget", "--results", planted.results, "geuvadis_planted")
    assert told["deleted"] is False
    [found] = told["datasets"]
    assert found["rows"]["qc_samples"] == found["answers"] == 24
    assert Path(found["report"]).exists()
    assert found["published"] is True
    assert found["exports"] is None


# Mistakes, and Ctrl-C


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("plan",),
        ("predict", "a_file"),
        ("review", "x"),
        ("selftest", "x"),
        ("forget", "x"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_results_folder_that_is_a_file_is_refused_in_a_sentence(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    result = invoke(*arguments, "--results", "a_file")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The results folder 'a_file' is a file. Name a folder with --results.\n"
    )
    result = invoke("predict", "a_file", "--results", Path("a_file") / "deeper")
    assert result.exit_code == 1
    assert "can't be written" in result.stderr


def test_what_the_file_system_refuses_is_told_in_a_sentence(
    repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "predictions").touch()  # where a folder should be
    counts = repository / "data" / "bulk" / "lncap" / "counts.tsv.gz"
    result = invoke("predict", counts, "--results", tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: Not a directory ({tmp_path}/predictions")
    assert result.stderr.count("\n") == 1


def test_an_interrupted_run_ends_in_a_sentence_and_goes_no_further(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def interrupt(_: RunProgress, line: str) -> None:
        steps.append(line)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(RunProgress, "step", interrupt)
    arguments = ("--data", repository / "data", "--results", tmp_path / "results")
    result = invoke("run", *arguments, "lncap", "geuvadis_planted")
    assert result.exit_code == 130
    assert len(steps) == 1, steps
    assert result.stderr.endswith(
        "\nInterrupted. Nothing is half written: what was finished is kept, and the same command "
        "goes on from there.\n"
    )
    assert "Traceback" not in result.output
    assert not result.stdout


def test_a_mode_that_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    result = invoke("run", "--data", tmp_path, env={"GEM_ASSETS_ENDPOINT": "hostd"})
    assert result.exit_code == 1
    assert "must be one of embedded, hosted, self_hosted" in result.stderr


# gem-assets predict


WITHOUT_DAGSTER = """
import sys
sys.modules["dagster"] = None  # any import of it fails from here on
from gem_assets.cli import main
main()
"""


def test_predict_works_where_dagster_can_not_be_imported(
    repository: Path, tmp_path: Path, shipped: Done
) -> None:
    counts = repository / "data" / "bulk" / "lncap" / "counts.tsv.gz"
    done = subprocess.run(  # noqa: S603 - our own command
        [
            *(sys.executable, "-c", WITHOUT_DAGSTER, "predict", str(counts)),
            *("--sample", "lane3", "--results", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "not GEM-1" in done.stderr
    printed = pd.read_csv(io.StringIO(done.stdout)).set_index("field")
    assert set(printed["sample_id"]) == {"lane3"}
    # What the assets say of the sample, from a process of its own.
    assets = shipped.project.table("predicted_metadata", "lncap").query("sample_id == 'lane3'")
    assets = assets.set_index("field")
    assert printed["predicted_id"].to_dict() == assets["predicted_id"].to_dict()
    pd.testing.assert_series_equal(printed["probability"], assets["probability"])
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_predict_prints_every_sample_in_the_order_of_the_file(
    repository: Path, tmp_path: Path
) -> None:
    counts = repository / "data" / "bulk" / "lncap" / "counts.tsv.gz"
    result = invoke("predict", counts, "--results", tmp_path)
    assert result.exit_code == 0
    printed = pd.read_csv(io.StringIO(result.stdout))
    names = [f"lane{i}" for i in (1, 2, 3, 4, 5, 6, 8)]
    assert printed["sample_id"].unique().tolist() == names


def test_predict_refuses_a_sample_that_is_not_in_the_file(repository: Path, tmp_path: Path) -> None:
    counts = repository / "data" / "bulk" / "lncap" / "counts.tsv.gz"
    result = invoke("predict", counts, "--sample", "lane7", "--results", tmp_path)
    assert result.exit_code == 1
    assert "has no sample 'lane7'" in result.stderr
    assert not result.stdout


def test_predict_refuses_a_file_that_holds_no_counts(tmp_path: Path) -> None:
    (tmp_path / "counts.tsv").write_text("gene_id\tS1\nENSG00000000003\tmany\n")
    result = invoke("predict", tmp_path / "counts.tsv", "--results", tmp_path / "results")
    assert result.exit_code == 1
    assert "there is no column of counts" in result.stderr
    assert not (tmp_path / "results").exists()


# The rest


@pytest.mark.parametrize("command", [(), ("demo", "bodymap"), *((name,) for name in main.commands)])
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    result = invoke(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert "GEM_ASSETS_DATA" in result.stdout if not command else "Exit status: 0" in result.stdout


def test_the_list_of_commands_begins_with_what_one_needs_first() -> None:
    said = invoke("--help").stdout
    places = [said.index(f"\n  {name} ") for name in ("run", "review", "inspect", "forget")]
    assert places == sorted(places)
    assert "\\b" not in invoke("run", "--help").stdout


def test_alone_it_shows_its_help_and_a_near_name_where_one_is_wrong() -> None:
    assert "Usage:" in invoke().output
    result = invoke("pln")
    assert result.exit_code == 2
    assert "plan" in result.stderr


def test_the_version_is_printed() -> None:
    assert __version__ in invoke("--version").stdout


def test_serve_refuses_a_port_that_is_none() -> None:
    assert invoke("serve", "--port", "70000").exit_code == 2


IMPORTED = """
import sys
{what}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


@pytest.mark.parametrize(
    ("what", "never"),
    [
        # What `dg` imports of every user's environment.
        ("import gem_assets; dir(gem_assets)", {"dagster", "pandas", "numpy", "duckdb", "scipy"}),
        # `gem-assets --help` answers at once.
        ("import gem_assets.cli", {"dagster", "pandas", "numpy", "duckdb", "httpx", "rich"}),
        # Dagster loads the code location again in every process of a run.
        (
            "import gem_assets.definitions",
            {
                *("numpy", "pandas", "pyarrow", "scipy", "duckdb", "pandera", "sqlalchemy"),
                *("altair", "vl_convert", "anndata", "h5py", "sklearn"),
                *("cellxgene_ontology_guide", "httpx", "uvicorn", "stamina"),
            },
        ),
    ],
    ids=["package", "cli", "definitions"],
)
def test_imports_stay_light(what: str, never: set[str], tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", IMPORTED.format(what=what)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert not never & set(done.stdout.split())
