"""Time and memory of single-cell counts on their way into the warehouse, beside bare parts of it.

``python benchmarks/single_cell.py [--cells N]... [--repeats N]``

The way is that of the assets ``raw_counts`` and ``aligned_counts``: an h5ad file is read, judged,
hashed and written to DuckDB, read back, aligned, hashed and written, every contract checked. Beside
it stand its three bare parts, each by the library that is made for it, and what anndata itself
does to bring a matrix into the order of other genes. What each line does stands in `LINES`.

Each figure is of a process of its own. Processor time (all threads, user and system) and time by
the clock are without imports; memory is the peak of what was resident. Of several repeats the
least time and the highest peak are kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import pandas as pd
from parts.made_cells import make_order, write_h5ad
from parts.measuring import cpu_seconds, peak_bytes, surroundings

RESULTS = Path(__file__).parent / "results"
GENES = 36_601
DATASET = "benchmark"
FEW = "few"
"""A dataset of a few cells: the first run imports what later runs have."""
TABLES = ("raw_counts", "aligned_counts")
LINES = {
    "gem-assets": "The assets `raw_counts` and `aligned_counts` by Dagster, from the h5ad file to "
    "their tables in DuckDB.",
    "anndata.read_h5ad": "The same file, whole into memory.",
    "counts @ projection": "The sparse product of the counts in memory with the 0/1 matrix of raw "
    "and model genes, unsorted.",
    "Arrow to DuckDB": "The rows of both tables, Arrow tables in memory, inserted into DuckDB, a "
    "transaction each, unchecked.",
    "align_counts": "Names resolved and counts in memory brought into the model's order.",
    "anndata.concat": '`anndata.concat(join="outer")` of the counts in memory and one cell of the '
    "model's genes.",
}
OURS, READ, PRODUCT, WRITE, ALIGN, CONCAT = LINES
BARE = (READ, PRODUCT, WRITE)
CONCAT_CELLS = 20_000
"""anndata's concatenation is measured up to so many cells; it holds several copies."""

Run = Callable[[], object]


def run_ours(folder: Path, cells: int) -> Run:
    """Import the assets by a run of a few cells, and return a run of two of them."""
    import dagster as dg

    from gem_assets import Settings, build_gem_assets
    from gem_assets.genes.tables import gene_order_table
    from gem_assets.graph import AssetGraph
    from gem_assets.warehouse import Warehouse

    results = folder / f"results-{cells}"
    warehouse = Warehouse(results / "warehouse.duckdb", "gem_sc")
    order = gene_order_table("benchmark", "1", make_order(GENES))
    warehouse.replace_partition({"gene_order": order}, None)
    graph = AssetGraph("sc", "gem_sc")
    settings = Settings(data=str(folder / f"data-{cells}"), results=str(results))
    job = build_gem_assets("sc", settings=settings).resolve_job_def(graph.refresh_job)

    def run(dataset: str = DATASET) -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(graph.partitions.name or "", [dataset])
            job.execute_in_process(
                instance=instance,
                partition_key=dataset,
                asset_selection=graph.keys(*TABLES),
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )

    run(FEW)
    return run


def run_read(folder: Path, cells: int) -> Run:
    """Import anndata, and return its reading."""
    import anndata

    return lambda: anndata.read_h5ad(h5ad_of(folder, cells))


def run_product(folder: Path, cells: int) -> Run:
    """Read the counts, and return the product."""
    from gem_assets.counts.readers import read_counts
    from gem_assets.genes.alignment import projection
    from gem_assets.genes.resolution import resolve_genes

    matrix = read_counts(h5ad_of(folder, cells)).matrix
    order = make_order(GENES)
    project = projection(resolve_genes(matrix.gene_ids, None, order), len(order))
    return lambda: matrix.counts @ project


