"""Materialise datasets without the UI: what ``gem-assets run`` and ``make demo`` do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import dagster as dg

from gem_assets.assets.build import build_gem_assets
from gem_assets.assets.progress import Listener, Reader, listening
from gem_assets.assets.qc import LABELS_AGREE
from gem_assets.automation.step_failures import step_sentence
from gem_assets.checks import FINDING_CHECKS
from gem_assets.datasets import choose_datasets
from gem_assets.graph import PARTITIONED, AssetGraph
from gem_assets.markdown import plain
from gem_assets.settings import Modality, Settings

# Dagster's own log is for its UI; the terminal gets our sentences.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

_OF_THE_USER = ("raw_counts", "sample_labels")
"""What can be made, and refused, without an endpoint."""

_STEPS = {
    "raw_counts": "reading its counts",
    "sample_labels": "reading its labels",
    "aligned_counts": "aligning its genes",
    "predictions": "predicting",
    "qc": "judging its labels",
    "qc_report": "writing its report",
}
"""What a person waits for, by the end of a step's name."""

_AFTER_THAT = (*(table for table in PARTITIONED if table not in _OF_THE_USER), "qc_report")


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
    on_step: Callable[[str], None] = lambda _: None,
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
    on_step
        Told which step of a dataset begins.

    Raises
    ------
    KeyboardInterrupt
        If a step was interrupted. What earlier steps wrote, and every answer that came in, is kept.
    gem_assets.problems.RefusedInputError
        If there is no dataset, or none of a given name.
    """
    chosen = choose_datasets(settings.data, names)
    with _instance() as instance:
        for modality, datasets in chosen.items():
            graph = AssetGraph(modality, f"gem_{modality}")
            definitions = build_gem_assets(modality, settings=settings)
            instance.add_dynamic_partitions(graph.partitions.name or "", datasets)
            runs = _Runs(instance, definitions, graph, on_progress, on_line, on_step)
            ask = partial(
                on_start, f"{modality}: asking the {settings.endpoint} endpoint for its gene order"
            )
            yield from _run_modality(runs, datasets, on_start, ask)


def _run_modality(
    runs: _Runs, datasets: Sequence[str], on_start: Callable[[str], None], ask: Callable[[], None]
) -> Iterator[DatasetOutcome]:
    """Ask the endpoint for its gene order once, and not before a dataset was accepted.

    Asking may wake a model: nobody's mistake should.
    """
    waiting = list(datasets)
    while waiting:
        name = waiting.pop(0)
        on_start(f"{runs.graph.modality}/{name}: reading its counts")
        given = runs.refresh(name, _OF_THE_USER)
        if not given.success:
            yield _outcome(runs.graph, name, given)
            continue
        ask()
        order = runs.gene_order()
        if not order.success:
            failures = tuple(_failures(order))
            for left in (name, *waiting):
                yield DatasetOutcome(runs.graph.modality, left, runs.graph.key_prefix, failures)
            return
        on_start(f"{runs.graph.modality}/{name}")
        yield _outcome(runs.graph, name, given, runs.refresh(name, _AFTER_THAT))
        break
    for name in waiting:
        on_start(f"{runs.graph.modality}/{name}")
        yield _outcome(runs.graph, name, runs.refresh(name))


@dataclass(frozen=True)
class _Runs:
    """Runs of the jobs of one instance of the graph."""

    instance: dg.DagsterInstance
    definitions: dg.Definitions
    graph: AssetGraph
    on_progress: Listener
    on_line: Reader
    on_step: Callable[[str], None]

    def gene_order(self) -> dg.ExecuteInProcessResult:
        return self._execute(self.graph.endpoint_job)

    def refresh(self, name: str, tables: Sequence[str] = ()) -> dg.ExecuteInProcessResult:
        """Materialise a dataset, or some of its assets."""
        selection = self.graph.keys(*tables) if tables else None
        return self._execute(self.graph.refresh_job, name, selection)

    def _execute(
        self, job: str, name: str | None = None, selection: Sequence[dg.AssetKey] | None = None
    ) -> dg.ExecuteInProcessResult:
        run_id = str(uuid4())
        if name is not None:
            self.instance.add_event_listener(run_id, partial(self._tell_step, name))
        with listening(self.on_progress, self.on_line):
            result = self.definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance,
                partition_key=name,
                raise_on_error=False,
                run_config=_QUIET,
                asset_selection=selection,
                run_id=run_id,
            )
        if any(_was_interrupted(event) for event in result.all_events):
            raise KeyboardInterrupt
        return result

    def _tell_step(self, name: str, logged: dg.EventLogEntry) -> None:
        event = logged.dagster_event
        if event is not None and event.is_step_start and event.step_key is not None:
            step = event.step_key.removeprefix(self.graph.key_prefix).lstrip("_")
            self.on_step(f"{self.graph.modality}/{name}: {_STEPS.get(step, step)}")


def _was_interrupted(event: dg.DagsterEvent) -> bool:
    """Tell whether a step ended by Ctrl-C, which Dagster takes for a failure like another."""
    if not event.is_step_failure:
        return False
    error = event.step_failure_data.error
    kinds = () if error is None else (error.cls_name, error.cause and error.cause.cls_name)
    return dg.DagsterExecutionInterruptedError.__name__ in kinds


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    if os.environ.get("DAGSTER_HOME"):
        Path(os.environ["DAGSTER_HOME"]).mkdir(parents=True, exist_ok=True)
        with dg.DagsterInstance.get() as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance


def _outcome(graph: AssetGraph, name: str, *results: dg.ExecuteInProcessResult) -> DatasetOutcome:
    failures = tuple(sentence for result in results for sentence in _failures(result))
    outcome = DatasetOutcome(graph.modality, name, graph.key_prefix, failures)
    warnings = tuple(
        plain(evaluation.description or "") or evaluation.check_name
        for result in results
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
        and evaluation.severity is dg.AssetCheckSeverity.WARN
        # The terminal lists flagged samples and findings itself.
        and evaluation.check_name not in (LABELS_AGREE, *FINDING_CHECKS)
    )
    for event in results[-1].get_asset_materialization_events():
        materialization = event.materialization
        if materialization.asset_key == graph.key("qc_report"):
            path = materialization.metadata["path"].value
            return replace(outcome, warnings=warnings, report=Path(str(path)))
    return replace(outcome, warnings=warnings)


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    """Yield a sentence for each step that failed; the event log holds the traceback."""
    for event in result.all_events:
        if event.is_step_failure:
            yield step_sentence(event)
