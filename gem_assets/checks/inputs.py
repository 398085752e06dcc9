"""Checks of an input: what was wrong with it, by the family of the problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from gem_assets.checks.declaration import check_result, check_spec
from gem_assets.checks.refusal import fail_for_good
from gem_assets.checks.tables import records_table
from gem_assets.graph import AssetGraph
from gem_assets.problem_codes import Family, family_of
from gem_assets.problems import InputProblem, Severity


@dataclass(frozen=True, slots=True)
class ProblemCheck:
    """The check that shows the problems of some families.

    Attributes
    ----------
    name
        Stable: people alert on it.
    families
        Whose problems it shows.
    description
        What holds when it passes.
    """

    name: str
    families: tuple[Family, ...]
    description: str


INPUT_CHECKS: Mapping[str, tuple[ProblemCheck, ...]] = {
    "raw_counts": (
        ProblemCheck(
            "can_be_read",
            (Family.DATASET, Family.FILE),
            "The dataset's counts are found and can be read: nothing missing, damaged or repeated.",
        ),
        ProblemCheck(
            "is_raw_counts",
            (Family.VALUES,),
            "The values are raw counts: no TPM, no logarithms, nothing negative.",
        ),
        ProblemCheck("is_human", (Family.SPECIES,), "The rows are human genes."),
        ProblemCheck(
            "is_deep_enough",
            (Family.DEPTH,),
            "Every sample has counts, and bulk samples enough reads and detected genes.",
        ),
    ),
    "aligned_counts": (
        ProblemCheck(
            "covers_model_genes",
            (Family.COVERAGE, Family.VALUES),
            "Enough of the model's genes are in the file, and enough of its counts found a place.",
        ),
        ProblemCheck(
            "identifiers_are_clear",
            (Family.IDENTIFIERS,),
            "Every name of a gene means one gene.",
        ),
    ),
    "sample_labels": (
        ProblemCheck(
            "sheet_fits_counts",
            (Family.DATASET, Family.SHEET),
            "The sheet can be read, and names the samples of the counts.",
        ),
        ProblemCheck(
            "labels_are_known",
            (Family.LABELS,),
            "The labels and aliases are words of their ontology.",
        ),
    ),
}
"""The checks of an input, by the asset that looks at it. What belongs to none is shown by the
first."""


def problems_result(
    graph: AssetGraph, table: str, name: str, problems: Sequence[InputProblem]
) -> dg.AssetCheckResult:
    """Show problems as a check: failed if there are any, ERROR only if one of them is an error."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    records = [
        {
            "severity": problem.severity.value,
            "code": problem.code,
            "what": problem.sentence,
            "what to do": problem.action,
            "where": ", ".join(problem.where[:10]) + (", ..." if len(problem.where) > 10 else ""),
        }
        for problem in problems
    ]
    return check_result(
        graph,
        table,
        name,
        "\n".join(str(problem) for problem in problems) or "Nothing to complain of.",
        passed=not problems,
        is_error=errors > 0,
        metadata={
            "errors": errors,
            "warnings": len(problems) - errors,
            **({"problems": records_table(records)} if records else {}),
        },
    )


def input_specs(graph: AssetGraph, table: str) -> list[dg.AssetCheckSpec]:
    """Declare the checks of an input: `INPUT_CHECKS` of the table."""
    return [
        check_spec(graph, table, check.name, check.description) for check in INPUT_CHECKS[table]
    ]


def input_results(
    graph: AssetGraph, table: str, problems: Sequence[InputProblem]
) -> Iterator[dg.AssetCheckResult]:
    """Yield every check of an input, with its share of the problems."""
    for check in INPUT_CHECKS[table]:
        own = [problem for problem in problems if _check_of(table, problem) is check]
        yield problems_result(graph, table, check.name, own)


def refuse_input(
    graph: AssetGraph, table: str, problems: Sequence[InputProblem]
) -> Iterator[dg.AssetCheckResult]:
    """Yield the checks that failed, then fail the step with the sentences of the errors.

    A check without a problem is not yielded: what was refused was not looked at to its end.
    """
    for result in input_results(graph, table, problems):
        if not result.passed:
            yield result
    errors = (problem for problem in problems if problem.severity is Severity.ERROR)
    fail_for_good("\n".join(map(str, errors)))


def _check_of(table: str, problem: InputProblem) -> ProblemCheck:
    checks = INPUT_CHECKS[table]
    family = family_of(problem.code)
    return next((check for check in checks if family in check.families), checks[0])
