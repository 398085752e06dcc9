"""What was seen of endpoints, so that a second look within minutes asks nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gem_assets.predictions.keys import public_base_url
from gem_assets.predictions.ledger_schema import observations


@dataclass(frozen=True, slots=True)
class Observation:
    """What an endpoint was seen to serve at some instant (UTC)."""

    served_by: str
    base_url: str
    model_id: str
    model_version: str
    gene_order_hash: str
    observed_at: datetime


class ObservationLog:
    """The observations in a ledger's database.

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

    def record(
        self,
        served_by: str,
        base_url: str,
        model_id: str,
        model_version: str,
        gene_order_hash: str,
    ) -> Observation:
        """Record what an endpoint was just seen to serve."""
        seen = Observation(
            served_by,
            public_base_url(base_url),
            model_id,
            model_version,
            gene_order_hash,
            self._clock(),
        )
        with self._engine.begin() as connection:
            connection.execute(
                observations.insert().values(
                    served_by=seen.served_by,
                    base_url=seen.base_url,
                    model_id=seen.model_id,
                    model_version=seen.model_version,
                    gene_order_hash=seen.gene_order_hash,
                    observed_at=seen.observed_at,
                )
            )
        return seen

    def latest(self, base_url: str, model_id: str) -> Observation | None:
        """Return what was last seen of a model at an endpoint, None if it never was."""
        table = observations.c
        query = (
            sa.select(
                table.served_by,
                table.base_url,
                table.model_id,
                table.model_version,
                table.gene_order_hash,
                table.observed_at,
            )
            .where(
                table.base_url == public_base_url(base_url),
                table.model_id == model_id,
            )
            .order_by(table.observed_at.desc(), table.id.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Observation(*row)

    def forget(self, base_url: str, model_id: str) -> None:
        """Drop what was seen of a model at an endpoint, so that it is observed anew."""
        table = observations.c
        with self._engine.begin() as connection:
            connection.execute(
                observations.delete().where(
                    table.base_url == public_base_url(base_url),
                    table.model_id == model_id,
                )
            )
