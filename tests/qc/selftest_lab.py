"""A dataset made of the shipped marker levels: what its samples are is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from qc_rows import BRAIN, LIVER, Answers, stated
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.dataset import QcInput
from gem_assets.qc.planted_mixtures import MixedSamples
from gem_assets.qc.tissue_levels import load_tissue_levels

MUSCLE = "UBERON:0001134"
TISSUES = {"l": LIVER, "b": BRAIN, "m": MUSCLE}
READS = 2_000_000
ORDER_HASH = "sha256:0123456789abcdef"


def made_dataset(
    letters: str, wrong: Mapping[int, str] | None = None, extra_gene: bool = False
) -> QcInput:
    """Return samples s0, s1... of the tissues of these letters; ``wrong``: place -> stated letter.

    The model names each tissue with .99, and every sample expresses what its tissue does.
    """
    levels = load_tissue_levels()
    rng = np.random.default_rng(5)
    names = [f"s{i}" for i in range(len(letters))]
    answers, labels, rows = Answers(), [], []
    for i, (name, letter) in enumerate(zip(names, letters, strict=True)):
        predict(answers, name, letter)
        said = (wrong or {}).get(i, letter)
        labels.append(stated(name, "tissue", TISSUES[said]))
        level = levels.middle[levels.row(TISSUES[letter])]
        rows.append(rng.poisson(level / level.sum() * READS))
    genes = tuple(f"{gene}.3" for gene in levels.gene_ids)
    counts = np.array(rows, dtype=np.float64).reshape(len(names), len(genes))
    if extra_gene:
        genes, counts = (*genes, "ENSG99"), np.column_stack([counts, np.full(len(names), 1000.5)])
    return QcInput(
        "d",
        {
            "sample_labels": pd.DataFrame(labels, columns=list(stated("s", "sex", "male"))),
            "sample_sheet": sheet(names),
            "latents": pd.DataFrame({"sample_id": [], "space": [], "vector": []}, dtype=object),
            "gene_alignment": pd.DataFrame({"raw_gene_id": genes, "model_gene_id": None}),
            **answers_tables(answers, names),
        },
        raw_counts=CountMatrix(tuple(names), genes, sparse.csr_array(counts)),
    )


def predict(answers: Answers, name: str, letter: str) -> None:
    """Let the model name the tissue of a letter."""
    others = {TISSUES[other]: 0.005 for other in TISSUES if other != letter}
    answers.probabilities(name, "tissue", {TISSUES[letter]: 0.99, **others})


def answers_tables(answers: Answers, names: list[str]) -> dict[str, pd.DataFrame]:
    """Return all that is known of samples beside their labels."""
    metadata, probabilities = answers.tables()
    return {
        "predicted_metadata": metadata,
        "classifier_probs": probabilities,
        "decoded_counts": pd.DataFrame({"sample_id": names, "reconstruction_r": 0.9}),
        "aligned_counts": pd.DataFrame(
            {
                "sample_id": names,
                "matched_share": 1.0,
                "content_hash": [f"{i:032x}" for i in range(len(names))],
                "gene_order_hash": ORDER_HASH,
            }
        ),
    }


def sheet(names: list[str]) -> pd.DataFrame:
    """Return a sheet that says nothing of the samples but their order."""
    cells = [(i, name, "donor", f"donor of {name}") for i, name in enumerate(names)]
    frame = pd.DataFrame(cells, columns=["row", "sample_id", "sheet_column", "text"])
    return frame.assign(dataset="d")


def answered(given: QcInput, mixed: CountMatrix, planned: tuple) -> MixedSamples:
    """Return mixtures with a model's answers: it sees their target's tissue in them."""
    tissue = given.tables["sample_labels"].set_index("sample_id")["provided_id"]
    letter_of = {term: letter for letter, term in TISSUES.items()}
    answers = Answers()
    for one in planned:
        predict(answers, one.name, letter_of[tissue[one.target]])
    return MixedSamples(planned, mixed, answers_tables(answers, [one.name for one in planned]))
