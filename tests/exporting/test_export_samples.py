"""A row a sample: what is stated, predicted and judged of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from warehouse_examples import SAMPLES, partition

from gem_assets.exporting.samples import SAMPLE_TABLES, sample_columns


def tables_of(**changed: pd.DataFrame) -> dict[str, pd.DataFrame]:
    examples = partition()
    return {name: examples[name].to_pandas() for name in SAMPLE_TABLES} | changed


def test_a_sample_has_its_labels_predictions_and_verdicts_in_one_row() -> None:
    row = sample_columns(tables_of(), SAMPLES, "bulk").loc["brain_1"]
    assert row["provided_tissue"] == "liver"
    assert row["provided_tissue_ontology_id"] == "UBERON:0002107"
    assert row["predicted_tissue"] == "liver"
    assert row["predicted_tissue_ontology_id"] == "UBERON:0002107"
    assert row["predicted_tissue_probability"] == 0.9
    assert (row["qc_tissue_status"], row["qc_tissue_reason"]) == ("fail", "contradicts")
    assert row["qc_status"] == "fail"
    assert row["qc_reasons"] == "tissue:contradicts; sex:doubtful"
    assert row["qc_sentence"] == "brain_1 is judged."
    assert row["qc_suggestion"] == "Look at the tube."


def test_numbers_are_numbers_and_what_was_never_said_has_no_column() -> None:
    frame = sample_columns(tables_of(), SAMPLES, "bulk")
    assert frame["predicted_age"].tolist() == [43.1] * 3
    assert frame["predicted_age"].dtype == np.float64
    assert not {"predicted_ethnicity", "provided_sex_ontology_id", "qc_sex_status"} & {*frame}
    # A label without a term is shown as the sheet has it.
    assert frame["provided_sex"].tolist() == ["n/a"] * 3


def test_texts_that_repeat_are_categories() -> None:
    frame = sample_columns(tables_of(), SAMPLES, "bulk")
    assert isinstance(frame["qc_status"].dtype, pd.CategoricalDtype)
    assert isinstance(frame["qc_suggestion"].dtype, pd.CategoricalDtype)  # some have none
    assert frame["qc_sentence"].dtype == object


def test_rows_are_in_the_order_asked_for_and_unknown_samples_are_empty() -> None:
    asked = ["nobody", *reversed(SAMPLES)]
    frame = sample_columns(tables_of(), asked, "bulk")
    assert frame.index.tolist() == asked
    assert frame.loc["nobody"].drop("qc_sentence").isna().all()
    assert frame.loc["nobody", "qc_sentence"] == ""
    assert frame["qc_status"].tolist()[1:] == ["not_assessed", "fail", "pass"]


def test_a_field_of_the_endpoints_own_gets_a_plain_name() -> None:
    predicted = partition()["predicted_metadata"].to_pandas()
    own = predicted[predicted["field"].eq("tissue")].assign(field="../cell cycle/phase")
    frame = sample_columns(tables_of(predicted_metadata=own), SAMPLES, "bulk")
    assert frame["predicted__cell_cycle_phase"].tolist() == ["liver"] * 3


# Cells are judged in groups

CELLS = ("c1", "c2", "c3", "c4", "c5")


def cells() -> dict[str, pd.DataFrame]:
    stated = [("c1", "T cell"), ("c2", "T cell"), ("c3", "B cell"), ("c4", "T cell")]
    donors = {"c1": "d1", "c2": "d2", "c3": "d1", "c4": "d1", "c5": "d2"}
    labels = pd.DataFrame(
        [("cell_type", cell, text, None, None) for cell, text in stated]
        + [("sex", "c1", "male", "male", "male")],
        columns=["field", "sample_id", "provided_text", "provided_id", "provided_label"],
    ).assign(dataset="cells", resolution="label")
    sheet = pd.DataFrame(
        [("cells", row, cell, "donor", donor) for row, (cell, donor) in enumerate(donors.items())],
        columns=["dataset", "row", "sample_id", "sheet_column", "text"],
    )
    judged = {
        ("cell_type", "d1: T cell"): "fail",
        ("cell_type", "d2: T cell"): "pass",
        ("cell_type", "d1: B cell"): "unclear",
        ("sex", "d1: male"): "pass",
    }
    verdicts = pd.DataFrame(
        [(field, name, status, "doubtful") for (field, name), status in judged.items()],
        columns=["field", "sample_id", "status", "reason"],
    )
    samples = pd.DataFrame(
        [(name, status, [], f"{name} is judged.", None) for (_, name), status in judged.items()]
        + [("(no label)", "not_assessed", [], "1 cell states nothing.", None)],
        columns=["sample_id", "status", "reasons", "sentence", "suggestion"],
    )
    return tables_of(
        sample_labels=labels,
        sample_sheet=sheet,
        predicted_metadata=partition()["predicted_metadata"].to_pandas().head(0),
        qc_verdicts=verdicts,
        qc_samples=samples,
    )


def test_a_cell_has_the_verdict_of_its_group_and_the_worst_of_several() -> None:
    frame = sample_columns(cells(), CELLS, "sc")
    groups = frame["qc_cell_type_group"].astype(object)
    assert groups.tolist()[:4] == ["d1: T cell", "d2: T cell", "d1: B cell", "d1: T cell"]
    assert frame["qc_cell_type_status"].tolist()[:4] == ["fail", "pass", "unclear", "fail"]
    assert frame["qc_sex_group"].tolist()[0] == "d1: male"
    assert frame["qc_status"].tolist() == ["fail", "pass", "unclear", "fail", "not_assessed"]
    assert frame.loc["c1", "qc_sentence"] == "d1: T cell is judged."


def test_a_cell_without_a_label_is_told_so() -> None:
    last = sample_columns(cells(), CELLS, "sc").loc["c5"]
    assert last["qc_sentence"] == "1 cell states nothing."
    assert pd.isna(last["qc_cell_type_status"])
