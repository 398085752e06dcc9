"""Is the model awake? What can be known without waking it, and how to wake it.

A model that nobody uses is scaled down, and takes one to two minutes to come back. There is no
health endpoint: listing models and fetching the example answer whether the model sleeps or not,
and only a prediction wakes it. So `ready` means: a prediction was answered a short while ago.
`cold` means: none was, so that the model may sleep; it may also be awake and nobody here knows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.errors import (
    EndpointError,
    EndpointFaulted,
    EndpointNotReady,
    EndpointUnauthorized,
    EndpointUnreachable,
    QueryFailed,
    RateLimited,
    ResourceNotFound,
    SubmitUncertain,
)
from gem_assets.endpoint.query import QueryHandle
from gem_assets.endpoint.redaction import quote

logger = logging.getLogger("gem_assets.endpoint")

DEFAULT_WAIT = 300.0
"""Seconds to wait for a model: more than twice a cold start of the hosted service."""

# A canary is a paid query of one sample or few; so many are accepted in one wait at most.
_MOST_CANARIES = 3


class Readiness(StrEnum):
    """What is known of an endpoint's readiness."""

    UNREACHABLE = "unreachable"
    """It gives no answer, or only faults."""
    UNAUTHORIZED = "unauthorized"
    """It refuses the key."""
    COLD = "cold"
    """It answers, but no prediction was answered lately: the model may have to start."""
    STARTING = "starting"
    """A prediction is under way, and none was answered lately."""
    READY = "ready"
    """A prediction was answered lately. The embedded endpoint always is."""


class ReadinessWatch:
    """Looks at one endpoint's readiness, and wakes its model.

    Parameters
    ----------
    client
        An open client; its clock and sleep are used.

    Attributes
    ----------
    canary
        The example query that was submitted last and not yet observed, if any.
    """

    def __init__(self, client: EndpointClient) -> None:
        self._client = client
        self.canary: QueryHandle | None = None
        self._last_fault: EndpointError | None = None

    async def status(self, canary_id: str | None = None) -> Readiness:
        """Return what is known, by one or two GETs; never wakes the model.

        Parameters
        ----------
        canary_id
            A canary that another process submitted, and that this one shall look at.

        Raises
        ------
        EndpointError
            If the address answers, but not as a GEM endpoint does.
        """
        client = self._client
        if client.settings.mode == "embedded":
            return Readiness.READY
        if client.settings.mode == "self_hosted":
            # A container is up or it isn't, and knows of no query of another process.
            canary_id = None
        if canary_id is not None and (self.canary is None or self.canary.id != canary_id):
            self.canary = client.query(canary_id)
        try:
            await client.models(attempts=1)
            if client.settings.mode == "self_hosted":
                # A query to it waits by itself for the model.
                return Readiness.READY
            await self._look_at_canary()
        except EndpointUnauthorized as fault:
            self._last_fault = fault
            return Readiness.UNAUTHORIZED
        except (EndpointUnreachable, EndpointFaulted) as fault:
            self._last_fault = fault
            return Readiness.UNREACHABLE
        except RateLimited as fault:
            # It is there, and says nothing of the model.
            self._last_fault = fault
        return self._known()

    async def wake(self) -> QueryHandle:
        """Submit the example query and return its handle, without waiting for it.

        Raises
        ------
        EndpointError
            If it can't be submitted.
        """
        self.canary = await self._client.submit_example()
        return self.canary

    async def wait_until_ready(
        self,
        timeout: float = DEFAULT_WAIT,
        on_state_change: Callable[[Readiness], object] | None = None,
    ) -> float | None:
        """Wake the model if need be, and return when it is ready.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        on_state_change
            Called with the first state and with each new one.

        Returns
        -------
        float or None
            Seconds from the first canary to the model's being ready; None if none was sent.

        Raises
        ------
        EndpointUnauthorized
            At once: waiting does not help.
        EndpointNotReady
            If the model is not ready in time, or its canaries fail.
        EndpointError
            If the address answers, but not as a GEM endpoint does.
        """
        client = self._client
        deadline = client.clock() + timeout
        interval = client.settings.poll_interval
        shown: Readiness | None = None
        canaries = 0
        woken_at: float | None = None
        while True:
            state = await self.status()
            if state is Readiness.COLD:
                if canaries >= _MOST_CANARIES:
                    raise self._not_ready(state, timeout, canaries)
                if await self._try_to_wake():
                    canaries += 1
                    woken_at = client.clock() if woken_at is None else woken_at
                    state = Readiness.STARTING
            if state is not shown:
                shown = state
                logger.info("the endpoint at %s is %s", client.settings.host, state.value)
                if on_state_change is not None:
                    on_state_change(state)
            if state is Readiness.READY:
                return None if woken_at is None else client.clock() - woken_at
            if state is Readiness.UNAUTHORIZED and self._last_fault is not None:
                raise self._last_fault
            left = deadline - client.clock()
            if left <= 0:
                raise self._not_ready(state, timeout, canaries)
            await client.sleep(min(interval, left))

    async def _try_to_wake(self) -> bool:
        """Return whether a canary is under way, and may have to be paid."""
        try:
            await self.wake()
        except EndpointError as fault:
            if not fault.retryable:
                raise
            self._last_fault = fault
            return isinstance(fault, SubmitUncertain)
        return True

    async def _look_at_canary(self) -> None:
        if self.canary is None:
            return
        try:
            status = await self.canary.status(attempts=1)
        except ResourceNotFound as fault:
            self._last_fault, self.canary = fault, None
            self._client.activity.working_at = None
            return
        if status.failed:
            said = quote(status.message or "", self._client.settings.api_key)
            self._last_fault = QueryFailed(
                f"the canary failed: {said or 'no reason is given'}", query_id=self.canary.id
            )
            self.canary = None
            self._client.activity.working_at = None

    def _known(self) -> Readiness:
        client = self._client
        activity, now, lately = client.activity, client.clock(), client.settings.warm_seconds
        if activity.answered_at is not None and now - activity.answered_at <= lately:
            return Readiness.READY
        if activity.working_at is not None and now - activity.working_at <= lately:
            return Readiness.STARTING
        return Readiness.COLD

    def _not_ready(self, state: Readiness, timeout: float, canaries: int) -> EndpointNotReady:
        fault = self._last_fault
        return EndpointNotReady(
            f"the model was not ready within {timeout:g} s; the endpoint is {state.value}, "
            f"{canaries} canaries were sent{f', and last said: {fault.what}' if fault else ''}",
            action="A cold start takes one to two minutes: try again, or wait longer.",
            host=self._client.settings.host,
            query_id=None if self.canary is None else self.canary.id,
        )
