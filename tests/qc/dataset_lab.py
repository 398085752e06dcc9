"""Small bulk datasets of stated and predicted sexes, to be judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.labels.sheet_cells import CELLS
from gem_assets.qc.dataset import JudgedDataset, QcInput, judge_dataset
from gem_assets.qc.markers import CHRY_GENES, XIST
from gem_assets.qc.settings import QcSettings

SAMPLES = ("s1", "s2", "s3")
PROVENANCE = {
    "model_id": "m",
    "model_version": "1",
    "served_by": "embedded",
    "predicted_at": pd.Timestamp("2026-01-01", tz="UTC"),
}


def tables_of(stated: dict[str, str], found: dict[str, str]) -> dict[str, pd.DataFrame]:
    labels = [
        {
            "dataset": "d",
            "sample_id": sample,
            "field": "sex",
            "provided_text": sex,
            "provided_id": sex,
            "provided_label": sex,
            "resolution": "label",
        }
        for sample, sex in stated.items()
    ]
    other = {"male": "female", "female": "male"}
    predicted = [
        {
            "dataset": "d",
            "sample_id": sample,
            "field": "sex",
            "predicted_id": sex,
            "predicted_label": sex,
            "value_number": np.nan,
            "probability": 0.999,
            "runner_up": other[sex],
            "runner_up_probability": 0.001,
            "entropy": 0.008,
            **PROVENANCE,
        }
        for sample, sex in found.items()
    ]
    probabilities = [
        {
            "dataset": "d",
            "sample_id": sample,
            "field": "sex",
            "value": [sex, other[sex]],
            "probability": [0.999, 0.001],
            **PROVENANCE,
        }
        for sample, sex in found.items()
    ]
    columns = ["dataset", "sample_id", "field", "provided_text", "provided_id", "provided_label"]
    return {
        "sample_labels": pd.DataFrame(labels, columns=[*columns, "resolution"]),
        "predicted_metadata": pd.DataFrame(predicted),
        "classifier_probs": pd.DataFrame(probabilities),
        "decoded_counts": pd.DataFrame({"sample_id": SAMPLES, "reconstruction_r": [0.9] * 3}),
        "aligned_counts": pd.DataFrame(
            {
                "sample_id": SAMPLES,
                "matched_share": [1.0] * 3,
                "content_hash": [letter * 32 for letter in "abc"],
                "gene_order_hash": "sha256:0123456789abcdef",
            }
        ),
        "sample_sheet": CELLS.empty_table().to_pandas(),
        "latents": pd.DataFrame({"sample_id": [], "space": [], "vector": []}, dtype=object),
        "gene_alignment": pd.DataFrame({"raw_gene_id": [], "model_gene_id": []}, dtype=object),
    }


def judged_of(
    tables: dict[str, pd.DataFrame], counts: CountMatrix | None = None, **more: object
) -> JudgedDataset:
    return judge_dataset(QcInput("d", tables, counts, **more), QcSettings())


def with_sheet(tables: dict[str, pd.DataFrame], **columns: list[str]) -> dict[str, pd.DataFrame]:
    """Return the tables with columns of a sheet whose rows are in the order of the samples."""
    cells = [
        {"dataset": "d", "row": i, "sample_id": sample, "sheet_column": name, "text": text}
        for name, texts in columns.items()
        for i, (sample, text) in enumerate(zip(SAMPLES, texts, strict=True))
    ]
    return tables | {"sample_sheet": pd.DataFrame(cells)}


def counts_of(sexes: dict[str, str]) -> CountMatrix:
    """Make counts whose marker genes say these sexes."""
    genes = ("ENSG00000111640", XIST[0], *(gene for gene, _ in CHRY_GENES))
    rows = [
        [900_000, 0, *([100] * 7)] if sex == "male" else [900_000, 500, *([0] * 7)]
        for sex in sexes.values()
    ]
    return CountMatrix(tuple(sexes), genes, sparse.csr_array(np.array(rows)))
