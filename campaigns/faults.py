"""The fault campaign: random schedules of faults, and what becomes of every sample.

``python -m campaigns.faults [--schedules N] [--first-seed N] [--samples N] [--backend NAME]``
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import click
import stamina

from campaigns.backends import backend, cohort
from campaigns.runs import ENDS, Ending, Results, rows_by_sample
from campaigns.schedules import schedule
from campaigns.serving import Served, served
from campaigns.tables import write_results
from gem_assets.embedded.faults.script import FaultScript
from gem_assets.embedded.faults.tally import Tally

MOST_RUNS = 12
"""Runs that a schedule may take until one ends well."""

PROVENANCE = frozenset({"predicted_at", "model_version", "served_by"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one schedule.

    Attributes
    ----------
    seed
        Of the schedule.
    faults
        What went wrong, in order.
    runs
        Runs until one ended well.
    raised
        Errors that the others ended by.
    predicted, failed
        Samples with a prediction, and samples that are named with the reason for having none.
    lost, doubled
        Samples with neither, and samples with rows twice or both a prediction and a failure.
    wrong
        Samples whose rows differ from those of an undisturbed run, beyond the one sample whose
        answer each ``result`` fault changes.
    submitted
        Samples that the endpoint accepted, each time counted.
    sent_twice
        Samples that the endpoint accepted more than once for one model.
    without_cause
        Those of them for which the endpoint neither lost the query nor failed to tell that it had
        accepted it.
    possibly_paid_twice
        Samples that the last run told as possibly paid twice.
    untold
        Samples accepted more than once for the last model that it didn't tell.
    """

    seed: int
    faults: list[str]
    runs: int
    raised: list[str]
    predicted: int
    failed: int
    lost: int
    doubled: int
    wrong: int
    submitted: int
    sent_twice: int
    without_cause: int
    possibly_paid_twice: int
    untold: int

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return not (
            self.lost or self.doubled or self.wrong or self.without_cause or self.untold
        ) and bool(self.runs <= MOST_RUNS)


def run_schedule(seed: int, script: FaultScript, backend_name: str, samples: int) -> Outcome:
    """Run one schedule to its end."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(backend(backend_name), script) as server,
        stamina.set_testing(True, attempts=5, cap=True),
    ):
        ending = _run_to_the_end(server, Results(Path(folder)), backend_name, samples)
        return _outcome(seed, server.app.tally, ending, backend_name, samples)


def _run_to_the_end(server: Served, results: Results, backend_name: str, samples: int) -> Ending:
    ending = Ending()
    while ending.run is None and len(ending.raised) < MOST_RUNS:
        server.wait_until_listening()
        try:
            ending.run, ending.tables = results.predict(
                server.connection(), cohort(backend_name, samples)
            )
        except ENDS as error:
            ending.raised.append(type(error).__name__)
    return ending


def _outcome(seed: int, tally: Tally, ending: Ending, backend_name: str, samples: int) -> Outcome:
    asked = cohort(backend_name, samples)
    failures = set() if ending.run is None else set(ending.run.failures)
    reversed_genes = any(fault.fault == "new_gene_order" for fault in tally.injected)
    rows = rows_by_sample(ending.tables, PROVENANCE | _order_bound(reversed_genes))
    expected = undisturbed(backend_name, samples, reversed_genes)
    edits = sum(fault.fault.startswith("result ") for fault in tally.injected)
    differing = [name for name in rows if rows[name] != expected[name]]
    doubled = {
        name
        for name, lines in rows.items()
        if len(lines) > len(expected[name]) or len(set(lines)) < len(lines)
    }
    submissions = _Submissions(tally, set(asked.digests().values()))
    told = 0 if ending.run is None else ending.run.possibly_paid_twice
    last = tally.submissions[-1].model if tally.submissions else ""
    twice = submissions.twice()
    return Outcome(
        seed=seed,
        faults=[f"{fault.request} {fault.nth}: {fault.fault}" for fault in tally.injected],
        runs=len(ending.raised) + 1,
        raised=ending.raised,
        predicted=len(rows),
        failed=len(failures),
        lost=len(set(asked.names) - set(rows) - failures),
        doubled=len(doubled | (set(rows) & failures)),
        wrong=max(0, len(differing) - edits),
        submitted=submissions.accepted.total(),
        sent_twice=len(twice),
        without_cause=len(submissions.without_cause()),
        possibly_paid_twice=told,
        untold=max(0, sum(model == last for model, _ in twice) - told),
    )


class _Submissions:
    """What the endpoint accepted of the cohort's samples, by the model that answers."""

    def __init__(self, tally: Tally, digests: set[str]) -> None:
        self.accepted: Counter[tuple[str, str]] = Counter()
        self._excused: Counter[tuple[str, str]] = Counter()
        for submission in tally.submissions:
            keys = [(submission.model, s) for s in submission.samples if s in digests]
            self.accepted.update(keys)
            if submission.lost or not submission.answer_arrived:
                self._excused.update(keys)

    def twice(self) -> list[tuple[str, str]]:
        return [key for key, n in self.accepted.items() if n > 1]

    def without_cause(self) -> list[tuple[str, str]]:
        return [key for key, n in self.accepted.items() if n - self._excused[key] > 1]


def _order_bound(reversed_genes: bool) -> frozenset[str]:
    return frozenset({"decoded_counts"}) if reversed_genes else frozenset()


@cache
def undisturbed(backend_name: str, samples: int, reversed_genes: bool) -> dict[str, list[str]]:
    """Return the rows of a run without faults."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(backend(backend_name), FaultScript()) as server,
    ):
        _, tables = Results(Path(folder)).predict(
            server.connection(), cohort(backend_name, samples)
        )
    return rows_by_sample(tables, PROVENANCE | _order_bound(reversed_genes))


def campaign(first_seed: int, schedules: int, backend_name: str, samples: int) -> Iterator[Outcome]:
    """Yield the outcome of each schedule."""
    for seed in range(first_seed, first_seed + schedules):
        yield run_schedule(seed, schedule(seed, schedules), backend_name, samples)


@click.command()
@click.option("--schedules", default=36, show_default=True)
@click.option("--first-seed", default=0, show_default=True)
@click.option("--samples", default=200, show_default=True)
@click.option("--backend", "backend_name", default="embedded", show_default=True)
@click.option("--write/--no-write", default=True, help="Write campaigns/results/faults.*")
def main(schedules: int, first_seed: int, samples: int, backend_name: str, write: bool) -> None:
    """Run the campaign and write its table; exit status 1 if a promise was broken."""
    stamina.instrumentation.set_on_retry_hooks([])  # hundreds of lines about what was ordered
    outcomes = []
    for outcome in campaign(first_seed, schedules, backend_name, samples):
        outcomes.append(outcome)
        click.echo(json.dumps(asdict(outcome)))
    command = (
        f"python -m campaigns.faults --schedules {schedules} --first-seed {first_seed} "
        f"--samples {samples} --backend {backend_name}"
    )
    if write:
        write_results("faults", "Fault campaign", command, [asdict(o) for o in outcomes])
    raise SystemExit(0 if all(outcome.good for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
