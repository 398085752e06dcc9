"""Processor time and memory of predictions, beside the vendor's own client, in one run.

``python benchmarks/endpoint.py [--samples N]... [--repeats N]``

Both ask the same endpoint on loopback: a process of its own that answers at once, so that only the
client is measured. Each figure is of a process of its own. Processor time (all threads, user and
system) counts from a first predicted sample on; what a process does once until then, its imports
above all, is told beside it as its start. Of several repeats the least is kept. Memory is the peak
of what was resident in a process that did nothing before.

What each line does stands in `LINES`; the way from counts to tables is ours alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
import pandas as pd
from parts.made_counts import read_counts, read_hashes, write_counts
from parts.measuring import cpu_seconds, free_bytes, peak_bytes, surroundings
from parts.replay_server import MODEL_ID

RESULTS = Path(__file__).parent / "results"
LINES = {
    "pysynthbio": "`predict_query`, all samples in one query, from counts on disk to data frames.",
    "gem-assets": "From counts on disk through observation, ledger and store to all rows of the "
    "four tables, every answer kept on disk.",
    "gem-assets, into DuckDB": "The same, and the rows written to the warehouse in one "
    "transaction, every contract checked.",
    "gem-assets, client alone": "Queries of 32 samples sent and answers decoded, one after the "
    "other; as pysynthbio, nothing is kept.",
}
OFFICIAL, OURS, WRITTEN, CLIENT = LINES
OFFICIAL_BYTES_A_SAMPLE = 2_300_000
"""What pysynthbio was found to need; it isn't run where the machine has less."""

Job = tuple[str, int, str, Path]
"""Line, number of samples, base URL, folder of the counts."""


def run_official(samples: int, base_url: str, counts: Path) -> Callable[[], int]:
    """Import pysynthbio, and return its run."""
    os.environ["SYNTHESIZE_API_KEY"] = "benchmark"
    from pysynthbio import predict_query

    def run() -> int:
        inputs = [
            {"counts": row}
            for part in read_counts(counts, samples)
            for row in part.toarray().tolist()
        ]
        frames = predict_query({"inputs": inputs, "seed": 42}, MODEL_ID, api_base_url=base_url)
        return len(frames["expression"])

    return run


def run_ours(
    samples: int, base_url: str, counts: Path, *, written: bool = False
) -> Callable[[], int]:
    """Import what a prediction needs, and return the whole road."""
    from gem_assets.predictions.flow import predict_counts
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.predictions.observations import observe
    from gem_assets.predictions.spool import spool_counts
    from gem_assets.predictions.store import Store
    from gem_assets.predictions.tables import SCHEMAS, prediction_pieces

    connection_to = _connection()
    warehouse_at = _warehouse() if written else None
    names = [f"sample{i}" for i in range(samples)]

    def run() -> int:
        with (
            tempfile.TemporaryDirectory() as folder,
            connection_to(base_url) as connection,
            Ledger(f"sqlite:///{folder}/ledger.sqlite") as ledger,
        ):
            store = Store(Path(folder) / "predictions")
            model = observe(connection, ledger, store, max_age_seconds=60)
            with spool_counts(len(model.gene_order), folder) as rows:
                for part in read_counts(counts, samples):
                    rows.append(part)
                hashes = read_hashes(counts, samples)
                run = predict_counts(connection, rows, names, hashes, model, ledger, store)
                pieces = prediction_pieces("benchmark", names, run, store, rows, "bulk")
                if warehouse_at is None:
                    return sum(piece["decoded_counts"].num_rows for piece in pieces)
                warehouse = warehouse_at(f"{folder}/warehouse.duckdb", "gem_bulk")
                written = warehouse.replace_partition_by_pieces(SCHEMAS, pieces, "benchmark")
                return int(written["decoded_counts"])

    return run


def run_client(samples: int, base_url: str, counts: Path) -> Callable[[], int]:
    """Import the client, and return a run of it alone."""
    connection_to = _connection()

    def run() -> int:
        done = 0
        with connection_to(base_url) as connection:
            for part in read_counts(counts, samples):

                async def ask(client, part=part):  # type: ignore[no-untyped-def]
                    query = await client.submit(part)
                    return await query.fetch()

                done += len(connection.run(ask).outputs)
        return done

    return run


def _connection():  # type: ignore[no-untyped-def]
    from gem_assets.endpoint.connection import EndpointConnection
    from gem_assets.endpoint.secret import Secret
    from gem_assets.endpoint.settings import CHUNK_SIZES, EndpointSettings

    return lambda base_url: EndpointConnection(
        EndpointSettings(
            mode="hosted",
            model_id=MODEL_ID,
            base_url=base_url,
            api_key=Secret("benchmark"),
            chunk_size=CHUNK_SIZES["bulk"],
        )
    )


def _warehouse():  # type: ignore[no-untyped-def]
    from gem_assets.warehouse import Warehouse

    return Warehouse


def measure_here(
    line: str, samples: int, base_url: str, counts: Path, *, warm: bool
) -> dict[str, object]:
    """Run a line in this process, which is there for nothing else, and return its row."""
    prepare = {
        OFFICIAL: run_official,
        OURS: run_ours,
        WRITTEN: partial(run_ours, written=True),
        CLIENT: run_client,
    }[line]
    if warm:
        prepare(1, base_url, counts)()
    run = prepare(samples, base_url, counts)
    started = cpu_seconds()
    predicted = run()
    if predicted != samples:
        raise SystemExit(f"{line} predicted {predicted} of {samples} samples")
    return {
        "line": line,
        "samples": samples,
        "seconds": round(cpu_seconds() - started, 3),
        "start_seconds": round(started, 3),
        "peak_bytes": peak_bytes(),
    }


