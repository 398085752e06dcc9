"""Every table has a contract, and every check of it can fail."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest
from warehouse_examples import example

from gem_assets.qc.reasons import Status
from gem_assets.warehouse import TABLES, ContractError, column_schema, validate
from gem_assets.warehouse.qc_tables import STATUSES
from gem_assets.warehouse.schemas import CASES_A_CHECK, checks_of
from gem_assets.warehouse.value_rules import NO_NULL_VALUES

BROKEN_VALUES: dict[str, object] = {
    "is not empty": "",
    "is a word in snake_case": "Contradicts!",
    "has the form sha256: and 16 hex digits": "sha256:0123",
    "has 32 hex digits": "0123456789ABCDEF0123456789ABCDEF",
    "is a finite number": math.inf,
    "is a finite number of at least 0": -0.5,
    "lies in [0, 1]": 1.5,
    "lies in [-1, 1]": math.nan,
    "lies in [0, 2.14748e+09]": -1,
    "lies in [0, 9.0072e+15]": -1,
    "ascends strictly within each list": [3, 3],
    "never rises within a list": [0.4, 0.6],
    "sums to 1 within 1e-06": [0.9, 0.099998],
    "is not an empty list": [],
    "has no value twice in a list": ["male", "male"],
    "has only values of which each is not empty": ["a", ""],
    "has only values of which each is a finite number": [1.0, math.nan],
    "has only values of which each is a finite number of at least 0": [1, -1],
    "has only values of which each lies in [0, 1]": [1.5, -0.5],
    "has only values of which each lies in [0, 2.14748e+09]": [-1, 2],
    NO_NULL_VALUES.says: [None],
}
"""A value that breaks the rule, for every rule of a column."""

BROKEN_ROWS: list[tuple[str, str, dict[str, object]]] = [
    ("raw_genes", "gene_index counts the rows of a dataset from 0", {"gene_index": 2}),
    ("raw_counts", "(dataset, sample_id) occurs once", {"sample_id": "liver_1"}),
    ("raw_counts", "gene_index and count have as many values", {"gene_index": [1, 2]}),
    ("raw_counts", "total_count is the sum of count", {"total_count": 12.1}),
    (
        "raw_counts",
        "detected_genes is the number of values above 0 in count",
        {"detected_genes": 2},
    ),
    ("gene_order", "(gene_order_hash, gene_id) occurs once", {"gene_id": "ENSG00000000003"}),
    ("gene_order", "gene_index counts the rows of a gene_order_hash from 0", {"gene_index": 0}),
    ("aligned_counts", "(dataset, sample_id) occurs once", {"sample_id": "liver_1"}),
    ("aligned_counts", "gene_index and count have as many values", {"count": []}),
    (
        "aligned_counts",
        "(gene_order_hash) is the same in all rows of a dataset",
        {"gene_order_hash": "sha256:fedcba9876543210"},
    ),
    (
        "gene_alignment",
        "model_gene_id is given where action is alias, entrez, matched, retired_id, summed, "
        "symbol, version_stripped",
        {"model_gene_id": None},
    ),
    ("gene_alignment", "model_gene_id is missing where action is dropped", {"action": "dropped"}),
    ("gene_alignment", "candidates is given where action is ambiguous", {"action": "ambiguous"}),
    (
        "sample_labels",
        "(dataset, sample_id, field) occurs once",
        {"field": "tissue", "sample_id": "liver_1"},
    ),
    (
        "predicted_metadata",
        "(dataset, sample_id, field) occurs once",
        {"field": "tissue", "sample_id": "liver_1"},
    ),
    (
        "predicted_metadata",
        "runner_up and runner_up_probability are given together",
        {"runner_up": None},
    ),
    (
        "classifier_probs",
        "(dataset, sample_id, field) occurs once",
        {"field": "tissue", "sample_id": "liver_1"},
    ),
    ("classifier_probs", "value and probability have as many values", {"value": ["male"]}),
    ("latents", "(dataset, sample_id, space) occurs once", {"space": "biological"}),
    ("decoded_counts", "(dataset, sample_id) occurs once", {"sample_id": "liver_1"}),
    ("decoded_counts", "gene_index and count have as many values", {"count": None}),
    ("qc_verdicts", "(dataset, sample_id, field) occurs once", {"sample_id": "liver_1"}),
    ("qc_samples", "(dataset, sample_id) occurs once", {"sample_id": "liver_1"}),
    ("sample_sheet", "(dataset, sample_id, sheet_column) occurs once", {"sample_id": "liver_1"}),
    ("qc_suggestions", "(dataset, sample_id, sheet_column) occurs once", {"sample_id": "liver_1"}),
    ("qc_changes", "(dataset, sample_id, field) occurs once", {"sample_id": "liver_1"}),
    ("qc_signatures", "(dataset, sample_id) occurs once", {"sample_id": "liver_1"}),
    ("qc_findings", "ci_low and ci_high are given together", {"ci_low": None}),
    ("qc_findings", "ci_low is at most ci_high", {"ci_low": 0.5}),
    ("qc_history", "(dataset, run_id) occurs once", {"run_id": "run-1"}),
    ("qc_history", "assessed is at most samples", {"samples": 1}),
    ("qc_history", "failed + warned is at most assessed", {"warned": 2}),
    ("qc_history", "ci_low and ci_high are given together", {"ci_high": None}),
    ("qc_history", "ci_low is at most ci_high", {"ci_high": 0.01}),
    ("qc_selftest", "(dataset, kind, share) occurs once", {"share": 0.2}),
    ("qc_selftest", "found is at most planted", {"found": 5}),
    ("qc_selftest", "named is at most found", {"named": 4}),
    ("qc_selftest", "close is at most found", {"close": 4}),
    ("qc_selftest", "false_positives is at most untouched", {"untouched": 0}),
    ("qc_selftest", "tellable is at most possible", {"tellable": 3, "possible": 2}),
    ("qc_selftest", "ci_low and ci_high are given together", {"ci_low": None}),
    ("qc_selftest", "ci_low is at most ci_high", {"ci_low": 0.96}),
    ("qc_selftest", "fp_ci_low and fp_ci_high are given together", {"fp_ci_high": None}),
    ("qc_selftest", "fp_ci_low is at most fp_ci_high", {"fp_ci_low": 0.5}),
    *[
        (
            table,
            "(model_id, model_version) is the same in all rows of a dataset",
            {"model_version": "embedded-2"},
        )
        for table in (
            "predicted_metadata",
            "classifier_probs",
            "latents",
            "decoded_counts",
            "qc_verdicts",
        )
    ],
]
"""Changes to the second row of the example that break a rule over several columns or rows."""


def corruptions() -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield ``(table, check, changes to a row)`` for every check there is."""
    for table in TABLES.values():
        for column in table.columns:
            if not column.nullable:
                yield table.name, f"{column.name} is given", {column.name: None}
            is_list = pa.types.is_list(column.arrow_type_in("bulk"))
            for rule in (NO_NULL_VALUES, *column.rules) if is_list else column.rules:
                broken = "?" if rule.says.startswith("is one of") else BROKEN_VALUES[rule.says]
                yield table.name, f"{column.name} {rule.says}", {column.name: broken}
    yield from BROKEN_ROWS


