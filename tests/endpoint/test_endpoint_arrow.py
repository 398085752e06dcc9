"""Arrow streams as answers: what is read of them, and what is refused."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gem_assets.endpoint.arrow_answer import read_arrow_answer
from gem_assets.endpoint.errors import BadAnswer
from gem_assets.endpoint.messages import PredictionAnswer

GENES = ["ENSG1", "ENSG2", "ENSG3"]
LIMIT = 2**20
LONG, REAL = pa.list_(pa.int64()), pa.list_(pa.float64())


def column(values: list[Any], kind: pa.DataType | None = None) -> pa.Array:
    return pa.array(values, kind)


def stream(
    columns: dict[str, pa.Array],
    *,
    rows_a_batch: int | None = None,
    metadata: dict[str, str | None] | None = None,
) -> io.BytesIO:
    said = {"gene_order": json.dumps(GENES), "model_version": "2"} | (metadata or {})
    table = pa.table(columns)
    schema = table.schema.with_metadata({k: v for k, v in said.items() if v is not None})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(table.cast(schema), max_chunksize=rows_a_batch)
    return io.BytesIO(sink.getvalue())


def read(source: io.BytesIO, samples: int | None = None) -> PredictionAnswer:
    return read_arrow_answer(source, samples, LIMIT)  # type: ignore[arg-type]  # BytesIO is as raw as any


def counts(*rows: Any, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array(
        [None if row is None else {"counts": row} for row in rows],
        pa.struct([("counts", kind or pa.list_(pa.int32()))]),
    )


def labels(n: int) -> pa.Array:
    return pa.array([{"sex": "male"}] * n)


def test_nulls_inside_structs_are_no_labels_and_no_probabilities() -> None:
    answer = read(
        stream(
            {
                "metadata": column([{"sex": "male", "age_years": None}, None]),
                "classifier_probs": column(
                    [
                        {"sex": {"male": 1.0, "female": None}, "tissue": None},
                        {"sex": None, "tissue": {"UBERON:1": 0.0, "UBERON:2": None}},
                    ]
                ),
                "latents": column([{"biological": [0.5], "technical": None}, None]),
                "decoder_sample": counts([1, 0, 7], None),
            }
        ),
        2,
    )
    assert answer.gene_order == tuple(GENES)
    assert answer.model_version == "2"
    first, second = answer.outputs
    assert first.metadata == {"sex": "male"}
    assert second.metadata == {}
    assert first.classifier_probs == {"sex": {"male": 1.0}}
    assert second.classifier_probs == {"tissue": {"UBERON:1": 0.0}}
    assert (first.latents, second.latents) == ({"biological": [0.5]}, {})
    assert first.counts is not None
    assert first.counts.tolist() == [1, 0, 7]
    assert first.counts.dtype == np.int32
    assert second.counts is None


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int32()), pa.list_(pa.int64()), pa.large_list(pa.uint16()),
             pa.list_(pa.float64()), pa.list_(pa.int32(), 3)],
)  # fmt: skip
def test_counts_come_in_any_list_of_numbers(kind: pa.DataType) -> None:
    answer = read(
        stream(
            {"metadata": labels(4), "decoder_sample": counts([1, 2, 3], None, [4, 5, 6], None,
                                                             kind=kind)},
            rows_a_batch=3,
        )
    )  # fmt: skip
    found = [None if o.counts is None else o.counts.tolist() for o in answer.outputs]
    assert found == [[1, 2, 3], None, [4, 5, 6], None]


def test_one_row_with_an_empty_or_absent_decoder_sample_costs_the_others_nothing() -> None:
    answer = read(
        stream({"metadata": labels(4), "decoder_sample": counts([], None, [1, 2, 3], [])})
    )
    assert [output.counts is None for output in answer.outputs] == [True, True, False, True]


@pytest.mark.parametrize(
    "decoder_sample",
    [None, pa.nulls(2), pa.array([{"counts": None}] * 2)],
)
def test_a_model_may_give_no_counts_at_all(decoder_sample: pa.Array | None) -> None:
    columns = {"predicted_metadata": labels(2)}
    if decoder_sample is not None:
        columns["decoder_sample"] = decoder_sample
    answer = read(stream(columns, metadata={"gene_order": None, "model_version": None}), 2)
    assert answer.gene_order is None
    assert answer.model_version is None
    assert [output.counts for output in answer.outputs] == [None, None]
    assert answer.outputs[0].metadata == {"sex": "male"}


def test_maps_and_gem_2s_names_are_understood() -> None:
    probabilities = pa.array(
        [[("sex", [("male", 0.9), ("female", None)])]],
        pa.map_(pa.string(), pa.map_(pa.string(), pa.float64())),
    )
    (output,) = read(stream({"classifier_probabilities": probabilities})).outputs
    assert output.classifier_probs == {"sex": {"male": 0.9}}
    assert output.metadata == {}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"decoder_sample": {"counts": [1.0, -2.0, 3.0]}}, "counts in row 2 that are no whole"),
        ({"decoder_sample": {"counts": [1.0, math.nan, 3.0]}}, "counts in row 2 that are no whole"),
        ({"decoder_sample": {"counts": [1.0, 2.0]}}, "2 counts in row 2 for 3 genes"),
        ({"latents": {"biological": [0.5, None]}}, "latents.biological of row 2"),
    ],
)
@pytest.mark.parametrize("rows_a_batch", [1, 2, 4])
def test_one_row_that_cannot_be_read_costs_the_others_nothing(
    bad: dict[str, Any], said: str, rows_a_batch: int
) -> None:
    good = {
        "metadata": {"sex": "male"},
        "latents": {"biological": [0.5]},
        "decoder_sample": {"counts": [1.0, 2.0, 3.0]},
    }
    table = pa.Table.from_pylist([good, good, good | bad, good])
    answer = read(stream(dict(zip(table.column_names, table.columns, strict=True)),
                         rows_a_batch=rows_a_batch), 4)  # fmt: skip
    assert [output.fault is None for output in answer.outputs] == [True, True, False, True]
    fault = answer.outputs[2]
    assert said in str(fault.fault)
    assert (fault.metadata, fault.latents, fault.counts) == ({}, {}, None)
    for output in (answer.outputs[1], answer.outputs[3]):
        assert output.metadata == {"sex": "male"}
        assert output.counts is not None
        assert output.counts.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"sample": labels(1)}, "neither a column metadata"),
        ({"metadata": column(["male"])}, "column metadata of type string"),
        ({"metadata": labels(1), "classifier_probs": column([{"sex": 0.9}])}, "no probabilities"),
        (
            {"metadata": labels(1), "classifier_probs": column([{"sex": {"male": "much"}}])},
            "no probabilities in classifier_probs.sex of row 0",
        ),
        ({"metadata": labels(1), "latents": column([{"biological": 1.0}])}, "no list of numbers"),
        ({"metadata": labels(1), "latents": column([{"b": [1.0, None]}])}, "latents.b of row 0"),
        ({"metadata": labels(1), "decoder_sample": column([[1, 2, 3]])}, "not a struct"),
        ({"metadata": labels(1), "decoder_sample": column([{"n": 3}])}, "not a struct with counts"),
        ({"metadata": labels(1), "decoder_sample": column([{"counts": 3}])}, "not lists"),
        ({"metadata": labels(1), "decoder_sample": column([{"counts": ["3"]}])}, "type string"),
        ({"metadata": labels(1), "decoder_sample": counts([1, 2])}, "2 counts in row 0 for 3"),
        ({"metadata": labels(1), "decoder_sample": counts([1, None, 2])}, "row 0 that are no"),
        ({"metadata": labels(1), "decoder_sample": counts([1, 2**31, 2], kind=LONG)}, "row 0 that"),
        ({"metadata": labels(1), "decoder_sample": counts([1, 0.5, 2], kind=REAL)}, "row 0 that"),
    ],
)  # fmt: skip
def test_another_layout_is_refused_with_its_place(columns: dict[str, pa.Array], said: str) -> None:
    with pytest.raises(BadAnswer, match=said):
        read(stream(columns))


def test_a_name_twice_in_a_struct_is_refused() -> None:
    twice = pa.StructArray.from_arrays([pa.array(["a"]), pa.array(["b"])], ["sex", "sex"])
    with pytest.raises(BadAnswer, match="name twice"):
        read(stream({"metadata": twice}))


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"request_type": "baseline"}, "another request type than predict_metadata"),
        ({"gene_order": "ENSG1"}, "metadata that can't be read"),
        ({"gene_order": '["ENSG1", 2]'}, "no list of names"),
        ({"gene_order": '{"a": 1}'}, "no list of names"),
    ],
)
def test_what_the_schema_says_is_checked(metadata: dict[str, str | None], said: str) -> None:
    with pytest.raises(BadAnswer, match=said):
        read(stream({"metadata": labels(1)}, metadata=metadata))


def test_an_answer_to_other_samples_is_refused() -> None:
    with pytest.raises(BadAnswer, match="3 rows for 2 samples"):
        read(stream({"metadata": labels(3)}), 2)


def test_what_is_small_on_the_wire_may_still_be_too_large() -> None:
    table = pa.table({"metadata": labels(1), "decoder_sample": counts([0] * 500_000)})
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    assert len(sink.getvalue()) < 10_000
    with pytest.raises(BadAnswer, match="larger than 1,048,576 bytes"):
        read(io.BytesIO(sink.getvalue()))


WHOLE = stream(
    {"metadata": labels(2), "decoder_sample": counts([1, 2, 3], [4, 5, 6])}, rows_a_batch=1
).getvalue()


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=4))
@example(224, b"\x80")
def test_garbled_bytes_are_refused_or_read_and_never_anything_else(place: int, by: bytes) -> None:
    garbled = WHOLE[:place] + by + WHOLE[place + len(by) :]
    try:
        answer = read(io.BytesIO(garbled), 2)
    except BadAnswer:
        return
    assert len(answer.outputs) == 2


@given(st.integers(0, len(WHOLE) - 9))
def test_half_an_answer_is_refused(end: int) -> None:
    # The last 8 bytes are the mark of the end, after all rows.
    with pytest.raises(BadAnswer):
        read(io.BytesIO(WHOLE[:end]), 2)
