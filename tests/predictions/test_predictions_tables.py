from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from predictions_lab import Lab, cohort, counts_of
from scipy import sparse
from scripted_endpoint import plain_output

from gem_assets.predictions.reconstruction import reconstruction_r
from gem_assets.predictions.tables import SCHEMAS, prediction_tables

LIVER, LUNG = "UBERON:0002107", "UBERON:0002048"


def answered(lab: Lab, **output: Any) -> dict[str, pd.DataFrame]:
    """Return the tables of one sample whose answer has these parts."""
    lab.endpoint.output = lambda _: output
    samples = cohort(1)
    run = lab.predict(samples)
    assert run.failures == {}
    tables = prediction_tables("study", list(samples), run, lab.store, counts_of(samples), "bulk")
    assert {name: table.schema for name, table in tables.items()} == SCHEMAS
    return {name: table.to_pandas() for name, table in tables.items()}


def predicted(lab: Lab, field: str, **output: Any) -> dict[str, Any]:
    """Return the one row of a field; null as None."""
    table = answered(lab, **output)["predicted_metadata"]
    (row,) = table[table.field == field].to_dict("records")
    return {name: None if pd.isna(value) else value for name, value in row.items()}


# -- predicted_metadata ----------------------------------------------------------------------------


def test_a_predicted_term_has_its_label_probability_and_runner_up(lab: Lab) -> None:
    row = predicted(
        lab,
        "tissue",
        metadata={"tissue_ontology_id": LIVER},
        classifier_probs={"tissue_ontology_id": {LUNG: 0.2, LIVER: 0.7, "UBERON:0000955": 0.1}},
    )
    assert row["predicted_id"] == LIVER
    assert row["predicted_label"] == "liver"
    assert row["probability"] == pytest.approx(0.7)
    assert (row["runner_up"], row["runner_up_probability"]) == (LUNG, pytest.approx(0.2))
    assert row["entropy"] == pytest.approx(-sum(p * math.log(p) for p in (0.7, 0.2, 0.1)))
    assert row["value_number"] is None
    assert (row["model_id"], row["model_version"], row["served_by"]) == (
        "gem-1-bulk_predict-metadata",
        "2",
        "hosted",
    )
    assert row["predicted_at"] == lab.clock.now
    assert (row["dataset"], row["sample_id"]) == ("study", "s0")


def test_a_word_is_its_own_label(lab: Lab) -> None:
    row = predicted(lab, "sex", metadata={"sex": "male"}, classifier_probs={})
    assert (row["predicted_id"], row["predicted_label"]) == ("male", "male")
    assert (row["probability"], row["runner_up"], row["entropy"]) == (None, None, None)


def test_a_label_in_place_of_a_term_id_is_kept_as_its_own_label(lab: Lab) -> None:
    row = predicted(lab, "cell_type", metadata={"cell_type": "T cell"})
    assert (row["predicted_id"], row["predicted_label"]) == ("T cell", "T cell")


def test_an_unknown_term_has_no_label(lab: Lab) -> None:
    row = predicted(lab, "tissue", metadata={"tissue_ontology_id": "UBERON:9999999"})
    assert (row["predicted_id"], row["predicted_label"]) == ("UBERON:9999999", None)


def test_without_a_stated_value_the_most_probable_one_is_predicted(lab: Lab) -> None:
    row = predicted(lab, "sex", classifier_probs={"sex": {"male": 0.1, "female": 0.9}})
    assert (row["predicted_id"], row["probability"], row["runner_up"]) == ("female", 0.9, "male")


def test_a_stated_value_that_is_not_the_most_probable_one_stands(lab: Lab) -> None:
    row = predicted(
        lab,
        "sex",
        metadata={"sex": "male"},
        classifier_probs={"sex": {"male": 0.25, "female": 0.75}},
    )
    assert (row["predicted_id"], row["probability"]) == ("male", 0.25)
    assert (row["runner_up"], row["runner_up_probability"]) == ("female", 0.75)