CORRUPTIONS = list(corruptions())


@pytest.mark.parametrize("modality", ["bulk", "sc"])
@pytest.mark.parametrize("table", TABLES)
def test_an_example_of_every_table_keeps_its_contract(table, modality):
    frame = example(table, modality=modality)
    assert validate(table, frame, modality=modality).equals(frame)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_without_rows_keeps_its_contract(table):
    empty = example(table).slice(0, 0)
    assert validate(table, empty).num_rows == 0
    assert validate(table, TABLES[table].arrow_schema("bulk").empty_table()).num_rows == 0


@pytest.mark.parametrize(
    ("table", "check", "changes"), CORRUPTIONS, ids=[f"{t}: {c}" for t, c, _ in CORRUPTIONS]
)
def test_a_corrupted_row_is_refused_by_name_of_the_check(table, check, changes):
    rows = example(table).to_pylist()
    if len(rows) == 1:
        rows.append({**rows[0], "run_id": "run-2"})
    rows[1] |= changes
    with pytest.raises(ContractError) as refused:
        validate(table, pa.Table.from_pylist(rows, schema=TABLES[table].arrow_schema("bulk")))
    cases = refused.value.failure_cases
    assert 1 in cases.loc[cases["check"] == check, "row"].tolist()
    assert check in str(refused.value)
    assert refused.value.table == table


@pytest.mark.parametrize("table", TABLES)
def test_no_check_is_without_a_row_that_it_refuses(table):
    assert {check for name, check, _ in CORRUPTIONS if name == table} == set(checks_of(table))


def test_a_message_counts_all_offenders_and_shows_the_first_with_its_sample():
    rows = example("predicted_metadata").to_pylist()
    for row in rows[4:]:
        row["probability"] = 1.25
    with pytest.raises(ContractError) as refused:
        validate("predicted_metadata", pa.Table.from_pylist(rows))
    assert str(refused.value) == (
        "Table predicted_metadata breaks its contract: 8 rows break the rule 'probability lies in "
        "[0, 1]', first row 4 (dataset 'study', sample_id 'brain_1'), with probability = 1.25"
    )
    assert list(refused.value.failure_cases.columns) == [
        "check",
        "column",
        "row",
        "dataset",
        "sample_id",
        "found",
    ]
    assert refused.value.failure_cases["row"].tolist() == list(range(4, 12))


