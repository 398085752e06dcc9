"""Time and memory of reading nf-core's merged gene table, beside pandas, in one run.

``python benchmarks/reading.py [--genes N] [--samples N] [--repeats N]``

The table is written first, as ``salmon.merged.gene_counts.tsv`` is: 60,000 genes x 500 samples,
each gene about as much expressed as in the LNCaP cells of ``data/bulk/lncap``, four genes of ten
with estimated counts of three decimals. Each line is read in a process of its own, and the lines
take turns, so that a busy machine is busy for all; of the repeats the least time and the highest
peak are kept. Times are without imports: wall time, and processor time of all threads. Memory is
the peak of what was resident in the process, with what is resident after the imports told beside.

What each line does stands in `LINES`. The matrices must be the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pandas as pd
from parts.measuring import cpu_seconds, peak_bytes, surroundings

if TYPE_CHECKING:
    from gem_assets.counts.matrix import CountMatrix

RESULTS = Path(__file__).parent / "results"
COHORT = Path(__file__).parents[1] / "data" / "bulk" / "lncap" / "counts.tsv.gz"
LINES = {
    "pandas.read_csv": "`pandas.read_csv(path, sep='\\t')` alone: a frame, zeros and all.",
    "pandas.read_csv, to the matrix": "The same, then samples x genes, sparse, in the narrowest "
    "type, as `CountMatrix`.",
    "pandas.read_csv by pyarrow, to the matrix": "The same with `engine='pyarrow'`, on all cores.",
    "gem-assets": "`read_counts(path)`: format recognised, header understood, every cell checked, "
    "the same `CountMatrix`.",
}
ALONE, CONVERTED, BY_ARROW, OURS = LINES

READS_A_SAMPLE = 20e6
ESTIMATED_SHARE = 0.4
ROWS_AT_A_TIME = 500


def write_table(path: Path, genes: int, samples: int) -> None:
    """Write a table of so many genes and samples."""
    rng = np.random.default_rng(0)
    cohort = pd.read_csv(COHORT, sep="\t", index_col=0).mean(axis=1).to_numpy()
    means = np.resize(cohort, genes)
    means *= READS_A_SAMPLE / means.sum()
    estimated = rng.random(genes) < ESTIMATED_SHARE
    with path.open("w") as file:
        file.write("\t".join(["gene_id", "gene_name", *(f"SAMPLE_{i}" for i in range(samples))]))
        file.write("\n")
        for first in range(0, genes, ROWS_AT_A_TIME):
            part = means[first : first + ROWS_AT_A_TIME, np.newaxis]
            # Counts of replicates vary with about this dispersion (gamma of shape 5).
            counts = rng.poisson(rng.gamma(5, part / 5, (len(part), samples)))
            shares = rng.uniform(0.8, 1, counts.shape)
            for gene, row, share in zip(range(first, genes), counts, shares, strict=False):
                cells = (
                    [f"{value:.3f}".rstrip("0").rstrip(".") for value in (row * share).tolist()]
                    if estimated[gene]
                    else map(str, row.tolist())
                )
                file.write("\t".join([f"ENSG{gene:011d}", f"GENE{gene}", *cells]) + "\n")


def reading(line: str) -> Callable[[Path], CountMatrix | pd.DataFrame]:
    """Import what a line needs, and return it."""
    from scipy import sparse

    from gem_assets.counts.matrix import CountMatrix, narrowest
    from gem_assets.counts.readers import read_counts

    def to_matrix(frame: pd.DataFrame) -> CountMatrix:
        values = frame.iloc[:, 2:]
        counts = narrowest(sparse.csr_array(values.to_numpy().T))
        names = (tuple(values.columns), tuple(frame["gene_id"]))
        return CountMatrix(*names, counts, tuple(frame["gene_name"]))

    how: dict[str, Callable[[Path], CountMatrix | pd.DataFrame]] = {
        ALONE: lambda path: pd.read_csv(path, sep="\t"),
        CONVERTED: lambda path: to_matrix(pd.read_csv(path, sep="\t")),
        BY_ARROW: lambda path: to_matrix(pd.read_csv(path, sep="\t", engine="pyarrow")),
        OURS: lambda path: read_counts(path).matrix,
    }
    return how[line]


def measure_here(line: str, path: Path) -> dict[str, Any]:
    """Read in this process, which is there for nothing else, and return the row."""
    import pyarrow.csv  # noqa: F401 - so that it counts as an import

    read = reading(line)
    imported = peak_bytes()
    seconds, cpu = time.perf_counter(), cpu_seconds()
    got = read(path)
    seconds, cpu = time.perf_counter() - seconds, cpu_seconds() - cpu
    peak = peak_bytes()
    if isinstance(got, pd.DataFrame):
        values = got.iloc[:, 2:].to_numpy()
        n_values, total = int(np.count_nonzero(values)), float(values.sum())
    else:
        n_values, total = int(got.counts.nnz), float(got.total_counts.sum())
    return {
        "line": line,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu, 3),
        "peak_bytes": peak,
        "imported_bytes": imported,
        "values": n_values,
        "total": total,
    }


def measure(path: Path, repeats: int) -> list[dict[str, Any]]:
    """Read by each line in turn, each time in a new process, and return the best row of each."""
    rows: dict[str, list[dict[str, Any]]] = {line: [] for line in LINES}
    for _ in range(repeats):
        for line, found in rows.items():
            command = [sys.executable, __file__, "--child", json.dumps([line, str(path)])]
            # The command is this very file.
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
            found.append(json.loads(answer.stdout))
            click.echo(answer.stdout, nl=False)
    return [
        {
            **found[0],
            "seconds": min(row["seconds"] for row in found),
            "cpu_seconds": min(row["cpu_seconds"] for row in found),
            "peak_bytes": max(row["peak_bytes"] for row in found),
        }
        for found in rows.values()
    ]


def check_same(rows: list[dict[str, Any]]) -> None:
    """Stop if the lines did not read the same values."""
    if len({row["values"] for row in rows}) != 1:
        raise SystemExit("the lines read different numbers of values above 0")
    # pandas rounds the last bit of some fractions differently.
    if not np.allclose([row["total"] for row in rows], rows[0]["total"], rtol=1e-12):
        raise SystemExit("the lines read different values")


def as_markdown(rows: list[dict[str, Any]], what: str, about: dict[str, str | int]) -> str:
    """Return the table as a page."""
    by_line = {row["line"]: row for row in rows}
    head = ["line", "wall s", "CPU s", "peak MB", "of it imports"]
    head += [
        f"times faster than {line} ({of})" for line in (ALONE, CONVERTED) for of in ("wall", "CPU")
    ]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for row in rows:
        cells = [row["line"], f"{row['seconds']:.2f}", f"{row['cpu_seconds']:.2f}"]
        cells += [f"{row['peak_bytes'] / 1e6:.0f}", f"{row['imported_bytes'] / 1e6:.0f}"]
        for line in (ALONE, CONVERTED):
            for of in ("seconds", "cpu_seconds"):
                cells.append(f"{by_line[line][of] / row[of]:.1f}")
        lines.append(cells)
    return "\n".join(
        [
            "# Reading a wide table of text beside pandas",
            "",
            f"Made by `python benchmarks/reading.py`; rows in `reading.json`. {what} "
            + ", ".join(f"{name} {value}" for name, value in about.items())
            + ".",
            "",
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
            *(f"- **{line}**: {does}" for line, does in LINES.items()),
            "",
        ]
    )


@click.command()
@click.option("--genes", default=60_000, show_default=True)
@click.option("--samples", default=500, show_default=True)
@click.option("--repeats", default=5, show_default=True)
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), show_default=False)
@click.option("--child", hidden=True)
def main(genes: int, samples: int, repeats: int, results: Path, child: str | None) -> None:
    """Measure, and write the table and its rows."""
    if child is not None:
        line, table = json.loads(child)
        click.echo(json.dumps(measure_here(line, Path(table))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "salmon.merged.gene_counts.tsv"
        write_table(path, genes, samples)
        size = path.stat().st_size
        rows = measure(path, repeats)
    check_same(rows)
    about = surroundings("gem-assets", "numpy", "pandas", "pyarrow", "scipy")
    share = rows[0]["values"] / (genes * samples)
    what = (
        f"{genes:,} genes x {samples:,} samples, {size / 1e6:.0f} MB of text, {share:.0%} of the "
        f"cells above 0; best of {repeats}."
    )
    page = as_markdown(rows, what, about)
    click.echo(page)
    results.mkdir(exist_ok=True)
    content = {"surroundings": about, "table": what, "rows": rows}
    (results / "reading.json").write_text(json.dumps(content, indent=1) + "\n")
    (results / "reading.md").write_text(page)


if __name__ == "__main__":
    main()
