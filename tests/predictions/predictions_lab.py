"""A run's parts, all real: a scripted endpoint on loopback, a SQLite file, a folder of answers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.lowlevel
import numpy as np
from scipy import sparse
from scripted_endpoint import GENES, ScriptedEndpoint

from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.observation import ObservedModel
from gem_assets.endpoint.query import Sleep
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.predictions.flow import PredictOptions, predict_counts
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.run import PredictionRun
from gem_assets.predictions.store import Store
from gem_assets.predictions.tables import prediction_tables


class Clock:
    """The present, which goes on only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.passed = 0.0

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass, for both clocks."""
        self.now += timedelta(seconds=seconds)
        self.passed += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock; no time passes."""
        self.now += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return self.passed


async def no_sleep(_seconds: float) -> None:
    await anyio.lowlevel.checkpoint()


@dataclass
class Lab:
    """Everything a run needs; each call is a run of its own, as a new process would make it."""

    endpoint: ScriptedEndpoint
    folder: Path
    clock: Clock
    monotonic: Callable[[], float] = time.monotonic

    @property
    def store(self) -> Store:
        return Store(self.folder / "predictions")

    def ledger(self) -> Ledger:
        return Ledger(
            f"sqlite:///{self.folder}/ledger.sqlite", clock=self.clock, monotonic=self.monotonic
        )

    def connection(self, sleep: Sleep = no_sleep, **settings: Any) -> EndpointConnection:
        chosen = {
            "mode": "hosted",
            "model_id": "gem-1-bulk_predict-metadata",
            "base_url": self.endpoint.base_url,
            "api_key": Secret("hush-hush"),
            "chunk_size": 4,
            "concurrency": 2,
            "attempts": 1,
            **settings,
        }
        return EndpointConnection(EndpointSettings(**chosen), sleep=sleep)

    def model(self, model_version: str = "2") -> ObservedModel:
        return ObservedModel(
            "gem-1-bulk_predict-metadata", model_version, GENES, "hosted", self.endpoint.base_url
        )

    def predict(
        self,
        samples: Mapping[str, Sequence[int]],
        *,
        model: ObservedModel | None = None,
        sleep: Sleep = no_sleep,
        on_progress: Any = None,
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> PredictionRun:
        with self.ledger() as ledger, self.connection(**(settings or {})) as connection:
            return predict_counts(
                connection,
                counts_of(samples),
                list(samples),
                [hash_of(counts) for counts in samples.values()],
                model or self.model(),
                ledger,
                self.store,
                PredictOptions(**options),
                on_progress,
                sleep=sleep,
            )

    def table(self, samples: Mapping[str, Sequence[int]], run: PredictionRun, name: str) -> Any:
        tables = prediction_tables(
            "study", list(samples), run, self.store, counts_of(samples), "bulk"
        )
        return tables[name].to_pandas()


def counts_of(samples: Mapping[str, Sequence[int]]) -> sparse.csr_array:
    return sparse.csr_array(np.array(list(samples.values()), dtype=np.int32))


def hash_of(counts: Sequence[int]) -> str:
    return hashlib.blake2b(np.array(counts, dtype=np.int32).tobytes(), digest_size=16).hexdigest()


def cohort(n: int, first: int = 0) -> dict[str, list[int]]:
    """Return n different samples: s0, s1, ..."""
    return {f"s{i}": [i, 7, i % 5, *[1] * (len(GENES) - 3)] for i in range(first, first + n)}
