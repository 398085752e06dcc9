"""How a case of wrong input is written down, and what every case begins with."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.settings import Modality

Build = Callable[[Path], Any]


@dataclass(frozen=True)
class Case:
    """One mistake of a user's.

    Attributes
    ----------
    name
        Of the function that makes it; also of the dataset.
    area
        What it is a mistake in: the heading in the snapshot.
    modality
        Of the dataset.
    build
        Writes the dataset into the folder it is given; or returns what is called instead, and
        refuses.
    what
        The mistake, in words.
    """

    name: str
    area: str
    modality: Modality
    build: Build
    what: str


CASES: dict[str, Case] = {}


def case(area: str, modality: Modality = "bulk") -> Callable[[Build], Build]:
    """Register a function as a case; its docstring says what the mistake is."""

    def register(build: Build) -> Build:
        name = build.__name__
        assert name not in CASES, name
        assert build.__doc__, name
        CASES[name] = Case(name, area, modality, build, build.__doc__)
        return build

    return register


GENES = 10_500
"""Enough for bulk rules (10,000 detected genes) and for the least coverage (20 %)."""


@cache
def model_genes(modality: Modality = "bulk") -> tuple[str, ...]:
    """Return the embedded gene order."""
    from gem_assets.embedded.model import BULK, SINGLE_CELL, load_model

    return load_model(BULK if modality == "bulk" else SINGLE_CELL).gene_ids


@cache
def symbols() -> tuple[str, ...]:
    """Return a symbol for each of the first genes."""
    from gem_assets.genes.table import load_gene_table

    table = load_gene_table().set_index("gene_id")["symbol"]
    named = table.loc[list(model_genes())].dropna()
    named = named[~named.duplicated() & (named.str.len() > 2)]
    return tuple(named.iloc[:GENES])


@cache
def _values() -> NDArray[np.int64]:
    rng = np.random.default_rng(11)
    mean = rng.lognormal(4.6, 1.2, (GENES, 1))
    counts = rng.poisson(mean * rng.gamma(4, 0.25, (GENES, 4)) * [1.0, 1.3, 0.8, 1.1])
    return 1 + counts.astype(np.int64)


def good() -> pd.DataFrame:
    """Return counts that nothing is wrong with: genes x samples, some millions of reads each."""
    names = ["S1", "S2", "S3", "S4"]
    return pd.DataFrame(_values().copy(), pd.Index(model_genes()[:GENES], name="gene_id"), names)


def few() -> pd.DataFrame:
    """Return the first rows, for what is refused before anything is counted."""
    return good().head(30)


def text(frame: pd.DataFrame, sep: str = "\t", **options: Any) -> str:
    """Return a table as text."""
    return str(frame.to_csv(None, sep=sep, lineterminator="\n", **options))


def write(folder: Path, content: pd.DataFrame | str | bytes, name: str = "counts.tsv") -> Path:
    """Write a file of the dataset; a name that ends with .gz compresses."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pd.DataFrame):
        content = text(content)
    if isinstance(content, str):
        content = content.encode()
    path.write_bytes(gzip.compress(content, 1, mtime=0) if name.endswith(".gz") else content)
    return path


def good_counts(folder: Path) -> Path:
    """Write counts that nothing is wrong with."""
    return write(folder, good())


def config(folder: Path, yaml: str) -> None:
    """Write dataset.yaml."""
    write(folder, yaml, "dataset.yaml")


def with_sheet(folder: Path, content: str | bytes, name: str = "samples.csv") -> None:
    """Write good counts, and a sheet."""
    write(folder, sheet_counts())
    write(folder, content, name)


@cache
def _sheet_counts() -> str:
    return text(good())


def sheet_counts() -> str:
    """Return good counts as text, made once."""
    return _sheet_counts()
