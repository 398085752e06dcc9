"""The kill campaign: a run is killed at a random moment, and the next one goes on from there.

``python -m campaigns.kills [--kills N] [--first-seed N] [--samples N] [--backend NAME]``
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import click
import sqlalchemy as sa

from campaigns.backends import backend, cohort
from campaigns.runs import Results, rows_by_sample
from campaigns.serving import connection_to, served
from campaigns.tables import write_results
from gem_assets.embedded.faults.delivery import Message, Receive, Scope, Send
from gem_assets.embedded.faults.middleware import App
from gem_assets.embedded.faults.script import FaultScript
from gem_assets.embedded.faults.tally import Submission
from gem_assets.predictions.query_records import QueryState

MOMENTS = ("before the endpoint acts", "before its answer is sent", "after its answer")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one killed run.

    Attributes
    ----------
    seed, moment
        When it was killed: at which request, and on which side of it.
    asked_before, asked_after
        Samples that the endpoint accepted from the killed run, and from the one that went on.
    resumed
        Samples that the second run fetched and didn't send.
    answer_never_arrived
        Samples of the killed run whose submission it didn't see accepted.
    asked_without_cause
        Samples that were asked more often than those and once.
    possibly_paid_twice
        Samples that the second run told as possibly paid twice.
    rows_that_differ
        Samples whose final rows are not those of an undisturbed run.
    """

    seed: int
    moment: str
    asked_before: int
    asked_after: int
    resumed: int
    answer_never_arrived: int
    asked_without_cause: int
    possibly_paid_twice: int
    rows_that_differ: int

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return not (self.asked_without_cause or self.rows_that_differ)


class Killer:
    """An application around another that kills a process at one of its requests."""

    def __init__(self, app: App, request: int, moment: str, kill: Callable[[], None]) -> None:
        self._app = app
        self._left = request
        self._moment = moment
        self._kill = kill

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._left -= 1
        due = self._left == 0
        if due and self._moment == MOMENTS[0]:
            self._kill()

        async def send_or_kill(message: Message) -> None:
            if due and self._moment == MOMENTS[1]:
                self._kill()
            await send(message)

        await self._app(scope, receive, send_or_kill)
        if due:
            self._kill()


def run_kill(seed: int, backend_name: str, samples: int) -> Outcome:
    """Kill one run at the moment of a seed, and let another go on.

    How often a run looks at its queries depends on the machine. One that ends before its moment
    was not killed: another moment is drawn, for another run.
    """
    rng = random.Random(seed)  # noqa: S311 (it decides what a test does)
    requests = undisturbed(backend_name, samples).requests
    while True:
        request, moment = rng.randint(1, requests), rng.choice(MOMENTS)
        outcome = _kill_at(request, moment, seed, backend_name, samples)
        if outcome is not None:
            return outcome


def _kill_at(
    request: int, moment: str, seed: int, backend_name: str, samples: int
) -> Outcome | None:
    """Kill a run at one of its requests; None if it ended before."""
    running: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def kill() -> None:
        started.wait()
        running[0].send_signal(signal.SIGKILL)

    chosen, asked = backend(backend_name), cohort(backend_name, samples)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(chosen, FaultScript(), lambda app: Killer(app, request, moment, kill)) as server,
    ):
        command = [sys.executable, "-m", "campaigns.kills", "--run-in", folder]
        command += ["--base-url", server.base_url, "--backend", backend_name]
        running.append(subprocess.Popen([*command, "--samples", str(samples)]))  # noqa: S603
        started.set()
        ended = running[0].wait()
        if ended not in (0, -signal.SIGKILL):
            raise RuntimeError(f"the run that was to be killed failed by itself ({ended})")
        if ended == 0:
            return None
        digests = asked.digests()
        before = _accepted(server.app.tally.submissions, digests)
        results = Results(Path(folder))
        run, tables = results.predict(server.connection(), asked)
        after = _accepted(server.app.tally.submissions, digests)
        unheard = _unheard(results, run.keys)
    rows = rows_by_sample(tables, frozenset({"predicted_at"}))
    expected = undisturbed(backend_name, samples).rows
    return Outcome(
        seed=seed,
        moment=f"request {request}, {moment}",
        asked_before=before.total(),
        asked_after=after.total() - before.total(),
        resumed=run.resumed,
        answer_never_arrived=unheard.total(),
        asked_without_cause=sum(after[name] > 1 + unheard[name] for name in asked.names),
        possibly_paid_twice=run.possibly_paid_twice,
        rows_that_differ=sum(rows.get(name) != expected[name] for name in asked.names),
    )


def _accepted(submissions: Iterable[Submission], digests: Mapping[str, str]) -> Counter[str]:
    """Return how often the endpoint accepted each sample."""
    name_of = {digest: name for name, digest in digests.items()}
    return Counter(
        name_of[sample]
        for submission in submissions
        for sample in submission.samples
        if sample in name_of
    )


def _unheard(results: Results, keys: Mapping[str, str]) -> Counter[str]:
    """Return how often each sample was sent with no answer to the sending, by the ledger."""
    engine = sa.create_engine(results.ledger_url)
    statement = sa.text(
        "SELECT content_key FROM query_samples JOIN queries ON query = queries.id WHERE state = :s"
    )
    with engine.connect() as connection:
        found = Counter(connection.execute(statement, {"s": QueryState.UNCERTAIN}).scalars())
    engine.dispose()
    return Counter({name: found[key] for name, key in keys.items() if found[key]})


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A run that nobody kills: its final rows by sample, and the requests that it made."""

    rows: dict[str, list[str]]
    requests: int


@cache
def undisturbed(backend_name: str, samples: int) -> Undisturbed:
    """Return what a run that nobody kills does."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(backend(backend_name), FaultScript()) as server,
    ):
        _, tables = Results(Path(folder)).predict(
            server.connection(), cohort(backend_name, samples)
        )
        requests = server.app.tally.requests.total()
    return Undisturbed(rows_by_sample(tables, frozenset({"predicted_at"})), requests)


@click.command()
@click.option("--kills", default=20, show_default=True)
@click.option("--first-seed", default=0, show_default=True)
@click.option("--samples", default=200, show_default=True)
@click.option("--backend", "backend_name", default="embedded", show_default=True)
@click.option("--write/--no-write", default=True, help="Write campaigns/results/kills.*")
@click.option("--run-in", type=click.Path(path_type=Path), hidden=True)
@click.option("--base-url", hidden=True)
def main(
    kills: int,
    first_seed: int,
    samples: int,
    backend_name: str,
    write: bool,
    run_in: Path | None,
    base_url: str | None,
) -> None:
    """Run the campaign and write its table; exit status 1 if a promise was broken."""
    if run_in is not None and base_url is not None:
        connection = connection_to(base_url, backend(backend_name).patience)
        Results(run_in).predict(connection, cohort(backend_name, samples))
        return
    outcomes = []
    for seed in range(first_seed, first_seed + kills):
        outcomes.append(run_kill(seed, backend_name, samples))
        click.echo(json.dumps(asdict(outcomes[-1])))
    command = (
        f"python -m campaigns.kills --kills {kills} --first-seed {first_seed} "
        f"--samples {samples} --backend {backend_name}"
    )
    if write:
        write_results("kills", "Kill campaign", command, [asdict(o) for o in outcomes])
    raise SystemExit(0 if all(outcome.good for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
