"""The endpoint for callers that are not asynchronous: assets, sensors, the terminal.

The client runs in a thread of its own with an event loop of its own, so that a connection works
wherever it is opened: in a script, in a notebook, in a web server's loop.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.glance import Glance, glance
from gem_assets.endpoint.observation import ObservedModel, observe
from gem_assets.endpoint.pace import Clock, Sleep
from gem_assets.endpoint.readiness import DEFAULT_WAIT, Readiness, ReadinessWatch
from gem_assets.endpoint.settings import EndpointSettings

T = TypeVar("T")


class EndpointConnection:
    """One model at one endpoint, synchronously; a context manager.

    Parameters
    ----------
    settings
        The endpoint and its model.
    clock, sleep
        As `EndpointClient` takes them.

    Examples
    --------
    >>> settings = EndpointSettings.from_environment("embedded", "bulk")
    >>> with EndpointConnection(settings) as connection:  # doctest: +SKIP
    ...     connection.status()
    <Readiness.READY: 'ready'>
    """

    def __init__(
        self,
        settings: EndpointSettings,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self.settings = settings
        self._client = EndpointClient(settings, clock=clock, sleep=sleep)
        self._watch = ReadinessWatch(self._client)
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal(name="gem-endpoint"))
            stack.enter_context(portal.wrap_async_context_manager(self._client))
            self._stack = stack.pop_all()
        self._portal = portal
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._portal = None
        self._stack.__exit__(kind, fault, traceback)

    def status(self, canary_id: str | None = None) -> Readiness:
        """Return what is known of the endpoint's readiness; never wakes the model.

        Parameters
        ----------
        canary_id
            A canary of `wake`, possibly submitted by another process, to look at as well.

        Raises
        ------
        EndpointError
            If the address answers, but not as a GEM endpoint does.
        """
        return self._call(lambda: self._watch.status(canary_id))

    def wake(self) -> str:
        """Submit the example query as a canary, and return its id without waiting for it.

        Raises
        ------
        EndpointError
            If it can't be submitted.
        """

        async def wake() -> str:
            return (await self._watch.wake()).id

        return self._call(wake)

    def wait_until_ready(
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
            Called with the first state and each new one, in the connection's own thread.

        Returns
        -------
        float or None
            Seconds from the first canary to the model's being ready; None if none was sent.

        Raises
        ------
        EndpointNotReady
            If the model is not ready in time.
        EndpointError
            If waiting can't help, e.g. `EndpointUnauthorized`.
        """
        return self._call(lambda: self._watch.wait_until_ready(timeout, on_state_change))

    def observe(self) -> ObservedModel:
        """Return the model's version and gene order, by the result of an example query.

        Uses the canary of `wake` or `wait_until_ready` if there is one, so that waking and
        observing cost one query; else submits one.

        Raises
        ------
        EndpointError
            If the model can't be asked.
        """

        async def look() -> ObservedModel:
            canary, self._watch.canary = self._watch.canary, None
            return await observe(self._client, canary)

        return self._call(look)

    def glance(self, canary_id: str | None = None, *, may_wake: bool = False) -> Glance:
        """Look once, for a few seconds at most; see `gem_assets.endpoint.glance.glance`."""
        return self._call(lambda: glance(self._client, canary_id, may_wake=may_wake))

    def run(self, use: Callable[[EndpointClient], Awaitable[T]]) -> T:
        """Run an asynchronous function of the client, and return what it returns.

        Parameters
        ----------
        use
            ``async def use(client: EndpointClient) -> T``; may start tasks (anyio) of its own.
        """
        return self._call(lambda: use(self._client))

    def _call(self, function: Callable[[], Awaitable[T]]) -> T:
        if self._portal is None:
            raise RuntimeError("open the EndpointConnection first: with EndpointConnection(...)")
        future = self._portal.start_task_soon(function)
        try:
            return future.result()
        except BaseException:
            # An interrupt reaches this thread only: the other one must not go on and pay.
            future.cancel()
            raise
