"""Checks of what is found about several samples, or about the dataset: one for each question.

They never block: a wrong label must not stop the report that tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from gem_assets.checks.declaration import check_result, check_spec
from gem_assets.checks.tables import records_table
from gem_assets.graph import AssetGraph
from gem_assets.qc.outcomes import QUESTIONS

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.qc.outcomes import Outcome

TABLE = "qc_findings"
FINDING_CHECKS: tuple[str, ...] = tuple(question.name for question in QUESTIONS)
"""Their names, in the order in which they are to be read."""

_NAMED = 10  # samples of a finding that its row names


def finding_specs(graph: AssetGraph) -> list[dg.AssetCheckSpec]:
    """Declare a check for each of `gem_assets.qc.outcomes.QUESTIONS`."""
    return [
        check_spec(graph, TABLE, question.name, question.holds, blocking=False)
        for question in QUESTIONS
    ]


def finding_results(
    graph: AssetGraph,
    answered: Iterable[Outcome],
    links: Mapping[str, dg.MetadataValue[Any]] | None = None,
) -> Iterator[dg.AssetCheckResult]:
    """Yield every check of findings: failed while a finding still counts, always as a warning.

    Parameters
    ----------
    graph
        Whose checks.
    answered
        The result of `gem_assets.qc.outcomes.outcomes`.
    links
        Metadata that leads to the report, for those that found something.
    """
    for outcome in answered:
        found = len(outcome.findings)
        yield check_result(
            graph,
            TABLE,
            outcome.question.name,
            outcome.sentence,
            passed=not outcome.left_open,
            metadata={
                "looked for": outcome.not_asked is None,
                "open findings": outcome.left_open,
                "reviewed findings": found - outcome.left_open,
                **({"findings": _offenders(outcome.findings), **(links or {})} if found else {}),
            },
        )


def _offenders(findings: pd.DataFrame) -> dg.TableMetadataValue:
    return records_table(
        [
            {
                "samples": _names(row["sample_ids"]),
                "what": str(row["kind"]),
                "why": str(row["reason"]),
                "score": _number(row["score"]),
                "low": _number(row["ci_low"]),
                "high": _number(row["ci_high"]),
                "sentence": str(row["sentence"]),
                "other dataset": str(row["other_dataset"] or ""),
                "reviewed": "yes" if row["reviewed"] else "no",
            }
            for row in findings.to_dict("records")
        ]
    )


def _names(samples: Iterable[str]) -> str:
    names = [str(sample) for sample in samples]
    more = len(names) - _NAMED
    told = ", ".join(names[:_NAMED]) or "the dataset"
    return f"{told} and {more} more" if more > 0 else told


def _number(value: float) -> float | None:
    return None if value != value else round(value, 4)