def test_a_stated_value_without_a_probability_has_none(lab: Lab) -> None:
    row = predicted(
        lab, "sex", metadata={"sex": "other"}, classifier_probs={"sex": {"female": 1.0}}
    )
    assert (row["predicted_id"], row["probability"], row["runner_up"]) == ("other", None, "female")
    assert row["entropy"] == 0


def test_a_single_value_has_no_runner_up(lab: Lab) -> None:
    row = predicted(lab, "sex", metadata={"sex": "male"}, classifier_probs={"sex": {"male": 1.0}})
    assert (row["probability"], row["runner_up"], row["runner_up_probability"]) == (1, None, None)


@pytest.mark.parametrize("age", [43.1, "43.1"])
def test_an_age_is_a_number(lab: Lab, age: float | str) -> None:
    row = predicted(
        lab, "age", metadata={"age_years": age}, classifier_probs={"age_years": {"40-50": 1.0}}
    )
    assert row["value_number"] == 43.1
    assert (row["predicted_id"], row["predicted_label"], row["probability"]) == (None, None, None)


def test_a_number_in_a_word_field_is_a_word(lab: Lab) -> None:
    row = predicted(lab, "perturbation_dose", metadata={"perturbation_dose": 10.0})
    assert (row["predicted_id"], row["value_number"]) == ("10", None)


def test_unknown_fields_are_kept_under_the_name_of_the_endpoint(lab: Lab) -> None:
    tables = answered(
        lab,
        metadata={"mood": "calm", "rin": 7.5, "fresh": True},
        classifier_probs={"mood": {"calm": 0.6, "tense": 0.4}},
    )
    rows = tables["predicted_metadata"].set_index("field")
    assert rows.loc["mood", "predicted_label"] == "calm"
    assert rows.loc["mood", "probability"] == 0.6
    assert rows.loc["rin", "value_number"] == 7.5
    assert rows.loc["fresh", "predicted_id"] == "true"
    assert list(tables["classifier_probs"].field) == ["mood"]


def test_a_field_that_comes_in_two_names_is_one_field(lab: Lab) -> None:
    tables = answered(
        lab,
        metadata={"tissue": "liver", "tissue_ontology_id": LIVER},
        classifier_probs={"tissue": {"lung": 1.0}, "tissue_ontology_id": {LIVER: 1.0}},
    )
    assert list(tables["predicted_metadata"].predicted_id) == [LIVER]
    (value,) = tables["classifier_probs"].value
    assert list(value) == [LIVER]


def test_a_null_value_is_no_prediction(lab: Lab) -> None:
    assert answered(lab, metadata={"sex": None})["predicted_metadata"].empty


# -- the other tables ------------------------------------------------------------------------------


def test_probabilities_and_latents_are_lists(lab: Lab) -> None:
    tables = answered(lab, **plain_output((0, 2) + (1,) * 10))
    probs = tables["classifier_probs"].set_index("field")
    assert list(probs.loc["tissue", "value"]) == [LUNG, LIVER]
    assert list(probs.loc["tissue", "probability"]) == pytest.approx([0.75, 0.25])
    vectors = dict(zip(tables["latents"].space, map(list, tables["latents"].vector), strict=True))
    assert vectors == {"biological": [0.25, 0.5], "technical": [0.25]}


def test_decoded_counts_are_sparse_and_compared_with_the_sample(lab: Lab) -> None:
    samples = cohort(3)
    run = lab.predict(samples)
    table = lab.table(samples, run, "decoded_counts").set_index("sample_id")
    assert list(table.loc["s0", "gene_index"]) == list(range(1, 2)) + list(range(3, 12))
    assert list(table.loc["s0", "count"]) == [7] + [1] * 9
    assert list(table.reconstruction_r) == pytest.approx([1, 1, 1])


