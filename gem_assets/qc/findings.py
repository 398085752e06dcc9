"""What is found about several samples together, or about a dataset: one shape for every kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

FINDING_COLUMNS = (
    "dataset",
    "kind",
    "sample_ids",
    "other_dataset",
    "score",
    "ci_low",
    "ci_high",
    "reason",
    "sentence",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the ``qc_findings`` table.

    Attributes
    ----------
    kind
        What kind of thing was found: swap, duplicate, mixture...
    sample_ids
        The samples of this dataset that it is about; empty where it is about the dataset.
    reason
        Why, as a word in snake_case of the kind's closed list.
    sentence
        What was found and what to do, for somebody who prepared the samples.
    score
        Strength, in the unit of the kind; the sentence states it.
    ci_low, ci_high
        Ends of the 95 % interval of the score: both or neither.
    other_dataset
        Dataset of the other sample, where it is not this one.

    Raises
    ------
    ValueError
        If an interval has one end only, or its ends are reversed.
    """

    kind: str
    sample_ids: tuple[str, ...]
    reason: str
    sentence: str
    score: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    other_dataset: str | None = None

    def __post_init__(self) -> None:
        if (self.ci_low is None) != (self.ci_high is None):
            raise ValueError(f"an interval has two ends, got {self.ci_low} and {self.ci_high}")
        if self.ci_low is not None and self.ci_high is not None and self.ci_low > self.ci_high:
            raise ValueError(f"the interval {self.ci_low} to {self.ci_high} is reversed")


def findings_table(dataset: str, findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as rows of the ``qc_findings`` table, in the order given.

    Parameters
    ----------
    dataset
        Name of the dataset that they were found in.
    findings
        Findings of any kinds; none give an empty table with all columns.

    Returns
    -------
    pandas.DataFrame
        The columns of `FINDING_COLUMNS`: sample_ids lists of str, the three numbers float64 (NaN
        where there is none), the rest objects (None where there is none).
    """
    rows = [
        (
            dataset,
            finding.kind,
            list(finding.sample_ids),
            finding.other_dataset,
            finding.score,
            finding.ci_low,
            finding.ci_high,
            finding.reason,
            finding.sentence,
        )
        for finding in findings
    ]
    table = pd.DataFrame(rows, columns=list(FINDING_COLUMNS), dtype=object)
    numbers = dict.fromkeys(("score", "ci_low", "ci_high"), np.float64)
    return table.astype(numbers)
