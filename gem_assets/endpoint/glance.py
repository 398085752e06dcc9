"""One look at an endpoint, for callers that must not wait: a sensor's tick."""

from __future__ import annotations

from dataclasses import dataclass, replace

import anyio

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.errors import EndpointError
from gem_assets.endpoint.observation import ObservedModel, observe
from gem_assets.endpoint.readiness import Readiness, ReadinessWatch
from gem_assets.endpoint.settings import EndpointSettings

GLANCE_SECONDS = 3.5
"""How long one look may take. With what else a tick does, it stays below five seconds."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What one look has shown.

    Attributes
    ----------
    readiness
        What is known of the model.
    canary
        Id of a canary that is under way, to be looked at the next time; None if there is none.
    sent
        Whether a canary was sent, or may have been, in this look.
    model
        What the canary's answer says; None as long as it isn't there.
    trouble
        What went wrong, in a sentence; empty if nothing.
    """

    readiness: Readiness
    canary: str | None = None
    sent: bool = False
    model: ObservedModel | None = None
    trouble: str = ""


def hasty(settings: EndpointSettings) -> EndpointSettings:
    """Return the settings for a look: nothing is tried twice, and nothing is waited for long."""
    return replace(
        settings, attempts=1, request_timeout=GLANCE_SECONDS, transfer_timeout=GLANCE_SECONDS
    )


async def glance(
    client: EndpointClient,
    canary: str | None = None,
    *,
    may_wake: bool = False,
    seconds: float = GLANCE_SECONDS,
) -> Glance:
    """Look once, and return in any case.

    Parameters
    ----------
    client
        An open client, of `hasty` settings.
    canary
        A canary that an earlier look has sent.
    may_wake
        Whether to send a canary if none is under way and the model may sleep; it costs one
        prediction of the example query.
    seconds
        How long to look at most. A canary that was sent and gave no id by then is lost.
    """
    watch = ReadinessWatch(client)
    readiness, model, sent, trouble = Readiness.UNREACHABLE, None, False, ""
    with anyio.move_on_after(seconds) as scope:
        try:
            readiness = await watch.status(canary)
            canary = None if watch.canary is None else watch.canary.id
            mode = client.settings.mode
            if readiness is Readiness.READY and (canary is not None or mode == "embedded"):
                model = await observe(client, watch.canary)
            elif may_wake and mode == "self_hosted" and readiness is Readiness.READY:
                # A container answers the query itself: to wake it is to observe it.
                sent = True
                model = await observe(client)
            elif may_wake and readiness is Readiness.COLD and canary is None:
                sent = True
                canary = (await watch.wake()).id
                readiness = Readiness.STARTING
        except EndpointError as fault:
            trouble = str(fault)
    if scope.cancelled_caught:
        trouble = f"{client.settings.host} did not answer within {seconds:g} s."
    return Glance(readiness, None if model else canary, sent, model, trouble)
