"""Random schedules of faults, each decided by its seed."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec

from gem_assets.embedded.faults.script import FaultScript

KINDS: tuple[Mapping[str, object], ...] = (
    {"request": "submit", "fault": "status", "status": 429},
    {"request": "submit", "fault": "status", "status": 429, "retry_after": 1},
    {"request": "submit", "fault": "status", "status": 429, "retry_at": 1},
    {"request": "submit", "fault": "status", "status": 503},
    {"request": "submit", "fault": "status", "status": 503, "retry_after": 1},
    {"request": "submit", "fault": "status", "status": 503, "retry_at": 1},
    {"request": "submit", "fault": "status", "status": 500},
    {"request": "submit", "fault": "status", "status": 500, "accepted": True},
    {"request": "submit", "fault": "reset"},
    {"request": "submit", "fault": "reset", "accepted": True},
    {"request": "submit", "fault": "hold"},
    {"request": "submit", "fault": "hold", "accepted": True},
    {"request": "submit", "fault": "html"},
    {"request": "submit", "fault": "html", "accepted": True},
    {"request": "submit", "fault": "truncated"},
    {"request": "submit", "fault": "corrupt"},
    {"request": "submit", "fault": "down", "seconds": 0.1},
    {"request": "status", "fault": "status", "status": 429, "retry_after": 1},
    {"request": "status", "fault": "status", "status": 503},
    {"request": "status", "fault": "status", "status": 500},
    {"request": "status", "fault": "reset"},
    {"request": "status", "fault": "hold"},
    {"request": "status", "fault": "html"},
    {"request": "status", "fault": "truncated"},
    {"request": "status", "fault": "corrupt"},
    {"request": "status", "fault": "down", "seconds": 0.1},
    {"request": "download", "fault": "status", "status": 500},
    {"request": "download", "fault": "status", "status": 503, "retry_at": 1},
    {"request": "download", "fault": "reset"},
    {"request": "download", "fault": "hold"},
    {"request": "download", "fault": "html"},
    {"request": "download", "fault": "truncated"},
    {"request": "download", "fault": "corrupt"},
    {"request": "example", "fault": "status", "status": 503},
    {"request": "example", "fault": "reset"},
    {"fault": "failed"},
    {"fault": "never_ends"},
    {"fault": "lost"},
    {"fault": "expired"},
    {"fault": "expired", "downloads": 2},
    {"fault": "result", "edit": "fewer_outputs"},
    {"fault": "result", "edit": "more_outputs"},
    {"fault": "result", "edit": "nan_probabilities"},
    {"fault": "result", "edit": "unnormalised_probabilities"},
    {"fault": "result", "edit": "null_probabilities"},
    {"fault": "result", "edit": "empty_decoder_sample"},
    {"fault": "result", "edit": "null_decoder_sample"},
    {"fault": "result", "edit": "short_decoder_sample"},
    {"fault": "too_large", "samples": 5},
    {"fault": "invalid_sample", "sample": 3},
    {"fault": "new_version", "version": "embedded-next"},
    {"fault": "new_gene_order"},
)
"""Every fault that there is, in the forms that a client may have to tell apart."""

_REQUESTS = {"example": 1, "submit": 13, "status": 20, "download": 13}
"""About how many requests of a kind a run without faults makes."""


def schedule(seed: int, schedules: int) -> FaultScript:
    """Return the schedule of a seed: three to six faults at random moments.

    The first faults go round all kinds, so that any ``schedules`` consecutive seeds hold each kind
    once if there are at least half as many seeds as kinds.
    """
    rng = random.Random(seed)  # noqa: S311 (it decides what a test does)
    first = [KINDS[seed % len(KINDS)], KINDS[(seed + schedules) % len(KINDS)]]
    others = rng.sample(KINDS, rng.randint(1, 4))
    faults = []
    for kind in (*first, *others):
        requests = _REQUESTS[str(kind.get("request", "submit"))]
        times = rng.choice((1, 1, 1, 2, 3)) if "request" in kind else 1
        faults.append({**kind, "nth": rng.randint(1, requests), "times": times})
    return msgspec.convert({"faults": faults}, FaultScript)