def run_write(folder: Path, cells: int) -> Run:
    """Read the rows that were written, and return the writing of them to a fresh file."""
    import duckdb

    from gem_assets.warehouse import Warehouse, column_schema

    warehouse = Warehouse(folder / f"results-{cells}" / "warehouse.duckdb", "gem_sc")
    rows = {table: warehouse.read(table, DATASET) for table in TABLES}

    def run() -> None:
        with (
            tempfile.TemporaryDirectory(dir=folder) as fresh,
            duckdb.connect() as connection,
        ):
            # As the warehouse attaches its file: row groups of rows as long as these.
            connection.execute(f"ATTACH '{fresh}/bare.duckdb' AS bare (ROW_GROUP_SIZE 2048)")
            connection.execute("USE bare")
            for table, found in rows.items():
                columns = ", ".join(f"{n} {kind}" for n, kind, *_ in column_schema(table, "sc"))
                connection.execute(f"CREATE TABLE {table} ({columns})")
                connection.from_arrow(found).insert_into(table)

    return run


def run_align(folder: Path, cells: int) -> Run:
    """Read the counts, and return their alignment."""
    from gem_assets.counts.readers import read_counts
    from gem_assets.genes.alignment import align_counts
    from gem_assets.genes.table import load_gene_table

    matrix = read_counts(h5ad_of(folder, cells)).matrix
    order = make_order(GENES)
    load_gene_table()
    return lambda: align_counts(matrix, order)


def run_concat(folder: Path, cells: int) -> Run:
    """Read the counts, and return their concatenation with a cell of the model's genes."""
    import anndata
    from scipy import sparse

    data = anndata.read_h5ad(h5ad_of(folder, cells))
    order = make_order(GENES)
    model = anndata.AnnData(
        sparse.csr_matrix((1, len(order)), dtype=data.X.dtype),
        obs=pd.DataFrame(index=["model"]),
        var=pd.DataFrame(index=list(order.gene_ids)),
    )
    return lambda: anndata.concat([model, data], join="outer")


RUNS = {
    OURS: run_ours,
    READ: run_read,
    PRODUCT: run_product,
    WRITE: run_write,
    ALIGN: run_align,
    CONCAT: run_concat,
}


def h5ad_of(folder: Path, cells: int) -> Path:
    """Return the path of the made file of so many cells."""
    return folder / f"data-{cells}" / "sc" / DATASET / "counts.h5ad"


def measure_here(line: str, cells: int, folder: Path) -> dict[str, object]:
    """Run a line in this process, which is there for nothing else, and return its row."""
    run = RUNS[line](folder, cells)
    cpu, clock = cpu_seconds(), time.perf_counter()
    run()
    return {
        "line": line,
        "cells": cells,
        "cpu_seconds": round(cpu_seconds() - cpu, 3),
        "seconds": round(time.perf_counter() - clock, 3),
        "peak_bytes": peak_bytes(),
    }


def measure(line: str, cells: int, folder: Path, repeats: int) -> dict[str, object]:
    """Run a line in processes of its own, and return the best of its rows."""
    command = [sys.executable, __file__, "--child", json.dumps([line, cells, str(folder)])]
    rows = [
        # The command is this very file.
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)  # noqa: S603
        for _ in range(repeats)
    ]
    return {
        **rows[0],
        **{name: min(row[name] for row in rows) for name in ("cpu_seconds", "seconds")},
        "peak_bytes": max(row["peak_bytes"] for row in rows),
    }


def judge(rows: list[dict[str, object]]) -> list[str]:
    """Return what the rows show, a sentence each."""
    frame = pd.DataFrame(rows).set_index(["cells", "line"])
    said = []
    for cells in sorted({cells for cells, _ in frame.index}):
        here = frame.loc[cells]
        if {OURS, *BARE} <= set(here.index):
            times = [
                here.loc[OURS, unit] / here.loc[list(BARE), unit].sum()
                for unit in ("cpu_seconds", "seconds")
            ]
            said.append(
                f"{cells:,} cells: gem-assets takes {times[0]:.2f} times the processor time of its "
                f"bare parts together, {times[1]:.2f} times by the clock, and "
                f"{here.loc[OURS, 'peak_bytes'] / 2**30:.2f} GiB."
            )
        if {ALIGN, CONCAT} <= set(here.index):
            times = [here.loc[CONCAT, u] / here.loc[ALIGN, u] for u in ("cpu_seconds", "seconds")]
            said.append(
                f"{cells:,} cells: anndata.concat takes {times[0]:.1f} times the processor time of "
                f"align_counts, {times[1]:.1f} times by the clock."
            )
    peaks = frame.xs(OURS, level="line")["peak_bytes"] if OURS in frame.index.levels[1] else ()
    if len(peaks) > 1:
        growth = peaks.iloc[-1] / peaks.iloc[0] - 1
        said.append(
            f"Memory grows by {growth:.0%} from {peaks.index[0]:,} to {peaks.index[-1]:,} cells."
        )
    return said


