"""One tick of a sensor that tells people something: what it says, and its cursor."""

from __future__ import annotations

import time
from collections.abc import Callable

import dagster as dg

from gem_assets.notifications.outbox import Delivered

LOOKING_SECONDS = 15.0
"""How long a tick looks at what there is to tell. Less than it has in all: what is never told would
be looked at for ever."""

TELLING_SECONDS = 35.0
"""After how long a tick tells no more; a notifier that is just at it may take some seconds longer,
and a tick has 60. The rest waits for the next one."""


def clock(seconds: float) -> Callable[[], bool]:
    """Return what says whether so many seconds are over."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline


def told(
    context: dg.SensorEvaluationContext, delivered: Delivered, *problems: str
) -> dg.SensorResult:
    """Return the tick's result: what was told and what was not, and the cursor."""
    for message in delivered.sent:
        context.log.info(message.text())
    troubles = [*dict.fromkeys((*problems, *delivered.problems))]
    for trouble in troubles:
        context.log.warning(trouble)
    n, waiting = len(delivered.sent), delivered.outbox.waits()
    said = [f"{n} message(s) told." if n else "Nothing new to tell." if not waiting else ""]
    said += troubles
    said += [f"{waiting} wait(s) for the next tick." if waiting else ""]
    return dg.SensorResult(
        skip_reason=dg.SkipReason(" ".join(filter(None, said))), cursor=delivered.outbox.cursor()
    )
