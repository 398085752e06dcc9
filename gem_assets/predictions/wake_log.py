"""How long models took to answer their canary: the cold starts of an endpoint over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gem_assets.predictions.keys import public_base_url
from gem_assets.predictions.ledger_schema import wakes


@dataclass(frozen=True, slots=True)
class Wake:
    """One wake: when (UTC) the model was found ready, and seconds since its canary was sent."""

    base_url: str
    model_id: str
    ready_at: datetime
    seconds: float


class WakeLog:
    """The wakes in a ledger's database.

    Parameters
    ----------
    engine
        The ledger's database.
    clock
        Returns the present instant, aware.
    """

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def record(self, base_url: str, model_id: str, seconds: float) -> Wake:
        """Record that a model was just found ready, ``seconds`` after its canary was sent."""
        wake = Wake(public_base_url(base_url), model_id, self._clock(), seconds)
        with self._engine.begin() as connection:
            connection.execute(
                wakes.insert().values(
                    base_url=wake.base_url,
                    model_id=wake.model_id,
                    ready_at=wake.ready_at,
                    seconds=wake.seconds,
                )
            )
        return wake

    def of(self, base_url: str, model_id: str) -> list[Wake]:
        """Return the wakes of a model at an endpoint, oldest first."""
        table = wakes.c
        query = (
            sa.select(table.base_url, table.model_id, table.ready_at, table.seconds)
            .where(table.base_url == public_base_url(base_url), table.model_id == model_id)
            .order_by(table.id)
        )
        with self._engine.connect() as connection:
            return [Wake(*row) for row in connection.execute(query)]