def test_an_offending_list_and_text_are_cut_to_what_a_message_can_hold():
    rows = example("classifier_probs").to_pylist()
    rows[0]["probability"] = [0.02] * 45
    rows[1]["value"] = ["x" * 500, ""]
    with pytest.raises(ContractError) as refused:
        validate("classifier_probs", pa.Table.from_pylist(rows))
    assert "45 values: [0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, ...]" in str(refused.value)
    assert refused.value.failure_cases["found"].str.len().max() < 130


def test_failure_cases_stay_small_when_every_row_is_wrong():
    rows = example("raw_genes").to_pylist() * 100
    frame = pa.Table.from_pylist([row | {"gene_index": 7} for row in rows])
    with pytest.raises(ContractError, match="399 rows break") as refused:
        validate("raw_genes", frame)
    assert len(refused.value.failure_cases) == CASES_A_CHECK


def test_lists_are_judged_within_their_rows_in_sliced_and_chunked_tables():
    frame = example("raw_counts")
    chunked = pa.concat_tables([frame.slice(1), frame.slice(0, 1)])
    assert validate("raw_counts", chunked).num_rows == 3
    rows = frame.to_pylist()
    rows[2] |= {"gene_index": [4, 3], "count": [1.0, 1.0], "total_count": 2.0, "detected_genes": 2}
    broken = pa.Table.from_pylist(rows, schema=frame.schema)
    with pytest.raises(ContractError) as refused:
        validate("raw_counts", pa.concat_tables([broken.slice(0, 1), broken.slice(1)]))
    assert refused.value.failure_cases["row"].tolist() == [2]
    assert refused.value.failure_cases["sample_id"].tolist() == ["brain_2"]


def test_probabilities_of_a_row_may_miss_one_by_a_rounding_error():
    rows = example("classifier_probs").to_pylist()
    rows[0]["probability"] = [0.9, 0.06, 0.0400009]
    assert validate("classifier_probs", pa.Table.from_pylist(rows)).num_rows == len(rows)


def test_a_sum_of_probabilities_may_pass_one_by_its_rounding():
    rows = example("qc_verdicts").to_pylist()
    rows[0]["p_compatible"] = 1.0000000000000002
    assert validate("qc_verdicts", pa.Table.from_pylist(rows)).num_rows == len(rows)
    rows[0]["p_compatible"] = 1.00001
    with pytest.raises(ContractError, match="p_compatible lies in"):
        validate("qc_verdicts", pa.Table.from_pylist(rows))


def test_a_field_that_only_the_endpoint_knows_is_kept():
    rows = example("predicted_metadata").to_pylist()
    rows[0]["field"] = "hair_colour"
    assert validate("predicted_metadata", pa.Table.from_pylist(rows)).num_rows == len(rows)


def test_the_catalogue_gets_a_type_and_a_sentence_for_each_column():
    for table in TABLES:
        for name, duckdb_type, description, nullable in column_schema(table):
            assert name
            assert duckdb_type
            assert description.endswith(".")
            assert isinstance(nullable, bool)
    assert {c[0]: c[1] for c in column_schema("raw_counts")}["count"] == "DOUBLE[]"
    assert {c[0]: c[1] for c in column_schema("raw_counts", "sc")}["count"] == "INTEGER[]"


def test_an_unknown_table_is_refused_with_the_names_there_are():
    with pytest.raises(KeyError, match="no table 'counts'; the tables are raw_genes"):
        validate("counts", pd.DataFrame())


def test_the_words_of_the_contracts_are_those_of_the_rooms_that_write_them():
    # The room qc stands beside the warehouse: neither imports the other.
    assert set(Status) == STATUSES


def test_rows_that_were_checked_are_given_back_at_once():
    # A large dataset comes in pieces; those of a minute ago must not wait for the collector.
    validate("raw_counts", example("raw_counts"))
    gc.collect()
    gc.disable()
    try:
        before = pa.total_allocated_bytes()
        numbers = pa.array(range(500_000), pa.int32())
        rows = pa.table(
            {
                **{name: example("raw_counts")[name][:1] for name in ("dataset", "sample_id")},
                "gene_index": pa.ListArray.from_arrays([0, len(numbers)], numbers),
                "count": pa.ListArray.from_arrays([0, len(numbers)], numbers.cast(pa.float64())),
                "total_count": [float(sum(range(500_000)))],
                "detected_genes": [499_999],
            }
        )
        validate("raw_counts", rows)
        del rows, numbers
        assert pa.total_allocated_bytes() - before < 1_000_000
    finally:
        gc.enable()
