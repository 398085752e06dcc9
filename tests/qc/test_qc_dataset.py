"""A whole dataset is judged from its tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.dataset import judge_dataset
from gem_assets.qc.markers import CHRY_GENES, XIST
from gem_assets.qc.settings import QcSettings
from gem_assets.warehouse import validate

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
        "aligned_counts": pd.DataFrame({"sample_id": SAMPLES, "matched_share": [1.0] * 3}),
    }


def counts_of(sexes: dict[str, str]) -> CountMatrix:
    """Make counts whose marker genes say these sexes."""
    genes = ("ENSG00000111640", XIST[0], *(gene for gene, _ in CHRY_GENES))
    rows = [
        [900_000, 0, *([100] * 7)] if sex == "male" else [900_000, 500, *([0] * 7)]
        for sex in sexes.values()
    ]
    return CountMatrix(tuple(sexes), genes, sparse.csr_array(np.array(rows)))


def test_a_false_sex_fails_and_its_markers_side_with_the_prediction() -> None:
    truth = {"s1": "male", "s2": "female", "s3": "male"}
    stated = truth | {"s3": "female"}
    judged = judge_dataset("d", tables_of(stated, truth), counts_of(truth), QcSettings())
    assert judged.samples.set_index("sample_id")["status"].to_dict() == {
        "s1": "pass",
        "s2": "pass",
        "s3": "fail",
    }
    sentence = judged.samples.set_index("sample_id")["sentence"]["s3"]
    assert "Marker genes agree with the prediction: male." in sentence
    for name, frame in judged.tables().items():
        validate(name, frame)


def test_a_dataset_without_labels_has_a_row_a_sample_and_no_verdict() -> None:
    truth = dict.fromkeys(SAMPLES, "male")
    judged = judge_dataset("d", tables_of({}, truth), None, QcSettings())
    assert judged.verdicts.empty
    assert judged.samples["status"].tolist() == ["not_assessed"] * 3
    for name, frame in judged.tables().items():
        validate(name, frame)


def test_the_hash_of_a_table_does_not_follow_the_time_of_prediction() -> None:
    truth = dict.fromkeys(SAMPLES, "male")
    tables = tables_of(truth, truth)
    first = judge_dataset("d", tables, None, QcSettings())
    later = pd.Timestamp("2026-02-02", tz="UTC")
    for name in ("predicted_metadata", "classifier_probs"):
        tables[name] = tables[name].assign(predicted_at=later)
    second = judge_dataset("d", tables, None, QcSettings())
    tables = tables_of(truth | {"s1": "female"}, truth)
    third = judge_dataset("d", tables, None, QcSettings())
    hashes = [judged.content_hash("qc_verdicts") for judged in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]
