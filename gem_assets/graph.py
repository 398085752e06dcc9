"""The names of one instance of the asset graph: keys, partitions, jobs, sensors, resources.

Everything that Dagster knows by name derives from the instance's key prefix, so that several
instances (bulk and single cell, or two of either) live in one project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import dagster as dg

from gem_assets.settings import MODALITIES, Modality
from gem_assets.warehouse.schema_names import RESERVED

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,40}")

PREDICTION_TABLES = ("predicted_metadata", "classifier_probs", "latents", "decoded_counts")
"""The tables that one call of the endpoint fills."""

QC_TABLES = ("qc_verdicts", "qc_samples", "qc_findings")
"""The tables that one judgement fills."""

PARTITIONED = ("raw_counts", "aligned_counts", *PREDICTION_TABLES, "sample_labels", *QC_TABLES)
"""The assets of a dataset that are tables; ``qc_report`` is a file."""

COLD_START = "cold-start seconds"
"""Metadata of an observation of the endpoint that woke its model; Dagster plots it over time."""


@dataclass(frozen=True)
class Retries:
    """How a step is tried again after what passes by itself.

    Attributes
    ----------
    most
        How often at most; 0 for never.
    seconds
        How long Dagster waits in between.

    Raises
    ------
    ValueError
        If one of them is below zero.
    """

    most: int = 5
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.most < 0 or not self.seconds >= 0:
            raise ValueError(f"retries are {self}; neither number may be below 0.")


DEFAULT_RETRIES = Retries()
"""Together with the waiting inside a step (five minutes) this outlasts a cold start by far."""


@dataclass(frozen=True)
class AssetGraph:
    """Names of one instance, and how its steps are tried again.

    Attributes
    ----------
    modality
        ``bulk`` or ``sc``.
    key_prefix
        First part of every asset key, and the DuckDB schema of its tables: lower-case letters,
        digits and ``_``, and no name that means something else to DuckDB
        (`gem_assets.warehouse.schema_names.RESERVED`).
    retries
        How its steps are tried again.

    Raises
    ------
    ValueError
        If modality or key prefix are none.
    """

    modality: Modality
    key_prefix: str
    retries: Retries = DEFAULT_RETRIES

    def __post_init__(self) -> None:
        if self.modality not in MODALITIES:
            raise ValueError(f"modality is {self.modality!r}; it must be 'bulk' or 'sc'.")
        if not _PREFIX.fullmatch(self.key_prefix):
            raise ValueError(
                f"key_prefix is {self.key_prefix!r}; it names a database schema, so it must start "
                "with a lower-case letter and hold only lower-case letters, digits and '_', 41 "
                "characters at most."
            )
        if self.key_prefix in RESERVED:
            raise ValueError(
                f"key_prefix is {self.key_prefix!r}; it names a database schema, and to DuckDB "
                f"this name means something else. Choose another, e.g. {f'{self.key_prefix}_qc'!r}."
            )

    @property
    def partitions(self) -> dg.DynamicPartitionsDefinition:
        """One partition a dataset, added when the dataset is registered."""
        return dg.DynamicPartitionsDefinition(name=f"{self.key_prefix}_datasets")

    def key(self, table: str) -> dg.AssetKey:
        """Return the key of an asset."""
        return dg.AssetKey([self.key_prefix, table])

    def keys(self, *tables: str) -> list[dg.AssetKey]:
        """Return the keys of several assets."""
        return [self.key(table) for table in tables]

    @property
    def datasets(self) -> str:
        """Key of the resource that finds datasets."""
        return f"{self.key_prefix}_data"

    @property
    def warehouse(self) -> str:
        """Key of the resource that owns the DuckDB warehouse."""
        return f"{self.key_prefix}_warehouse"

    @property
    def endpoint(self) -> str:
        """Key of the resource that owns the endpoint."""
        return f"{self.key_prefix}_endpoint"

    @property
    def pool(self) -> str:
        """Concurrency pool of the steps that ask the endpoint."""
        return "gem_endpoint"

    @property
    def refresh_job(self) -> str:
        """Job that materialises the whole chain of a dataset."""
        return f"{self.key_prefix}_refresh"

    @property
    def endpoint_job(self) -> str:
        """Job that observes the endpoint and refreshes the gene order."""
        return f"{self.key_prefix}_endpoint"

    @property
    def folder_sensor(self) -> str:
        """Sensor that registers new datasets, and sees whose files have changed."""
        return f"{self.key_prefix}_folder_sensor"

    @property
    def endpoint_sensor(self) -> str:
        """Sensor that observes the endpoint without waiting for it."""
        return f"{self.key_prefix}_endpoint_sensor"

    @property
    def qc_sensor(self) -> str:
        """Sensor that tells of open findings."""
        return f"{self.key_prefix}_qc_sensor"

    @property
    def failure_sensor(self) -> str:
        """Sensor that tells of failed runs."""
        return f"{self.key_prefix}_failure_sensor"

    @property
    def prewarm_schedule(self) -> str:
        """Schedule that wakes the model shortly before the daily refresh."""
        return f"{self.key_prefix}_prewarm"

    @property
    def schedule(self) -> str:
        """Schedule that refreshes every registered dataset."""
        return f"{self.key_prefix}_daily"
