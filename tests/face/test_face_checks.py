"""The checks of the graph: which block, what each shows, and what it shows of a user's text."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from face_lab import Done, Project, Run, problems_of

from gem_assets.checks import (
    CONTRACT,
    FINDING_CHECKS,
    INPUT_CHECKS,
    finding_results,
    flagged_samples_result,
    input_results,
    sample_failures_result,
)
from gem_assets.graph import PARTITIONED, AssetGraph
from gem_assets.markdown import plain
from gem_assets.problem_codes import CODES, Family
from gem_assets.problems import InputProblem, Severity
from gem_assets.qc.outcomes import QUESTIONS, Outcome

NAME = "geuvadis_planted"
GRAPH = AssetGraph("bulk", "gem_bulk")
HOSTILE = "x](y) **b** <img src=a onerror=alert(1)>"

NEVER_BLOCKING = {"qc_samples.labels_agree", *(f"qc_findings.{name}" for name in FINDING_CHECKS)}
"""What is found about labels: it must not stop the report that tells of it."""

BLOCKING = {
    *(f"{table}.{check.name}" for table, checks in INPUT_CHECKS.items() for check in checks),
    *(f"{table}.{CONTRACT}" for table in (*PARTITIONED, "gene_order")),
    "predicted_metadata.every_sample_predicted",
    "qc_verdicts.thresholds_are_known",
    "qc_verdicts.reviews_are_of_labels",
}
"""What makes everything downstream wrong or impossible, when it is an error."""


@pytest.fixture(scope="module")
def run(shipped: Done) -> Run:
    return shipped.refreshed[NAME]


def specs_of(project: Project) -> dict[str, dg.AssetCheckSpec]:
    graph = project.definitions.resolve_asset_graph()
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    return {f"{spec.asset_key.path[-1]}.{spec.name}": spec for spec in specs}


# Blocking


def test_what_makes_all_downstream_wrong_may_block_and_what_is_about_labels_may_not(
    shipped: Done,
) -> None:
    specs = specs_of(shipped.project)
    assert {name for name, spec in specs.items() if spec.blocking} == BLOCKING
    assert {name for name, spec in specs.items() if not spec.blocking} == NEVER_BLOCKING
    assert all(spec.description for spec in specs.values())


def test_a_blocking_check_that_only_warns_lets_downstream_run(run: Run) -> None:
    warned = run.failed_checks["aligned_counts.covers_model_genes"]
    assert warned.blocking
    assert warned.severity is dg.AssetCheckSeverity.WARN
    assert {"predicted_metadata", "qc_samples", "qc_report"} <= set(run.metadata)


def test_wrong_labels_do_not_stop_their_report(run: Run) -> None:
    found = {name for name in run.failed_checks if name in NEVER_BLOCKING}
    assert found == {"qc_samples.labels_agree", "qc_findings.no_exchanged_labels"}
    assert all(run.failed_checks[n].severity is dg.AssetCheckSeverity.WARN for n in found)
    assert "qc_report" in run.metadata


def test_every_declared_check_is_made(shipped: Done, run: Run) -> None:
    assert run.checks == {n for n in specs_of(shipped.project) if not n.startswith("gene_order.")}


def test_the_documented_checks_are_the_declared_ones(shipped: Done, repository: Path) -> None:
    page = (repository / "docs" / "metadata.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (yes|no) \|", page, re.MULTILINE)
    documented = {f"{asset}.{check}": blocks == "yes" for asset, check, blocks in rows}
    specs = specs_of(shipped.project)
    named = {name: spec.blocking for name, spec in specs.items() if spec.name != CONTRACT}
    assert documented == named


# Inputs

FAMILIES = {check.families: check for checks in INPUT_CHECKS.values() for check in checks}


def test_each_problem_of_an_input_is_one_row_of_one_check() -> None:
    for table, checks in INPUT_CHECKS.items():
        shown = {family for check in checks for family in check.families}
        for code in CODES.values():
            if code.family not in shown:
                continue
            problem = InputProblem(
                code.name, code.severity, f"{HOSTILE} is odd.", "Mend it.", (HOSTILE, "S2")
            )
            results = list(input_results(GRAPH, table, [problem]))
            assert [one.check_name for one in results] == [check.name for check in checks]
            [failed] = [one for one in results if not one.passed]
            is_error = code.severity is Severity.ERROR
            assert (failed.severity is dg.AssetCheckSeverity.ERROR) is is_error
            assert failed.metadata["errors"].value == int(is_error)
            assert failed.metadata["warnings"].value == int(not is_error)
            table_of_problems = failed.metadata["problems"]
            assert isinstance(table_of_problems, dg.TableMetadataValue)
            assert [record.data for record in table_of_problems.records] == [
                {
                    "severity": code.severity.value,
                    "code": code.name,
                    "what": f"{HOSTILE} is odd.",
                    "what to do": "Mend it.",
                    "where": f"{HOSTILE}, S2",
                }
            ]
            assert plain(failed.description or "") == str(problem)
            assert "<img" not in (failed.description or "").replace("\\<", "")


def test_every_family_of_an_input_is_shown_by_a_check() -> None:
    # Thresholds and reviews have a check of their own beside the verdicts.
    shown = {family for families in FAMILIES for family in families}
    assert shown == set(Family) - {Family.THRESHOLDS, Family.REVIEW}


def test_the_warning_of_a_real_file_says_severity_what_and_what_to_do(run: Run) -> None:
    [row] = problems_of(run.failed_checks["aligned_counts.covers_model_genes"])
    assert (row["severity"], row["code"]) == ("warning", "model_genes_missing")
    assert "10,068" in str(row["what"])
    assert row["what to do"]


# Samples


def test_labels_that_nobody_judged_are_not_called_right() -> None:
    samples = pd.DataFrame({"sample_id": ["a", "b"], "status": "not_assessed"})
    samples = samples.assign(sentence="", suggestion=None)
    verdicts = pd.DataFrame(columns=["sample_id", "status", "reviewed_by"])
    result = flagged_samples_result(GRAPH, "qc_samples", "labels_agree", samples, verdicts)
    assert result.passed
    assert result.description == (
        "Not assessed: none of the 2 samples has a label that could be judged."
    )
    judged = samples.assign(status=["pass", "not_assessed"])
    result = flagged_samples_result(GRAPH, "qc_samples", "labels_agree", judged, verdicts)
    assert "(1 of 2 samples judged)" in (result.description or "")


def test_a_sample_without_prediction_is_named_as_it_is_written() -> None:
    result = sample_failures_result(GRAPH, "predicted_metadata", "c", {HOSTILE: "empty"}, 2)
    assert f"1 of 2 samples have no prediction: {HOSTILE}: empty" == plain(result.description or "")
    assert result.metadata["samples without a prediction"].value == 1
    none = sample_failures_result(GRAPH, "predicted_metadata", "c", {}, 0)
    assert none.passed


# Findings


def outcome(samples: list[list[str]], reviewed: list[bool]) -> Outcome:
    findings = pd.DataFrame(
        {
            "kind": "duplicate",
            "sample_ids": samples,
            "other_dataset": None,
            "score": 0.98765432,
            "ci_low": float("nan"),
            "ci_high": float("nan"),
            "reason": "nearly_identical",
            "sentence": [f"{names[0] if names else HOSTILE} is there twice." for names in samples],
            "reviewed": reviewed,
        }
    )
    [question] = [one for one in QUESTIONS if one.name == "no_duplicates"]
    return Outcome(question, findings, reviewed.count(False), None)


def rows_of(result: dg.AssetCheckResult) -> list[dict[str, object]]:
    table = result.metadata["findings"]
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


def test_the_planted_labels_are_a_row_of_the_check_on_exchanges(run: Run) -> None:
    evaluation = run.failed_checks["qc_findings.no_exchanged_labels"]
    table = evaluation.metadata["findings"]
    assert isinstance(table, dg.TableMetadataValue)
    [row] = [record.data for record in table.records]
    assert row["samples"] == "NA20502, NA20509, NA20512"
    assert (row["what"], row["reviewed"]) == ("exchange_group", "no")
    assert str(row["sentence"]) in plain(evaluation.description or "")
    assert evaluation.metadata["open findings"].value == 1


def test_what_was_not_looked_for_passes_and_says_so(run: Run) -> None:
    [evaluation] = [
        one
        for one in run.result.get_asset_check_evaluations()
        if one.check_name == "batches_are_comparable"
    ]
    assert evaluation.passed
    assert evaluation.metadata["looked for"].value is False
    assert "Not looked for: the sample sheet states no two batches" in (
        evaluation.description or ""
    )


def test_a_finding_fails_as_a_warning_until_it_is_reviewed() -> None:
    found = outcome([["a", "b"], ["c", "d"]], [False, True])
    [result] = finding_results(GRAPH, [found], {"report": dg.MetadataValue.path("r.html")})
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert result.asset_key == GRAPH.key("qc_findings")
    assert "report" in result.metadata
    first, second = rows_of(result)
    assert first["samples"] == "a, b"
    assert (first["score"], first["low"]) == (0.9877, None)
    assert (first["reviewed"], second["reviewed"]) == ("no", "yes")
    [settled] = finding_results(GRAPH, [outcome([["c", "d"]], [True])])
    assert settled.passed
    assert settled.metadata["reviewed findings"].value == 1


def test_a_finding_of_many_samples_names_the_first_and_one_of_none_the_dataset() -> None:
    names = [f"S{i}" for i in range(200)]
    [result] = finding_results(GRAPH, [outcome([names, []], [False, False])])
    many, none = rows_of(result)
    assert str(many["samples"]).endswith("S9 and 190 more")
    assert none["samples"] == "the dataset"
    assert HOSTILE in str(none["sentence"])
    assert HOSTILE in plain(result.description or "")
    assert HOSTILE not in (result.description or "")
