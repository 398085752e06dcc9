"""Tables of many samples, fields and classes, made for the time and memory of their judgement."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import feather

from gem_assets.labels.ontology import label_of, load_ontology
from gem_assets.labels.sheet_cells import sheet_of_cells
from gem_assets.qc.confused_labels import LabelSearch
from gem_assets.qc.dataset import QcInput, judge_dataset
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.verdicts import judge
from parts.measuring import cpu_seconds, peak_bytes
from parts.section import Bound, Section

DATASET = "many"
CLASSES = 300
PREFIXES = {"tissue": "UBERON", "cell_type": "CL", "disease": "MONDO", "cell_line": "CVCL"}
"""Fields of which the classes are terms, drawn at random among all of the ontology."""
WORDS = "sample_type"
"""A field of as many words."""
SIZES = (1_000, 3_000, 10_000)
MOST_SECONDS, MOST_BYTES = 10.0, 2 * 2**30
MOST_GROWTH = 1.5
"""Time a sample among the most of `SIZES`, as times that among the next fewer, at most; linear
is 1."""
VERDICTS, WHOLE = "verdicts", "everything"
LINES = {
    VERDICTS: "every label by itself, then doubtful ones with a failing partner",
    WHOLE: "`judge_dataset`: the same, exchanges, shifts, labels against each other, identical "
    "samples, a sentence a sample",
}
WRONG_SHARE = 0.03
"""Samples with the labels of another, exchanged in pairs."""
P_TRUE = 0.9
"""Probability of the true class; the rest is spread as a Dirichlet of .05 a class."""


def write_tables(folder: Path, samples: int) -> None:
    """Write the tables that a judgement reads, as the warehouse gives them."""
    rng = np.random.default_rng(0)
    names = [f"sample {i}" for i in range(samples)]
    swapped = rng.permutation(samples)[: 2 * round(WRONG_SHARE * samples / 2)]
    source = np.arange(samples)
    source[swapped] = swapped.reshape(-1, 2)[:, ::-1].ravel()
    parts: dict[str, list[pa.Table]] = {}
    for field in (*PREFIXES, WORDS):
        classes = _classes(field, rng)
        true = rng.integers(0, CLASSES, samples)
        p = rng.dirichlet(np.full(CLASSES, 0.05), samples) * (1 - P_TRUE)
        p[np.arange(samples), true] += P_TRUE
        for table, rows in _of_field(field, names, classes, p, true[source]).items():
            parts.setdefault(table, []).append(rows)
    tables = {table: pa.concat_tables(rows) for table, rows in parts.items()}
    tables["decoded_counts"] = pa.table(
        {"sample_id": names, "reconstruction_r": rng.normal(0.95, 0.01, samples)}
    )
    tables["aligned_counts"] = pa.table(
        {
            "sample_id": names,
            "matched_share": np.full(samples, 0.98),
            "content_hash": [f"{i:032x}" for i in range(samples)],
            "gene_order_hash": ["sha256:0"] * samples,
        }
    )
    for table, rows in tables.items():
        feather.write_feather(rows, folder / f"{table}.feather")


def read_input(folder: Path) -> QcInput:
    """Return the tables as they are judged."""
    tables = {path.stem: feather.read_table(path).to_pandas() for path in folder.glob("*.feather")}
    return QcInput(DATASET, tables)


def _classes(field: str, rng: np.random.Generator) -> NDArray[np.object_]:
    if field == WORDS:
        return np.array([f"type {i}" for i in range(CLASSES)], dtype=object)
    prefix = PREFIXES[field]
    terms = sorted(
        name
        for name, term in load_ontology(prefix).terms.items()
        if name.startswith(prefix) and not term.get("deprecated")
    )
    return rng.choice(np.array(terms, dtype=object), CLASSES, replace=False)


def _of_field(
    field: str,
    names: list[str],
    classes: NDArray[np.object_],
    p: NDArray[np.float64],
    stated: NDArray[np.intp],
) -> Mapping[str, pa.Table]:
    """Return the rows of one field in each table of labels and predictions."""
    n = len(names)
    order = np.argsort(-p, axis=1, kind="stable")
    labels = np.array([label_of(term) or term for term in classes], dtype=object)
    ranked = np.take_along_axis(p, order, axis=1)
    key = {"dataset": [DATASET] * n, "sample_id": names, "field": [field] * n}
    provenance = {
        "model_id": ["benchmark"] * n,
        "model_version": ["1"] * n,
        "served_by": ["nobody"] * n,
        "predicted_at": pa.array([pd.Timestamp("2026-01-02", tz="UTC")] * n),
    }
    offsets = pa.array(np.arange(0, n * CLASSES + 1, CLASSES), pa.int32())
    return {
        "sample_labels": pa.table(
            {
                **key,
                "provided_text": pa.array(labels[stated], pa.string()),
                "provided_id": pa.array(classes[stated], pa.string()),
                "provided_label": pa.array(labels[stated], pa.string()),
                "resolution": ["id"] * n,
            }
        ),
        "sample_sheet": pa.table(
            {
                "dataset": key["dataset"],
                "row": pa.array(range(n), pa.int32()),
                "sample_id": names,
                "sheet_column": [field] * n,
                "text": pa.array(labels[stated], pa.string()),
            }
        ),
        "predicted_metadata": pa.table(
            {
                **key,
                "predicted_id": pa.array(classes[order[:, 0]], pa.string()),
                "predicted_label": pa.array(labels[order[:, 0]], pa.string()),
                "value_number": pa.nulls(n, pa.float64()),
                "probability": ranked[:, 0],
                "runner_up": pa.array(classes[order[:, 1]], pa.string()),
                "runner_up_probability": ranked[:, 1],
                "entropy": pa.nulls(n, pa.float64()),
                **provenance,
            }
        ),
        "classifier_probs": pa.table(
            {
                **key,
                "value": pa.ListArray.from_arrays(
                    offsets, pa.array(classes[order].ravel(), pa.string())
                ),
                "probability": pa.ListArray.from_arrays(offsets, pa.array(ranked.ravel())),
                **provenance,
            }
        ),
    }


def measure_here(line: str, samples: int, folder: Path) -> dict[str, Any]:
    """Judge the tables in this process, which is there for nothing else, and return the row.

    Time is without imports and reading; memory with both. The first time holds what is read of
    ontologies, some seconds for any number of samples; the time again does not.
    """
    given, settings = read_input(folder), QcSettings()
    run = judge_dataset if line == WHOLE else _verdicts
    clock = time.perf_counter()
    run(given, settings)
    row = {"line": line, "samples": samples, "seconds": round(time.perf_counter() - clock, 2)}
    cpu = cpu_seconds()
    run(given, settings)
    return row | {"again_cpu_seconds": round(cpu_seconds() - cpu, 3), "peak_bytes": peak_bytes()}


def _verdicts(given: QcInput, settings: QcSettings) -> None:
    tables, answers = given.tables, given.answers()
    labels, predicted, probs = (
        tables[name] for name in ("sample_labels", "predicted_metadata", "classifier_probs")
    )
    decoded = tables["decoded_counts"]
    verdicts = judge(labels, predicted, probs, settings, decoded_counts=decoded, answers=answers)
    sheet = sheet_of_cells(tables["sample_sheet"])
    LabelSearch(tables, sheet, settings, answers).hear_partners(verdicts)


def many_samples(rows: Sequence[dict[str, Any]]) -> Section:
    """Return the section of the rows of `measure_here`."""
    by = {(row["line"], row["samples"]): row for row in rows}
    _, middle, large = SIZES
    bounds = []
    for line in LINES:
        row = by[line, large]
        bounds.append(
            Bound(
                f"{line} of {large:,} samples: {row['seconds']:.1f} s and "
                f"{row['peak_bytes'] / 2**30:.2f} GiB (less than {MOST_SECONDS:.0f} s and "
                f"{MOST_BYTES / 2**30:.0f} GiB).",
                row["seconds"] < MOST_SECONDS and row["peak_bytes"] < MOST_BYTES,
            )
        )
        before, after = (1000 * by[line, n]["again_cpu_seconds"] / n for n in (middle, large))
        bounds.append(
            Bound(
                f"{line}, again: {before:.2f} ms of processor time a sample among {middle:,} and "
                f"{after:.2f} ms among {large:,} (linear: at most {MOST_GROWTH} times as much).",
                after <= MOST_GROWTH * before,
            )
        )
    return Section(
        title="Many samples",
        about=f"Made tables of {len(PREFIXES) + 1} fields with {CLASSES} classes each, "
        f"{WRONG_SHARE:.0%} of the samples exchanged in pairs; each line in a process of its own; "
        "again: without what is read of ontologies. "
        + " ".join(f"{line.capitalize()}: {what}." for line, what in LINES.items()),
        head=("judged", "n samples", "s", "again, CPU s", "peak MB"),
        lines=tuple(
            (
                row["line"],
                f"{row['samples']:,}",
                f"{row['seconds']:.2f}",
                f"{row['again_cpu_seconds']:.2f}",
                f"{row['peak_bytes'] / 1e6:.0f}",
            )
            for row in rows
        ),
        bounds=tuple(bounds),
        rows=rows,
    )
