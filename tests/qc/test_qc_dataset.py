"""A whole dataset is judged from its tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from dataset_lab import SAMPLES, counts_of, judged_of, tables_of, with_sheet
from scipy import sparse

from gem_assets.qc.dataset import JudgedDataset
from gem_assets.qc.review import LABEL, REVIEW_COLUMNS, read_reviews
from gem_assets.qc.stored_signatures import signatures_of_table
from gem_assets.warehouse import validate


def test_a_false_sex_fails_and_its_markers_side_with_the_prediction() -> None:
    truth = {"s1": "male", "s2": "female", "s3": "male"}
    stated = truth | {"s3": "female"}
    judged = judged_of(tables_of(stated, truth), counts_of(truth))
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
    judged = judged_of(tables_of({}, truth))
    assert judged.verdicts.empty
    assert judged.samples["status"].tolist() == ["not_assessed"] * 3
    for name, frame in judged.tables().items():
        validate(name, frame)


def test_the_hash_of_a_table_does_not_follow_the_time_of_prediction() -> None:
    truth = dict.fromkeys(SAMPLES, "male")
    tables = tables_of(truth, truth)
    first = judged_of(tables)
    later = pd.Timestamp("2026-02-02", tz="UTC")
    for name in ("predicted_metadata", "classifier_probs"):
        tables[name] = tables[name].assign(predicted_at=later)
    second = judged_of(tables)
    tables = tables_of(truth | {"s1": "female"}, truth)
    third = judged_of(tables)
    hashes = [judged.content_hash("qc_verdicts") for judged in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]


TRUTH = {"s1": "male", "s2": "female", "s3": "male"}


def status_of(judged: JudgedDataset, sample: str) -> tuple[str, str]:
    row = judged.verdicts.set_index("sample_id").loc[sample]
    return row["status"], row["reason"]


def test_an_accusation_that_the_marker_genes_rebut_warns_and_blames_the_model() -> None:
    judged = judged_of(tables_of(TRUTH, TRUTH | {"s3": "female"}), counts_of(TRUTH))
    assert status_of(judged, "s3") == ("warn", "markers_agree_with_label")
    sample = judged.samples.set_index("sample_id").loc["s3"]
    assert "probably an error of the model" in sample["sentence"]
    assert sample["suggestion"] == "Keep the stated sex: its marker genes agree with it."


def test_a_poorly_reconstructed_sample_fails_where_its_marker_genes_accuse_it_too() -> None:
    names = tuple(f"s{i}" for i in range(12))
    truth = dict.fromkeys(names, "male")
    tables = tables_of(truth | {"s0": "female"}, truth)
    tables["aligned_counts"] = pd.concat([tables["aligned_counts"]] * 4, ignore_index=True).assign(
        sample_id=names, content_hash=[f"{i:032x}" for i in range(12)]
    )
    r = [0.1, *np.linspace(0.9, 0.95, 11)]
    tables["decoded_counts"] = pd.DataFrame({"sample_id": names, "reconstruction_r": r})

    unheard, heard = judged_of(tables), judged_of(tables, counts_of(truth))

    assert status_of(unheard, "s0") == ("warn", "prediction_not_trustworthy")
    assert status_of(heard, "s0") == ("fail", "contradicts")


def test_a_sex_that_the_model_confirms_warns_where_its_marker_genes_do_not() -> None:
    truth = TRUTH | {"s3": "female"}
    judged = judged_of(tables_of(TRUTH, TRUTH), counts_of(truth))
    assert status_of(judged, "s3") == ("warn", "markers_contradict_label")
    sentence = judged.samples.set_index("sample_id")["sentence"]["s3"]
    assert "Labelled male; predicted male, too" in sentence
    assert "The stated sex is contradicted" in sentence


def test_two_exchanged_labels_are_a_swap_with_a_suggested_sheet() -> None:
    stated = TRUTH | {"s1": "female", "s2": "male"}
    tables = with_sheet(
        tables_of(stated, TRUTH), sex=[stated[s] for s in SAMPLES], donor=["d1", "d2", "NA"]
    )
    judged = judged_of(tables)
    assert judged.findings[["kind", "reason"]].to_numpy().tolist() == [["swap", "mutual_pair"]]
    suggested = judged.suggestions.set_index(["sample_id", "sheet_column"])["suggested"]
    assert suggested.to_dict() == {("s1", "sex"): "male", ("s2", "sex"): "female"}
    advice = judged.samples.set_index("sample_id")["suggestion"]
    assert advice["s1"] == (
        "Check the sample's records; suggested sex: male. It may have changed places with s2."
    )
    for name, frame in judged.tables().items():
        validate(name, frame)


def test_a_reviewed_label_keeps_its_verdict_and_names_who_looked() -> None:
    reviews = read_reviews(
        pd.DataFrame(
            [["s3", "sex", "label_correct", "Ada", "2026-02-01", "", ""]],
            columns=[*REVIEW_COLUMNS, LABEL],
        )
    )
    judged = judged_of(tables_of(TRUTH | {"s3": "female"}, TRUTH), reviews=reviews)
    assert status_of(judged, "s3") == ("fail", "contradicts")
    assert judged.verdicts.set_index("sample_id")["reviewed_by"]["s3"] == "Ada"
    assert judged.problems == ()


def test_a_sample_of_another_dataset_is_recognised_by_its_counts() -> None:
    counts = sparse.csr_array(np.arange(1, 61).reshape(3, 20))
    tables = tables_of(TRUTH, TRUTH)
    first = judged_of(tables, aligned=counts)
    stored = first.signatures.assign(dataset="other")
    judged = judged_of(tables, aligned=counts, others=signatures_of_table(stored))
    across = judged.findings[judged.findings["other_dataset"].notna()]
    assert across[["kind", "reason", "other_dataset"]].to_numpy().tolist() == [
        ["duplicate", "identical_counts", "other"]
    ]
    for name, frame in judged.tables().items():
        validate(name, frame)


def test_duplicates_with_different_labels_are_told_by_the_names_of_these() -> None:
    tables = tables_of(TRUTH, TRUTH)
    liver, brain = ("UBERON:0002107", "liver"), ("UBERON:0000955", "brain")
    tissues = [
        {
            "dataset": "d",
            "sample_id": sample,
            "field": "tissue",
            "provided_text": name,
            "provided_id": term,
            "provided_label": name,
            "resolution": "label",
        }
        for sample, (term, name) in zip(SAMPLES, (liver, liver, brain), strict=True)
    ]
    tables["sample_labels"] = pd.concat([tables["sample_labels"], pd.DataFrame(tissues)])
    same = tables["aligned_counts"].assign(content_hash=["a" * 32, "b" * 32, "a" * 32])
    counts = sparse.csr_array(np.arange(1, 61).reshape(3, 20)[[0, 1, 0]])
    judged = judged_of(tables | {"aligned_counts": same}, aligned=counts)
    (sentence,) = judged.findings.loc[judged.findings["kind"].eq("duplicate"), "sentence"]
    assert "different labels (liver and brain)" in sentence


def test_reversed_sexes_are_told_once_and_no_exchange_or_shift_beside_them() -> None:
    names = tuple(f"s{i}" for i in range(12))
    truth = {name: "male" if i < 6 else "female" for i, name in enumerate(names)}
    reversed_ = {name: "female" if sex == "male" else "male" for name, sex in truth.items()}
    tables = tables_of(reversed_, truth)
    tables["aligned_counts"] = pd.concat([tables["aligned_counts"]] * 4, ignore_index=True).assign(
        sample_id=names, content_hash=[f"{i:032x}" for i in range(12)]
    )
    judged = judged_of(tables, counts_of(truth))
    assert judged.findings[["kind", "reason"]].to_numpy().tolist() == [
        ["dataset_cause", "sex_reversed"]
    ]
    assert judged.suggestions.empty
