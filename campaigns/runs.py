"""Runs of one cohort, repeated as an operator does until one ends well; and what they left."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from campaigns.backends import Cohort
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.errors import EndpointError
from gem_assets.predictions.errors import PredictionsError
from gem_assets.predictions.flow import predict_counts
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import observe
from gem_assets.predictions.run import PredictionRun
from gem_assets.predictions.store import Store
from gem_assets.predictions.tables import prediction_tables

DATASET = "campaign"


@dataclass(frozen=True, slots=True)
class Results:
    """The folder of a campaign's run: its ledger and its store."""

    folder: Path

    @property
    def ledger_url(self) -> str:
        """URL of the ledger."""
        return f"sqlite:///{self.folder}/ledger.sqlite"

    def predict(
        self, connection: EndpointConnection, cohort: Cohort
    ) -> tuple[PredictionRun, dict[str, pa.Table]]:
        """Run once, in the gene order of the day, and return the run and its tables."""
        store = Store(self.folder / "predictions")
        with Ledger(self.ledger_url) as ledger, connection:
            model = observe(connection, ledger, store, max_age_seconds=math.inf)
            counts, hashes = cohort.in_order(model.gene_order)
            run = predict_counts(connection, counts, cohort.names, hashes, model, ledger, store)
        tables = prediction_tables(DATASET, cohort.names, run, store, counts, "bulk")
        return run, tables


@dataclass(slots=True)
class Ending:
    """How the runs of a schedule ended.

    Attributes
    ----------
    raised
        The errors of the runs that ended by one.
    run, tables
        Of the run that ended well, None if there was none.
    """

    raised: list[str] = field(default_factory=list)
    run: PredictionRun | None = None
    tables: dict[str, pa.Table] = field(default_factory=dict)


ENDS = (EndpointError, PredictionsError)
"""What a run may end by: an operator, or a retry policy, starts the next."""


def rows_by_sample(tables: dict[str, pa.Table], leave_out: frozenset[str]) -> dict[str, list[str]]:
    """Return all rows of the tables by sample, as text; without some tables and columns."""
    rows: dict[str, list[str]] = {}
    for name, table in tables.items():
        if name in leave_out:
            continue
        kept = table.select([c for c in table.column_names if c not in leave_out])
        for row in kept.to_pylist():
            rows.setdefault(row["sample_id"], []).append(f"{name} {row}")
    return {sample: sorted(lines) for sample, lines in rows.items()}
