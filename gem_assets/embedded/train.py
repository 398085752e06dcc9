"""Train the embedded models: ``python -m gem_assets.embedded.train --references FOLDER``.

Reads the named reference files of one folder, nothing else, and writes the weights. With
``--select`` it first measures the settings by leaving one reference source out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.embedded.heads import SoftmaxHead
from gem_assets.embedded.model import BULK, OTHER_CELLS, SINGLE_CELL
from gem_assets.embedded.training.fitting import HeadSettings, fit_head
from gem_assets.embedded.training.gene_orders import (
    bulk_gene_order,
    gene_numbers,
    single_cell_gene_order,
)
from gem_assets.embedded.training.latent_space import fit_latents
from gem_assets.embedded.training.references import References, read_references
from gem_assets.embedded.training.sample_types import cross_validate, fit_sample_type
from gem_assets.embedded.training.selection import (
    leave_one_source_out,
    settings_table,
    tissue_profiles,
)
from gem_assets.embedded.training.simulation import LibraryNoise
from gem_assets.embedded.vocabulary import (
    CELL_LINES,
    CHROMOSOME_Y_MARKERS,
    IMMUNE_CELL_TYPES,
    LINEAGES,
    TISSUE_OF_COLUMN,
    XIST,
)
from gem_assets.embedded.weights import WEIGHTS, Arrays, save_arrays

TEMPERATURE = 1.13
"""The bluntest within one standard error: see the table in ``weights/TRAINING.md``."""

SEED = 2
"""Of every random part, so that the same references give the same weights."""

TISSUE = HeadSettings(temperature=TEMPERATURE)

# Cell lines and sorted cells have one source: nothing can be left out, so they take the tissue
# head's choices, with fewer markers and no admixture, since both are pure.
_PURE = LibraryNoise(connective_rate=0.0, other_rate=0.0)
CELL_LINE = HeadSettings(markers=40, per_class=30, temperature=TEMPERATURE, noise=_PURE)
CELL_TYPE = HeadSettings(temperature=TEMPERATURE, noise=_PURE)

SINGLE_CELL_UMIS = (500.0, 20_000.0)
"""Smallest and largest library of a simulated cell."""

CELL = replace(
    CELL_TYPE,
    per=1e4,
    per_class=150,
    noise=replace(_PURE, depth=SINGLE_CELL_UMIS, least_genes_kept=0.05),
)

TISSUE_SOURCES = ("hpa_counts", "hpa_tpm", "gtex_tpm", "tissues_nx")

BLOOD_LINES = (
    "Daudi",
    "HDLM-2",
    "HEL",
    "HL-60",
    "HMC-1",
    "JURKAT",
    "K-562",
    "Karpas-707",
    "MOLT-4",
    "NB-4",
    "REH",
    "RPMI-8226",
    "THP-1",
    "U-266/70",
    "U-266/84",
    "U-698",
    "U-937",
)
"""Lines of blood cells: no examples of what is not a blood cell."""

BLOOD_RICH = (
    "UBERON:0000029",
    "UBERON:0002106",
    "UBERON:0002371",
    "UBERON:0002372",
    "UBERON:0002370",
    "UBERON:0001154",
    "UBERON:0000178",
)
"""Lymph node, spleen, bone marrow, tonsil, thymus, appendix, blood: neither."""


def bulk_weights(references: References) -> dict[str, Arrays]:
    """Return the arrays of the bulk model."""
    order = bulk_gene_order()
    columns = pd.Index(order).get_indexer(pd.Index(references.gene_ids)).astype(np.int32)
    profiles, terms, connective = tissue_profiles(
        references, TISSUE_SOURCES, np.random.default_rng(SEED)
    )
    heads = {
        "tissue": fit_head(profiles, terms, TISSUE, connective=connective),
        "cell_line": fit_head(
            references.columns("lines_nx", CELL_LINES),
            np.array(list(CELL_LINES.values())),
            CELL_LINE,
        ),
        "cell_type": fit_head(
            references.columns("blood_nx", IMMUNE_CELL_TYPES),
            np.array(list(IMMUNE_CELL_TYPES.values())),
            CELL_TYPE,
        ),
    }
    latents = fit_latents(
        references,
        order,
        per=1e6,
        example=("gtex_tpm", "Liver"),
        single_cell_depth=None,
        rng=np.random.default_rng(SEED),
    )
    sex = [XIST, *CHROMOSOME_Y_MARKERS.values()]
    sample_type = fit_sample_type(references, np.random.default_rng(SEED)).with_columns(columns)
    return {
        "order": {
            "genes": gene_numbers(order),
            "reference": columns,
            "sex": pd.Index(order).get_indexer(pd.Index(sex)).astype(np.int32),
        },
        **{name: _in_order(head, columns).arrays() for name, head in heads.items()},
        "sample_type": sample_type.arrays(),
        "latents": latents.arrays(),
    }


def single_cell_weights(references: References) -> dict[str, Arrays]:
    """Return the arrays of the single-cell model."""
    order = single_cell_gene_order()
    columns = pd.Index(order).get_indexer(pd.Index(references.gene_ids)).astype(np.int32)
    tissues = [
        c
        for c in references.tables["tissues_nx"].columns
        if TISSUE_OF_COLUMN.get(c.casefold(), BLOOD_RICH[0]) not in BLOOD_RICH
    ]
    lines = [c for c in CELL_LINES if c not in BLOOD_LINES]
    others = np.vstack(
        [references.columns("tissues_nx", tissues), references.columns("lines_nx", lines)]
    )
    profiles = np.vstack([references.columns("blood_nx", IMMUNE_CELL_TYPES), others])
    labels = np.array([*IMMUNE_CELL_TYPES.values(), *[OTHER_CELLS] * len(others)])
    latents = fit_latents(
        references,
        order,
        per=1e4,
        example=("blood_nx", LINEAGES["myeloid"][0]),
        single_cell_depth=SINGLE_CELL_UMIS,
        rng=np.random.default_rng(SEED),
    )
    return {
        "order": {"genes": gene_numbers(order), "reference": columns},
        "cell_type": _in_order(fit_head(profiles, labels, CELL), columns).arrays(),
        "latents": latents.arrays(),
    }


def _in_order(head: SoftmaxHead, columns: NDArray[np.int32]) -> SoftmaxHead:
    return replace(head, genes=columns[head.genes])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train both models and write their weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=Path, required=True, help="folder of reference files")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder to write to")
    parser.add_argument("--select", action="store_true", help="print the table of settings first")
    options = parser.parse_args(arguments)
    references = read_references(options.references)
    if options.select:
        for line in settings_table(leave_one_source_out(references)):
            print(line, flush=True)  # noqa: T201 - a script's output
        for penalty, accuracy, log_loss in cross_validate(references):
            print(  # noqa: T201
                f"sample type, C = {penalty}: accuracy {accuracy:.3f}, log loss {log_loss:.3f}",
                flush=True,
            )
    save_arrays(options.weights / f"{BULK}.npz", bulk_weights(references))
    save_arrays(options.weights / f"{SINGLE_CELL}.npz", single_cell_weights(references))


if __name__ == "__main__":
    main()
