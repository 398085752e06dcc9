"""What came of asking for a dataset's predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gem_assets.predictions.keys import Question


@dataclass(frozen=True, slots=True)
class PredictionRun:
    """Which samples have an answer, which don't and why.

    Attributes
    ----------
    question
        What was asked of all samples; its model version gave every answer of this run.
    keys
        Content key of every sample; samples with the same counts have the same key.
    files
        The store's file of each content key that has an answer.
    failures
        A sentence for each sample that has none.
    asked
        Number of different samples that this run sent.
    resumed
        Number of different samples whose answer this run fetched, having been sent by an earlier
        run that died.
    reused
        Number of samples whose answer was in the store when the run began, or came there by
        another run meanwhile.
    possibly_paid_twice
        Number of different samples that were sent more than once, by this run or earlier ones, to
        an endpoint that had accepted them before, or may have: it lost their query or failed on
        it, or its answer to the sending never arrived. 0 for the embedded endpoint, which nobody
        pays.
    notes
        What was put right in the answer to a sample.
    """

    question: Question
    keys: Mapping[str, str]
    files: Mapping[str, str]
    failures: Mapping[str, str] = field(default_factory=dict)
    asked: int = 0
    resumed: int = 0
    reused: int = 0
    possibly_paid_twice: int = 0
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
