"""What the tests of the Dagster face share: a project in folders of its own, and its runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa
from dagster import DagsterEvent

from gem_assets.assets.build import build_gem_assets
from gem_assets.graph import AssetGraph
from gem_assets.settings import EndpointMode, Modality, Settings
from gem_assets.warehouse import Warehouse

NO_SENTENCE = "no sentence"
"""What a step's failure begins with that gave nothing but a traceback."""


@dataclass
class Project:
    """One instance of the graph over data and results of its own."""

    data: Path
    results: Path
    instance: dg.DagsterInstance
    modality: Modality = "bulk"
    endpoint: EndpointMode = "embedded"
    definitions: dg.Definitions = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(str(self.data), str(self.results), self.endpoint)
        self.definitions = build_gem_assets(self.modality, settings=settings)

    @property
    def graph(self) -> AssetGraph:
        return AssetGraph(self.modality, f"gem_{self.modality}")

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.results / "warehouse.duckdb", self.graph.key_prefix)

    @property
    def ledger(self) -> Path:
        return self.results / "ledger.sqlite"

    def report(self, name: str) -> Path:
        return self.results / "reports" / self.graph.key_prefix / f"{name}.html"

    def observe(self) -> Run:
        """Run the job that observes the endpoint and fetches its gene order."""
        job = self.definitions.resolve_job_def(self.graph.endpoint_job)
        return Run(job.execute_in_process(instance=self.instance, raise_on_error=False))

    def refresh(self, name: str, tables: Sequence[str] = ()) -> Run:
        """Run the job that materialises a dataset, or some of its assets."""
        partitions = self.graph.partitions.name or ""
        self.instance.add_dynamic_partitions(partitions, [name])
        job = self.definitions.resolve_job_def(self.graph.refresh_job)
        result = job.execute_in_process(
            instance=self.instance,
            partition_key=name,
            raise_on_error=False,
            asset_selection=self.graph.keys(*tables) if tables else None,
        )
        return Run(result)

    def rows(self, table: str, dataset: str | None = None) -> pa.Table:
        """Return a table as it was written, quick to compare with another."""
        return self.warehouse.read(table, dataset)

    def table(self, name: str, dataset: str | None = None) -> pd.DataFrame:
        """Return a table as people look at it."""
        return self.rows(name, dataset).to_pandas()

    def add_dataset(self, source: Path, name: str | None = None) -> Path:
        """Copy a dataset's folder into the project's data, so that it may be edited."""
        return Path(
            shutil.copytree(source, self.data / self.modality / (name or source.name)),
        )


@dataclass
class Run:
    """A finished run, as a test asks about it."""

    result: dg.ExecuteInProcessResult

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def run_id(self) -> str:
        return self.result.run_id

    def _events(self, kind: str) -> Iterator[DagsterEvent]:
        return (e for e in self.result.all_events if e.event_type_value == kind)

    @property
    def started(self) -> set[str]:
        """Steps that began, without the instance's prefix."""
        return {_short(str(e.step_key)) for e in self._events("STEP_START")}

    @property
    def failed(self) -> dict[str, str]:
        """The sentence of each step that failed."""
        return {
            _short(str(e.step_key)): _sentence(e)
            for e in self.result.all_events
            if e.is_step_failure
        }

    @property
    def stacks(self) -> list[str]:
        """The errors of the failed steps as the event log has them, causes and contexts too."""
        return [str(e.step_failure_data.error) for e in self.result.all_events if e.is_step_failure]

    @property
    def retries(self) -> int:
        return len(list(self._events("STEP_UP_FOR_RETRY")))

    @property
    def failed_checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        """Evaluations that did not pass, by ``asset.check``."""
        return {
            f"{e.asset_key.path[-1]}.{e.check_name}": e
            for e in self.result.get_asset_check_evaluations()
            if not e.passed
        }

    @property
    def checks(self) -> set[str]:
        """All checks that were made, as ``asset.check``."""
        return {
            f"{e.asset_key.path[-1]}.{e.check_name}"
            for e in self.result.get_asset_check_evaluations()
        }

    @property
    def metadata(self) -> dict[str, dict[str, object]]:
        """Metadata values of each materialised asset."""
        return {
            e.materialization.asset_key.path[-1]: {
                name: value.value for name, value in e.materialization.metadata.items()
            }
            for e in self.result.get_asset_materialization_events()
        }

    @property
    def data_versions(self) -> dict[str, str]:
        """The data version of each materialised asset."""
        return {
            e.materialization.asset_key.path[-1]: (e.materialization.tags or {})[
                "dagster/data_version"
            ]
            for e in self.result.get_asset_materialization_events()
        }


@dataclass
class Done:
    """A project that read-only tests share, with the runs that filled it."""

    project: Project
    observed: Run
    refreshed: dict[str, Run]


def fork(
    project: Project, folder: Path, instance: dg.DagsterInstance, *, with_data: bool = False
) -> Project:
    """Copy what was made, so that a test may make something else of it."""
    results = Path(shutil.copytree(project.results, folder / "results"))
    if with_data:
        shutil.copytree(project.data, folder / "data")
    return Project(folder / "data", results, instance, project.modality)


def _short(step: str) -> str:
    return step.removeprefix("gem_bulk_").removeprefix("gem_sc_").lstrip("_")


def _sentence(event: DagsterEvent) -> str:
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    return f"{NO_SENTENCE}, but {failure.error}"


def problems_of(evaluation: dg.AssetCheckEvaluation) -> list[dict[str, object]]:
    """Return the rows of a failed check's table of problems."""
    table = evaluation.metadata["problems"]
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]
