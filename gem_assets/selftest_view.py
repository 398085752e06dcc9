"""What a self-test came to, as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gem_assets.selftesting import SelftestOutcome


def selftest_lines(outcome: SelftestOutcome) -> Iterator[str]:
    """Yield what a self-test came to, or what it would send."""
    from gem_assets.qc.selftest_table import selftest_rows, selftest_sentence

    if outcome.to_send:
        yield outcome.to_send
    if outcome.table is None:
        yield "Nothing was sent or tested. Add --yes to send them."
        return
    for failure in outcome.failures:
        yield f"not predicted: {failure}"
    yield selftest_sentence(outcome.table)
    rows = selftest_rows(outcome.table)
    if any(row.sensitivity for row in rows):
        yield from (f"  {row.sentence}" for row in rows)


def selftest_json(outcome: SelftestOutcome) -> str:
    """Return the same as JSON; ``rows`` are those of ``qc_selftest``, null if none was made."""
    table = outcome.table
    rows = None if table is None else json.loads(table.to_json(orient="records", date_format="iso"))
    told = {
        "dataset": outcome.name,
        "to_send": outcome.to_send,
        "not_predicted": outcome.failures,
        "rows": rows,
    }
    return json.dumps(told, indent=1)
