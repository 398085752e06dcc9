"""Every reason is produced by judging a dataset, and explained on a page."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from reason_cases import VERDICTS, VOTES
from reasons_page import PAGE, findings_of, page, verdict_of

import gem_assets.qc
from gem_assets.qc.explanations import (
    FINDING_EXPLANATIONS,
    KIND_EXPLANATIONS,
    STATUS_EXPLANATIONS,
    VOTE_EXPLANATIONS,
)
from gem_assets.qc.reasons import EXPLANATIONS, Reason, Status
from gem_assets.qc.vote import Vote
from gem_assets.warehouse.qc_tables import FINDING_KINDS

ROOM = Path(gem_assets.qc.__file__).parent
FINDING_REASONS = [(kind, str(word)) for kind, of in FINDING_EXPLANATIONS.items() for word in of]


@pytest.mark.parametrize("reason", sorted(map(str, Reason)))
def test_every_reason_of_a_verdict_is_given_by_judging(reason: str) -> None:
    told = [verdict_of(reason, case) for case in VERDICTS[reason]]
    assert len({status for status, _ in told}) == len(told), "a case for each status"
    assert all(sentence.endswith(".") for _, sentence in told)


@pytest.mark.parametrize(("kind", "reason"), FINDING_REASONS)
def test_every_reason_of_a_finding_is_found_by_judging(kind: str, reason: str) -> None:
    assert findings_of(kind, reason)


@pytest.mark.parametrize("vote", sorted(map(str, Vote)))
def test_every_vote_is_given(vote: str) -> None:
    assert VOTES[vote]().vote == vote


def test_every_word_is_explained_in_a_sentence() -> None:
    assert set(EXPLANATIONS) == set(Reason)
    assert set(STATUS_EXPLANATIONS) == set(Status)
    assert set(VOTE_EXPLANATIONS) == set(Vote)
    assert set(FINDING_EXPLANATIONS) == set(KIND_EXPLANATIONS) == set(FINDING_KINDS)
    tables = [EXPLANATIONS, STATUS_EXPLANATIONS, VOTE_EXPLANATIONS, KIND_EXPLANATIONS]
    for sentence in [
        text for of in [*tables, *FINDING_EXPLANATIONS.values()] for text in of.values()
    ]:
        assert sentence.endswith(".")
        assert sentence[0].isupper()


def test_no_finding_is_made_with_a_word_that_is_not_listed() -> None:
    known = {reason for _, reason in FINDING_REASONS}
    for path in sorted(ROOM.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "Finding":
                continue
            for word in (k.value for k in call.keywords if k.arg in ("kind", "reason")):
                for part in ast.walk(word):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        assert part.value in known | set(FINDING_KINDS), (
                            f"{path.name}: {part.value}"
                        )


def test_the_page_says_what_judging_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/qc/reasons_page.py"