def as_markdown(
    rows: list[dict[str, object]], values: dict[int, int], about: dict[str, str | int]
) -> str:
    """Return the table as a page."""
    cells = [
        [
            f"{row['cells']:,}",
            str(row["line"]),
            f"{row['cpu_seconds']:.2f}",
            f"{row['seconds']:.2f}",
            f"{row['peak_bytes'] / 1e6:.0f}",  # type: ignore[operator]
        ]
        for row in rows
    ]
    sizes = ", ".join(f"{n:,} cells with {values[n]:,} counts above 0" for n in sorted(values))
    return "\n".join(
        [
            "# Single-cell counts from h5ad to aligned tables",
            "",
            f"Made by `python benchmarks/single_cell.py`; rows in `single_cell.json`. Made cells x "
            f"{GENES:,} genes (CSR of float32, chunked, not compressed): {sizes}. "
            + ", ".join(f"{name} {value}" for name, value in about.items())
            + ".",
            "",
            "| cells | line | CPU s | s | peak MB |",
            "| ---: | --- | ---: | ---: | ---: |",
            *(f"| {' | '.join(line)} |" for line in cells),
            "",
            *(f"- {sentence}" for sentence in judge(rows)),
            "",
            *(f"- **{line}**: {what}" for line, what in LINES.items()),
            "",
        ]
    )


@click.command()
@click.option("--cells", multiple=True, default=(20_000, 100_000), show_default=True)
@click.option("--repeats", default=2, show_default=True)
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), show_default=False)
@click.option("--line", "lines", multiple=True, default=list(LINES), type=click.Choice(list(LINES)))
@click.option("--folder", type=click.Path(path_type=Path), help="Where made files are kept.")
@click.option("--child", hidden=True)
def main(
    cells: tuple[int, ...],
    repeats: int,
    results: Path,
    lines: tuple[str, ...],
    folder: Path | None,
    child: str | None,
) -> None:
    """Measure, and write the table and its rows."""
    if child is not None:
        line, n, there = json.loads(child)
        click.echo(json.dumps(measure_here(line, n, Path(there))))
        return
    rows, values = [], {}
    with tempfile.TemporaryDirectory() as temporary:
        there = folder or Path(temporary)
        for n in cells:
            path = h5ad_of(there, n)
            sizes = there / f"values-{n}.json"
            if not sizes.exists():
                for folder in (path.parent, path.parents[1] / FEW):
                    folder.mkdir(parents=True)
                write_h5ad(path.parents[1] / FEW / path.name, 100, GENES)
                sizes.write_text(json.dumps(write_h5ad(path, n, GENES)))
            values[n] = json.loads(sizes.read_text())
            for line in lines:
                if line in (ALIGN, CONCAT) and n > CONCAT_CELLS:
                    continue
                rows.append(measure(line, n, there, repeats))
                click.echo(json.dumps(rows[-1]))
    about = surroundings("gem-assets", "anndata", "h5py", "numpy", "scipy", "pyarrow", "duckdb")
    page = as_markdown(rows, values, about)
    click.echo(page)
    if set(lines) == set(LINES):
        results.mkdir(exist_ok=True)
        (results / "single_cell.json").write_text(
            json.dumps({"surroundings": about, "values": values, "rows": rows}, indent=1) + "\n"
        )
        (results / "single_cell.md").write_text(page)


if __name__ == "__main__":
    main()
