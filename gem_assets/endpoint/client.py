"""The asynchronous client of a GEM endpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import quote as url_quote

import anyio
from scipy import sparse

from gem_assets.endpoint.container import ContainerQuery, new_query_id
from gem_assets.endpoint.control import decode_models, decode_submitted
from gem_assets.endpoint.errors import BadAnswer, ResourceNotFound
from gem_assets.endpoint.faults import Where, located, uncertain
from gem_assets.endpoint.gem2_queries import as_canonical, as_listed
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.model_names import CANONICAL_MODALITY
from gem_assets.endpoint.pace import Clock, Pace, Sleep
from gem_assets.endpoint.queries import ExampleQuery, JsonValue, decode_example, encode_query
from gem_assets.endpoint.query import Activity, QueryHandle
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.endpoint.streaming import StreamExchange
from gem_assets.endpoint.transport import open_clients

logger = logging.getLogger("gem_assets.endpoint")


class EndpointClient:
    """One model at one endpoint; an asynchronous context manager.

    Parameters
    ----------
    settings
        The endpoint and its model.
    clock
        Seconds that only grow.
    sleep
        Waits between two looks at a query.

    Attributes
    ----------
    activity
        What was seen of the model's being awake.

    Examples
    --------
    >>> import anyio
    >>> async def ask():
    ...     async with EndpointClient(settings) as client:
    ...         query = await client.submit(counts, seed=42)
    ...         return await query.fetch()
    >>> answer = anyio.run(ask)  # doctest: +SKIP
    """

    def __init__(
        self,
        settings: EndpointSettings,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.sleep = sleep
        self.activity = Activity()
        self._stack = AsyncExitStack()
        self._opened: StreamExchange | None = None

    async def __aenter__(self) -> Self:
        clients = await self._stack.enter_async_context(open_clients(self.settings))
        pace = Pace(self.settings.requests_per_second, clock=self.clock, sleep=self.sleep)
        self._opened = StreamExchange(self.settings, clients, pace)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened = None
        await self._stack.__aexit__(kind, fault, traceback)

    async def models(self, *, attempts: int | None = None) -> tuple[str, ...]:
        """Return the ids of the models that the endpoint lists; does not wake one.

        A container need not list its models: one that knows no such address lists none.

        Parameters
        ----------
        attempts
            How often to ask before giving up; by default as often as the settings say.

        Raises
        ------
        EndpointError
            If the endpoint can't be asked.
        """
        path = "/api/models"
        try:
            body = await self._exchange.get(path, attempts=attempts)
        except ResourceNotFound:
            if self.settings.mode != "self_hosted":
                raise
            return ()
        with located(Where(self.settings.host, path)):
            return decode_models(body)

    async def example_query(self) -> ExampleQuery:
        """Return the model's own example; does not wake it.

        Raises
        ------
        ResourceNotFound
            If the endpoint has no such model.
        EndpointError
            If it can't be asked.
        """
        settings = self.settings
        if not settings.canonical:
            return await self._example_of(settings.model_id)
        # The canonical id has one example for all that it serves; the alias has its own.
        modality = CANONICAL_MODALITY[settings.model_id]
        example = await self._canonical_example(modality)
        if example is None:
            example = await self._example_of(settings.model_id)
        return replace(example, body=as_canonical(example.body, modality))

    async def submit(
        self,
        counts: sparse.csr_array,
        *,
        seed: int = 42,
        parameters: Mapping[str, JsonValue] | None = None,
    ) -> QueryHandle:
        """Submit samples for prediction; this is what costs money, and wakes the model.

        Parameters
        ----------
        counts
            samples x model genes, whole non-negative numbers, in the model's gene order.
        seed
            Seed of the model's sampling.
        parameters
            Further keys of the query, e.g. ``{"deterministic_latents": True}``.

        Returns
        -------
        QueryHandle
            Of a query that was accepted. Keep its id before waiting for it.

        Raises
        ------
        SubmitUncertain
            If it may have been accepted, though no answer says so.
        QueryRejected
            If the endpoint finds it invalid; `QueryTooLarge` asks for fewer samples.
        EndpointError
            If it was certainly not accepted.
        ValueError
            If the counts are no counts.
        """
        body = encode_query(counts, seed, parameters)
        if self.settings.canonical:
            body = as_canonical(body, CANONICAL_MODALITY[self.settings.model_id])
        return await self._submit(body, int(counts.shape[0]))

    async def submit_example(self) -> QueryHandle:
        """Submit the model's own example: the canary that wakes it with nobody's data.

        Raises
        ------
        EndpointError
            As `example_query` and `submit` do.
        """
        example = await self.example_query()
        return await self._submit(example.body, example.samples)

    def query(self, query_id: str, *, samples: int | None = None) -> QueryHandle:
        """Return the handle of a query that was submitted before, here or elsewhere.

        Parameters
        ----------
        query_id
            The id that `submit` gave.
        samples
            How many samples it has, if known: an answer of another length is then refused.
        """
        if self.settings.mode == "self_hosted":
            return self._container_query(query_id, None, samples)
        return QueryHandle(
            self._exchange,
            query_id,
            samples=samples,
            activity=self.activity,
            clock=self.clock,
            sleep=self.sleep,
        )

    async def _submit(self, body: bytes, samples: int) -> QueryHandle:
        path = self._model_path(self.settings.served_as, "predict")
        if self.settings.mode == "self_hosted":
            return await self._submit_to_container(path, body, samples)
        answer = await self._exchange.submit(path, body)
        with located(Where(self.settings.host, path)):
            try:
                query_id = decode_submitted(answer)
            except BadAnswer as fault:
                raise uncertain(fault, self.settings.api_key) from fault
        self.activity.working_at = self.clock()
        logger.info(
            "submitted %d samples (%.1f MB) to %s as query %s",
            samples,
            len(body) / 1e6,
            self.settings.host,
            query_id,
        )
        return self.query(query_id, samples=samples)

    async def _submit_to_container(self, path: str, body: bytes, samples: int) -> QueryHandle:
        # Arrow is of no use to anybody else, and takes a while to be imported.
        from gem_assets.endpoint.arrow_answer import ARROW_STREAM, read_arrow_answer

        query_id = new_query_id()
        settings = self.settings
        logger.info("sending %d samples to %s as query %s", samples, settings.host, query_id)
        answer = await self._exchange.predict(
            path,
            body,
            accept=ARROW_STREAM,
            timeout=settings.prediction_timeout,
            read=partial(read_arrow_answer, samples=samples, limit=settings.max_answer_bytes),
        )
        if isinstance(answer, BadAnswer):
            answer.locate(host=settings.host, path=path, query_id=query_id)
        self.activity.answered_at = self.clock()
        return self._container_query(query_id, answer, samples)

    def _container_query(
        self, query_id: str, answer: PredictionAnswer | BadAnswer | None, samples: int | None
    ) -> ContainerQuery:
        return ContainerQuery(
            self._exchange,
            query_id,
            answer,
            samples=samples,
            activity=self.activity,
            clock=self.clock,
            sleep=self.sleep,
        )

    async def _example_of(self, model_id: str) -> ExampleQuery:
        path = self._model_path(model_id, "example-query")
        body = await self._exchange.get(path)
        with located(Where(self.settings.host, path)):
            return decode_example(body)

    async def _canonical_example(self, modality: str) -> ExampleQuery | None:
        path = self._model_path(self.settings.served_as, "example-query")
        body = await self._exchange.get(path)
        with located(Where(self.settings.host, path)):
            listed = as_listed(body, modality)
            return None if listed is None else decode_example(listed)

    def _model_path(self, model_id: str, what: str) -> str:
        return f"/api/models/{url_quote(model_id, safe='')}/{what}"

    @property
    def _exchange(self) -> StreamExchange:
        if self._opened is None:
            raise RuntimeError("open the EndpointClient first: async with EndpointClient(...)")
        return self._opened
