"""How a partition is refused: the checks that failed are shown, and the step ends for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import dagster as dg

from gem_assets.markdown import plain


def refuse_partition(result: dg.AssetCheckResult) -> Iterator[dg.AssetCheckResult]:
    """Yield a failed check, then fail the step for good: trying again mends nothing.

    Both are needed: a failed check alone leaves Dagster asking for the missing output, and an
    exception alone loses the check.
    """
    yield result
    fail_for_good(plain(result.description or ""))


def fail_for_good(sentence: str) -> NoReturn:
    """Fail the step without retries, with a sentence and without a traceback's noise."""
    raise dg.Failure(description=sentence, allow_retries=False) from None
