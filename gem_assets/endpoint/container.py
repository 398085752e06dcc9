"""A query to a self-hosted container: sending it is asking, and its response is its answer."""

from __future__ import annotations

import uuid

from gem_assets.endpoint.control import QueryStatus
from gem_assets.endpoint.errors import BadAnswer, ResourceNotFound
from gem_assets.endpoint.exchange import Exchange
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.pace import Clock, Sleep
from gem_assets.endpoint.query import Activity, QueryHandle


class ContainerQuery(QueryHandle):
    """A query that a container has answered already, or one that nobody can ask after.

    A container gives its queries no ids and keeps no results. So that a query has a name in the
    ledger and in messages, it gets one here.

    Parameters
    ----------
    exchange, query_id, samples, activity, clock, sleep
        As `QueryHandle` takes them.
    answer
        What the container answered: a `BadAnswer` if that can't be read, None if this process
        does not have it.
    """

    def __init__(
        self,
        exchange: Exchange,
        query_id: str,
        answer: PredictionAnswer | BadAnswer | None,
        *,
        samples: int | None,
        activity: Activity,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        super().__init__(
            exchange, query_id, samples=samples, activity=activity, clock=clock, sleep=sleep
        )
        self._answer = answer

    async def status(self, *, attempts: int | None = None) -> QueryStatus:  # noqa: ARG002 - nobody is asked
        """Return that the query is ready.

        Raises
        ------
        ResourceNotFound
            If its answer is not here.
        """
        if self._answer is None:
            raise self._lost()
        return QueryStatus("ready")

    async def wait(self, timeout: float | None = None) -> QueryStatus:  # noqa: ARG002 - no waiting
        """Return as `status` does: what was to wait for is over."""
        return await self.status()

    async def fetch(self, timeout: float | None = None) -> PredictionAnswer:  # noqa: ARG002 - no waiting
        """Return the answer.

        Raises
        ------
        ResourceNotFound
            As `status` does.
        BadAnswer
            If it can't be read.
        """
        if self._answer is None:
            raise self._lost()
        if isinstance(self._answer, BadAnswer):
            raise self._answer
        return self._answer

    def _lost(self) -> ResourceNotFound:
        return ResourceNotFound(
            "a self-hosted container keeps no results, and this query was interrupted",
            action="Submit its samples again; it may have been computed.",
            host=self._exchange.settings.host,
            query_id=self.id,
        )


def new_query_id() -> str:
    """Return a name for a query that the container gives none."""
    return f"container-{uuid.uuid4().hex}"
