"""docs/reasons.md: every word of the quality control, with what is said of a case of it.

``python tests/qc/reasons_page.py`` writes it anew. Read the difference before you commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar

from reason_cases import FINDINGS, VERDICTS, VOTES

from gem_assets.qc.change_words import CAUSE_EXPLANATIONS, CHANGE_EXPLANATIONS
from gem_assets.qc.dataset import JudgedDataset
from gem_assets.qc.explanations import (
    FINDING_EXPLANATIONS,
    KIND_EXPLANATIONS,
    STATUS_EXPLANATIONS,
    VOTE_EXPLANATIONS,
)
from gem_assets.qc.reasons import EXPLANATIONS

Case = TypeVar("Case")

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


@cache
def made(case: Callable[[], Case]) -> Case:
    """Return what a case comes to: it is asked for each of its words."""
    return case()


def verdict_of(reason: str, case: Callable[[], JudgedDataset]) -> tuple[str, str]:
    """Return the status that a reason has in a case, and the sentence on the sample."""
    judged = made(case)
    verdict = judged.verdicts[judged.verdicts["reason"].eq(reason)].iloc[0]
    of_it = judged.samples["sample_id"].eq(verdict["sample_id"])
    return str(verdict["status"]), str(judged.samples.loc[of_it, "sentence"].iloc[0])


def findings_of(kind: str, reason: str) -> list[str]:
    """Return the sentences of the findings of a kind and reason in its case."""
    found = made(FINDINGS[kind, reason])
    return found.loc[found["kind"].eq(kind) & found["reason"].eq(reason), "sentence"].tolist()


def page() -> str:
    """Return the page."""
    return "\n\n".join(_blocks()) + "\n"


def _blocks() -> Iterator[str]:
    yield "# What the quality control says, word by word"
    yield (
        "A stated label is compared with what the model makes of the counts. Each label has a row "
        "in `qc_verdicts` with a *status* and a *reason*, each sample one in `qc_samples`; what "
        "is seen of several samples together is in `qc_findings`, by *kind* and *reason*. All of "
        "these words are here. What is quoted is said of a small dataset of the tests, so it is "
        "what the judging code says today. The thresholds are in "
        "`gem_assets.qc.settings.QcSettings`; a dataset changes them in its `dataset.yaml`, under "
        "`thresholds:`."
    )
    yield "## Statuses"
    yield _list(STATUS_EXPLANATIONS)
    yield (
        "A finding that somebody reviewed (`review.csv`) keeps its status and its reason and names "
        "the reviewer; checks and notifications count the others only."
    )
    yield "## Reasons of a verdict"
    for reason, explanation in EXPLANATIONS.items():
        yield f"### `{reason}`\n\n{explanation}"
        yield "\n>\n".join(
            f"> **{status}**: {sentence}"
            for status, sentence in (verdict_of(str(reason), case) for case in VERDICTS[reason])
        )
    yield "## Findings"
    for kind, reasons in FINDING_EXPLANATIONS.items():
        yield f"### `{kind}`\n\n{KIND_EXPLANATIONS[kind]}"
        for reason, explanation in reasons.items():
            yield f"#### `{reason}`\n\n{explanation}"
            yield f"> {findings_of(kind, str(reason))[0]}"
    yield "## Whose error it is"
    yield (
        "Label and prediction alone can't say which of them errs. Marker genes, chosen on public "
        "references and by no model, are the third voice."
    )
    for vote, explanation in VOTE_EXPLANATIONS.items():
        yield f"### `{vote}`\n\n{explanation}"
        yield f"> {VOTES[vote]().sentence}"
    yield "## What changed since the last run"
    yield (
        "Each run is compared with the one before, label by label: `change` in the table "
        "`qc_changes` is what became of a verdict, and `why` lists what differs and bears on it. "
        "Several may hold; nothing is judged twice to tell them apart."
    )
    yield _list(CHANGE_EXPLANATIONS)
    yield "What may be why, the nearest to the label first:"
    yield _list(CAUSE_EXPLANATIONS)


def _list(explanations: Mapping[str, str]) -> str:
    return "\n".join(f"- `{word}`: {sentence}" for word, sentence in explanations.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
