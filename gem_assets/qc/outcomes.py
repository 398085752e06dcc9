"""What the findings of a dataset come to, question by question; and which could not be asked.

A question without a finding is answered well only if it was asked: a dataset without labels has no
exchanged labels, but nobody looked. So every outcome without findings says whether it was looked
for, and if not, why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.qc.dataset import JudgedDataset, QcInput
    from gem_assets.qc.settings import QcSettings

SENTENCES = 3
"""Findings that an outcome tells in full; all of them are in its table."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a dataset.

    Attributes
    ----------
    name
        Stable word in snake_case: people alert on it.
    kinds
        Kinds of findings that answer it with no.
    holds
        What holds where there are none.
    action
        What to do where there are some.
    """

    name: str
    kinds: tuple[str, ...]
    holds: str
    action: str


QUESTIONS: tuple[Question, ...] = (
    Question(
        "no_cause_in_the_dataset",
        ("dataset_cause",),
        "Samples that contradict their label do so one by one, not for one cause in the dataset.",
        "Mend the cause before you look at single samples.",
    ),
    Question(
        "no_exchanged_labels",
        ("swap", "exchange_group", "shift"),
        "No labels seem to have changed places: no swap, no exchange, no slipped rows.",
        "Where the right places are known, a corrected sheet lies beside the report.",
    ),
    Question(
        "no_label_issues",
        ("label_issue",),
        "No label fits its samples worse than another label of the dataset.",
        "Look at these labels in the report before you use them.",
    ),
    Question(
        "no_mixed_samples",
        ("mixture", "mixed_sex", "blood"),
        "No sample holds marker genes of a second tissue, of both sexes or of blood.",
        "Look at how these samples were taken and handled, and leave out what is mixed.",
    ),
    Question(
        "no_duplicates",
        ("duplicate",),
        "No two samples, here or in another dataset, are the same.",
        "Count each sample once, unless they were meant to be replicates.",
    ),
    Question(
        "batches_are_comparable",
        ("batch",),
        "The stated batches do not differ where their labels are alike, and can be told apart.",
        "Take the batch into account before you compare samples of different batches.",
    ),
)
"""In the order in which they are to be read: the first explains the most. Together they take up
every kind of finding."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a question is answered.

    Attributes
    ----------
    question
        Which.
    findings
        The rows of ``qc_findings`` that answer it with no, with a column ``reviewed`` (bool): those
        that still count come first.
    left_open
        How many still count, since somebody has not reviewed each of their samples.
    not_asked
        Why nothing could be found; None where it was looked for.
    """

    question: Question
    findings: pd.DataFrame
    left_open: int
    not_asked: str | None

    @property
    def sentence(self) -> str:
        """What was found and what to do; or that nothing was, or could be."""
        reviewed = len(self.findings) - self.left_open
        if not self.left_open and not reviewed:
            if self.not_asked is not None:
                return f"Not looked for: {self.not_asked}"
            return f"Nothing found. {self.question.holds}"
        if not self.left_open:
            return f"{_findings(reviewed)}, every sample of which is reviewed."
        told = [str(one) for one in self.findings["sentence"].head(min(self.left_open, SENTENCES))]
        more = self.left_open - len(told)
        return " ".join(
            [
                f"{_findings(self.left_open)}{f' ({reviewed} more reviewed)' if reviewed else ''}.",
                *told,
                *([f"And {more} more, in the table."] if more else []),
                self.question.action,
            ]
        )


def outcomes(
    given: QcInput, judged: JudgedDataset, settings: QcSettings, modality: str
) -> list[Outcome]:
    """Return how each of `QUESTIONS` is answered, in their order.

    Parameters
    ----------
    given
        What the dataset was judged by.
    judged
        What it was judged to be.
    settings
        The thresholds that were used.
    modality
        ``bulk`` or ``sc``: much is not looked for in single cells.
    """
    from gem_assets.qc.open_findings import open_findings
    from gem_assets.qc.unasked import Unasked

    unasked = Unasked(given, judged, settings, modality == "sc")
    counting = set(open_findings(judged.findings, judged.verdicts).index)
    found = judged.findings.assign(reviewed=[i not in counting for i in judged.findings.index])
    answered = []
    for question in QUESTIONS:
        own = found[found["kind"].isin(question.kinds)]
        own = own.sort_values("reviewed", kind="stable")
        left = int((~own["reviewed"].astype(bool)).sum())
        why = unasked.why(question.name) if own.empty else None
        answered.append(Outcome(question, own, left, why))
    return answered


def _findings(n: int) -> str:
    return f"{n} finding{'' if n == 1 else 's'}"
