"""Asset checks: what was wrong with an input, as Dagster shows it, and how a partition is refused.

Checks belong to a partition. ``partitions_def`` on a check is preview in Dagster 1.13, so this is
the one module that uses it, and the one place where that warning is named.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import dagster as dg

from gem_assets.graph import AssetGraph
from gem_assets.problem_codes import Family, family_of
from gem_assets.problems import InputProblem, Severity

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.warehouse import ContractError

CONTRACT = "contract"
"""Name of the check that holds a table to its pandera schema."""


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

_SHOWN = 100  # rows of a table in the UI; more make the event log heavy and nobody reads them


def check_spec(
    graph: AssetGraph, table: str, name: str, description: str, *, partitioned: bool = True
) -> dg.AssetCheckSpec:
    """Declare a check that stops what lies downstream when it fails with severity ERROR."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Specifying a partitions_def on an AssetCheckSpec"
        )
        return dg.AssetCheckSpec(
            name,
            asset=graph.key(table),
            blocking=True,
            description=description,
            partitions_def=graph.partitions if partitioned else None,
        )


def contract_spec(graph: AssetGraph, table: str, *, partitioned: bool = True) -> dg.AssetCheckSpec:
    """Declare the check that a table keeps its contract (columns, types, value rules)."""
    return check_spec(
        graph,
        table,
        CONTRACT,
        f"Every row of {table} keeps the table's contract; otherwise nothing is written.",
        partitioned=partitioned,
    )


def problems_result(
    graph: AssetGraph, table: str, name: str, problems: Sequence[InputProblem]
) -> dg.AssetCheckResult:
    """Show problems as a check: failed if there are any, ERROR only if one of them is an error."""
    is_error = any(problem.severity is Severity.ERROR for problem in problems)
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
    return dg.AssetCheckResult(
        asset_key=graph.key(table),
        check_name=name,
        passed=not problems,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description="\n".join(str(problem) for problem in problems) or "Nothing to complain of.",
        metadata={"problems": records_table(records)} if records else {},
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


def contract_result(
    graph: AssetGraph, table: str, error: ContractError | None = None
) -> dg.AssetCheckResult:
    """Show that a table kept its contract, or by which rows it broke it."""
    if error is None:
        return dg.AssetCheckResult(asset_key=graph.key(table), check_name=CONTRACT, passed=True)
    return dg.AssetCheckResult(
        asset_key=graph.key(table),
        check_name=CONTRACT,
        passed=False,
        description=str(error),
        metadata={"failure_cases": frame_table(error.failure_cases)},
    )


def sample_failures_result(
    graph: AssetGraph, table: str, name: str, failures: Mapping[str, str], samples: int
) -> dg.AssetCheckResult:
    """Show the samples that the endpoint gave no prediction for: ERROR if it gave none at all."""
    return dg.AssetCheckResult(
        asset_key=graph.key(table),
        check_name=name,
        passed=not failures,
        severity=dg.AssetCheckSeverity.ERROR
        if failures and len(failures) == samples
        else dg.AssetCheckSeverity.WARN,
        description=f"{len(failures)} of {samples} samples have no prediction: "
        + "; ".join(f"{sample}: {why}" for sample, why in list(failures.items())[:3])
        if failures
        else f"All {samples} samples have a prediction.",
        metadata={
            "samples": records_table(
                [{"sample": sample, "why": why} for sample, why in failures.items()]
            )
        }
        if failures
        else {},
    )


def flagged_samples_result(
    graph: AssetGraph, table: str, name: str, samples: pd.DataFrame, verdicts: pd.DataFrame
) -> dg.AssetCheckResult:
    """Show the samples that fail or warn; those that a person has settled are shown, not counted.

    Always WARN: a wrong label must not stop its report.

    Parameters
    ----------
    graph, table, name
        Whose check.
    samples
        The ``qc_samples`` of the dataset.
    verdicts
        Its ``qc_verdicts``, which say what was reviewed.
    """
    from gem_assets.qc.review import settled_samples

    flagged = samples[samples["status"].isin(["fail", "warn"])]
    settled = flagged["sample_id"].isin(settled_samples(verdicts))
    reviewed = verdicts.dropna(subset="reviewed_by").drop_duplicates("sample_id")
    reviewers = flagged["sample_id"].map(reviewed.set_index("sample_id")["reviewed_by"])
    shown = flagged[["sample_id", "status", "sentence", "suggestion"]].assign(
        reviewed_by=reviewers.where(settled)
    )
    open_first = settled.sort_values(kind="stable").index
    return dg.AssetCheckResult(
        asset_key=graph.key(table),
        check_name=name,
        passed=bool(settled.all()),
        severity=dg.AssetCheckSeverity.WARN,
        description=_flagged_sentence(int((~settled).sum()), int(settled.sum()), len(samples)),
        metadata={"samples": frame_table(shown.loc[open_first])} if len(flagged) else {},
    )


def _flagged_sentence(left: int, settled: int, samples: int) -> str:
    looks = "contradict their label or look doubtful"
    if left:
        more = f"; {settled} more {'is' if settled == 1 else 'are'} reviewed" if settled else ""
        return f"{left} of {samples} samples {looks}{more}."
    if settled:
        return f"{settled} of {samples} samples {looks}, and every one is reviewed."
    return "No stated label contradicts the expression."


def refuse_partition(result: dg.AssetCheckResult) -> Iterator[dg.AssetCheckResult]:
    """Yield a failed check, then fail the step for good: trying again mends nothing.

    Both are needed: a failed check alone leaves Dagster asking for the missing output, and an
    exception alone loses the check.
    """
    yield result
    fail_for_good(result.description or "")


def fail_for_good(sentence: str) -> NoReturn:
    """Fail the step without retries, with a sentence and without a traceback's noise."""
    raise dg.Failure(description=sentence, allow_retries=False) from None


def frame_table(frame: pd.DataFrame) -> dg.TableMetadataValue:
    """Return the first rows of a frame as a table for the UI."""
    head = frame.head(_SHOWN)
    return records_table(
        [
            {str(column): _cell(value) for column, value in row.items()}
            for row in head.to_dict(orient="records")
        ],
        columns=[str(column) for column in frame.columns],
    )


def records_table(
    records: Sequence[Mapping[str, str | int | float | bool | None]],
    columns: Sequence[str] | None = None,
) -> dg.TableMetadataValue:
    """Return records as a table for the UI, the first 100 of them."""
    names = list(columns or (records[0] if records else ()))
    return dg.MetadataValue.table(
        records=[dg.TableRecord(record) for record in records[:_SHOWN]],
        schema=dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in names]),
    )


def _cell(value: object) -> str | int | float | bool | None:
    """Return a value that Dagster can store in a table's cell."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else round(value, 4)
    return str(value)
