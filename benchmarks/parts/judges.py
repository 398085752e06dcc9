"""Processes that judge one cohort again and again, each time by another sheet."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import pandas as pd

from gem_assets.qc.marker_reads import marker_reads
from gem_assets.qc.tissue_levels import load_tissue_levels
from parts.cohorts import Cohort
from parts.label_methods import Samples, accusations, failing

PROCESSES = min(2, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Named:
    """A finding."""

    kind: str
    reason: str
    samples: Samples
    sentence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The failing samples and the findings of one judgement."""

    failing: Samples
    findings: tuple[Named, ...]

    def of_kind(self, kind: str) -> tuple[Named, ...]:
        """Return the findings of a kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)


class Judges:
    """The processes of one cohort; a context manager.

    Of the counts they hold what rules on the field's labels read. Duplicates are not looked for:
    no label makes one.

    Parameters
    ----------
    cohort
        Samples, predictions and counts.
    field
        The field that methods of one field look at.
    """

    def __init__(self, cohort: Cohort, field: str) -> None:
        levels = load_tissue_levels()
        if field == "sex":
            # What tissue marks would cost most of the time and says nothing of a sex.
            levels = replace(levels, gene_ids=(), low=levels.low[:, :0], high=levels.high[:, :0])
        raw = marker_reads(cohort.raw, cohort.tables["gene_alignment"], levels)
        self._pool = ProcessPoolExecutor(
            PROCESSES,
            # Threads are running here, which a fork would not take along.
            multiprocessing.get_context("spawn"),
            _hold,
            (replace(cohort, aligned=None, raw=raw), field),
        )

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def accusations(self, sheets: Iterable[pd.DataFrame]) -> Iterator[dict[str, Samples]]:
        """Yield whom each method accuses, by sheet."""
        return self._pool.map(_accusations, sheets)

    def judgements(self, sheets: Iterable[pd.DataFrame]) -> Iterator[Judgement]:
        """Yield our judgement by each sheet."""
        return self._pool.map(_judgement, sheets)


_HELD: list[tuple[Cohort, str]] = []
"""What a process judges."""


def _hold(cohort: Cohort, field: str) -> None:
    _HELD.append((cohort, field))


def _accusations(sheet: pd.DataFrame) -> dict[str, Samples]:
    cohort, field = _HELD[0]
    return accusations(cohort, sheet, field)


def _judgement(sheet: pd.DataFrame) -> Judgement:
    judged = _HELD[0][0].judged(sheet)
    columns = judged.findings[["kind", "reason", "sample_ids", "sentence"]]
    findings = (
        Named(kind, reason, frozenset(samples), sentence)
        for kind, reason, samples, sentence in columns.itertuples(index=False)
    )
    return Judgement(failing(judged), tuple(findings))
