"""The sentence of a step that failed, as people are told it."""

from __future__ import annotations

import dagster as dg


def step_sentence(event: dg.DagsterEvent) -> str:
    """Return why a step failed, without its traceback: the event log holds that.

    Parameters
    ----------
    event
        A ``STEP_FAILURE``.
    """
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    if error and error.cls_name == "RetryRequested" and error.cause:
        # Its message begins with its class.
        words = error.cause.message.strip().partition(": ")[2]
        return f"{words} It was tried again, and failed each time."
    error = error and (error.cause or error)
    words = error.message.strip() if error else "no reason was given"
    return f"{event.step_key} broke: {words}"
