"""Materialise datasets without the UI: what ``gem-assets run`` and ``make demo`` do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg

from gem_assets.assets.build import build_gem_assets
from gem_assets.assets.progress import Listener, Reader, listening
from gem_assets.assets.qc import LABELS_AGREE
from gem_assets.datasets import choose_datasets
from gem_assets.graph import AssetGraph
from gem_assets.settings import Modality, Settings

# Dagster's own log is for its UI; the terminal gets our sentences.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class DatasetOutcome:
    """What became of one dataset.

    Attributes
    ----------
    modality, name
        Which dataset.
    schema
        DuckDB schema of its tables.
    failures
        Sentences of what went wrong, by asset; empty if every step succeeded.
    warnings
        Sentences of checks that failed without stopping anything.
    report
        Path of its report; None if none was made.
    """

    modality: Modality
    name: str
    schema: str
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: Path | None = None


def run_datasets(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    on_start: Callable[[str], None] = print,
    on_progress: Listener = lambda *_: None,
    on_line: Reader = lambda _: None,
) -> Iterator[DatasetOutcome]:
    """Materialise datasets one after the other, in this process.

    With ``DAGSTER_HOME`` set, the runs and partitions are kept there and the UI shows them.

    Parameters
    ----------
    settings
        Locations and endpoint mode.
    names
        Datasets, as ``NAME`` or ``bulk/NAME``; all that are found if none is named.
    on_start
        Told what is about to be done, a line a time.
    on_progress
        Told how many samples of the dataset are predicted: done, total, known before.
    on_line
        Told what the one who waits should know: the model wakes, a step is tried again.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no dataset, or none of a given name.
    """
    chosen = choose_datasets(settings.data, names)
    with _instance() as instance:
        for modality, datasets in chosen.items():
            graph = AssetGraph(modality, f"gem_{modality}")
            definitions = build_gem_assets(modality, settings=settings)
            instance.add_dynamic_partitions(graph.partitions.name or "", datasets)
            on_start(f"{modality}: asking the {settings.endpoint} endpoint for its gene order")
            with listening(on_progress, on_line):
                order = definitions.resolve_job_def(graph.endpoint_job).execute_in_process(
                    instance=instance, raise_on_error=False, run_config=_QUIET
                )
            if not order.success:
                failures = tuple(_failures(order))
                yield from (
                    DatasetOutcome(modality, name, graph.key_prefix, failures) for name in datasets
                )
                continue
            job = definitions.resolve_job_def(graph.refresh_job)
            for name in datasets:
                on_start(f"{modality}/{name}")
                with listening(on_progress, on_line):
                    result = job.execute_in_process(
                        instance=instance,
                        partition_key=name,
                        raise_on_error=False,
                        run_config=_QUIET,
                    )
                yield _outcome(graph, name, result)


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    if os.environ.get("DAGSTER_HOME"):
        Path(os.environ["DAGSTER_HOME"]).mkdir(parents=True, exist_ok=True)
        with dg.DagsterInstance.get() as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance


def _outcome(graph: AssetGraph, name: str, result: dg.ExecuteInProcessResult) -> DatasetOutcome:
    outcome = DatasetOutcome(graph.modality, name, graph.key_prefix, tuple(_failures(result)))
    warnings = tuple(
        evaluation.description or evaluation.check_name
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
        and evaluation.severity is dg.AssetCheckSeverity.WARN
        and evaluation.check_name != LABELS_AGREE  # the findings say it better
    )
    for event in result.get_asset_materialization_events():
        materialization = event.materialization
        if materialization.asset_key == graph.key("qc_report"):
            path = materialization.metadata["path"].value
            return replace(outcome, warnings=warnings, report=Path(str(path)))
    return replace(outcome, warnings=warnings)


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    """Yield a sentence for each step that failed; the event log holds the traceback."""
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data and failure.user_failure_data.description:
                yield failure.user_failure_data.description
                continue
            error = failure.error and (failure.error.cause or failure.error)
            words = error.message.strip() if error else "no reason was given"
            yield f"{event.step_key} broke: {words}"