def test_single_cells_keep_the_comparison_alone(lab: Lab) -> None:
    samples = cohort(2)
    run = lab.predict(samples)
    table = prediction_tables("study", list(samples), run, lab.store, counts_of(samples), "sc")[
        "decoded_counts"
    ]
    assert table.column("gene_index").null_count == table.column("count").null_count == 2
    assert table.column("reconstruction_r").null_count == 0


def test_a_model_that_decodes_nothing_leaves_nulls(lab: Lab) -> None:
    samples = cohort(3)
    lab.endpoint.output = lambda counts: {
        "predicted_metadata": {"sex": "male"},
        "latents": {"encoded": [0.5]},
        **({"decoder_sample": {"counts": list(counts)}} if counts[0] == 1 else {}),
    }
    run = lab.predict(samples)
    table = lab.table(samples, run, "decoded_counts").set_index("sample_id")
    assert list(table.reconstruction_r.isna()) == [True, False, True]
    assert table.loc["s0", "gene_index"] is None


def test_decoded_counts_of_another_length_are_a_bad_answer(lab: Lab) -> None:
    lab.endpoint.gene_order = None
    lab.endpoint.output = lambda _: {"decoder_sample": {"counts": [1, 2, 3]}}
    run = lab.predict(cohort(1))
    assert "3 counts for 12 genes" in run.failures["s0"]


def test_samples_that_failed_have_no_rows(lab: Lab) -> None:
    lab.endpoint.refuse = lambda counts: "bad" if counts[0] < 2 else None
    samples = cohort(2)
    run = lab.predict(samples)
    tables = prediction_tables("study", list(samples), run, lab.store, counts_of(samples), "bulk")
    assert {name: table.num_rows for name, table in tables.items()} == dict.fromkeys(SCHEMAS, 0)
    assert {name: table.schema for name, table in tables.items()} == SCHEMAS


def test_what_was_put_right_in_an_answer_is_noted_in_every_run(lab: Lab) -> None:
    lab.endpoint.output = lambda _: {"classifier_probs": {"sex": {"male": 3.0, "female": 1.0}}}
    expected = {"s0": ("sex: probabilities summed to 4 and were brought to 1",)}
    assert lab.predict(cohort(1)).notes == expected
    assert lab.predict(cohort(1)).notes == expected


def test_many_small_files_make_one_table(lab: Lab) -> None:
    samples = cohort(9)
    run = lab.predict(samples, chunk_size=1)
    assert len(lab.store.names()) == 9
    table = lab.table(samples, run, "latents")
    assert set(table.sample_id) == set(samples)
    assert len(table) == 18


def test_large_datasets_are_worked_on_in_pieces(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gem_assets.predictions.tables.ROWS_AT_A_TIME", 2)
    samples = {**cohort(7), "copy": cohort(1)["s0"]}
    run = lab.predict(samples, chunk_size=1)
    ages = lab.table(samples, run, "predicted_metadata").query("field == 'age'")
    assert dict(zip(ages.sample_id, ages.value_number, strict=True)) == {
        name: counts[2] for name, counts in samples.items()
    }


# -- reconstruction --------------------------------------------------------------------------------

matrices = st.lists(st.lists(st.integers(0, 5000), min_size=4, max_size=4), min_size=2, max_size=2)


@given(matrices, matrices)
def test_reconstruction_is_the_correlation_of_log_cpm(
    counts: list[list[int]], decoded: list[list[int]]
) -> None:
    def log_cpm(rows: list[list[int]]) -> np.ndarray:
        x = np.array(rows, dtype=float)
        return np.log1p(x / np.maximum(x.sum(axis=1, keepdims=True), 1) * 1e6)

    found = reconstruction_r(
        sparse.csr_array(np.array(counts)), sparse.csr_array(np.array(decoded))
    )
    for r, x, y in zip(found, log_cpm(counts), log_cpm(decoded), strict=True):
        if np.ptp(x) < 1e-3 or np.ptp(y) < 1e-3:
            assert np.isnan(r) or abs(r) <= 1
        else:
            assert r == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-6)
