"""The message on a run that failed: which dataset, at which step, and the sentence of why."""

from __future__ import annotations

from dataclasses import dataclass

from gem_assets.notifications.message import Message, shown_name

MOST_STEPS = 5
"""Failed steps that a message names."""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that failed.

    Attributes
    ----------
    run_id
        Its id.
    job
        What was run.
    dataset
        The partition; None if it has none.
    steps
        The sentence of each step that failed.
    reason
        What is said of the run itself; it is told where no step failed.
    """

    run_id: str
    job: str
    dataset: str | None
    steps: dict[str, str]
    reason: str


def failure_message(prefix: str, run: FailedRun) -> Message:
    """Return what to tell of a run that failed; tracebacks and secrets are left out.

    Parameters
    ----------
    prefix
        Key prefix of the instance.
    run
        What failed.
    """
    from gem_assets.endpoint.redaction import quote

    of = f"{prefix}/{run.dataset}" if run.dataset else prefix
    steps = [shown_name(step) for step in run.steps]
    where = f" at {', '.join(steps[:MOST_STEPS])}" if steps else ""
    lines = [
        f"• {step}: {quote(sentence)}"
        for step, sentence in zip(steps[:MOST_STEPS], run.steps.values(), strict=False)
    ]
    if (left := len(steps) - MOST_STEPS) > 0:
        lines.append(f"and {left} steps more.")
    if not steps:
        lines.append(quote(run.reason) or "Dagster says no more.")
    lines.append(f"{shown_name(run.job)}, run {run.run_id}")
    return Message(f"{shown_name(of)}: a run failed{where}", tuple(lines))
