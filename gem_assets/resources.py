"""Dagster resources: the datasets, the warehouse, and the endpoint with what it has answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import dagster as dg
from pydantic import Field

from gem_assets.settings import Modality, endpoint_mode

if TYPE_CHECKING:
    from gem_assets.datasets import Dataset, DatasetConfig, Stamp
    from gem_assets.endpoint.connection import EndpointConnection
    from gem_assets.endpoint.model_names import Family
    from gem_assets.endpoint.settings import EndpointSettings
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.predictions.store import Store
    from gem_assets.problems import InputProblem
    from gem_assets.qc.settings import QcSettings
    from gem_assets.warehouse import LockPatience, Warehouse


class GemDatasets(dg.ConfigurableResource):  # type: ignore[type-arg]  # Dagster's own idiom
    """Where the datasets of a modality lie, and how they are judged."""

    data: str = Field(description="Folder or fsspec location that holds bulk/NAME and sc/NAME.")
    modality: str = Field(description="'bulk' or 'sc'.")
    thresholds: dict[str, float] = Field(
        default={}, description="Thresholds of the verdicts; those of a dataset.yaml go before."
    )
    fields: list[str] | None = Field(
        default=None, description="Fields whose labels are judged; none named: all."
    )

    def names(self) -> tuple[tuple[str, ...], tuple[InputProblem, ...]]:
        """Return the names of all datasets, and warnings about folders that can't be one."""
        from gem_assets.datasets import dataset_names

        return dataset_names(self.data, cast("Modality", self.modality))

    def are_there(self) -> bool:
        """Return whether the folder of the datasets exists.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            ``location_unreachable``.
        """
        from gem_assets.datasets import has_datasets_folder

        return has_datasets_folder(self.data, cast("Modality", self.modality))

    def stamp(self, name: str) -> Stamp:
        """Look at the files of a dataset, without reading them.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If there are too many, or they can't be reached.
        """
        from upath import UPath

        from gem_assets.datasets import stamp_dataset

        return stamp_dataset(UPath(self.data) / self.modality / name)

    def open(self, name: str) -> Dataset:
        """Find the files of a dataset.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If something of it is missing or can't be understood.
        """
        from gem_assets.datasets import open_dataset

        return open_dataset(self.data, cast("Modality", self.modality), name)

    def judged_by(self, config: DatasetConfig) -> QcSettings:
        """Return how a dataset is judged: by what its ``dataset.yaml`` says, then as all are.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If there is no such threshold, or its value can't be one.
        """
        from gem_assets.qc.settings import QcSettings

        thresholds = {**self.thresholds, **config.thresholds}
        return QcSettings.from_mapping(thresholds).judging(self.fields)

    def config(self, name: str) -> DatasetConfig:
        """Return what a dataset's ``dataset.yaml`` says, whether its other files are there or not.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If it can't be understood.
        """
        from gem_assets.datasets import dataset_config

        return dataset_config(self.data, cast("Modality", self.modality), name)


class GemWarehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The results folder: the DuckDB warehouse and the reports in it."""

    results: str = Field(description="Local folder of everything that is made.")
    schema_name: str = Field(description="DuckDB schema of the tables: the key prefix.")
    modality: str = Field(description="'bulk' or 'sc'.")
    reports_url: str | None = Field(
        default=None, description="Where the folder reports of the results is served by http."
    )

    def open(self, patience: LockPatience | None = None) -> Warehouse:
        """Return the warehouse; it connects for each operation and holds no lock in between."""
        from gem_assets.warehouse import Warehouse

        return Warehouse(
            Path(self.results) / "warehouse.duckdb",
            self.schema_name,
            modality=cast("Modality", self.modality),
            patience=patience,
        )

    @property
    def reports(self) -> Path:
        """Folder of this instance's reports."""
        return Path(self.results) / "reports" / self.schema_name

    def report_url(self, dataset: str) -> str | None:
        """Return where a dataset's report is served, whether it is there yet; None if nowhere."""
        from gem_assets.reporting import report_files

        if self.reports_url is None:
            return None
        name = report_files(self.reports, dataset).report.name
        return f"{self.reports_url}/{self.schema_name}/{quote(name, safe='')}"


class GemEndpoint(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The endpoint that predicts, and the ledger and store of what was asked and answered.

    The mode is explicit: a key in the environment never switches to a paid endpoint. The key
    itself is read from ``SYNTHESIZE_API_KEY`` when a step connects, and kept nowhere.
    """

    mode: str = Field(default="embedded", description="embedded, hosted or self_hosted.")
    modality: str = Field(description="'bulk' or 'sc'.")
    results: str = Field(description="Local folder of ledger and predictions.")
    ready_timeout: float = Field(
        default=300.0, description="Seconds a step waits for a cold endpoint before it retries."
    )
    max_new_samples_per_run: int = Field(
        default=10_000, ge=1, description="More samples than this are not sent in one run."
    )
    requests_per_second: float | None = Field(
        default=None,
        gt=0,
        description="Requests of any kind by one step, at most; none for no limit.",
    )
    concurrency: int | None = Field(
        default=None, ge=1, description="Queries of one step under way at a time; 4 unless said."
    )
    chunk_size: int | None = Field(
        default=None,
        ge=1,
        description="Samples in one query; 32 bulk samples or 128 cells unless said.",
    )
    model_family: str = Field(
        default="gem-1",
        description="gem-1; gem-2 (by its canonical id); or gem-2-alias (by the modality's).",
    )
    seed: int = Field(default=42, description="Seed sent with every query.")

    def settings(self) -> EndpointSettings:
        """Return the endpoint's settings, as this configuration and the environment make them.

        Raises
        ------
        gem_assets.endpoint.errors.EndpointMisconfigured
            If mode and environment don't fit, e.g. hosted without a key.
        """
        from dataclasses import replace

        from gem_assets.endpoint.settings import EndpointSettings

        settings = EndpointSettings.from_environment(
            endpoint_mode(self.mode),
            cast("Modality", self.modality),
            family=cast("Family", self.model_family),
        )
        return replace(
            settings,
            requests_per_second=self.requests_per_second,
            concurrency=self.concurrency or settings.concurrency,
            chunk_size=self.chunk_size or settings.chunk_size,
        )

    @contextmanager
    def connect(self) -> Iterator[EndpointConnection]:
        """Connect for the length of a step.

        Raises
        ------
        gem_assets.endpoint.errors.EndpointMisconfigured
            If mode and environment don't fit, e.g. hosted without a key.
        """
        from gem_assets.endpoint.connection import EndpointConnection

        with EndpointConnection(self.settings()) as connection:
            yield connection

    @contextmanager
    def connect_hastily(self) -> Iterator[EndpointConnection]:
        """Connect for one look: nothing is tried twice, and nothing is waited for long.

        Raises
        ------
        gem_assets.endpoint.errors.EndpointMisconfigured
            As `settings`.
        """
        from gem_assets.endpoint.connection import EndpointConnection
        from gem_assets.endpoint.glance import hasty

        with EndpointConnection(hasty(self.settings())) as connection:
            yield connection

    def ledger(self) -> Ledger:
        """Open the ledger of what was asked; use it as a context manager."""
        from gem_assets.predictions.ledger import Ledger

        folder = Path(self.results)
        folder.mkdir(parents=True, exist_ok=True)
        return Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")

    def store(self) -> Store:
        """Return the folder of what was answered."""
        from gem_assets.predictions.store import Store

        return Store(Path(self.results) / "predictions")