def measure(job: Job, *, warm: bool) -> dict[str, Any]:
    """Run a line in a process of its own, and return its row.

    Parameters
    ----------
    job
        What to run.
    warm
        Whether the process has predicted one sample before: for its time, not for its memory.
    """
    line, samples, base_url, counts = job
    command = [
        sys.executable,
        __file__,
        "--child",
        json.dumps([line, samples, base_url, str(counts), warm]),
    ]
    # Code is kept compiled, as that of an installed package is.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(  # noqa: S603 - the command is this very file
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    row: dict[str, Any] = json.loads(done.stdout)
    click.echo(f"{'warm' if warm else 'cold'} {done.stdout.strip()}")
    return row


@contextmanager
def replay_server() -> Iterator[str]:
    """Start the endpoint, and yield its base URL."""
    command = [sys.executable, Path(__file__).parent / "parts" / "replay_server.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None  # noqa: S101 - it was asked for
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def as_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return the rows with what pysynthbio takes as a multiple of each."""
    frame = pd.DataFrame(rows)
    official = frame[frame["line"] == OFFICIAL].set_index("samples")
    frame["ms a sample"] = 1000 * frame["seconds"] / frame["samples"]
    frame["peak MB"] = frame["peak_bytes"] / 1e6
    frame["times less time"] = frame["samples"].map(official["seconds"]) / frame["seconds"]
    frame["times less memory"] = frame["samples"].map(official["peak_bytes"]) / frame["peak_bytes"]
    return frame.drop(columns="peak_bytes").rename(columns={"seconds": "CPU s"})


def as_markdown(frame: pd.DataFrame, about: dict[str, str | int], command: str) -> str:
    """Return the table as a page."""
    shown = frame[
        [
            "line",
            "samples",
            "CPU s",
            "ms a sample",
            "times less time",
            "peak MB",
            "times less memory",
        ]
    ]
    digits = {"CPU s": "{:.2f}", "ms a sample": "{:.2f}", "peak MB": "{:.0f}"}
    cells = [
        [
            ""
            if pd.isna(value)
            else digits.get(name, "{:.1f}" if "times" in name else "{}").format(value)
            for name, value in row.items()
        ]
        for row in shown.to_dict("records")
    ]
    lines = [list(shown.columns), ["---"] + ["---"] + ["---:"] * 5, *cells]
    starts = frame.groupby("line", sort=False)["start_seconds"].min()
    return "\n".join(
        [
            "# Predictions beside the vendor's client",
            "",
            f"Made by `{command}`; rows in `endpoint.json`. "
            + ", ".join(f"{name} {value}" for name, value in about.items())
            + ".",
            "",
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
            *(f"- **{line}**: {what}" for line, what in LINES.items()),
            "",
            "Processor time is without the start of a process, up to its first predicted sample: "
            + ", ".join(f"{line} {seconds:.2f} s" for line, seconds in starts.items())
            + ".",
            "",
            "![time and memory by number of samples](endpoint.svg)",
            "",
        ]
    )


def draw(frame: pd.DataFrame, path: Path) -> None:
    """Draw processor time and peak memory by number of samples."""
    import altair as alt

    long = frame.melt(["line", "samples"], ["CPU s", "peak MB"], "what", "value")
    chart = (
        alt.Chart(long)
        .mark_line(point=True)
        .encode(
            alt.X("samples:Q").scale(type="log"),
            alt.Y("value:Q", title=None).scale(type="log"),
            alt.Color("line:N", title=None, sort=list(LINES)),
        )
        .properties(width=240, height=180)
        .facet(alt.Column("what:N", title=None))
        .resolve_scale(y="independent")
    )
    chart.save(path)


@click.command()
@click.option("--samples", multiple=True, default=(100, 200, 800, 3200), show_default=True)
@click.option("--repeats", default=2, show_default=True)
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), show_default=False)
@click.option("--line", "lines", multiple=True, default=list(LINES), type=click.Choice(list(LINES)))
@click.option("--child", hidden=True)
def main(
    samples: tuple[int, ...], repeats: int, results: Path, lines: tuple[str, ...], child: str | None
) -> None:
    """Measure, and write the table, its rows and the chart."""
    if child is not None:
        line, n, base_url, counts, warm = json.loads(child)
        click.echo(json.dumps(measure_here(line, n, base_url, Path(counts), warm=warm)))
        return
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder, replay_server() as base_url:
        write_counts(Path(folder), max(samples))
        for n in samples:
            jobs = [
                (line, n, base_url, Path(folder))
                for line in lines
                if line != OFFICIAL or n * OFFICIAL_BYTES_A_SAMPLE < free_bytes()
            ]
            if len(jobs) < len(lines):
                click.echo(
                    f"{OFFICIAL} at {n} samples is left out: it needs more memory than is free"
                )
            # By turns, so that a busy minute of the machine meets every line.
            timed = [[measure(job, warm=True) for job in jobs] for _ in range(repeats)]
            rows += [
                {
                    **min(of_line, key=lambda row: row["seconds"]),
                    "peak_bytes": measure(job, warm=False)["peak_bytes"],
                }
                for job, *of_line in zip(jobs, *timed, strict=True)
            ]
    about = surroundings(
        "gem-assets", "pysynthbio", "numpy", "pyarrow", "msgspec", "orjson", "httpx", "duckdb"
    )
    frame = as_table(rows)
    page = as_markdown(frame, about, "python benchmarks/endpoint.py")
    click.echo(page)
    if set(lines) == set(LINES):
        results.mkdir(exist_ok=True)
        (results / "endpoint.json").write_text(
            json.dumps({"surroundings": about, "rows": rows}, indent=1) + "\n"
        )
        (results / "endpoint.md").write_text(page)
        draw(frame, results / "endpoint.svg")


if __name__ == "__main__":
    main()
