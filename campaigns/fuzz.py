"""The fuzz campaign: damaged files of every text format, and whether a wrong matrix is accepted.

``python -m campaigns.fuzz [--cases N] [--first-seed N]``

A damaged file may be refused in a sentence, or accepted with exactly the counts that its bytes say:
those that the reference of its format reads in them. Anything else is a broken promise.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from campaigns.fuzz_files import FuzzFile, NoReferenceError, Table, bam_name, fuzz_files
from campaigns.mutations import HARMFUL, SAFE
from campaigns.tables import write_results
from gem_assets.counts.readers import read_counts
from gem_assets.problems import RefusedInputError

PATIENCE = 10.0
"""Seconds that the reading of some kilobytes may take."""


@dataclass(frozen=True)
class Outcome:
    """What became of one damaged file.

    ``verdict`` is ``refused``, ``same`` (as before the damage), ``changed`` (as the damaged bytes
    say), or a broken promise: ``wrong``, ``broke``, ``slow``, and ``refused safe`` for a change
    that changes nothing.
    """

    seed: int
    format: str
    mutations: str
    verdict: str
    said: str = ""

    @property
    def good(self) -> bool:
        """Whether the promise was kept."""
        return self.verdict in ("refused", "same", "changed")


def run_case(seed: int, folder: Path, named: str = "") -> Outcome:
    """Damage one file, read it, and judge what was read; of the format that is named, if any."""
    rng = np.random.default_rng(seed)
    files = [file for file in fuzz_files() if named in ("", file.name)]
    file = files[seed % len(files)]
    content, names, safe = _damaged(file, rng)
    path = folder / str(seed) / file.file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    for name, whole in file.beside:
        (folder / str(seed) / name).write_bytes(whole)
    if file.beside:
        path = path.parent
    verdict, said = _verdict(file, path, content, safe=safe)
    return Outcome(seed, file.name, " + ".join(names), verdict, said)


def _damaged(file: FuzzFile, rng: np.random.Generator) -> tuple[bytes, list[str], bool]:
    """Return the bytes, what was done to them, and whether that changes nothing."""
    if rng.random() < 0.15:
        name = list(SAFE)[int(rng.integers(len(SAFE)))]
        return SAFE[name](file.content, file, rng), [name], True
    content, names = file.content, []
    for _ in range(1 if rng.random() < 0.7 else 2):
        name = list(HARMFUL)[int(rng.integers(len(HARMFUL)))]
        try:
            content = HARMFUL[name](content, file, rng)
        except (ValueError, IndexError):  # there is nothing left that it could be done to
            continue
        names.append(name)
    return content, names, False


def _verdict(file: FuzzFile, path: Path, content: bytes, *, safe: bool) -> tuple[str, str]:
    started = time.perf_counter()
    try:
        with _at_most(PATIENCE):
            matrix = read_counts(path).matrix
    except RefusedInputError as refusal:
        if not all(problem.sentence and problem.action for problem in refusal.problems):
            return "broke", "a refusal without words"
        return ("refused safe" if safe else "refused"), str(refusal)
    except TimeoutError:
        return "slow", f"{time.perf_counter() - started:.0f} s"
    except Exception as error:  # noqa: BLE001 - whatever else is raised, a user would see it
        return "broke", f"{type(error).__name__}: {error}"
    columns = matrix.counts.toarray().T.astype(float).tolist()
    rows = zip(matrix.gene_ids, map(tuple, columns), strict=True)
    # A table that no longer says that it is featureCounts' keeps its paths as names.
    read = Table(tuple(map(bam_name, matrix.sample_ids)), tuple(rows))
    if read.same(file.reference(file.content)):
        return "same", ""
    try:
        return ("changed", "") if read.same(file.reference(content)) else ("wrong", "differs")
    except NoReferenceError as error:
        return "wrong", f"accepted, though {error}"


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes longer, where the system has such an alarm."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def campaign(first_seed: int, cases: int) -> Iterator[Outcome]:
    """Yield the outcome of each case; a seed is a case, so that each can be run again alone."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first_seed, first_seed + cases):
            yield run_case(seed, Path(folder))


@dataclass
class Tally:
    """What became of the files of one format."""

    format: str
    cases: int = 0
    refused: int = 0
    read_as_before: int = 0
    read_as_changed: int = 0
    wrong: int = 0
    broke: int = 0
    slow: int = 0
    refused_for_nothing: int = 0

    def add(self, verdict: str) -> None:
        """Count one outcome."""
        column = {
            "same": "read_as_before",
            "changed": "read_as_changed",
            "refused safe": "refused_for_nothing",
        }.get(verdict, verdict)
        self.cases += 1
        setattr(self, column, getattr(self, column) + 1)


@click.command()
@click.option("--cases", default=20_000, show_default=True)
@click.option("--first-seed", default=0, show_default=True)
@click.option("--write/--no-write", default=True, help="Write campaigns/results/fuzz.*")
def main(cases: int, first_seed: int, write: bool) -> None:
    """Run the campaign and write its table; exit status 1 if a promise was broken."""
    tallies = {file.name: Tally(file.name) for file in fuzz_files()}
    good = True
    for outcome in campaign(first_seed, cases):
        tallies[outcome.format].add(outcome.verdict)
        if not outcome.good:
            good = False
            click.echo(f"{outcome}")
    command = f"python -m campaigns.fuzz --cases {cases} --first-seed {first_seed}"
    rows = [asdict(tally) for tally in tallies.values()]
    if write:
        write_results("fuzz", "Fuzz campaign", command, rows)
    for row in rows:
        click.echo(row)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
